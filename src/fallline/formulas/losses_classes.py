"""Errors of classes: the cross-entropies and the hinge.

The cross-entropies have labels smoothed, and probabilities clipped, where wished. Clipping is for
reports that compare with those of scikit-learn: it changes the value of the error and not its
slope, which is that of the unclipped error, so that a unit that is wrong and sure still learns.
"""

from __future__ import annotations

from typing import Any

from .checks import number
from .loss import OUTPUT_WEIGHTS, FusedPair, Loss, Terms, loss_of
from .registry import Family
from .stable import constant_like, logistic, positive_part, softmax, softplus, x_log_y, x_over_y

__all__ = ["CLASSES"]

A = Any  # an array of the namespace xp
Weights = tuple[float, ...] | None

_SMOOTHING = {"smoothing": number(0.0, least=0, below=1)}
_CLIP = {"clip": number(0.0, least=0, below=0.5)}
_CLIPPED = (
    "clip reports the error of probabilities clipped to [clip, 1 - clip], as scikit-learn does"
)


def _clipped(xp: A, yhat: A, clip: float) -> A:
    return xp.clip(yhat, clip, 1 - clip) if clip else yhat


def _yhat_text(clip: float) -> str:
    return f"min(max(yhat, {clip}), {1 - clip})" if clip else "yhat"


# --- two classes --------------------------------------------------------------------------------


def _binary_cross_entropy(smoothing: float, output_weights: Weights, clip: float) -> Loss:
    def smooth(y: A) -> A:
        return (1 - smoothing) * y + smoothing / 2 if smoothing else y

    def on_smooth(terms: Terms) -> Terms:
        each, slope, curvature = terms
        return Terms(
            lambda xp, y, *rest: each(xp, smooth(y), *rest),
            lambda xp, y, *rest: slope(xp, smooth(y), *rest),
            lambda xp, y, *rest: curvature(xp, smooth(y), *rest),
        )

    def binary(xp: A, y: A, yhat: A) -> A:
        p = _clipped(xp, yhat, clip)
        return -(x_log_y(xp, y, p) + x_log_y(xp, 1 - y, 1 - p))

    def of_logistic(xp: A, y: A, h: A) -> A:
        if clip:
            return binary(xp, y, logistic(xp, h))
        # Not softplus(h) − y h: that cancels for a confident, right unit.
        return y * softplus(xp, -h) + (1 - y) * softplus(xp, h)

    y = f"({1 - smoothing}*y + {smoothing / 2})" if smoothing else "y"
    yhat = _yhat_text(clip)
    return loss_of(
        on_smooth(Terms(binary, _binary_slope, _binary_curvature)),
        output_weights,
        {"logistic": on_smooth(Terms(of_logistic, _logistic_slope, _logistic_curvature))},
        text=f"-{y}*log({yhat}) - (1 - {y})*log(1 - {yhat})",
        reduction="mean",
        targets="probability",
        factor="PyTorch's BCELoss and Keras's binary_crossentropy also divide by the outputs k; "
        "scikit-learn's log_loss does not",
        source="Bishop 2006, eq. 5.21; smoothing takes y to (1 - s)*y + s/2, as Keras does; "
        + _CLIPPED,
        outputs=("logistic",),
    )


def _binary_slope(xp: A, y: A, yhat: A) -> A:
    return x_over_y(xp, 1 - y, 1 - yhat) - x_over_y(xp, y, yhat)


def _binary_curvature(xp: A, y: A, yhat: A) -> A:
    return x_over_y(xp, 1 - y, (1 - yhat) ** 2) + x_over_y(xp, y, yhat**2)


def _logistic_slope(xp: A, y: A, h: A, o: A) -> A:
    return (1 - y) * o - y * logistic(xp, -h)  # not o − y: that cancels for a confident, right unit


def _logistic_curvature(xp: A, y: A, h: A, o: A) -> A:
    return o * (1 - o)


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


def _cross_entropy(smoothing: float, output_weights: Weights, clip: float) -> Loss:
    def meant(xp: A, y: A) -> A:
        """Return what stands before each −log ŷ: the target, smoothed and weighted."""
        if smoothing:
            y = (1 - smoothing) * y + smoothing / y.shape[-1]
        if output_weights:
            y = y * xp.asarray(output_weights, dtype=y.dtype)[None]
        return y

    def of_outputs(xp: A, y: A, yhat: A) -> A:
        return -xp.sum(x_log_y(xp, meant(xp, y), _clipped(xp, yhat, clip)), axis=-1)

    def of_softmax(xp: A, y: A, h: A) -> A:
        if clip:
            return of_outputs(xp, y, softmax(xp, h))
        return xp.sum(meant(xp, y) * _minus_log_softmax(xp, h), axis=-1)

    y = f"({1 - smoothing}*y + {smoothing}/k)" if smoothing else "y"
    return Loss(
        "",
        f"-{y}*log({_yhat_text(clip)})",
        reduction="mean",
        targets="distribution",
        value=of_outputs,
        slope=lambda xp, y, yhat: -x_over_y(xp, meant(xp, y), yhat),
        curvature=lambda xp, y, yhat: x_over_y(xp, meant(xp, y), yhat**2),
        factor="the same as PyTorch's CrossEntropyLoss, Keras's categorical_crossentropy and "
        "scikit-learn's log_loss; PyTorch's class weights also divide by the weights met",
        source="Bishop 2006, eq. 5.24; smoothing takes y to (1 - s)*y + s/k, Szegedy et al. 2016; "
        + _CLIPPED,
        pairs={
            "softmax": FusedPair(
                of_softmax,
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


_OF_CROSS_ENTROPIES = {**_SMOOTHING, **OUTPUT_WEIGHTS, **_CLIP}

CLASSES: list[Loss | Family[Loss]] = [
    Family("binary_cross_entropy", _OF_CROSS_ENTROPIES, _binary_cross_entropy),
    Family("cross_entropy", _OF_CROSS_ENTROPIES, _cross_entropy),
    Family("hinge", OUTPUT_WEIGHTS, _hinge),
]
