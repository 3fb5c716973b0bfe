"""Small tables in a folder of their own, and the command line run in this process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fallline.cli.main import run
from fallline.cli.writing import write_table
from fallline.data import samples

QUICK = ["--epochs", "3", "--l2", "0.01"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with houses.csv (120 rows) and cars.csv (60 rows) in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    houses = samples.load("houses").take(np.arange(120))
    write_table(houses, "houses.csv")
    write_table(samples.load("cars_and_bikes", n=60), "cars.csv")
    return tmp_path


@pytest.fixture
def fall(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command; anything may be left out that its test does not look at."""

    def go(*arguments: object) -> Ended:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    yield go


@pytest.fixture
def houses(fall: Run) -> Path:
    """A model of the prices."""
    assert fall("train", "houses.csv", "-t", "price", *QUICK, "--quiet").code == 0
    return Path("houses.fall")


@pytest.fixture
def cars(fall: Run) -> Path:
    """A model of two classes."""
    assert fall("train", "cars.csv", "-t", "kind", *QUICK, "--quiet").code == 0
    return Path("cars.fall")
