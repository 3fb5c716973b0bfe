"""The scores of a job on several folds: each, their mean, and how far they spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

__all__ = ["CrossValidation", "Fold"]


@dataclass(frozen=True)
class Fold:
    """One fold: the job done on the other rows, and judged on these.

    Attributes
    ----------
    rows
        Numbers of rows: ``train``, ``validation``, ``test`` (the rows of the fold).
    scores
        The network's metrics on the rows of the fold.
    baselines
        Those of simple models.
    l2, epochs
        What was chosen: λ, and the epochs that the training took.
    """

    rows: Mapping[str, int]
    scores: Mapping[str, float]
    baselines: Mapping[str, Mapping[str, float]]
    l2: float
    epochs: int


@dataclass(frozen=True)
class CrossValidation:
    """The outcome of `fallline.cross_validate`.

    Attributes
    ----------
    task
        Regression or classification.
    target
        The names of the target columns.
    folds
        The folds, in order.

    Examples
    --------
    >>> rows = {"train": 8, "validation": 0, "test": 2}
    >>> folds = [Fold(rows, {"r2": r2}, {"mean": {"r2": 0.0}}, 0.01, 9) for r2 in (0.6, 0.8)]
    >>> print(CrossValidation("regression", ("y",), tuple(folds)))
    r2 0.7 ± 0.141 over 2 folds (mean 0 ± 0)
    """

    task: str
    target: tuple[str, ...]
    folds: tuple[Fold, ...]

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each metric over the folds."""
        return _over([fold.scores for fold in self.folds], _mean)

    @property
    def std(self) -> dict[str, float]:
        """The standard deviation of each metric over the folds, with n − 1 in the denominator."""
        return _over([fold.scores for fold in self.folds], _std)

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """The mean of each metric, for each simple model."""
        return {name: _over(theirs, _mean) for name, theirs in self._by_baseline().items()}

    @property
    def baselines_std(self) -> dict[str, dict[str, float]]:
        """The standard deviation of each metric, for each simple model."""
        return {name: _over(theirs, _std) for name, theirs in self._by_baseline().items()}

    def _by_baseline(self) -> dict[str, list[Mapping[str, float]]]:
        names = self.folds[0].baselines
        return {name: [fold.baselines[name] for fold in self.folds] for name in names}

    def __str__(self) -> str:
        """Return the first metric with its spread, and those of the simple models."""
        name = next(iter(self.mean))
        simple = ", ".join(
            f"{rival} {self.baselines[rival][name]:.3g} ± {self.baselines_std[rival][name]:.3g}"
            for rival in self.baselines
        )
        ours = f"{name} {self.mean[name]:.3g} ± {self.std[name]:.3g}"
        return f"{ours} over {len(self.folds)} folds ({simple})"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "folds": [asdict(fold) for fold in self.folds],
            "mean": self.mean,
            "std": self.std,
            "baselines": self.baselines,
            "baselines_std": self.baselines_std,
        }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _std(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1))


def _over(scores: Sequence[Mapping[str, float]], what: Any) -> dict[str, float]:
    return {name: what([fold[name] for fold in scores]) for name in scores[0]}
