"""Where a table is from: a sample, a file of one's own, or one that comes with a trained model."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..data import samples
from ..data.roles import Role, find_roles
from ..data.sources import open_source, read_table
from ..data.table import Column, Table
from ..data.targets import TargetEncoder, guess_task
from ..errors import DataError, FalllineError, MissingExtraError
from ..formulas.optimizers import Optimizer
from ..model import Model, load
from ..training.known import held_out_share
from ..training.settings import Settings
from .code_text import call_lines, code_of
from .column_words import column_words
from .setup import LIMITS, MODEL, OWN, Setup

__all__ = ["Source", "first_setup", "split_settings", "suggested_target", "table_of"]


@dataclass(frozen=True, eq=False)
class Source:
    """A table, and where it is from.

    Attributes
    ----------
    kind
        ``"sample"``, ``"own"`` or ``"model"``.
    name
        What the table is called: a file's name without its folder.
    table
        All its rows.
    model, model_name
        The opened model, and the name of its file.
    about
        A sentence on the table, where one is known.
    options
        How the file is read, where the user said so: ``{"delimiter": ";"}``.
    reader
        How a program gets the table: from the ``"file"`` of that name, as the ``"sample"`` of
        that name, or ``"given"`` by who called.
    """

    kind: Literal["sample", "own", "model"]
    name: str
    table: Table = field(repr=False)
    model: Model | None = None
    model_name: str = ""
    about: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    reader: Literal["file", "sample", "given"] = "file"

    @classmethod
    def of_path(cls, path: str | Path, options: Mapping[str, Any] | None = None) -> Source:
        """Return the table in a file that the person named on the command line.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        given = dict(options or {})
        return cls("own", Path(path).name, _within(read_table(path, **given)), options=given)

    @classmethod
    def of_table(cls, data: Any, name: str = "table") -> Source:
        """Return a table, a frame or a mapping of columns."""
        return cls("own", name, _within(read_table(data)), reader="given")

    @classmethod
    def of_model(
        cls,
        model_path: str | Path,
        data_path: str | Path | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Source:
        """Return a trained model with a table to ask it about.

        Without one it is a sample, where the model was trained on one.

        Raises
        ------
        FalllineError
            When the model or the table cannot be read, or do not fit.
        """
        model, file = load(model_path), Path(model_path).name
        if data_path is None:
            stem, table = _sample_of(model)
            return cls("model", stem, table, model, file, reader="sample")
        given = dict(options or {})
        table = _within(read_table(data_path, **given))
        return cls("model", Path(data_path).name, table, model, file, options=given)

    @classmethod
    def of_objects(cls, model: Model, data: Any, name: str = "table") -> Source:
        """Return a model with a table, a frame or a mapping of columns."""
        return cls("model", name, _within(read_table(data)), model, reader="given")

    def code(self) -> list[str]:
        """Return the Python that reads the table."""
        if self.reader == "given":
            return ["table = fl.read_table(data)  # the data that the studio was given"]
        if self.reader == "sample":
            return call_lines("table = fl.data.samples.load", [code_of(self.name)])
        given = {name: code_of(value) for name, value in self.options.items() if value is not None}
        return call_lines("table = fl.read_table", [code_of(self.name)], given)

    def columns(self) -> dict[str, Any]:
        """Return what a person should know of the columns to choose among them."""
        roles = {role.name: role for role in _roles(self.table)}
        return {
            "name": self.name,
            "rows": self.table.n,
            "columns": [
                {
                    "name": column.name,
                    "kind": roles[column.name].kind if column.name in roles else column.kind,
                    "about": column_words(column),
                    "target": _can_be_target(column),
                }
                for column in self.table
            ],
            "suggested": suggested_target(self.table),
        }


def table_of(name: str, content: bytes) -> Source:
    """Return the table in the bytes of a CSV file that was dropped on the page.

    Parameters
    ----------
    name
        What to call it; it is shown, and never used as a path.
    content
        The file's bytes.

    Raises
    ------
    DataError
        In a sentence without a path, when they are no table, or too large a one.
    """
    shown = _shown_name(name)
    _check_content(shown, content)
    with tempfile.TemporaryDirectory(prefix="fallline-") as folder:
        file = Path(folder) / _FILE
        file.write_bytes(content)
        try:
            return Source("own", shown, _within(_read(file, shown)))
        except MissingExtraError:
            raise
        except (FalllineError, ValueError, RuntimeError, OSError, MemoryError) as error:
            told = str(error).replace(str(file), shown).replace(folder, "").replace(_FILE, shown)
            raise DataError(told or f"'{shown}' cannot be read as a table") from None


def _read(file: Path, shown: str) -> Table:
    source = open_source(file)
    _check_columns(shown, len(source.names))
    table = source.read()
    notes = tuple(note.replace(_FILE, shown) for note in table.notes)
    return replace(table, source=shown, notes=notes)


_FILE = "fallline-upload.csv"
_LINE = 1 << 20  # bytes; no table that a person looks at has a longer one
_OTHERS = {
    b"PAR1": "a Parquet file; name it on the command line, as in: fallline studio DATA.parquet",
    b"\x1f\x8b": "packed with gzip; unpack it first",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
}


def _shown_name(name: str) -> str:
    plain = re.sub(r"[\x00-\x1f\x7f]", "", str(name).replace("\\", "/").rpartition("/")[2])
    return plain.strip()[:80] or "table.csv"


def _check_content(shown: str, content: bytes) -> None:
    most = LIMITS["upload_bytes"]
    if len(content) > most:
        raise DataError(
            f"'{shown}' has {len(content) / 2**20:.0f} MiB, and the page takes at most "
            f"{most >> 20}; name it on the command line, as in: fallline studio DATA.csv"
        )
    if not content.strip():
        raise DataError(f"'{shown}' is empty; a table needs a header line and at least one row")
    for magic, what in _OTHERS.items():
        if content.startswith(magic):
            raise DataError(f"'{shown}' must be a CSV file, but it is {what}")
    if max(map(len, content.replace(b"\r", b"\n").split(b"\n"))) > _LINE:
        raise DataError(
            f"'{shown}' has a line of more than 1 MiB, so it is hardly a table; save it as CSV "
            "with one line a row"
        )


def _within(table: Table) -> Table:
    _check_columns(table.source, len(table.columns))
    return table


def _check_columns(name: str, columns: int) -> None:
    if columns > LIMITS["columns"]:
        raise DataError(
            f"'{name}' has {columns:,} columns, and the studio takes at most "
            f"{LIMITS['columns']:,}; leave some out"
        )


# --- what can be predicted ----------------------------------------------------------------------

_USUAL = ("target", "label", "class", "y", "outcome", "price", "species", "kind", "quality")


def suggested_target(table: Table) -> str:
    """Return the column that is most likely to be predicted: one of a usual name, else the last.

    Examples
    --------
    >>> suggested_target(Table.of({"Class": ["a", "b"], "x": [1.0, 2.0], "id": [5, 6]}))
    'Class'
    """
    possible = [column.name for column in table if _can_be_target(column)]
    by_name = {name.lower(): name for name in possible}
    for usual in _USUAL:
        if usual in by_name:
            return by_name[usual]
    keys = {role.name for role in _roles(table) if role.kind in ("identifier", "constant")}
    likely = [name for name in possible if name not in keys]
    return (likely or possible or list(table.names))[-1]


def _can_be_target(column: Column) -> bool:
    try:
        return TargetEncoder.fit(column, guess_task(column)[0]).k <= LIMITS["units"]
    except DataError:
        return False


def _roles(table: Table) -> tuple[Role, ...]:
    try:
        return find_roles(table)
    except DataError:  # no column is of use
        return ()


# --- opened models ------------------------------------------------------------------------------


def _sample_of(model: Model) -> tuple[str, Table]:
    """Return the sample that a model was trained on, where it was one, with its name."""
    stem = Path(str(model.facts.get("source", ""))).stem
    if model.encoder is not None and model.target is not None and stem in samples.SAMPLES:
        table = samples.load(stem)
        if {*model.encoder.names, *model.target.names} <= set(table.names):
            return stem, table
    raise DataError(
        "a model is looked at together with a table; name it after the model, as in: fallline "
        "studio MODEL.fall DATA.csv"
    )


def split_settings(model: Model) -> dict[str, Any]:
    """Return how the table of a model was parted, so that its test rows are those of then."""
    told = model.facts.get("settings")
    settings = _settings(told) if isinstance(told, Mapping) else None
    if settings is None:
        return {"seed": model.plan.seed} if model.plan.seed < 2**53 else {}
    return {"seed": settings.seed, "group": settings.group, "time": settings.time}


def _settings(told: Mapping[str, Any]) -> Settings | None:
    names = ("seed", "group", "time", "test", "validation", "restarts", "folds")
    try:
        return Settings.of(**{name: told[name] for name in names if name in told})
    except FalllineError:
        return None


def first_setup(source: Source, target: str | None = None, **settings: Any) -> Setup:
    """Return the setup that shows a table, or an opened model, first.

    Parameters
    ----------
    source
        The table.
    target
        The column to predict; the one that suggests itself unless given.
    **settings
        Fields of `Setup`, in place of those that are chosen here.

    Raises
    ------
    SpecError, DataError
        For a field that cannot be.
    """
    chosen: dict[str, Any] = {"data": source.kind}
    if source.kind == OWN:
        chosen |= {"target": target or suggested_target(source.table)}
        chosen |= {"net": "8 tanh", "optimizer": "sgd(learning_rate=0.1)", "batch_size": 32}
    elif source.model is not None:
        chosen |= _setup_of(source.model) | {"target": target or ""}
    return Setup.from_json(chosen | settings)


def _setup_of(model: Model) -> dict[str, Any]:
    plan, told = model.plan, model.facts.get("settings")
    found = (_settings(told) if isinstance(told, Mapping) else None) or Settings()
    rows = model.facts.get("rows")
    counts = dict(rows) if isinstance(rows, Mapping) else {}
    known = sum(value for value in counts.values() if isinstance(value, int))
    chosen = {
        "net": MODEL,
        "test": found.test_share,
        "validation": held_out_share(known * (1 - found.test_share), found),
        "l1": plan.l1,
        "l2": plan.l2,
        "batch_size": plan.batch_size or 0,
        "seed": min(plan.seed, 2**53),
    }
    if isinstance(plan.optimizer, Optimizer):
        chosen |= {"optimizer": plan.optimizer}
        chosen |= {"schedule": plan.schedule} if isinstance(plan.schedule, str) else {}
    return chosen
