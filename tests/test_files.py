"""Where a file can be written is known before the work; see also tests/model/test_fall.py."""

import os
from pathlib import Path

import pytest

from fallline.errors import DataError
from fallline.files import check_writable, whole_file


def test_a_new_file_in_a_folder_is_fine(tmp_path: Path) -> None:
    assert check_writable(tmp_path / "new.fall") == tmp_path / "new.fall"
    assert not (tmp_path / "new.fall").exists()


def test_folders_and_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(DataError, match="does not exist; make it first"):
        check_writable(tmp_path / "none" / "new.fall")


def test_a_place_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The superuser may write anywhere, so the system's answer is given here.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DataError, match="permission is denied"):
        check_writable(tmp_path / "new.fall")


def test_a_relative_name_without_a_folder_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with whole_file("a.txt") as temporary:
        temporary.write_text("whole")
    assert check_writable("a.txt") == Path("a.txt")
    assert Path("a.txt").read_text() == "whole"
    assert os.listdir() == ["a.txt"]
