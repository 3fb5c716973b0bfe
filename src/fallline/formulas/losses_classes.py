"""Errors of classes: the cross-entropies, with smoothed labels where wished, and the hinge."""

from __future__ import annotations

from typing import Any

from .checks import number
from .loss import OUTPUT_WEIGHTS, FusedPair, Loss, Terms, loss_of
from .registry import Family
from .stable import constant_like, logistic, positive_part, softplus, x_log_y, x_over_y

__all__ = ["CLASSES"]

A = Any  # an array of the namespace xp
Weights = tuple[float, ...] | None

_SMOOTHING = {"smoothing": number(0.0, least=0, below=1)}


# --- two classes --------------------------------------------------------------------------------


def _binary_cross_entropy(smoothing: float, output_weights: Weights) -> Loss:
    def smooth(y: A) -> A:
        return (1 - smoothing) * y + smoothing / 2 if smoothing else y

    def on_smooth(terms: Terms) -> Terms:
        each, slope, curvature = terms
        return Terms(
            lambda xp, y, *rest: each(xp, smooth(y), *rest),
            lambda xp, y, *rest: slope(xp, smooth(y), *rest),
            lambda xp, y, *rest: curvature(xp, smooth(y), *rest),
        )

    y = f"({1 - smoothing}*y + {smoothing / 2})" if smoothing else "y"
    return loss_of(
        on_smooth(_BINARY),
        output_weights,
        {"logistic": on_smooth(_BINARY_OF_LOGISTIC)},
        text=f"-{y}*log(yhat) - (1 - {y})*log(1 - yhat)",
        reduction="mean",
        targets="probability",
        factor="PyTorch's BCELoss and Keras's binary_crossentropy also divide by the outputs k; "
        "scikit-learn's log_loss does not",
        source="Bishop 2006, eq. 5.21; smoothing takes y to (1 - s)*y + s/2, as Keras does",
        outputs=("logistic",),
    )


_BINARY = Terms(
    lambda xp, y, yhat: -(x_log_y(xp, y, yhat) + x_log_y(xp, 1 - y, 1 - yhat)),
    lambda xp, y, yhat: x_over_y(xp, 1 - y, 1 - yhat) - x_over_y(xp, y, yhat),
    lambda xp, y, yhat: x_over_y(xp, 1 - y, (1 - yhat) ** 2) + x_over_y(xp, y, yhat**2),
)
_BINARY_OF_LOGISTIC = Terms(
    # Not softplus(h) − y h: that cancels for a confident, right unit.
    lambda xp, y, h: y * softplus(xp, -h) + (1 - y) * softplus(xp, h),
    # Not o − y: that cancels for a confident, right unit.
    lambda xp, y, h, o: (1 - y) * o - y * logistic(xp, -h),
    lambda xp, y, h, o: o * (1 - o),
)


# --- several classes ----------------------------------------------------------------------------


def _minus_log_softmax(xp: A, z: A) -> A:
    # log(1 + Σ over all but the largest): log Σ exp would cancel for a confident, right unit.
    top = xp.arange(z.shape[-1]) == xp.argmax(z, axis=-1, keepdims=True)
    away = z - xp.sum(xp.where(top, z, xp.zeros_like(z)), axis=-1, keepdims=True)
    others = xp.where(top, xp.zeros_like(z), xp.exp(away))
    return xp.log1p(xp.sum(others, axis=-1, keepdims=True)) - away


def _softmax_curvature(xp: A, y: A, h: A, o: A) -> A:
    identity = xp.eye(o.shape[-1], dtype=o.dtype)
    total = xp.sum(y, axis=-1)[..., None, None]
    return total * o[..., :, None] * (identity - o[..., None, :])


def _cross_entropy(smoothing: float, output_weights: Weights) -> Loss:
    def meant(xp: A, y: A) -> A:
        """Return what stands before each −log ŷ: the target, smoothed and weighted."""
        if smoothing:
            y = (1 - smoothing) * y + smoothing / y.shape[-1]
        if output_weights:
            y = y * xp.asarray(output_weights, dtype=y.dtype)[None]
        return y

    y = f"({1 - smoothing}*y + {smoothing}/k)" if smoothing else "y"
    return Loss(
        "",
        f"-{y}*log(yhat)",
        reduction="mean",
        targets="distribution",
        value=lambda xp, y, yhat: -xp.sum(x_log_y(xp, meant(xp, y), yhat), axis=-1),
        slope=lambda xp, y, yhat: -x_over_y(xp, meant(xp, y), yhat),
        curvature=lambda xp, y, yhat: x_over_y(xp, meant(xp, y), yhat**2),
        factor="the same as PyTorch's CrossEntropyLoss, Keras's categorical_crossentropy and "
        "scikit-learn's log_loss; PyTorch's class weights also divide by the weights met",
        source="Bishop 2006, eq. 5.24; smoothing takes y to (1 - s)*y + s/k, Szegedy et al. 2016",
        pairs={
            "softmax": FusedPair(
                lambda xp, y, h: xp.sum(meant(xp, y) * _minus_log_softmax(xp, h), axis=-1),
                lambda xp, y, h, o: _softmax_slope(xp, meant(xp, y), o),
                lambda xp, y, h, o: _softmax_curvature(xp, meant(xp, y), h, o),
            )
        },
        outputs=("softmax",),
    )


def _softmax_slope(xp: A, y: A, o: A) -> A:
    # o Σy − y = o (Σy − y) − y (1 − o), where for the largest o, 1 − o is the sum of the others:
    # so nothing cancels for a confident, right unit.
    top = xp.arange(o.shape[-1]) == xp.argmax(o, axis=-1, keepdims=True)
    others = xp.sum(xp.where(top, xp.zeros_like(o), o), axis=-1, keepdims=True)
    return o * (xp.sum(y, axis=-1, keepdims=True) - y) - y * xp.where(top, others, 1 - o)


# --- margins ------------------------------------------------------------------------------------


def _hinge_slope(xp: A, y: A, yhat: A) -> A:
    lacking = 1 - y * yhat
    return xp.where(lacking <= 0, xp.zeros_like(yhat), xp.where(lacking > 0, -y, lacking))


_HINGE = Terms(
    lambda xp, y, yhat: positive_part(xp, 1 - y * yhat),
    _hinge_slope,
    lambda xp, y, yhat: constant_like(xp, 0.0, y * yhat),
)


def _hinge(output_weights: Weights) -> Loss:
    return loss_of(
        _HINGE,
        output_weights,
        text="max(1 - y*yhat, 0)",
        reduction="mean",
        targets="sign",
        factor="Keras's hinge also divides by the outputs k",
        source="Cortes and Vapnik 1995; targets are -1 and 1, and the slope at y*yhat = 1 is 0",
        kink="1 - y*yhat",
    )


CLASSES: list[Loss | Family[Loss]] = [
    Family("binary_cross_entropy", {**_SMOOTHING, **OUTPUT_WEIGHTS}, _binary_cross_entropy),
    Family("cross_entropy", {**_SMOOTHING, **OUTPUT_WEIGHTS}, _cross_entropy),
    Family("hinge", OUTPUT_WEIGHTS, _hinge),
]
