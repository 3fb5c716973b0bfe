"""The check by numbers of what users bring, before it is used, and what the numbers tell about it.

Value and slope are finite for all numbers up to 1000, in float64 and, unless it comes from a file,
in float32, and nowhere grow without bound; the value does not jump; the slope is the central
difference of the value, and the curvature that of the slope, from −30 to 30, except at kinks, which
are found and reported. Of a formula, poles, jumps and kinks are sought where its parts may break;
of a Python function on a grid from −30 to 30. The range is as the numbers show it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import SpecError
from .activation import Activation
from .curve_checks import WIDE, Curve, Function, NoDomainError, check_curve, grids
from .expression_edges import edges
from .expression_program import Program
from .loss import Loss, Targets

if TYPE_CHECKING:
    from ..arrays import Floats

__all__ = ["checked_activation", "checked_loss"]

_MARGINS = 30.0  # up to where an error is looked at as one of margins
_GROWING = frozenset({"exp", "expm1", "sinh", "cosh"})
_OVERFLOWS = (
    "; keep what is in exp, sinh and cosh small, as in exp(min(u, 30)), or use what does not "
    "overflow: softplus(u) is log(1 + exp(u)), sigmoid(u) is 1/(1 + exp(-u)), logcosh(u) is "
    "log(cosh(u))"
)


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


def checked_activation(
    row: Activation, programs: Sequence[Program] = (), *, single: bool = True
) -> Activation:
    """Return the row with its kinks and range, where the numbers bear it out.

    Parameters
    ----------
    row
        The activation; its `kinks` and `range` are not read.
    programs
        Those of a formula, which tell where it may break, and which part of it is at fault.
    single
        Whether it must be finite in float32, too.

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
    parts = [_part(program, lambda z: {"z": z}) for program in _edges(programs)]
    curve = Curve(
        *(place, lambda z: f"z = {z:.6g}", f, of(row.slope), curvature, fault),
        parts=parts,
        single=single,
    )
    try:
        kinks = check_curve(curve)
    except NoDomainError as error:
        raise SpecError(str(error)) from None
    slopes = curve.slope(np.array(kinks)) if kinks else ()
    found = tuple((z, float(slope)) for z, slope in zip(kinks, slopes, strict=True))
    return replace(row, kinks=found, range=_range(f, kinks))


def checked_loss(
    row: Loss, programs: Sequence[Program] = (), width: int = 1, *, single: bool = True
) -> Loss:
    """Return the row limited to the targets and predictions for which the numbers bear it out.

    Parameters
    ----------
    row
        The error.
    programs
        Those of a formula, which tell where it may break, and which part of it is at fault.
    width
        The number of outputs to check with; all but one are held fixed.
    single
        Whether it must be finite in float32, too.

    Raises
    ------
    SpecError
        Naming the ŷ and y where it fails for every kind of targets.
    """
    reasons: list[str] = []
    broken = _edges(programs)
    for domain in _DOMAINS:
        try:
            for y in domain.ys:
                for j in range(width):
                    curve = _error_curve(row, programs, domain, y, j, width)
                    parts = [_part(part, _beside(y)) for part in broken]
                    check_curve(curve._replace(parts=parts, single=single))
        except NoDomainError as error:
            raise SpecError(str(error)) from None
        except SpecError as error:
            reasons.append(str(error))
            continue
        signs = domain.targets == "number" and _is_of_margins(row, width)
        targets: Targets = "sign" if signs else domain.targets
        return replace(row, targets=targets, within=domain.within)
    raise SpecError(reasons[0])  # that of all numbers says most


def _is_of_margins(row: Loss, width: int) -> bool:
    """Return whether an error is one of y*yhat alone, 0 or above, that falls as this rises.

    For a target of 0 it would say nothing of the prediction: its classes are -1 and 1.
    """
    import numpy as np

    yhat = np.repeat(np.linspace(-_MARGINS, _MARGINS, 601)[:, None], width, axis=1)
    none, first, second = (row.value(np, np.full_like(yhat, y), yhat) for y in (0, -1, 1))
    falls = bool((np.diff(second) <= 1e-9).all()) and second[-1] < second[0] - 1e-6
    return falls and np.ptp(none) == 0 and min(second) >= 0 and np.allclose(first, second[::-1])


def _error_curve(
    row: Loss, programs: Sequence[Program], domain: Domain, y: float, j: int, width: int
) -> Curve:
    """Return the error as a function of output j, for targets y."""
    import numpy as np

    place = f"the error '{row.name}'"
    middle = 0.4 if domain.within[1] == 1 else 1.5  # what the other outputs are

    def arrays(at: Floats) -> tuple[Floats, Floats]:
        yhat = np.full((len(at), width), middle, at.dtype)
        yhat[:, j] = at
        return np.full_like(yhat, y), yhat

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
        yhat = np.array([point])
        return _fault(programs, yhat=yhat, y=np.full_like(yhat, y))

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


def _edges(programs: Sequence[Program]) -> list[Program]:
    """Return what is 0 wherever a formula or one of its derivatives may break."""
    return [Program(part) for part in edges(program.tree for program in programs)]


def _part(program: Program, names: Callable[[Floats], dict[str, Floats]]) -> Function:
    import numpy as np

    return lambda at: program(np, **names(at))


def _beside(y: float) -> Callable[[Floats], dict[str, Floats]]:
    """Return what gives the names of an error for predictions (n,), targets being y."""
    import numpy as np

    return lambda at: {"yhat": at, "y": np.full_like(at, y)}


def _fault(programs: Sequence[Program], **values: Floats) -> str:
    """Return which part of a formula is not finite at a point, and what helps."""
    import numpy as np

    for program in programs:
        if not np.isfinite(program(np, **values)).all():
            part = program.fault(np, **values)
            deeper = f"; there {str(part)[:60]!r} is not finite" if part != program.tree else ""
            return deeper + (_OVERFLOWS if part.head in _GROWING else "")
    return ""


def _range(f: Function, kinks: Sequence[float]) -> tuple[float, float]:
    """Return infimum and supremum as the values show them, outwards by a little."""
    import numpy as np

    values = f(np.concatenate([grids(-math.inf, math.inf)[0], kinks]))
    ends = [_tail(f, sign) for sign in (-1, 1)]
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


def _tail(f: Function, sign: int) -> Floats:
    """Return the values at three points far out, each twice as far as the one before."""
    import numpy as np

    for end in (1e6, WIDE):
        values = f(sign * end * np.array([0.25, 0.5, 1.0]))
        if np.isfinite(values).all():
            break
    return np.asarray(values)


def _rounded(bound: float, outwards: Callable[[float], int]) -> float:
    if math.isinf(bound):
        return bound
    nearest = round(bound)
    if abs(bound - nearest) < 1e-6:
        return float(nearest)
    return outwards(bound * 1000) / 1000
