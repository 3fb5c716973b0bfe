"""What can be taken away from a session: the model's file, and the report."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..model import Model

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["model_bytes", "report_page"]


def model_bytes(model: Model) -> bytes:
    """Return the bytes of a model's ``.fall`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.fall"
        model.save(path)
        return path.read_bytes()


def report_page(model: Model, problem: Problem) -> str:
    """Return the report on a model as a page: judged on the test rows, or on those there are.

    Raises
    ------
    FalllineError
        When there can be none.
    """
    from ..report.report import model_report

    tables = problem.tables
    part = next((name for name in ("test", "validation", "train") if name in tables), None)
    if part is None:
        raise DataError("there are no rows to judge the model on")
    name = f"the model of the studio on {problem.source.name}, judged on its {part} rows"
    return model_report(model, tables[part], name=name).html
