"""Errors that are likelihoods: of counts, of positive amounts, of a number and its variance."""

from __future__ import annotations

import math
from typing import Any

from .loss import OUTPUT_WEIGHTS, Loss, Terms, loss_of
from .registry import Family
from .stable import excess, log_ratio

__all__ = ["LIKELIHOODS"]

A = Any  # an array of the namespace xp
Weights = tuple[float, ...] | None


# --- counts and positive amounts: half the deviance, from a mean exp(h) --------------------------


def _positive(xp: A, y: A) -> tuple[A, A]:
    """Return where y is 0, and y with 1 in these places, so that its logarithm is safe."""
    absent = y == 0
    return absent, xp.where(absent, xp.ones_like(y), y)


def _poisson_each(xp: A, y: A, yhat: A) -> A:
    absent, safe = _positive(xp, y)
    return xp.where(absent, yhat, safe * excess(xp, log_ratio(xp, yhat, safe)))


def _poisson_from_net_input(xp: A, y: A, h: A) -> A:
    absent, safe = _positive(xp, y)
    none = xp.exp(xp.where(absent, h, xp.zeros_like(h)))
    return xp.where(absent, none, safe * excess(xp, h - xp.log(safe)))


_POISSON = Terms(
    _poisson_each,
    lambda xp, y, yhat: (yhat - y) / yhat,
    lambda xp, y, yhat: y / yhat**2,
)
_POISSON_OF_EXP = Terms(
    _poisson_from_net_input,
    lambda xp, y, h, o: o - y,
    lambda xp, y, h, o: o,
)


def _poisson(output_weights: Weights) -> Loss:
    return loss_of(
        _POISSON,
        output_weights,
        {"exp": _POISSON_OF_EXP},
        text="y*log(y/yhat) - y + yhat",
        reduction="mean",
        targets="nonnegative",
        factor="half of scikit-learn's mean_poisson_deviance; scikit-learn's network takes the "
        "same half; PyTorch's PoissonNLLLoss leaves out y*log(y) - y and divides by the outputs k",
        source="half the deviance, McCullagh and Nelder 1989, section 2.3",
        outputs=("exp",),
    )


_GAMMA = Terms(
    lambda xp, y, yhat: excess(xp, log_ratio(xp, y, yhat)),
    lambda xp, y, yhat: (yhat - y) / yhat**2,
    lambda xp, y, yhat: (2 * y - yhat) / yhat**3,
)
_GAMMA_OF_EXP = Terms(
    lambda xp, y, h: excess(xp, xp.log(y) - h),
    lambda xp, y, h, o: -xp.expm1(xp.log(y) - h),
    lambda xp, y, h, o: xp.exp(xp.log(y) - h),
)


def _gamma(output_weights: Weights) -> Loss:
    return loss_of(
        _GAMMA,
        output_weights,
        {"exp": _GAMMA_OF_EXP},
        text="log(yhat/y) + y/yhat - 1",
        reduction="mean",
        targets="positive",
        factor="half of scikit-learn's mean_gamma_deviance",
        source="half the deviance, McCullagh and Nelder 1989, section 2.3",
        outputs=("exp",),
    )


# --- a number with its mean and variance ---------------------------------------------------------

_HALF_LOG_2PI = math.log(2 * math.pi) / 2


def _halves(pairs: A) -> tuple[A, A]:
    """Return the first and the second output of each target, (n, targets) both."""
    return pairs[..., 0::2], pairs[..., 1::2]


def _side_by_side(xp: A, first: A, second: A) -> A:
    joined = xp.stack([first, second], axis=-1)
    return joined.reshape(*first.shape[:-1], -1)


def _blocks(xp: A, first: A, mixed: A, second: A) -> A:
    """Return (n, k, k) with a block [[first, mixed], [mixed, second]] for each target."""
    rows = [xp.stack([first, mixed], axis=-1), xp.stack([mixed, second], axis=-1)]
    blocks = xp.stack(rows, axis=-2)  # (n, targets, 2, 2)
    count = first.shape[-1]
    apart = xp.eye(count, dtype=first.dtype)[None, :, None, :, None]
    return (blocks[:, :, :, None, :] * apart).reshape(-1, 2 * count, 2 * count)


def _gaussian_each(xp: A, y: A, yhat: A) -> A:
    mean, variance = _halves(yhat)
    return _HALF_LOG_2PI + xp.log(variance) / 2 + (y - mean) ** 2 / (2 * variance)


def _gaussian_slope(xp: A, y: A, yhat: A) -> A:
    mean, variance = _halves(yhat)
    away = mean - y
    of_variance = (1 - away * away / variance) / (2 * variance)
    return _side_by_side(xp, away / variance, of_variance)


def _gaussian_curvature(xp: A, y: A, yhat: A) -> A:
    mean, variance = _halves(yhat)
    away = mean - y
    of_variance = (2 * away * away / variance - 1) / (2 * variance * variance)
    return _blocks(xp, 1 / variance, -away / variance**2, of_variance)


def _net_each(xp: A, y: A, h: A) -> A:
    mean, log_variance = _halves(h)
    return _HALF_LOG_2PI + (log_variance + (y - mean) ** 2 * xp.exp(-log_variance)) / 2


def _net_slope(xp: A, y: A, h: A, o: A) -> A:
    mean, log_variance = _halves(h)
    away, precision = mean - y, xp.exp(-log_variance)
    return _side_by_side(xp, away * precision, (1 - away * away * precision) / 2)


def _net_curvature(xp: A, y: A, h: A, o: A) -> A:
    mean, log_variance = _halves(h)
    away, precision = mean - y, xp.exp(-log_variance)
    return _blocks(xp, precision, -away * precision, away * away * precision / 2)


def _gaussian(output_weights: Weights) -> Loss:
    return loss_of(
        Terms(_gaussian_each, _gaussian_slope, _gaussian_curvature),
        output_weights,
        {"mean_variance": Terms(_net_each, _net_slope, _net_curvature)},
        text="log(2*pi*yhat_2)/2 + (y - yhat_1)**2/(2*yhat_2)",
        reduction="mean",
        targets="number",
        factor="PyTorch's GaussianNLLLoss leaves out log(2*pi)/2 unless full=True, and divides by "
        "the number of targets",
        source="Nix and Weigend 1994: minus the logarithm of the likelihood; outputs are a mean "
        "and a variance for each target, the variance as exp of its net input",
        outputs=("mean_variance",),
        parts=("mean", "variance"),
    )


LIKELIHOODS: list[Loss | Family[Loss]] = [
    Family("poisson", OUTPUT_WEIGHTS, _poisson),
    Family("gamma", OUTPUT_WEIGHTS, _gamma),
    Family("gaussian_likelihood", OUTPUT_WEIGHTS, _gaussian),
]
