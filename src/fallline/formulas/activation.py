"""What one activation is: a row of the table in `activations`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Activation"]

A = Any  # an array of the namespace xp


def _back_elementwise(row: Activation, xp: A, h: A, o: A, upstream: A) -> A:
    return upstream * row.slope(xp, h, o)


@dataclass(frozen=True)
class Activation:
    """One activation: a row of ``ACTIVATIONS``.

    Attributes
    ----------
    name
        The name that users write, with the settings that are not the default ones.
    text
        f as a formula in z (the net input). Where units are coupled: in z_i (the unit's own),
        z_1 (the first of its group), sum_j(...) over the units j of the layer and
        sum_j_to_i(...) over those of the group after the first and up to i. Several formulas,
        parted by commas, are those of the units of a group, in its net inputs z_1, z_2, ...
    f
        ``f(xp, h) -> o``; h and o have shape (n, width).
    slope
        ``slope(xp, h, o) -> f'``, (n, width); for coupled units the Jacobian ∂o_j/∂h_i as
        (n, i, j).
    curvature
        ``curvature(xp, h, o) -> f''``, (n, width); for coupled units ∂²o_j/∂h_i∂h_l as
        (n, i, l, j).
    slope_from
        ``"output"`` where slope and curvature need o only (h may be None), else ``"net input"``.
    range
        Infimum and supremum of f.
    source
        Where it comes from.
    kinks
        Pairs (z, f'(z)) where f has no derivative and a slope was chosen.
    coupled
        Whether one unit's output depends on its layer's other net inputs, as softmax's does.
    group
        The size of a layer is a multiple of this.
    fewest
        The least size of a layer for which it makes sense.
    start
        The scheme of start weights made for this activation.
    pull_back
        ``pull_back(row, xp, h, o, upstream) -> ∂E/∂h`` from upstream = ∂E/∂o.
    untrainable
        Why weights before it cannot be trained; empty where they can.
    family, settings
        The name without settings, and all settings of this row.
    """

    name: str
    text: str
    f: Callable[[A, A], A]
    slope: Callable[[A, A, A], A]
    curvature: Callable[[A, A, A], A]
    slope_from: Literal["output", "net input"]
    range: tuple[float, float]
    source: str
    kinks: tuple[tuple[float, float], ...] = ()
    coupled: bool = False
    group: int = 1
    fewest: int = 1
    start: str = "glorot_uniform"
    pull_back: Callable[[Activation, A, A, A, A], A] = _back_elementwise
    untrainable: str = ""
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)

    def back(self, xp: A, h: A, o: A, upstream: A) -> A:
        """Return ∂E/∂h (n, width) from ∂E/∂o: the chain rule through this activation."""
        return self.pull_back(self, xp, h, o, upstream)
