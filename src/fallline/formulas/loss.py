"""What one error is: a row of the table in `losses`, and how its pieces become one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .checks import Setting, numbers

__all__ = ["OUTPUT_WEIGHTS", "FusedPair", "Loss", "Targets", "Terms", "loss_of"]

A = Any  # an array of the namespace xp

Targets = Literal["number", "nonnegative", "positive", "sign", "probability", "distribution"]
"""What targets may be; see `Loss.targets`."""


@dataclass(frozen=True)
class FusedPair:
    """An error together with its output activation, from net inputs.

    Attributes
    ----------
    value
        ``value(xp, y, h) -> e``, (n,).
    slope
        ``slope(xp, y, h, o) -> ∂e/∂h``, (n, k).
    curvature
        ``curvature(xp, y, h, o) -> ∂²e/∂h²``, (n, k), or (n, k, k) where outputs are coupled.
    """

    value: Callable[[A, A, A], A]
    slope: Callable[[A, A, A, A], A]
    curvature: Callable[[A, A, A, A], A]


@dataclass(frozen=True)
class Loss:
    """One error: a row of ``LOSSES``.

    Attributes
    ----------
    name
        The name that users write, with the settings that are not the default ones.
    text
        The error of one target as a formula in y and yhat, or yhat_1, yhat_2, ... where a target
        has several outputs; a row's error sums it over targets, each times its entry of the
        setting ``output_weights``. In it k is the number of outputs, and 0*log(0) is 0.
    reduction
        How a batch joins its rows: ``"sum"`` or ``"mean"`` (weighted).
    targets
        What targets may be: any ``"number"``, a ``"nonnegative"`` or a ``"positive"`` one, a
        ``"sign"`` (-1 or 1), a ``"probability"`` in [0, 1] for each output, or a
        ``"distribution"``: probabilities that sum to 1 over a row.
    value
        ``value(xp, y, yhat) -> e``, (n,) from y (n, targets) and ŷ (n, k).
    slope
        ``slope(xp, y, yhat) -> ∂e/∂ŷ``, (n, k).
    curvature
        ``curvature(xp, y, yhat) -> ∂²e/∂ŷ²``, (n, k): the diagonal, all other entries being 0; or
        (n, k, k) where outputs are coupled.
    factor
        What stands between this error and the one that other libraries call by its name.
    source
        Where it comes from, and which convention is taken.
    pairs
        Fused pairs by the family of the output activation.
    outputs
        Families of output activations that it takes, the preferred one first; empty: any.
    within
        Between which two numbers, themselves left out, predictions must lie.
    parts
        What the outputs of one target are, where there are several: the levels of quantiles, or
        ``("mean", "variance")``. The outputs of one target stand side by side.
    point
        Which of the outputs of one target metrics compare with it: that of the level nearest to
        one half, or the mean.
    kink
        A formula that is 0 where e has no derivative in yhat; the slope taken there is 0.
    family, settings
        The name without settings, and all settings of this row.
    """

    name: str
    text: str
    reduction: Literal["sum", "mean"]
    targets: Targets
    value: Callable[[A, A, A], A]
    slope: Callable[[A, A, A], A]
    curvature: Callable[[A, A, A], A]
    factor: str = ""
    source: str = "given by the user"
    pairs: Mapping[str, FusedPair] = field(default_factory=dict, hash=False)
    outputs: tuple[str, ...] = ()
    within: tuple[float, float] = (-math.inf, math.inf)
    parts: tuple[str, ...] = ()
    point: int = 0
    kink: str = ""
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)

    @property
    def outputs_each(self) -> int:
        """How many outputs one target has."""
        return max(len(self.parts), 1)

    @property
    def gives_probabilities(self) -> bool:
        """Whether outputs for classes are probabilities; those of the hinge are margins."""
        return self.targets != "sign"

    def points(self, outputs: A) -> A:
        """Return (n, targets): what metrics compare, as classes from 0 to 1, or a number each."""
        own = outputs[..., self.point :: self.outputs_each]
        return own if self.gives_probabilities else (own + 1) / 2

    def plain(self, y: A) -> A:
        """Return targets (n, targets) as metrics take them: classes as 0 and 1."""
        return y if self.gives_probabilities else (y + 1) / 2

    def takes(self, activation: str) -> bool:
        """Return whether an output of this activation family can be judged by it."""
        return not self.outputs or activation in self.outputs


class Terms(NamedTuple):
    """The pieces of an error before they are weighted and summed, of the same arguments.

    ``each`` gives the error of each target (n, targets) or (n, k), ``slope`` (n, k) and
    ``curvature`` (n, k) or (n, k, k).
    """

    each: Callable[..., A]
    slope: Callable[..., A]
    curvature: Callable[..., A]


def _sound_weights(values: Sequence[float]) -> bool:
    return any(values) and min(values) >= 0


OUTPUT_WEIGHTS: Mapping[str, Setting] = {
    "output_weights": numbers(
        None, "a list of numbers of at least 0, one for each target, not all 0", _sound_weights
    )
}
"""The setting that every error of separate targets has: what each of them counts."""


def loss_of(
    terms: Terms,
    output_weights: tuple[float, ...] | None,
    pairs: Mapping[str, Terms] | None = None,
    **fields: Any,
) -> Loss:
    """Return the error whose terms are weighted by target and summed over a row.

    Its name is filled in by the table.
    """
    value, slope, curvature = _weighted(terms, output_weights)
    fused = {
        name: FusedPair(*_weighted(own, output_weights)) for name, own in (pairs or {}).items()
    }
    return Loss(name="", value=value, slope=slope, curvature=curvature, pairs=fused, **fields)


def _weighted(terms: Terms, weights: tuple[float, ...] | None) -> Terms:
    def scaled(xp: A, values: A) -> A:
        if weights is None:
            return values
        repeats = values.shape[-1] // len(weights)  # a target's outputs stand side by side
        by_output = [weight for weight in weights for _ in range(repeats)]
        row = xp.asarray(by_output, dtype=values.dtype)
        return values * row.reshape((1,) * (values.ndim - 1) + (-1,))

    return Terms(
        lambda xp, *arrays: xp.sum(scaled(xp, terms.each(xp, *arrays)), axis=-1),
        lambda xp, *arrays: scaled(xp, terms.slope(xp, *arrays)),
        lambda xp, *arrays: scaled(xp, terms.curvature(xp, *arrays)),
    )
