"""The error over a single weight, with tangents and steps; and any function with its slope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Floats
from ..errors import SpecError
from ..formulas.calculus import derivative
from ..formulas.expression_program import Program
from ..formulas.expression_text import read_expression
from ..spec.initial import given_theta
from ..spec.network import Network
from .display import Display
from .landscape import Landscape, landscape
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bowl", "Tangent", "bowl", "tangent"]

_REACHES = (2, 8, 32)
"""How far to look for a bottom beyond the steps, in widths of theirs."""


@dataclass(frozen=True)
class Bowl(Display):
    """The error J as a function of one weight or bias, all others held.

    Attributes
    ----------
    name
        Of the weight or bias.
    values, errors
        (m,) its values, and J there.
    steps
        (t,) the values that the descent goes through, the start first.
    step_errors, slopes
        (t,) J and ∂J/∂w there.
    learning_rate
        η of the steps Δw = −η ∂J/∂w.
    lowest, lowest_error
        The value of the least error in view, refined numerically, and J there.
    on_edge
        Whether it lies on the edge of the view, so that the error still falls there.
    landscape
        What the errors are computed from: the rows and the objective.
    """

    name: str
    values: Floats
    errors: Floats
    steps: Floats
    step_errors: Floats
    slopes: Floats
    learning_rate: float
    lowest: float
    lowest_error: float
    on_edge: bool
    landscape: Landscape = field(repr=False, compare=False)

    def plot(
        self, ax: Axes | None = None, *, tangents: int = 4, style: StyleName | Style = "light"
    ) -> Self:
        """Draw the curve, the first tangents, and the steps down.

        Parameters
        ----------
        ax
            Axes of matplotlib to draw on; new ones unless given.
        tangents
            At how many of the steps, from the first, the tangent is drawn.
        style
            "light" or "dark".
        """
        from .bowl_drawing import draw_bowl

        return self._drawn_on(draw_bowl(self, ax, tangents, style))


def bowl(
    network: Network,
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    weight: str,
    *,
    learning_rate: float = 0.1,
    steps: int = 5,
    start: float | None = None,
    loss: str = "squared_error",
    l2: float = 0.0,
    l1: float = 0.0,
    alpha: float = 0.0,
    sample_weight: npt.ArrayLike | None = None,
    points: int = 201,
    span: Any = None,
    rows: int | None = None,
    seed: int = 0,
    engine: str = "auto",
) -> Bowl:
    """Return the error over one weight, and steps of plain gradient descent in it alone.

    Parameters
    ----------
    network, theta, X, Y, loss, l2, l1, alpha, sample_weight, engine
        As for `error_and_gradient`; all of θ but the one weight stays as it is.
    weight
        The name of the weight or bias, such as ``"w[input.0->output.0]"``.
    learning_rate, steps
        η, and how many steps Δw = −η ∂J/∂w are taken; they end where the error is not finite.
    start
        Where they start; at the weight's value in θ unless given.
    points
        Points of the curve.
    span
        (low, high) of the view; around the steps unless given.
    rows, seed
        As for `surface`.

    Raises
    ------
    SpecError, DataError
        When the arguments do not fit together.

    Examples
    --------
    ŷ = w x at x = 1, y = 2 has the bowl E = ½(2 − w)². Its slope at 0 is −2, so η = 0.5 leads to 1:

    >>> b = bowl(Network.parse("1 -> 1 nobias"), [0.0], [[1.0]], [2.0], "w[input.0->output.0]",
    ...          loss="sse", learning_rate=0.5, steps=2)
    >>> b.steps, b.slopes, round(b.lowest, 9)
    (array([0. , 1. , 1.5]), array([-2. , -1. , -0.5]), 2.0)
    """
    centre = given_theta(network, theta, np.float64)
    place = network.index(weight)
    if network.masked[place]:
        raise SpecError(f"{weight} is an absent connection: it is 0 and stays 0")
    if type(steps) is not int or not 0 <= steps <= 10_000:
        raise SpecError(f"steps must be a whole number from 0 to 10000, not {steps!r}")
    if type(points) is not int or not 3 <= points <= 100_001:
        raise SpecError(f"points must be a whole number from 3 to 100001, not {points!r}")
    rate = _number(learning_rate, "learning_rate")
    begin = float(centre[place]) if start is None else _number(start, "start")
    of = landscape(
        network, X, Y, loss=loss, l2=l2, l1=l1, alpha=alpha, sample_weight=sample_weight,
        rows=rows, points=points, seed=seed, engine=engine,
    )  # fmt: skip
    line = _Line(of, centre, place)
    path, errors, slopes = _descent(line, begin, rate, steps)
    low, high = _view(line, path) if span is None else _given_span(span)
    values = np.linspace(low, high, points)
    curve = line.errors(values)
    if not np.isfinite(curve).any():
        raise SpecError("the error is finite nowhere in this view; choose another span=")
    lowest, least, on_edge = _lowest(line, values, curve)
    return Bowl(
        weight, values, curve, path, errors, slopes, rate, lowest, least, on_edge, of
    )  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """J along one weight."""

    of: Landscape
    centre: Floats
    place: int

    def at(self, value: float) -> tuple[float, float]:
        """Return J and ∂J/∂w."""
        error, gradient = self.of.error_and_gradient(self._thetas(np.array([value]))[0])
        return error, float(gradient[self.place])

    def errors(self, values: Floats) -> Floats:
        """Return J at many values."""
        size = self.of.chunk()
        parts = (values[i : i + size] for i in range(0, len(values), size))
        return np.concatenate([self.of.errors(self._thetas(part)) for part in parts])

    def _thetas(self, values: Floats) -> Floats:
        found = np.tile(self.centre, (len(values), 1))
        found[:, self.place] = values
        return found


def _descent(line: _Line, value: float, rate: float, steps: int) -> tuple[Floats, Floats, Floats]:
    error, slope = line.at(value)
    if not np.isfinite([error, slope]).all():
        raise SpecError(f"the error at the start, {value:g}, is not finite; choose another start=")
    found = [(value, error, slope)]
    for _ in range(steps):
        value = value - rate * slope
        if not np.isfinite(value):
            break
        error, slope = line.at(value)
        if not np.isfinite([error, slope]).all():
            break
        found.append((value, error, slope))
    path, errors, slopes = np.array(found).T
    return path, errors, slopes


def _view(line: _Line, path: Floats) -> tuple[float, float]:
    """Return a view of the steps that also holds the bottom, where it is not far."""
    low, high = float(path.min()), float(path.max())
    width = (high - low) or max(1.0, abs(low))
    for reach in _REACHES:
        far = np.linspace(low - reach * width, high + reach * width, 401)
        errors = line.errors(far)
        at = int(np.argmin(np.where(np.isfinite(errors), errors, np.inf)))
        if 0 < at < len(far) - 1:
            # The bottom and as much on its other side, so that it looks like the bowl that it is.
            low, high = min(low, 2 * far[at] - high), max(high, 2 * far[at] - low)
            width = high - low
            break
    return low - 0.15 * width, high + 0.15 * width


def _lowest(line: _Line, values: Floats, curve: Floats) -> tuple[float, float, bool]:
    """Return where the error is least, J there, and whether it is on the edge of the view."""
    at = int(np.nanargmin(np.where(np.isfinite(curve), curve, np.inf)))
    if at in (0, len(values) - 1):
        return float(values[at]), float(curve[at]), True
    left, right = float(values[at - 1]), float(values[at + 1])
    if line.at(left)[1] < 0 < line.at(right)[1]:  # else it is flat, or a kink beside
        for _ in range(100):  # halved until no number lies between
            middle = (left + right) / 2
            left, right = (middle, right) if line.at(middle)[1] < 0 else (left, middle)
        error = line.at(right)[0]
        if error <= curve[at]:
            return right, error, False
    return float(values[at]), float(curve[at]), False


@dataclass(frozen=True)
class Tangent(Display):
    """A function of one number with its slope at a point.

    Attributes
    ----------
    formula, slope_formula
        The function of x, and its derivative.
    x, y
        (m,) its curve.
    at, value, slope
        The point, and the function and its derivative there.
    """

    formula: str
    slope_formula: str
    x: Floats
    y: Floats
    at: float
    value: float
    slope: float

    def plot(self, ax: Axes | None = None, *, style: StyleName | Style = "light") -> Self:
        """Draw the curve, the point, the tangent and its triangle of slope.

        Parameters
        ----------
        ax
            Axes of matplotlib to draw on; new ones unless given.
        style
            "light" or "dark".
        """
        from .bowl_drawing import draw_tangent

        return self._drawn_on(draw_tangent(self, ax, style))


def tangent(formula: str, at: float, *, span: Any = None, points: int = 401) -> Tangent:
    """Return a function of x with its slope at a point, by its derivative.

    Parameters
    ----------
    formula
        A formula in x, such as ``"x**2"``.
    at
        The point.
    span
        (low, high) of the view; around the point and 0 unless given.
    points
        Points of the curve.

    Raises
    ------
    SpecError
        For what is no formula in x, or is not finite at the point.
    MissingExtraError
        Where SymPy, which derives it, is not installed.

    Examples
    --------
    >>> t = tangent("x**2", 2)
    >>> t.value, t.slope, t.slope_formula
    (4.0, 4.0, '2*x')
    """
    tree = read_expression(formula, ("x",))
    steep = derivative(tree, "x")
    place = _number(at, "at")
    if type(points) is not int or not 3 <= points <= 100_001:
        raise SpecError(f"points must be a whole number from 3 to 100001, not {points!r}")
    reach = 2 * max(1.0, abs(place))
    low, high = (-reach, reach) if span is None else _given_span(span)
    x, here = np.linspace(low, high, points), np.array([place])
    value, slope = (float(Program(each)(np, x=here)[0]) for each in (tree, steep))
    if not np.isfinite([value, slope]).all():
        raise SpecError(f"{formula} or its slope {steep} is not finite at x = {place:g}")
    return Tangent(str(tree), str(steep), x, Program(tree)(np, x=x), place, value, slope)


def _number(value: Any, name: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not np.isfinite(found):
        raise SpecError(f"{name} must be a finite number, not {value!r}")
    return found


def _given_span(span: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in span)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and low < high):
        raise SpecError(f"span must be (low, high), not {span!r}")
    return low, high
