"""The rules for size, penalty and number of epochs, so that small tables do not overfit.

==================  ==============================================================================
hidden layers       below 100 training rows 16 relu; below 5,000 64 and 32 relu; else 128 and 64
batch               32 rows up to 5,000 training rows, else 128
penalty, epochs     least mean validation error over λ in ``PENALTIES`` and all epochs: by 5-fold
                    cross-validation up to 5,000 training rows, after which all of them are
                    trained on for that many epochs; else, and for restarts, on 15 % held out,
                    which then also stop the last training (above 50,000 rows with the smallest
                    λ, untried). A schedule that spans the plan keeps its epochs
==================  ==============================================================================

Why, and what it gives, is in ``docs/quality.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..descent import Run
from ..engines.protocol import Rows
from ..errors import DataError
from ..formulas.schedules import schedule_from
from ..history import Epoch
from ..spec.network import Network
from .prepare import Prepared
from .settings import Settings

__all__ = ["PENALTIES", "Choice", "choose", "spans_the_plan", "untried"]

PENALTIES = (1e-3, 1e-2, 1e-1)
_LARGE_PENALTIES = (1e-4, 1e-3, 1e-2)
_UNTRIED = 50_000  # training rows above which trying several penalties costs more than it gives
_FOLDS = 5
_STEPS = 4_000  # steps of one trial, within the epochs below
_EPOCHS = (40, 500)
_FINAL_EPOCHS = 200

Watch = Callable[[Epoch, int, int, str], None]  # epoch, epochs done, epochs at most, detail
Build = Callable[[int], Network]  # from the number of inputs


@dataclass(frozen=True)
class Choice:
    """What was chosen: the penalty, the epochs of the last training, and why in sentences."""

    l2: float
    epochs: int
    reasons: tuple[str, ...]


def choose(prepared: Prepared, settings: Settings, build: Build, watch: Watch) -> Choice:
    """Return penalty and epochs: the user's, or those of the least validation error.

    Raises
    ------
    DataError
        When no trial gives a finite error.
    """
    n = len(prepared.train)
    held_out = prepared.has_validation
    if settings.validation == 0 and not held_out:
        return _unvalidated(settings)
    if held_out and (settings.l2 is not None or n > _UNTRIED):
        return untried(settings)
    if not held_out and settings.l2 is not None and settings.epochs is not None:
        return Choice(settings.l2, settings.epochs, ())
    penalties: tuple[float, ...] = _LARGE_PENALTIES if held_out and n > 5_000 else PENALTIES
    if settings.l2 is not None:
        penalties = (settings.l2,)
    trials = _trials(prepared, settings)
    curves = _validation_curves(trials, penalties, settings, build, watch)
    spans = not held_out and spans_the_plan(settings.schedule)
    if spans:
        curves[:, :-1] = np.nan  # what it reaches on the way is not what a shorter plan reaches
        _check_finite(curves)
    k, epoch = np.unravel_index(np.nanargmin(curves), curves.shape)
    l2, epochs = penalties[int(k)], int(epoch) + 1
    how = "on the validation rows" if held_out else _folds_in_words(len(trials), prepared)
    least = ", ".join(
        f"{penalty:g}: {np.nanmin(curve):.4f}"
        for penalty, curve in zip(penalties, curves, strict=True)
        if np.isfinite(curve).any()
    )
    reasons = [f"penalty λ = {l2:g}: the least mean validation error, {how} (λ: error; {least})"]
    if held_out:
        return Choice(l2, _final_epochs(settings), tuple(reasons))
    why = "which the schedule spans" if spans else "where that error was least"
    reasons.append(f"{epochs} epochs: {why}; then trained on all {n} rows")
    return Choice(l2, epochs, tuple(reasons))


def untried(settings: Settings) -> Choice:
    """Return penalty and epochs without a trial: the user's, or those of many rows."""
    if settings.validation == 0:
        return _unvalidated(settings)
    l2 = _LARGE_PENALTIES[0] if settings.l2 is None else settings.l2
    return Choice(l2, _final_epochs(settings), ())


def spans_the_plan(schedule: Any) -> bool:
    """Return whether a schedule's rates depend on how many epochs the plan has.

    Examples
    --------
    >>> spans_the_plan("cosine"), spans_the_plan("cosine(length=10)"), spans_the_plan("step")
    (True, False, False)
    """
    settings = schedule_from(schedule).settings
    then = settings.get("then")
    open_end = "length" in settings and settings["length"] is None
    return open_end or (isinstance(then, str) and spans_the_plan(then))


def _folds_in_words(folds: int, prepared: Prepared) -> str:
    known = prepared.known
    if known.time is not None:
        return f"{folds} folds chained forwards by '{known.time.name}'"
    kept = "" if known.group is None else f", each '{known.group.name}' on one side"
    return f"{folds}-fold cross-validation{kept}"


def _unvalidated(settings: Settings) -> Choice:
    l2 = PENALTIES[0] if settings.l2 is None else settings.l2
    epochs = 100 if settings.epochs is None else settings.epochs
    return Choice(l2, epochs, (f"no validation: penalty λ = {l2:g}, {epochs} epochs",))


def _final_epochs(settings: Settings) -> int:
    return _FINAL_EPOCHS if settings.epochs is None else settings.epochs


def _trials(prepared: Prepared, settings: Settings) -> list[tuple[Rows, Rows]]:
    """Return pairs of training and validation rows, each with an encoder of its own."""
    train = prepared.train
    if prepared.has_validation:
        encoder = prepared.encoder(train)
        validation = prepared.validation_rows(encoder, settings.dtype)
        assert validation is not None
        return [(prepared.rows(encoder, train, settings.dtype), validation)]
    known, pairs = prepared.known, []
    folds = max(2, min(_FOLDS, known.most_folds(train)))
    for fit, check in known.folds(train, folds, settings.seed):
        encoder = prepared.encoder(fit)
        parts = [prepared.rows(encoder, rows, settings.dtype) for rows in (fit, check)]
        pairs.append((parts[0], parts[1]))
    return pairs


def _validation_curves(
    trials: Sequence[tuple[Rows, Rows]],
    penalties: Sequence[float],
    settings: Settings,
    build: Build,
    watch: Watch,
) -> Floats:
    """Return the mean validation error (penalties, epochs) of the trials."""
    rows = len(trials[0][0].X)
    steps = -(-rows // (settings.batch_size or rows))
    epochs = settings.epochs or int(np.clip(-(-_STEPS // steps), *_EPOCHS))
    total = epochs * len(penalties) * len(trials)
    curves = np.full((len(penalties), epochs), np.nan)
    for k, l2 in enumerate(penalties):
        errors = []
        for fold, (fit, check) in enumerate(trials):
            patience = max(settings.patience, epochs // 5)
            # The time budget is of the last training: what is chosen must not hang on the clock.
            plan = settings.plan(l2, epochs=epochs, patience=patience, time_budget=None)
            before = (k * len(trials) + fold) * epochs
            detail = f"λ {l2:g}" + (f", fold {fold + 1} of {len(trials)}" if trials[1:] else "")
            run = Run(
                build(fit.X.shape[1]),
                fit.X,
                fit.Y,
                sample_weight=fit.weights,
                X_val=check.X,
                y_val=check.Y,
                sample_weight_val=check.weights,
                initializer=settings.initializer,
                plan=plan,
                engine=settings.engine,
                dtype=settings.dtype,
            )
            for epoch in run:
                watch(epoch, before + epoch.epoch, total, detail)
            errors.append(_padded(run, epochs))
        curves[k] = np.mean(errors, axis=0)
    _check_finite(curves)
    return np.where(np.isfinite(curves), curves, np.nan)


def _check_finite(curves: Floats) -> None:
    if not np.isfinite(curves).any():
        raise DataError(
            "every trial diverged: the error became infinite or NaN; take a smaller learning rate"
        )


def _padded(run: Run, epochs: int) -> list[float]:
    """Return the validation errors, the last one repeated where the trial stopped early."""
    errors = [
        float("inf") if epoch.validation_error is None else epoch.validation_error
        for epoch in run.history
    ]
    last = float("inf") if run.divergence is not None or not errors else errors[-1]
    return errors + [last] * (epochs - len(errors))
