"""How well quantiles are predicted: the pinball error and the coverage of each level."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats
from ..formulas.losses import Loss

__all__ = ["quantile_scores", "training_quantiles"]


def levels_of(loss: Loss) -> tuple[float, ...]:
    """Return the levels that an error is for; none where it is not one of quantiles."""
    return tuple(loss.settings["levels"]) if loss.family == "quantile" else ()


def quantile_scores(loss: Loss, truth: Floats, outputs: Floats) -> dict[str, float]:
    """Return what tells how good quantiles are; nothing for an error that is not one of them.

    ``pinball`` is scikit-learn's ``mean_pinball_loss``, averaged over the levels, and
    ``pinball_0.1`` that of the level 0.1; ``coverage_0.1`` is the share of the true values that
    are at most the predicted ones, which a good model has near 0.1.

    Parameters
    ----------
    truth
        (n, targets) true values.
    outputs
        (n, k) predictions, in the units of `truth`.

    Examples
    --------
    >>> from fallline.formulas.losses import LOSSES
    >>> truth, outputs = np.array([[1.0], [2.0]]), np.array([[0.0, 3.0], [2.0, 4.0]])
    >>> scores = quantile_scores(LOSSES["quantile(levels=[0.25, 0.75])"], truth, outputs)
    >>> scores["pinball"], scores["pinball_0.75"], scores["coverage_0.75"]
    (0.3125, 0.5, 1.0)
    """
    levels = levels_of(loss)
    if not levels:
        return {}
    errors, shares = {}, {}
    for i, level in enumerate(levels):
        missing = truth - outputs[:, i :: len(levels)]
        errors[f"pinball_{level}"] = float(
            np.maximum(level * missing, (level - 1) * missing).mean()
        )
        shares[f"coverage_{level}"] = float((missing <= 0).mean())
    return {"pinball": float(np.mean(list(errors.values()))), **errors, **shares}


def training_quantiles(loss: Loss, truth: Floats, rows: int) -> Floats | None:
    """Return the quantiles of true values (n, targets) as outputs (rows, k), the same in each row.

    None for an error that is not one of quantiles.
    """
    levels = levels_of(loss)
    if not levels:
        return None
    constant = np.quantile(truth, levels, axis=0).T.reshape(1, -1)
    return np.repeat(constant, rows, axis=0)
