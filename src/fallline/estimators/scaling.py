"""Standardising inside an estimator: of inputs, and of a regressor's targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.utils.sparsefuncs import inplace_column_scale

from ..arrays import Floats
from ..formulas.losses import Loss

__all__ = ["Scaling", "Standard"]


@dataclass(frozen=True)
class Standard:
    """(x − mean) / scale of some columns, in float64.

    Attributes
    ----------
    means
        (columns,) what is taken away; None where columns are scaled, but not moved.
    scales
        (columns,) standard deviations; 1 where nothing varies.
    """

    means: Floats | None
    scales: Floats

    @classmethod
    def fit(cls, values: Any, weights: Floats | None, *, centred: bool) -> Standard:
        """Return the standard of rows, dense or sparse, that count by their weights."""
        found = StandardScaler(with_mean=centred).fit(values, sample_weight=weights)
        return cls(found.mean_ if centred else None, found.scale_)

    def of(self, values: Any) -> Any:
        """Return values (n, columns) in standard units, of their own float dtype.

        Raises
        ------
        ValueError
            For a sparse matrix whose zeros would fill up.
        """
        if hasattr(values, "tocsr"):
            if self.means is not None:
                raise ValueError(
                    "this network was fitted to dense rows, whose columns scale_inputs centres, "
                    "and a centred sparse matrix has no zeros left; give dense rows, such as "
                    "X.toarray(), or fit to sparse ones"
                )
            scaled = values.copy()
            inplace_column_scale(scaled, 1 / self.scales)
            return scaled
        if values.dtype.kind != "f":
            values = values.astype(np.float64)
        moved = values.copy()
        if self.means is not None:
            moved -= self.means  # in place: computed in float64, kept in the dtype of values
        moved /= self.scales
        return moved

    def back(self, values: Floats, each: int = 1) -> Floats:
        """Return values (n, columns · each) in their own units, each column `each` times."""
        amounts = self.spread(values, each)
        if self.means is not None:
            amounts += np.repeat(self.means, each)
        return amounts

    def spread(self, values: Floats, each: int = 1) -> Floats:
        """Return deviations (n, columns · each) in their own units: scaled, but not moved."""
        scaled = values.copy()
        scaled *= np.repeat(self.scales, each)
        return scaled


@dataclass(frozen=True)
class Scaling:
    """What one estimator standardises, fitted on its first training rows.

    Attributes
    ----------
    of_inputs, of_targets
        None where nothing is done. Columns of a sparse matrix are scaled, but not moved: their
        zeros would fill up. Likewise targets of an error that takes positive ones only.
    sparse
        Whether those rows were a sparse matrix.
    centres
        (d,) means of the inputs, which a model's missing cells are filled with; 0 if sparse.
    """

    of_inputs: Standard | None = None
    of_targets: Standard | None = None
    sparse: bool = False
    centres: Floats = field(default_factory=lambda: np.zeros(0), compare=False)

    @classmethod
    def fit(cls, estimator: Any, X: Any, Y: Floats, weights: Floats | None, loss: Loss) -> Scaling:
        """Return what the estimator asks for, fitted."""
        inputs = targets = None
        sparse = hasattr(X, "tocsr")
        if estimator.scale_inputs:
            inputs = Standard.fit(X, weights, centred=not sparse)
        if getattr(estimator, "scale_target", False):
            targets = Standard.fit(Y, weights, centred=loss.targets == "number")
        return cls(inputs, targets, sparse, _centres(X, weights))

    def inputs(self, X: Any) -> Any:
        """Return X as the network takes it."""
        return X if self.of_inputs is None else self.of_inputs.of(X)

    def targets(self, Y: Floats) -> Floats:
        """Return targets (n, k) as the network learns them."""
        return Y if self.of_targets is None else self.of_targets.of(Y)

    def amounts(self, outputs: Floats, each: int = 1) -> Floats:
        """Return the outputs (n, k) in the targets' own units; a target has `each` of them."""
        return outputs if self.of_targets is None else self.of_targets.back(outputs, each)

    def spreads(self, deviations: Floats) -> Floats:
        """Return standard deviations (n, targets) in the targets' own units."""
        return deviations if self.of_targets is None else self.of_targets.spread(deviations)


def _centres(X: Any, weights: Floats | None) -> Floats:
    """Return the mean of each column of X (n, d); 0 where X is sparse, or it overflows."""
    if hasattr(X, "tocsr"):
        return np.zeros(X.shape[1])
    with np.errstate(all="ignore"):
        if weights is not None and weights.sum() > 0:
            means = weights.astype(np.float64) @ X / weights.sum(dtype=np.float64)
        else:
            means = X.mean(axis=0, dtype=np.float64)
    centres: Floats = np.where(np.isfinite(means), means, 0.0)
    return centres
