"""Clipping: gradients made smaller before an optimizer sees them.

Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", for the
norm. Exact, as in Optax; PyTorch's ``clip_grad_norm_`` adds 1e-6 to the norm that it divides by.
NaN and infinity are not hidden: an engine looks for them before it clips.
"""

from __future__ import annotations

from typing import Any

__all__ = ["clip_by_norm", "clip_by_value", "euclidean"]

A = Any  # an array of the namespace xp


def euclidean(xp: A, values: A, axis: int | None = None) -> A:
    """Return √Σ v² along an axis, also where a square would overflow or underflow.

    Examples
    --------
    >>> import numpy as np
    >>> float(euclidean(np, np.array([3e200, 4e200])))
    5e+200
    """
    largest = xp.max(xp.abs(values), axis=axis, keepdims=True, initial=0)
    scale = xp.where((largest > 0) & xp.isfinite(largest), largest, xp.ones_like(largest))
    norm = xp.sqrt(xp.sum((values / scale) ** 2, axis=axis, keepdims=True)) * scale
    return xp.squeeze(norm, axis=axis)


def clip_by_value(xp: A, gradient: A, limit: float) -> A:
    """Return the gradient with each entry held in [−limit, limit].

    Examples
    --------
    >>> import numpy as np
    >>> clip_by_value(np, np.array([-3.0, 0.5]), 1.0)
    array([-1. ,  0.5])
    """
    return xp.clip(gradient, -limit, limit)


def clip_by_norm(xp: A, gradient: A, limit: float) -> A:
    """Return g, or g·limit/‖g‖ where its Euclidean norm exceeds the limit.

    Examples
    --------
    >>> import numpy as np
    >>> clip_by_norm(np, np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    norm = euclidean(xp, gradient)
    long = norm > limit
    return xp.where(long, gradient * (limit / xp.where(long, norm, 1)), gradient)
