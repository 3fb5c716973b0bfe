"""Where a run stands beside its engine's state: plain values, replaced and never changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..arrays import Array, Floats
from ..engines.protocol import Steps
from ..engines.running import carried
from ..errors import SpecError
from ..history import Epoch, History
from ..spec.network import Network
from ..spec.plan import Plan

__all__ = ["Progress", "Snapshot", "optimizer_of"]


@dataclass(frozen=True)
class Progress:
    """The counts and sums of a run; those of the epoch in progress start anew with each.

    Attributes
    ----------
    step, elapsed
        Steps and seconds since the start.
    rows, steps, seconds
        Of the epoch in progress.
    weighted_error
        Σ over its steps of J_B · Σ_B s; for the sum error of J_B.
    weight, norms
        Σ over its steps of Σ_B s, and of the gradient's norm.
    history
        The finished epochs.
    best_error, best_theta
        The least validation error so far, and the weights that gave it.
    """

    step: int = 0
    elapsed: float = 0.0
    rows: int = 0
    steps: int = 0
    seconds: float = 0.0
    weighted_error: float = 0.0
    weight: float = 0.0
    norms: float = 0.0
    history: History = field(default_factory=History)
    best_error: float = float("inf")
    best_theta: Floats | None = None

    def plus(self, steps: Steps, seconds: float, reduction: Literal["sum", "mean"]) -> Progress:
        """Return the progress after these steps.

        Sums run step by step, so that they do not depend on where a pause cut the epoch.
        """
        error, weight, norms = carried(
            (self.weighted_error, self.weight, self.norms),
            steps.errors, steps.weights, steps.gradient_norms, scaled=reduction == "mean",
        )  # fmt: skip
        return Progress(
            step=self.step + len(steps.errors),
            elapsed=self.elapsed + seconds,
            rows=self.rows + steps.rows,
            steps=self.steps + len(steps.errors),
            seconds=self.seconds + seconds,
            weighted_error=error,
            weight=weight,
            norms=norms,
            history=self.history,
            best_error=self.best_error,
            best_theta=self.best_theta,
        )

    def mean_error(self, reduction: Literal["sum", "mean"]) -> float:
        """Return the reported error of the epoch in progress."""
        if reduction == "sum":
            return self.weighted_error
        return self.weighted_error / self.weight if self.weight else float("nan")

    def record(self, reduction: Literal["sum", "mean"], seconds: float, **measured: Any) -> Epoch:
        """Return the record of the epoch in progress.

        Parameters
        ----------
        seconds
            What its end took.
        **measured
            The other fields of `Epoch`, measured at its end.
        """
        return Epoch(
            epoch=len(self.history) + 1,
            steps=self.step,
            rows=self.rows,
            error=self.mean_error(reduction),
            gradient_norm=self.norms / max(self.steps, 1),
            seconds=self.seconds + seconds,
            **measured,
        )

    def closed(self, epoch: Epoch, theta: Floats | None, seconds: float) -> Progress:
        """Return the progress after an epoch: its record kept, its sums cleared.

        Parameters
        ----------
        theta
            (P,) its last weights, where it has a validation error.
        """
        error = epoch.validation_error
        lower = error is not None and math.isfinite(error) and error < self.best_error
        return Progress(
            step=self.step,
            elapsed=self.elapsed + seconds,
            history=self.history.append(epoch),
            best_error=error if lower and error is not None else self.best_error,
            best_theta=theta if lower else self.best_theta,
        )


@dataclass(frozen=True)
class Snapshot:
    """A whole run between two steps: the engine's arrays and the progress, and of what it is one.

    Attributes
    ----------
    arrays
        What `Engine.snapshot` gave.
    progress
        Counts, sums and history.
    network, plan
        Of the run.
    """

    arrays: dict[str, Array]
    progress: Progress
    network: Network = field(repr=False)
    plan: Plan = field(repr=False)

    def check_fits(self, network: Network, plan: Plan, arrays: dict[str, Array], n: int) -> None:
        """Raise a SpecError where a run cannot go on from here.

        Parameters
        ----------
        network, plan, arrays, n
            Of that run: its engine's arrays at any of its steps, and its number of training rows.
        """
        own, other = optimizer_of(self.plan, self.arrays), optimizer_of(plan, arrays)
        dtype = self.arrays["theta"].dtype
        if self.network != network:
            found = f"the network '{self.network}', but this run has '{network}'"
        elif own != other:
            found = f"the optimizer {own}, but this run has {other}"
        elif dtype != arrays["theta"].dtype:
            found = f"{dtype} weights, but this run has {arrays['theta'].dtype}"
        elif self.progress.rows > n:  # all of them: a signal came after the last step
            found = f"{self.progress.rows} rows of an epoch, but an epoch of this run has {n}"
        else:
            return
        raise SpecError(f"the snapshot is of {found}; restore it in a run made like its own")


def optimizer_of(plan: Plan, arrays: Mapping[str, Array]) -> str:
    """Return an optimizer's name with those of its arrays."""
    kept = [name.removeprefix("optimizer.") for name in arrays if name.startswith("optimizer.")]
    name = type(plan.optimizer).__name__
    return f"{name} (state: {', '.join(sorted(kept))})" if kept else f"{name} (no state)"
