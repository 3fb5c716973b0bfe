"""The job behind ``train`` and ``demo``: check where to write, train, tell, save."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files import check_writable, whole_file
from ..report.words import chain
from . import telling
from .interrupts import Interrupted, Interrupts
from .progress import Progress, progress
from .show import Screen
from .text import clean, number, size
from .writing import plain, refuse_same

if TYPE_CHECKING:
    from ..data import Table
    from ..training import Start, TrainingResult

__all__ = ["Make", "Outputs", "default_output", "fit", "on_table"]

_PACKED = (".gz", ".bz2", ".xz")


def default_output(data: str) -> str:
    """Return the name of the model of a table: its stem, in the current folder.

    Examples
    --------
    >>> default_output("/data/houses.csv.gz"), default_output("-"), default_output("taxi/*.parquet")
    ('houses.fall', 'model.fall', 'taxi.fall')
    """
    if data == "-":
        return "model.fall"
    path = Path(data)
    while set(path.name) & set("*?["):
        path = path.parent
    path = path.with_suffix("") if path.suffix in _PACKED else path
    return f"{path.stem or 'model'}.fall"


@dataclass(frozen=True)
class Outputs:
    """Where things go.

    Attributes
    ----------
    model, history, checkpoint
        Paths to write; the last two may be None.
    force
        Whether any file may be overwritten.
    as_json, quiet
        Print one JSON object, or one line.
    """

    model: str
    history: str | None = None
    force: bool = False
    as_json: bool = False
    quiet: bool = False
    checkpoint: str | None = None

    @property
    def screen(self) -> Screen | None:
        """Where people read, or None when they asked for less."""
        return None if self.as_json or self.quiet else Screen()

    def check(self, *inputs: str) -> None:
        """Raise a DataError unless the files can be written, without harm to others."""
        from ..fall import looks_like_fall

        named = {"output": self.model, "history": self.history, "checkpoint": self.checkpoint}
        paths = {name: path for name, path in named.items() if path is not None}
        for path in paths.values():
            check_writable(path)
            refuse_same(path, *inputs)
        for one, other in combinations(paths, 2):
            if Path(paths[one]) == Path(paths[other]):
                raise DataError(f"--{other} and --{one} name one file; give each its own")
        self._check_old(self.model, looks_like_fall(self.model), "a .fall model")
        if self.checkpoint is not None:
            self._check_old(self.checkpoint, looks_like_fall(self.checkpoint), "a checkpoint")
        if self.history is not None:
            ours = Path(self.history).suffix.lower() in (".jsonl", ".ndjson")
            self._check_old(self.history, ours, "a .jsonl file")

    def _check_old(self, path: str, ours: bool, kind: str) -> None:
        old = Path(path)
        if old.exists() and old.stat().st_size and not (ours or self.force):
            raise DataError(
                f"'{path}' exists and is not {kind}; choose another name, or overwrite it with "
                "--force"
            )


Make = Callable[["Callable[[Start], None]", Progress], "TrainingResult"]
"""Trains, telling of its start and of its progress."""


def fit(
    train: Make,
    outputs: Outputs,
    *,
    read: Mapping[str, Any] | None = None,
    next_lines: Sequence[str] = (),
) -> TrainingResult:
    """Train, tell about it and save the model.

    Parameters
    ----------
    train
        What trains; `on_table` makes it.
    outputs
        Where things go; its `check` has been called.
    read
        How the table was read, to be kept in the model; None where it was not read from a file.
    next_lines
        Commands to go on with.
    """
    screen = outputs.screen
    started: list[Start] = []

    def start(what: Start) -> None:
        started.append(what)
        if screen is not None:
            telling.show_start(screen, what)

    begun = time.monotonic()
    with progress(outputs.quiet, outputs.as_json) as watch:
        result = train(start, watch)
    seconds = time.monotonic() - begun
    replaced = Path(outputs.model).exists()
    result = _saved(result, outputs, read)
    came = _interrupts()
    came.kept = f"the model is kept in '{outputs.model}'"
    if result.interrupted:
        click.echo(clean(_kept(result, outputs, came)), err=True)
    if screen is not None:
        telling.show_result(screen, result, seconds)
        telling.show_saved(screen, _saved_line(outputs, replaced), next_lines)
    elif outputs.as_json:
        click.echo(json.dumps(_account(started[0], result, outputs), allow_nan=False))
    else:
        click.echo(_score_line(result))
    return result


def on_table(
    table: Table,
    target: Sequence[str],
    settings: Mapping[str, Any],
    validation: Table | None = None,
) -> Make:
    """Return what trains on a table; the arguments are those of `fallline.train`."""

    def made(start: Callable[[Start], None], watch: Progress) -> TrainingResult:
        from ..training import train

        came = _interrupts()
        try:
            return train(
                table, target, validation_data=validation, start=start, watch=watch, **settings
            )
        except KeyboardInterrupt:
            raise Interrupted(f"{came.word} while {watch.stage}: nothing is kept") from None
        except DataError:
            if came.first is None:
                raise
            raise Interrupted(f"{came.word} in the first epoch: nothing is kept") from None

    return made


def _saved(
    result: TrainingResult, outputs: Outputs, read: Mapping[str, Any] | None
) -> TrainingResult:
    """Save the model, with how its table was read, and the history."""
    facts = dict(result.model.facts)
    if read is not None:
        facts["read"] = dict(read)
    model = replace(result.model, facts=facts)
    model.save(outputs.model)
    if outputs.history is not None:
        with whole_file(outputs.history) as temporary:
            model.history.save(temporary)
    return replace(result, model=model)


def _kept(result: TrainingResult, outputs: Outputs, came: Interrupts) -> str:
    """Return where the training was interrupted, and which epoch's model is kept."""
    history, n = result.model.history, result.rows["train"]
    best = history.best if history[-1].validation_error is not None else history[-1]
    where = result.stopped.removeprefix("it was interrupted")  # unless another start's is kept
    told = f"{came.word}{where}" if where != result.stopped else came.word
    part = f", which had {best.rows:,} of its {n:,} rows," if best.rows < n else ""
    return f"{told}: the model of epoch {best.epoch}{part} is kept in '{outputs.model}'"


def _interrupts() -> Interrupts:
    return click.get_current_context().find_object(Interrupts) or Interrupts()


def _saved_line(outputs: Outputs, replaced: bool) -> str:
    told = f"{outputs.model} ({size(os.path.getsize(outputs.model))})"
    if replaced:
        told += ", in place of the one before"
    return told + (f" and {outputs.history}" if outputs.history else "")


def _score_line(result: TrainingResult) -> str:
    if result.cross_validation is not None:
        return str(result.cross_validation)
    part = "test" if "test" in result.scores else "train"
    ours = ", ".join(f"{name} {number(value)}" for name, value in result.scores[part].items())
    rows = f"{result.rows[part]:,} {part if part == 'test' else 'training'} rows"
    name, simple = telling.yardstick(result)
    return f"{ours} on {rows} ({simple}: {name} {number(result.baselines[simple][name])})"


def _account(start: Start, result: TrainingResult, outputs: Outputs) -> dict[str, Any]:
    """Return everything that is told, as JSON data."""
    model = result.model
    told: dict[str, Any] = plain(
        {
            "source": start.source,
            "table": {"rows": start.table_rows, "columns": start.table_columns},
            "target": start.target,
            "task": {"name": start.task, "reason": start.task_reason},
            "columns": [
                {
                    "name": role.name,
                    "kind": role.kind,
                    "used": role.used,
                    "reason": role.reason,
                    "distinct": role.distinct,
                    "missing": role.missing,
                    "leak": role.leak,
                }
                for role in start.roles
            ],
            "notes": start.notes,
            "rows": start.rows,
            "network": {"text": chain(model.network), "parameters": model.network.size},
            "settings": start.settings.to_json(),
            "choices": result.choices,
            "l2": model.plan.l2,
            "epochs": len(model.history),
            "stopped": result.stopped,
            "interrupted": result.interrupted,
            "scores": result.scores,
            "baselines": result.baselines,
            "restarts": [asdict(restart) for restart in result.restarts],
            "cross_validation": None
            if result.cross_validation is None
            else result.cross_validation.to_json(),
            "not_better_than": telling.rivals(result),
            "worst": [
                {
                    "row": row.row,
                    "truth": row.truth,
                    "prediction": row.prediction,
                    "miss": row.miss,
                }
                for row in result.worst
            ],
            "history": [epoch.to_json() for epoch in model.history],
            "model": {"path": outputs.model, "bytes": os.path.getsize(outputs.model)},
        }
    )
    return told
