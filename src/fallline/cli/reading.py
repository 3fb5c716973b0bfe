"""Tables and models from the disk, with what commonly goes wrong said plainly."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError

if TYPE_CHECKING:
    from ..arrays import Bools, Floats
    from ..data import Column, ColumnNote, Table
    from ..model import Model

__all__ = ["Answers", "ask", "open_model", "read_data", "refuse_model"]


def read_data(path: str, options: Mapping[str, Any]) -> Table:
    """Return the table in a file, or from standard input for ``-``."""
    from ..data import read_table

    refuse_model(path)
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        print("reading a CSV table from the keyboard; Ctrl-D ends it", file=sys.stderr)
    return read_table(path, **options)


def refuse_model(path: str) -> None:
    """Raise a DataError where the path of a table is that of a model."""
    from ..fall import looks_like_fall

    if path != "-" and looks_like_fall(path):
        raise DataError(f"'{path}' is a model, but a table is expected here (CSV or Parquet)")


def open_model(path: str, data: str = "") -> Model:
    """Return the model in a file; `data` is the table that came with it on the command line."""
    from ..data.textfile import check_file
    from ..fall import looks_like_fall
    from ..model import load

    if data and looks_like_fall(data) and not looks_like_fall(path):
        command = click.get_current_context().command_path
        raise DataError(
            f"MODEL comes first and DATA second, but '{data}' is the model; write: {command} "
            f"{shlex.quote(data)} {shlex.quote(path)}"
        )
    check_file(path)
    return load(path)


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's outputs for a table.

    Attributes
    ----------
    model, table
        Who was asked, and about what.
    outputs
        (n, k) of the network.
    notes
        What was odd, by column.
    """

    model: Model
    table: Table
    outputs: Floats
    notes: tuple[ColumnNote, ...]

    @property
    def points(self) -> Floats:
        """(n, targets) of the outputs, as metrics compare them with the truth."""
        return self.model.points(self.outputs)

    @property
    def truth(self) -> list[Column] | None:
        """The target's columns, or None where the table lacks one."""
        assert self.model.target is not None
        names = self.model.target.names
        return [self.table[n] for n in names] if all(n in self.table for n in names) else None

    def known(self) -> Bools:
        """Return the (n,) mask of the rows whose target is known."""
        from ..data import known_rows

        truth = self.truth
        assert truth is not None
        return known_rows(truth)

    def metrics(self) -> dict[str, float]:
        """Return the metrics on the rows whose target is known.

        Raises
        ------
        DataError
            When there is none, or a class that was not there in training.
        """
        truth, rows = self.truth, self.known()
        assert truth is not None
        if not rows.any():
            raise DataError(f"no row has a known target '{truth[0].name}' to compare with")
        return self.model.judge(self.outputs[rows], [column.take(rows) for column in truth])


def ask(
    model: Model, data: str, options: Mapping[str, Any], *, fill_missing: bool = False
) -> Answers:
    """Return a model's answers for the table at `data`.

    A text file is read as the training table was, but for the `options` that are given.
    """
    if model.encoder is None or model.target is None:
        raise DataError(
            "this model was trained on plain numbers and knows no columns; use it from Python, "
            "with fallline.load(...).predict(array)"
        )
    stored = {} if _is_parquet(data) else _stored_options(model)
    table = read_data(data, stored | dict(options))
    try:
        X, notes = model.encoder.encode_with_notes(table, fill_missing=fill_missing)
    except DataError as error:
        lacks = any(name not in table for name in model.encoder.names)
        cure = "; or take them as missing with --fill-missing-columns" if lacks else ""
        raise DataError(f"{error}{cure}") from None
    return Answers(model, table, model.network_outputs(X), notes)


def _is_parquet(path: str) -> bool:
    file = Path(path)
    if path == "-" or not file.is_file():
        return False
    with file.open("rb") as raw:
        return raw.read(4) == b"PAR1"


def _stored_options(model: Model) -> dict[str, Any]:
    """Return how the training table was read, as far as it was said."""
    read = model.facts.get("read")
    known = {
        "delimiter": str, "encoding": str, "decimal": str, "header": bool, "allow_bad_rows": bool,
    }  # fmt: skip
    options = read if isinstance(read, dict) else {}
    return {k: v for k, v in options.items() if k in known and isinstance(v, known[k])}
