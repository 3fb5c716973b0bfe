"""Errors of numbers: squares, absolute values and what lies between, and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from .checks import number, numbers
from .loss import OUTPUT_WEIGHTS, Loss, Terms, loss_of
from .registry import Family
from .stable import constant_like, log_cosh, magnitude, positive_part, sech_squared

__all__ = ["REGRESSION"]

A = Any  # an array of the namespace xp
Weights = tuple[float, ...] | None


def _flat(xp: A, y: A, yhat: A) -> A:
    return constant_like(xp, 0.0, y - yhat)


# --- squares ------------------------------------------------------------------------------------

_SQUARES = Terms(
    lambda xp, y, yhat: (y - yhat) ** 2 / 2,
    lambda xp, y, yhat: yhat - y,
    lambda xp, y, yhat: xp.ones_like(yhat),
)


def _squares(reduction: Literal["sum", "mean"], factor: str, source: str) -> Any:
    def make(output_weights: Weights) -> Loss:
        return loss_of(
            _SQUARES,
            output_weights,
            text="(y - yhat)**2/2",
            reduction=reduction,
            targets="number",
            factor=factor,
            source=source,
        )

    return make


# --- absolute values ----------------------------------------------------------------------------

_ABSOLUTE = Terms(
    lambda xp, y, yhat: magnitude(xp, y - yhat),
    lambda xp, y, yhat: xp.sign(yhat - y),
    _flat,
)


def _mae(output_weights: Weights) -> Loss:
    return loss_of(
        _ABSOLUTE,
        output_weights,
        text="abs(y - yhat)",
        reduction="mean",
        targets="number",
        factor="PyTorch's L1Loss and Keras's mean_absolute_error also divide by the outputs k",
        source="Laplace 1774; the slope at y = yhat is 0",
        kink="y - yhat",
    )


def _huber(delta: float, output_weights: Weights) -> Loss:
    def each(xp: A, y: A, yhat: A) -> A:
        size = xp.abs(y - yhat)
        inside = size <= delta
        near = xp.where(inside, size, xp.zeros_like(size))  # no overflow of the other's square
        return xp.where(inside, near * near / 2, delta * (size - delta / 2))

    def slope(xp: A, y: A, yhat: A) -> A:
        return xp.clip(yhat - y, -delta, delta)

    def curvature(xp: A, y: A, yhat: A) -> A:
        away = yhat - y
        one = constant_like(xp, 1.0, away)
        return xp.where(xp.abs(away) > delta, xp.zeros_like(away), one)

    size = "abs(y - yhat)"
    return loss_of(
        Terms(each, slope, curvature),
        output_weights,
        text=f"min({size}, {delta})*({size} - min({size}, {delta})/2)",
        reduction="mean",
        targets="number",
        factor="PyTorch's HuberLoss and Keras's huber also divide by the outputs k; "
        "PyTorch's SmoothL1Loss(beta) is 1/beta times its HuberLoss(beta)",
        source="Huber 1964: squares up to delta, beyond it delta times the absolute value",
    )


_LOG_COSH = Terms(
    lambda xp, y, yhat: log_cosh(xp, y - yhat),
    lambda xp, y, yhat: xp.tanh(yhat - y),
    lambda xp, y, yhat: sech_squared(xp, yhat - y),
)


def _log_cosh(output_weights: Weights) -> Loss:
    return loss_of(
        _LOG_COSH,
        output_weights,
        text="log(cosh(y - yhat))",
        reduction="mean",
        targets="number",
        factor="Keras's log_cosh also divides by the outputs k",
        source="Green 1990: half a square near 0, the absolute value less log(2) far out",
    )


# --- quantiles ----------------------------------------------------------------------------------


def _sound_levels(levels: Sequence[float]) -> bool:
    inside = all(0 < level < 1 for level in levels)
    return bool(levels) and inside and all(low < high for low, high in pairwise(levels))


_LEVELS = numbers((0.5,), "a rising list of levels above 0 and below 1", _sound_levels)


def _quantile(levels: tuple[float, ...], output_weights: Weights) -> Loss:
    count = len(levels)

    def spread(xp: A, y: A, yhat: A) -> tuple[A, A]:
        """Return ŷ − y and the level of each output, (n, k) and (1, k)."""
        repeated = xp.repeat(y, count, axis=-1)
        row = xp.asarray(levels * y.shape[-1], dtype=yhat.dtype)
        return yhat - repeated, row[None]

    def each(xp: A, y: A, yhat: A) -> A:
        above, level = spread(xp, y, yhat)
        return level * positive_part(xp, -above) + (1 - level) * positive_part(xp, above)

    def slope(xp: A, y: A, yhat: A) -> A:
        above, level = spread(xp, y, yhat)
        sides = xp.where(above > 0, 1 - level, xp.where(above < 0, -level, xp.zeros_like(level)))
        return xp.where(above == above, sides, above)

    def curvature(xp: A, y: A, yhat: A) -> A:
        return constant_like(xp, 0.0, spread(xp, y, yhat)[0])

    names = [f"yhat_{i + 1}" for i in range(count)] if count > 1 else ["yhat"]
    terms = (
        f"{level}*max(y - {name}, 0) + (1 - {level})*max({name} - y, 0)"
        for level, name in zip(levels, names, strict=True)
    )
    return loss_of(
        Terms(each, slope, curvature),
        output_weights,
        text=" + ".join(terms),
        reduction="mean",
        targets="number",
        factor="scikit-learn's mean_pinball_loss is the mean over levels and targets, not the sum; "
        "at the level 0.5 it is half the absolute error",
        source="Koenker and Bassett 1978; the slope at y = yhat is 0. Several levels take an "
        "ordered output, so that they never cross",
        outputs=("ordered",) if count > 1 else (),
        parts=tuple(repr(level) for level in levels) if count > 1 else (),
        point=min(range(count), key=lambda i: abs(levels[i] - 0.5)),
        kink="y - yhat",
    )


REGRESSION: list[Loss | Family[Loss]] = [
    Family(
        "sse",
        OUTPUT_WEIGHTS,
        _squares(
            "sum",
            "half the sum of squares: PyTorch's MSELoss(reduction='sum') is 2 times it",
            "Rumelhart, Hinton and Williams 1986, eq. 2",
        ),
    ),
    Family(
        "squared_error",
        OUTPUT_WEIGHTS,
        _squares(
            "mean",
            "PyTorch's MSELoss and Keras's mean_squared_error are 2/k times it, scikit-learn's "
            "squared_error 1/k times, optax's l2_loss (mean) 1/k times",
            "Bishop 2006, eq. 5.11, over the number of rows",
        ),
    ),
    Family("mae", OUTPUT_WEIGHTS, _mae),
    Family("huber", {"delta": number(1.0, above=0), **OUTPUT_WEIGHTS}, _huber),
    Family("log_cosh", OUTPUT_WEIGHTS, _log_cosh),
    Family("quantile", {"levels": _LEVELS, **OUTPUT_WEIGHTS}, _quantile),
]
