"""The check by numbers of a function of one variable and its derivatives: see `custom_checks`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import SpecError
from .expression_edges import zeros

if TYPE_CHECKING:
    from ..arrays import Floats

__all__ = ["WIDE", "Curve", "Function", "NoDomainError", "check_curve", "grids"]

Function = Callable[[Any], Any]  # from an array (n,) to one

WIDE, _NEAR = 1000.0, 30.0
_JUMP = 1e-6  # relative: what changes by more between two neighbours (1e-11 apart) jumps there
_HALVINGS, _COARSE = 30, 20  # of an interval, in search of a jump: what stays after 10 more is one
_IN_FLOAT32 = (
    " in float32, which networks are trained in unless dtype says float64, but must be finite up "
    f"to {WIDE:g} there, too"
)
_ROUNDED = (
    ", but must be finite there, as outputs between 0 and 1 round to 0 and 1; write "
    "log(yhat + 1e-7), or take binary_cross_entropy, which is computed from net inputs"
)


class NoDomainError(SpecError):
    """What is not finite is so for large numbers only, or at the ends of the last domain."""


class Curve(NamedTuple):
    """A function of one variable to be checked, with its derivatives, and where.

    Attributes
    ----------
    place
        What it is, for messages: ``"the activation 'z**2'"``.
    at
        ``at(value)`` names a point in messages: ``"z = 0.5"``.
    f, slope, curvature
        From (n,) to (n,); curvature None where it is not known.
    fault
        ``fault(point)`` names the part of the formula that is not finite there.
    low, high
        The ends of the domain; infinite ones are checked up to 1000.
    parts
        What is 0 wherever it may break, from (n,) to (n,).
    single
        Whether it must be finite in float32, too.
    """

    place: str
    at: Callable[[float], str]
    f: Function
    slope: Function
    curvature: Function | None = None
    fault: Callable[[float], str] = lambda point: ""
    low: float = -math.inf
    high: float = math.inf
    parts: Sequence[Function] = ()
    single: bool = True


def check_curve(curve: Curve) -> list[float]:
    """Return the kinks, having checked a function and its derivatives."""
    import numpy as np

    wide, near = grids(curve.low, curve.high)
    places = _places(curve, wide)
    _check_finite(curve, wide)
    _check_finite(curve, np.concatenate(_around(places)))
    _check_bounded(curve, places)
    if curve.single:
        _check_finite(curve, np.concatenate([wide, places]).astype(np.float32))
    around = 1e-6 * _room(curve, places)
    low = np.concatenate([near[:-1], places - around])
    high = np.concatenate([near[1:], places + around])
    if jumps := _jumps(curve.f, low, high):
        raise SpecError(
            f"{curve.place} jumps at {curve.at(jumps[0])}, so it has no slope there; join its "
            "pieces, or use a smooth function in place of the jump"
        )
    kinks = _jumps(curve.slope, low, high)
    _check_bounded(curve, np.array(kinks))
    points = near[:-1] + 0.137 * np.diff(near)
    points = points[(points > curve.low + 0.01) & (points < curve.high - 0.01)]
    away = np.full(points.shape, True)
    for kink in kinks:
        away &= np.abs(points - kink) > 0.0025
    points = points[away]
    _check_slope(curve, "slope", curve.f, curve.slope, points)
    if curve.curvature is not None:
        _check_slope(curve, "curvature", curve.slope, curve.curvature, points)
    return kinks


def _places(curve: Curve, grid: Floats) -> Floats:
    """Return where the function may break, inside its domain."""
    import numpy as np

    found = np.concatenate([np.zeros(0), *(zeros(part, grid) for part in curve.parts)])
    plain = found.round(6)  # people write round numbers; to touch 0 is seen to 1e-8 only
    found = np.unique(np.concatenate([found, plain[np.abs(plain - found) < 1e-6]]))
    inside = (found > curve.low) & (found < curve.high) & (np.abs(found) <= WIDE)
    return np.asarray(found[inside])


def _around(places: Floats) -> list[Floats]:
    import numpy as np

    return [np.nextafter(places, -math.inf), places, np.nextafter(places, math.inf)]


def _room(curve: Curve, places: Floats) -> Floats:
    """Return how far from each place to look at the most, which stays inside the domain."""
    import numpy as np

    inside = np.minimum(places - curve.low, curve.high - places) / 2
    return np.asarray(np.minimum(np.maximum(1, np.abs(places)), inside))


def _check_bounded(curve: Curve, places: Floats) -> None:
    """Raise a SpecError where value or slope grows on and on towards a place."""
    import numpy as np

    room = _room(curve, places)
    for what, function in (("value", curve.f), ("slope", curve.slope)):
        far, nearer, nearest = (
            np.maximum(*(np.abs(function(places + sign * share * room)) for sign in (-1, 1)))
            for share in (1e-3, 1e-5, 1e-7)
        )
        poles = ~((nearest <= 5 * nearer) | (nearer <= 5 * far))
        if poles.any():
            point = float(places[poles][np.argmin(np.abs(places[poles]))])
            raise SpecError(
                f"the {what} of {curve.place} grows without bound at {curve.at(point)}, but must "
                f"be finite up to {WIDE:g}"
            )


def grids(low: float, high: float) -> tuple[Floats, Floats]:
    """Return the points where values must be finite, and those where slopes are compared."""
    import numpy as np

    if high == 1:
        near = np.linspace(0, 1, 1001)[1:-1]
        return np.concatenate([[0.0], near, [1.0]]), near
    near = np.linspace(-_NEAR, _NEAR, 6001)
    far = np.linspace(_NEAR, WIDE, 9701)[1:]
    wide = np.concatenate([-far[::-1], near, far])
    if low == 0:
        return np.concatenate([np.geomspace(1e-6, 0.01, 50), wide[wide > 0]]), near[near > 0]
    return wide, near


def _check_finite(curve: Curve, points: Floats) -> None:
    import numpy as np

    for what, function in (("value", curve.f), ("slope", curve.slope)):
        values = function(points)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            first = bad[np.argmin(np.abs(points[bad]))]
            point = float(points[first])
            found = f"the {what} of {curve.place} is {values[first]} at {curve.at(point)}"
            if curve.high == 1 and point in (0, 1):
                raise NoDomainError(found + _ROUNDED)
            kind = NoDomainError if abs(point) > _NEAR else SpecError
            where = f", but must be finite up to {WIDE:g}"
            if points.dtype == np.float32:
                where = _IN_FLOAT32
            raise kind(f"{found}{where}{curve.fault(points[first])}")


def _jumps(function: Function, low: Floats, high: Floats) -> list[float]:
    """Return where a function jumps: halve every interval, keeping the half that changes more.

    What is only steep changes less and less; a jump stays.
    """
    import numpy as np

    at_low, at_high = function(low), function(high)
    before = np.abs(at_high - at_low)
    for done in range(_HALVINGS):
        if done == _COARSE:
            before = np.abs(at_high - at_low)
        middle = (low + high) / 2
        value = function(middle)
        left = np.abs(value - at_low) >= np.abs(at_high - value)
        low, at_low = np.where(left, low, middle), np.where(left, at_low, value)
        high, at_high = np.where(left, middle, high), np.where(left, value, at_high)
    size, change = 1 + np.maximum(np.abs(at_low), np.abs(at_high)), np.abs(at_high - at_low)
    found: list[float] = []
    for place in np.sort((low + high)[(change > _JUMP * size) & (change > before / 2)] / 2):
        plain = round(float(place), 6) + 0.0  # 0 and not 1e-12: people write round numbers
        point = plain if abs(plain - place) < 1e-9 else float(place)
        if not found or point - found[-1] > 1e-8:
            found.append(point)
    return found


def _check_slope(curve: Curve, what: str, f: Function, slope: Function, points: Floats) -> None:
    """Raise a SpecError where a slope is not the central difference of its function."""
    import numpy as np

    own = slope(points)
    apart, closest = np.full(points.shape, np.inf), np.zeros(points.shape)
    for h in (1e-3, 1e-5, 1e-7):  # of fourth order; smaller steps for what bends sharply
        near, far = f(points + h) - f(points - h), f(points + 2 * h) - f(points - 2 * h)
        estimate = (8 * near - far) / (12 * h)
        closer = np.abs(estimate - own) < apart
        closest = np.where(closer, estimate, closest)
        apart = np.minimum(np.abs(estimate - own), apart)
    allowed = 1e-5 * (1 + np.abs(own)) + 1e-10 * np.abs(f(points))
    wrong = np.flatnonzero(~(apart <= allowed))
    if wrong.size:
        first = wrong[np.argmin(np.abs(points[wrong] - 1))]  # a point with plain numbers
        raise SpecError(
            f"the {what} of {curve.place} is {own[first]:.6g} at {curve.at(float(points[first]))}, "
            f"but central differences give {closest[first]:.6g}; correct it"
        )
