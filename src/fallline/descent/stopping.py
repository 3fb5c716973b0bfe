"""When to stop: rules that look at the plan and the history, and callbacks; told in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..history import Epoch, History
from ..spec.plan import Plan

__all__ = ["RULES", "ended_by", "why_stop"]


def why_stop(plan: Plan, history: History) -> str | None:
    """Return why the descent ends after this history, or None while it goes on."""
    for rule in RULES:
        if reason := rule(plan, history):
            return reason
    return None


def _target(plan: Plan, history: History) -> str | None:
    if plan.target is None or not history or not history[-1].error <= plan.target:
        return None
    return f"the training error {history[-1].error:.6g} reached the target {plan.target:g}"


def _patience(plan: Plan, history: History) -> str | None:
    if plan.patience is None:
        return None
    errors = [e.validation_error for e in history if e.validation_error is not None]
    best, least = _last_improvement(errors, plan.min_improvement)
    if len(errors) - best < plan.patience:
        return None
    return (
        f"the validation error did not fall below {least:.6g} (epoch {best}) for "
        f"{plan.patience} epochs"
    )


def _tolerance(plan: Plan, history: History) -> str | None:
    if plan.tolerance is None:
        return None
    best, _ = _last_improvement([e.error for e in history], plan.tolerance)
    if len(history) - best < plan.tolerance_epochs:
        return None
    return (
        f"the training error fell by less than {plan.tolerance:g} over {plan.tolerance_epochs} "
        "epochs"
    )


def _epochs(plan: Plan, history: History) -> str | None:
    if len(history) < plan.epochs:
        return None
    return f"all {plan.epochs} epochs are done" if plan.epochs != 1 else "its one epoch is done"


def _last_improvement(errors: list[float], least_fall: float) -> tuple[int, float]:
    """Return the number (from 1) and value of the last error that fell by more than asked."""
    best, lowest = 0, float("inf")
    for number, error in enumerate(errors, start=1):
        if error < lowest - least_fall:
            best, lowest = number, error
    return best, lowest


RULES: tuple[Callable[[Plan, History], str | None], ...] = (_target, _patience, _tolerance, _epochs)


def ended_by(callbacks: Sequence[Callable[[Epoch], object]], epoch: Epoch) -> str | None:
    """Call each with an epoch; return why the run ends, where one raised StopIteration."""
    try:
        for callback in callbacks:
            callback(epoch)
    except StopIteration:
        return f"a callback ended it after epoch {epoch.epoch}"
    return None
