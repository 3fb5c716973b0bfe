"""When to stop: rules that look at the plan and the history, and callbacks; told in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..history import Epoch, History
from ..spec.plan import Plan

__all__ = ["Rules", "ended_by", "reason_of", "why_stop"]


def why_stop(plan: Plan, history: History) -> str | None:
    """Return why the descent ends after this history, or None while it goes on."""
    return Rules(plan).why_stop(history)


class Rules:
    """The rules of a plan, for a history that grows: each looks at an epoch once.

    What they say is a function of the plan and the history alone.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._validation = _LastFall(plan.min_improvement, lambda epoch: epoch.validation_error)
        self._training = _LastFall(plan.tolerance or 0.0, lambda epoch: epoch.error)
        rules: dict[str, Callable[[Any, History], str | None]] = {
            "target": self._target,
            "patience": self._patience,
            "tolerance": self._tolerance,
            "epochs": self._epochs,
        }
        given = ((rule, getattr(plan, name)) for name, rule in rules.items())
        self._rules = [(rule, setting) for rule, setting in given if setting is not None]

    def why_stop(self, history: History) -> str | None:
        """Return why the descent ends after this history, or None while it goes on."""
        for rule, setting in self._rules:
            if reason := rule(setting, history):
                return reason
        return None

    def _target(self, target: float, history: History) -> str | None:
        if not history or not history[-1].error <= target:
            return None
        return f"the training error {history[-1].error:.6g} reached the target {target:g}"

    def _patience(self, patience: int, history: History) -> str | None:
        if self._validation.since(history) < patience:
            return None
        return (
            f"the validation error did not fall below {self._validation.lowest:.6g} "
            f"(epoch {self._validation.best}) for {patience} epochs"
        )

    def _tolerance(self, tolerance: float, history: History) -> str | None:
        epochs = self._plan.tolerance_epochs
        if self._training.since(history) < epochs:
            return None
        return f"the training error fell by less than {tolerance:g} over {epochs} epochs"

    def _epochs(self, epochs: int, history: History) -> str | None:
        if len(history) < epochs:
            return None
        return f"all {epochs} epochs are done" if epochs != 1 else "its one epoch is done"


class _LastFall:
    """The last error of a history that fell by more than asked.

    Attributes
    ----------
    best, lowest
        Its number, from 1, and value; 0 and infinity while there is none.
    """

    def __init__(self, least_fall: float, error: Callable[[Epoch], float | None]) -> None:
        self._least_fall, self._error = least_fall, error
        self._forget()

    def _forget(self) -> None:
        self.best, self.lowest = 0, math.inf
        self._count, self._seen = 0, History()

    def since(self, history: History) -> int:
        """Return how many errors the history has after it."""
        seen = len(self._seen)
        if seen and (len(history) < seen or history[seen - 1] is not self._seen[-1]):
            self._forget()  # the run stepped back
        for epoch in history[len(self._seen) :]:
            self._look(self._error(epoch))
        self._seen = history
        return self._count - self.best

    def _look(self, error: float | None) -> None:
        if error is None:
            return
        self._count += 1
        if error < self.lowest - self._least_fall:
            self.best, self.lowest = self._count, error


def ended_by(callbacks: Sequence[Callable[[Epoch], object]], epoch: Epoch) -> str | None:
    """Call each with an epoch; return why the run ends, where one raised StopIteration."""
    try:
        for callback in callbacks:
            callback(epoch)
    except StopIteration as end:
        return reason_of(end) or f"a callback ended it after epoch {epoch.epoch}"
    return None


def reason_of(end: StopIteration) -> str:
    """Return the reason that was given with a StopIteration; empty for none."""
    return "" if end.value is None else str(end.value)
