"""Where a file can be written is known before the work; see also tests/test_fall.py."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_or_device_is_refused_and_stays(tmp_path: Path) -> None:
    # Renaming over it would replace it: to the superuser, /dev/null too.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="a device or a pipe"):
        check_writable(pipe)
    with pytest.raises(DataError, match="a device or a pipe"), whole_file(pipe):
        pass
    assert pipe.is_fifo() and os.listdir(tmp_path) == ["pipe"]


def test_a_symbolic_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.fall"
    link.symlink_to(tmp_path / "real" / "model.fall")
    for text in ("first", "second"):  # dangling, then not
        assert check_writable(link) == link
        with whole_file(link) as temporary:
            temporary.write_text(text)
        assert link.is_symlink() and (tmp_path / "real" / "model.fall").read_text() == text


def test_a_missing_folder_is_named_and_not_the_temporary_file(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="does not exist; make it first"),
        whole_file(tmp_path / "none" / "a.txt"),
    ):
        raise AssertionError("nothing may be written")


@pytest.mark.skipif(os.name == "nt", reason="there is no umask")
def test_threads_that_write_at_once_leave_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    umask, asked = os.umask, []
    second = Event()

    def slow(mask: int) -> int:
        before = umask(mask)
        asked.append(mask)
        second.set() if len(asked) > 1 else second.wait(0.2)
        return before

    def write(name: str) -> None:
        with whole_file(tmp_path / name) as temporary:
            temporary.write_text("")

    before = umask(0o027)
    try:
        with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
            patch.setattr(os, "umask", slow)
            list(pool.map(write, "ab"))
    finally:
        after = umask(before)
    assert after == 0o027
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o640, 0o640]


@pytest.mark.skipif(os.name == "nt", reason="there are no locks of this kind")
def test_what_a_killed_writer_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"
    writing = (
        "import os, signal, sys\n"
        "from fallline.files import whole_file\n"
        "with whole_file(sys.argv[1]):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", writing, str(file)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".run.ckpt.") and left.suffix == ".part"
    others = [tmp_path / ".run.ckpt.mine.part", tmp_path / ".other.ckpt.abcdefgh.part"]
    for other in others:
        other.write_text("another's")

    def write() -> set[Path]:
        with whole_file(file) as temporary:
            temporary.write_text("whole")
        return set(tmp_path.iterdir())

    assert write() == {file, left, *others}  # too young to be told from one that is about to write
    for old in (left, *others):
        os.utime(old, (0, 0))
    assert write() == {file, *others}


@pytest.mark.skipif(os.name == "nt", reason="there are no locks of this kind")
def test_what_another_is_writing_is_let_be(tmp_path: Path) -> None:
    file = tmp_path / "run.ckpt"
    with whole_file(file) as slow:
        slow.write_text("slow")
        os.utime(slow, (0, 0))
        with whole_file(file) as quick:
            quick.write_text("quick")
        assert slow.exists() and file.read_text() == "quick"
    assert file.read_text() == "slow" and list(tmp_path.iterdir()) == [file]
