"""Where a table is from: a sample, a file of one's own, or one that comes with a trained model."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..data import samples
from ..data.sources import open_source, read_table
from ..data.table import Table
from ..errors import DataError, FalllineError, MissingExtraError
from ..formulas.optimizers import Optimizer
from ..model import Model, load
from ..training.known import held_out_share
from ..training.settings import Settings
from .code_text import call_lines, code_of
from .columns import columns_told, suggested_target
from .content import FILE, check_columns, check_content, shown_name
from .setup import LIMITS, MODEL, OWN, Setup

__all__ = ["Source", "first_setup", "split_settings", "table_of"]


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
        Its rows: all, or so many as `LIMITS` allows, drawn at random.
    whole
        How many rows there were to draw from; 0 where all are in the table.
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
    whole: int = 0

    def __post_init__(self) -> None:
        """Keep the table within what the studio takes."""
        check_columns(self.name, self.table.names)
        most = LIMITS["rows"]
        if self.table.n > most:
            object.__setattr__(self, "whole", self.table.n)
            object.__setattr__(self, "table", self.table.sample(most))

    @classmethod
    def of_path(cls, path: str | Path, options: Mapping[str, Any] | None = None) -> Source:
        """Return the table in a file that the person named on the command line.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        given = dict(options or {})
        return cls("own", Path(path).name, read_table(path, **given), options=given)

    @classmethod
    def of_table(cls, data: Any, name: str = "table") -> Source:
        """Return a table, a frame or a mapping of columns."""
        return cls("own", name, read_table(data), reader="given")

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
        table = read_table(data_path, **given)
        return cls("model", Path(data_path).name, table, model, file, options=given)

    @classmethod
    def of_objects(cls, model: Model, data: Any, name: str = "table") -> Source:
        """Return a model with a table, a frame or a mapping of columns."""
        return cls("model", name, read_table(data), model, reader="given")

    def code(self) -> list[str]:
        """Return the Python that reads the table."""
        drawn = [f"table = table.sample({self.table.n})"] if self.whole else []
        if self.reader == "given":
            return ["table = fl.read_table(data)  # the data that the studio was given", *drawn]
        if self.reader == "sample":
            return call_lines("table = fl.data.samples.load", [code_of(self.name)])
        given = {name: code_of(value) for name, value in self.options.items() if value is not None}
        return [*call_lines("table = fl.read_table", [code_of(self.name)], given), *drawn]

    def columns(self) -> dict[str, Any]:
        """Return what a person should know of the columns to choose among them."""
        told, suggested = columns_told(self.table)
        rows = self.whole or self.table.n
        return {"name": self.name, "rows": rows, "columns": told, "suggested": suggested}


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
    shown = shown_name(name)
    check_content(shown, content)
    with tempfile.TemporaryDirectory(prefix="fallline-") as folder:
        file = Path(folder) / FILE
        file.write_bytes(content)
        try:
            return Source("own", shown, _read(file, shown))
        except MissingExtraError:
            raise
        except (FalllineError, ValueError, RuntimeError, OSError, MemoryError) as error:
            told = str(error).replace(str(file), shown).replace(folder, "").replace(FILE, shown)
            raise DataError(told or f"'{shown}' cannot be read as a table") from None


def _read(file: Path, shown: str) -> Table:
    source = open_source(file)
    check_columns(shown, source.names)
    table = source.read()
    notes = tuple(note.replace(FILE, shown) for note in table.notes)
    return replace(table, source=shown, notes=notes)


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
        The column to predict, or several with commas between them; the one that suggests itself
        unless given.
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
