"""The last training: once, or from several starts, of which the best is kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..descent import Run, resume
from ..descent.calls import RENEWABLE
from ..descent.checkpoint import read_checkpoint
from ..descent.many import best_run
from ..engines.protocol import Rows
from ..errors import InterruptWarning, SpecError
from ..spec.network import Network
from ..spec.plan import Plan
from .result import Stage
from .settings import Settings

__all__ = ["Keeping", "Last", "check_same", "train_last"]


@dataclass(frozen=True)
class Keeping:
    """Where the last training is kept while it runs, and what it goes on from.

    Attributes
    ----------
    checkpoint, every
        The file that the run is written to, and how often: see `Run`.
    resume
        A checkpoint of the same training, to go on from.
    """

    checkpoint: str | Path | None = None
    every: str | int = "10 epochs"
    resume: str | Path | None = None

    def check(self, restarts: int) -> None:
        """Raise a SpecError where there are several trainings: a checkpoint holds one."""
        if restarts > 1 and not (self.checkpoint is None and self.resume is None):
            raise SpecError(
                "a checkpoint holds one training; leave restarts at 1, or leave checkpoint and "
                "resume out"
            )


@dataclass(frozen=True)
class Last:
    """The runs of the last training, and the one that is kept."""

    runs: tuple[Run, ...]
    interrupted: bool

    @property
    def run(self) -> Run:
        """The run of the least validation error; where there is one only, that."""
        return best_run(self.runs)


def train_last(
    network: Network,
    plan: Plan,
    settings: Settings,
    rows: Rows,
    validation: Rows | None,
    report: Callable[[Stage], None],
    keeping: Keeping,
) -> Last:
    """Train to the end, from each start; Ctrl-C ends the run in progress, and starts no more."""
    runs: list[Run] = []
    for start in range(settings.restarts):
        seeded = replace(plan, seed=plan.seed + start)
        run = _run(network, seeded, settings, rows, validation, keeping)
        runs.append(run)
        try:
            _watched(run, start, settings.restarts, report)
        except KeyboardInterrupt:
            run.finish(f"it was interrupted in epoch {run.position[0]}")
            warnings.warn(f"training ended: {run.stopped}", InterruptWarning, stacklevel=4)
            return Last(tuple(runs), interrupted=True)
    return Last(tuple(runs), interrupted=False)


def _run(
    network: Network,
    plan: Plan,
    settings: Settings,
    rows: Rows,
    validation: Rows | None,
    keeping: Keeping,
) -> Run:
    """Return the run of one training, at its start or where its checkpoint was written."""
    given: dict[str, Any] = {
        "sample_weight": rows.weights,
        "X_val": None if validation is None else validation.X,
        "y_val": None if validation is None else validation.Y,
        "sample_weight_val": None if validation is None else validation.weights,
        "engine": settings.engine,
        "checkpoint": keeping.checkpoint,
        "checkpoint_every": keeping.every,
    }
    if keeping.resume is not None:
        check_same(keeping.resume, network, plan, settings)
        new = {name: getattr(plan, name) for name in RENEWABLE}
        return resume(keeping.resume, rows.X, rows.Y, **new, **given)
    return Run(
        network,
        rows.X,
        rows.Y,
        initializer=settings.initializer,
        plan=plan,
        dtype=settings.dtype,
        **given,
    )


def check_same(path: str | Path, network: Network, plan: Plan, settings: Settings) -> None:
    """Raise a SpecError where a checkpoint is of another training than the one asked for."""
    found = read_checkpoint(path)
    ours, theirs = plan.to_json(), found.plan.to_json()
    other = [
        "target_error" if name == "target" else name
        for name in ours
        if ours[name] != theirs[name] and name not in RENEWABLE
    ]
    if network != found.network:
        other.insert(0, _what_differs(network, found.network))
    if settings.dtype != (dtype := str(found.snapshot.arrays["theta"].dtype)):
        other.append(f"dtype, which was {dtype}")
    if other:
        raise SpecError(
            f"the run in '{path}' was made with other settings ({', '.join(other)}); go on with "
            "those that it was made with"
        )


def _what_differs(ours: Network, theirs: Network) -> str:
    """Return what makes two networks others: the columns that they see, or their layers."""
    for what, now, before in (
        ("inputs", ours.n_inputs, theirs.n_inputs),
        ("outputs", ours.n_outputs, theirs.n_outputs),
    ):
        if now != before:
            return f"columns, which made {before} {what} and now make {now}"
    return f"net, which was '{theirs}'"


def _watched(run: Run, start: int, starts: int, report: Callable[[Stage], None]) -> None:
    detail = f"λ {run.plan.l2:g}" + (f", start {start + 1} of {starts}" if starts > 1 else "")
    before, total = start * run.plan.epochs, starts * run.plan.epochs
    for epoch in run:
        report(Stage("training", before + epoch.epoch, total, epoch, detail))
