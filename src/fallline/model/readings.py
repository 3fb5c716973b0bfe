"""What a network's outputs say of its targets, in the targets' own units or labels.

Most networks have one output for each target, or one for each class. A network that was trained
for quantiles has one for each level, and one trained for a Gaussian likelihood a mean and a
variance, of which the square root is told: a standard deviation has the target's unit.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array, Floats
from ..data.targets import TargetEncoder
from ..formulas.losses import Loss

__all__ = ["prediction_names", "predictions"]

_VARIANCE = ("mean", "variance")


def predictions(loss: Loss, target: TargetEncoder | None, outputs: Floats) -> Array:
    """Return what the outputs (n, k) predict: (n,) or (n, columns) of `prediction_names`."""
    if loss.parts == _VARIANCE:
        outputs = _with_deviations(outputs)
    if target is None:
        return outputs
    if not loss.parts:
        return target.decode(loss.points(outputs))
    means, stds = (np.repeat(v, len(loss.parts)) for v in (target.means, target.stds))
    if loss.parts == _VARIANCE:
        means[1::2] = 0.0  # a deviation is scaled, but not shifted
    numbers: Array = outputs.astype(np.float64) * stds + means
    return numbers


def _with_deviations(outputs: Floats) -> Floats:
    told = outputs.copy()
    told[:, 1::2] = np.sqrt(outputs[:, 1::2])
    return told


def prediction_names(loss: Loss, target: TargetEncoder) -> tuple[str, ...]:
    """Return the names of the columns of predictions.

    ``prediction``; with several targets ``prediction_NAME``; of quantiles ``prediction_0.1``, ...;
    of a Gaussian likelihood ``prediction`` and ``prediction_sd``.
    """
    several = len(target.names) > 1
    stems = [f"prediction_{name}" for name in target.names] if several else ["prediction"]
    ends = [f"_{part}" for part in loss.parts] or [""]
    if loss.parts == _VARIANCE:
        ends = ["", "_sd"]
    return tuple(stem + end for stem in stems for end in ends)
