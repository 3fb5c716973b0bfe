"""The check by numbers of what users bring, before it is used, and what the numbers tell about it.

In float64: value and slope are finite for all numbers up to 1000; the value does not jump; the
slope is the central difference of the value, and the curvature that of the slope, from −30 to 30,
except at kinks, which are found and reported. Kinks, and the range, are as the numbers show them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import SpecError
from .activation import Activation
from .expression_program import Program
from .loss import Loss, Targets

if TYPE_CHECKING:
    from ..arrays import Floats

__all__ = ["checked_activation", "checked_loss"]

Function = Callable[[Any], Any]  # from an array (n,) to one

_WIDE, _NEAR = 1000.0, 30.0
_JUMP = 1e-6  # relative: what changes by more between two neighbours (1e-11 apart) jumps there
_HALVINGS = 30
_GROWING = frozenset({"exp", "expm1", "sinh", "cosh"})
_OVERFLOWS = (
    "; keep what is in exp, sinh and cosh small, as in exp(min(u, 30)), or use what does not "
    "overflow: softplus(u) is log(1 + exp(u)), sigmoid(u) is 1/(1 + exp(-u)), logcosh(u) is "
    "log(cosh(u))"
)
_ROUNDED = (
    ", but must be finite there, as outputs between 0 and 1 round to 0 and 1; write "
    "log(yhat + 1e-7), or take binary_cross_entropy, which is computed from net inputs"
)


class _NoDomainError(SpecError):
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
    """

    place: str
    at: Callable[[float], str]
    f: Function
    slope: Function
    curvature: Function | None = None
    fault: Callable[[float], str] = lambda point: ""
    low: float = -math.inf
    high: float = math.inf


class Domain(NamedTuple):
    """Which targets and predictions an error is defined for."""

    targets: Targets
    ys: tuple[float, ...]  # examples of targets, the most usual first
    within: tuple[float, float] = (-math.inf, math.inf)


_DOMAINS = (
    Domain("number", (0.0, 0.5, 1.0, -1.0, -2.5, 30.0, -30.0, 1e3, -1e3)),
    Domain("nonnegative", (0.0, 0.5, 1.0, 7.0, 30.0, 1e3), (0.0, math.inf)),
    Domain("positive", (0.01, 0.5, 1.0, 7.0, 30.0, 1e3), (0.0, math.inf)),
    Domain("probability", (0.0, 0.25, 0.5, 0.9, 1.0), (0.0, 1.0)),
)


def checked_activation(row: Activation, programs: Sequence[Program] = ()) -> Activation:
    """Return the row with its kinks and range, where the numbers bear it out.

    Parameters
    ----------
    row
        The activation; its `kinks` and `range` are not read.
    programs
        Those of a formula, to tell which part of it is at fault.

    Raises
    ------
    SpecError
        Naming the z where it fails.
    """
    import numpy as np

    def column(values: Any, z: Floats) -> Floats:
        found = np.asarray(values)
        if found.shape != (len(z), 1) or found.dtype.kind not in "biuf":
            raise SpecError(
                f"{place} must give an array of numbers of the shape of z, {(len(z), 1)}, but gave "
                f"{found.dtype} of shape {found.shape}"
            )
        return found[:, 0].astype(np.float64)

    def of(part: Callable[..., Any]) -> Function:
        def values(z: Floats) -> Floats:
            h = z[:, None]
            with np.errstate(all="ignore"):
                return column(part(np, h, row.f(np, h)), z)

        return values

    def fault(point: float) -> str:
        return _fault(programs, z=np.array([point]))

    place = f"the activation '{row.name}'"
    f = of(lambda xp, h, o: o)
    curvature = of(row.curvature) if programs else None
    curve = Curve(place, lambda z: f"z = {z:.6g}", f, of(row.slope), curvature, fault)
    kinks = check_curve(curve)
    slopes = curve.slope(np.array(kinks)) if kinks else ()
    found = tuple((z, float(slope)) for z, slope in zip(kinks, slopes, strict=True))
    return replace(row, kinks=found, range=_range(f))


def checked_loss(row: Loss, programs: Sequence[Program] = (), width: int = 1) -> Loss:
    """Return the row limited to the targets and predictions for which the numbers bear it out.

    Parameters
    ----------
    row
        The error.
    programs
        Those of a formula, to tell which part of it is at fault.
    width
        The number of outputs to check with; all but one are held fixed.

    Raises
    ------
    SpecError
        Naming the ŷ and y where it fails for every kind of targets.
    """
    reasons: list[str] = []
    for domain in _DOMAINS:
        try:
            for y in domain.ys:
                for j in range(width):
                    check_curve(_error_curve(row, programs, domain, y, j, width))
        except _NoDomainError as error:
            raise SpecError(str(error)) from None
        except SpecError as error:
            reasons.append(str(error))
            continue
        return replace(row, targets=domain.targets, within=domain.within)
    raise SpecError(reasons[0])  # that of all numbers says most


def _error_curve(
    row: Loss, programs: Sequence[Program], domain: Domain, y: float, j: int, width: int
) -> Curve:
    """Return the error as a function of output j, for targets y."""
    import numpy as np

    place = f"the error '{row.name}'"
    middle = 0.4 if domain.within[1] == 1 else 1.5  # what the other outputs are

    def arrays(at: Floats) -> tuple[Floats, Floats]:
        yhat = np.full((len(at), width), middle)
        yhat[:, j] = at
        return np.full((len(at), width), y), yhat

    def of(part: Callable[..., Any], shape: tuple[int, ...], entry: Any) -> Function:
        def values(at: Floats) -> Floats:
            with np.errstate(all="ignore"):
                found = np.asarray(part(np, *arrays(at)))
            if found.shape != (len(at), *shape) or found.dtype.kind not in "biuf":
                raise SpecError(
                    f"{place} must give values (n,) and slopes (n, {width}) for yhat of shape "
                    f"(n, {width}), n = {len(at)}, but gave {found.dtype} of shape {found.shape}"
                )
            return np.asarray(found[entry], np.float64)

        return values

    def fault(point: float) -> str:
        return _fault(programs, yhat=np.array([point]), y=np.array([y]))

    own = (slice(None), j)
    return Curve(
        place,
        lambda at: f"yhat = {at:.6g}, y = {y:g}",
        of(row.value, (), slice(None)),
        of(row.slope, (width,), own),
        of(row.curvature, (width,), own) if programs else None,
        fault,
        *domain.within,
    )


def check_curve(curve: Curve) -> list[float]:
    """Return the kinks from −30 to 30, having checked a function and its derivatives."""
    import numpy as np

    wide, near = _grids(curve.low, curve.high)
    _check_finite(curve, wide)
    if jumps := _jumps(curve.f, near):
        raise SpecError(
            f"{curve.place} jumps at {curve.at(jumps[0])}, so it has no slope there; join its "
            "pieces, or use a smooth function in place of the jump"
        )
    kinks = _jumps(curve.slope, near)
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


def _grids(low: float, high: float) -> tuple[Floats, Floats]:
    """Return the points where values must be finite, and those where slopes are compared."""
    import numpy as np

    if high == 1:
        near = np.linspace(0, 1, 1001)[1:-1]
        return np.concatenate([[0.0], near, [1.0]]), near
    near = np.linspace(-_NEAR, _NEAR, 6001)
    far = np.geomspace(_NEAR, _WIDE, 200)
    far[-1] = _WIDE
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
                raise _NoDomainError(found + _ROUNDED)
            kind = _NoDomainError if abs(point) > _NEAR else SpecError
            raise kind(f"{found}, but must be finite up to {_WIDE:g}{curve.fault(point)}")


def _fault(programs: Sequence[Program], **values: Floats) -> str:
    """Return which part of a formula is not finite at a point, and what helps."""
    import numpy as np

    for program in programs:
        if not np.isfinite(program(np, **values)).all():
            part = program.fault(np, **values)
            deeper = f"; there {str(part)[:60]!r} is not finite" if part != program.tree else ""
            return deeper + (_OVERFLOWS if part.head in _GROWING else "")
    return ""


def _jumps(function: Function, grid: Floats) -> list[float]:
    """Return where a function jumps: halve every interval, keeping the half that changes more."""
    import numpy as np

    low, high = grid[:-1].copy(), grid[1:].copy()
    at_low, at_high = function(low), function(high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = function(middle)
        left = np.abs(value - at_low) >= np.abs(at_high - value)
        low, at_low = np.where(left, low, middle), np.where(left, at_low, value)
        high, at_high = np.where(left, middle, high), np.where(left, value, at_high)
    size = 1 + np.maximum(np.abs(at_low), np.abs(at_high))
    found: list[float] = []
    for place in (low + high)[np.abs(at_high - at_low) > _JUMP * size] / 2:
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
    for h in (1e-3, 1e-5):  # of fourth order; the smaller step for what bends sharply
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


def _range(f: Function) -> tuple[float, float]:
    """Return infimum and supremum as the values up to 1000 show them, outwards by a little."""
    import numpy as np

    wide, _ = _grids(-math.inf, math.inf)
    values = f(wide)
    ends = [f(sign * np.array([_WIDE / 4, _WIDE / 2, _WIDE])) for sign in (-1, 1)]
    lowest, highest = low, high = float(values.min()), float(values.max())
    for a, b, c in ends:
        if lowest < c < highest:
            continue  # it turned before, or swings
        rise, ratio = c - b, (c - b) / (b - a) if b != a else 0.0
        # A tail c/z halves its steps as z doubles, a logarithm keeps them.
        if abs(rise) > 1e-9 and ratio > 0.75:
            limit = math.copysign(math.inf, rise)
        else:
            limit = float(c + rise * ratio / (1 - ratio)) if 0 < ratio <= 0.75 else float(c)
        low, high = min(low, limit), max(high, limit)
    return _rounded(low, math.floor), _rounded(high, math.ceil)


def _rounded(bound: float, outwards: Callable[[float], int]) -> float:
    if math.isinf(bound):
        return bound
    nearest = round(bound)
    if abs(bound - nearest) < 1e-6:
        return float(nearest)
    return outwards(bound * 1000) / 1000
