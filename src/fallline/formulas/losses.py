"""Errors (losses): e of one row, its slope and curvature in the prediction, and fused pairs.

A row's error e is summed over the targets. The error of a batch B with row weights s is

- ``reduction="sum"``: E = Σ s e,
- ``reduction="mean"``: E = Σ s e / Σ s.

Where an error is computed from the net inputs of certain output activations, so that nothing
cancels, other outputs are refused by name. ``docs/factors.md`` tells how each error here relates
to the one of the same name elsewhere.
"""

from __future__ import annotations

from .loss import FusedPair, Loss
from .losses_classes import CLASSES
from .losses_likelihood import LIKELIHOODS
from .losses_regression import REGRESSION
from .own_name import own_rows
from .registry import Registry

__all__ = ["LOSSES", "FusedPair", "Loss"]

LOSSES: Registry[Loss] = Registry(
    "loss",
    [*REGRESSION, *LIKELIHOODS, *CLASSES],
    aliases={
        "categorical_cross_entropy": "cross_entropy",
        "absolute_error": "mae",
        "pinball": "quantile",
        "gaussian_nll": "gaussian_likelihood",
    },
    fallback=own_rows("loss"),
)
