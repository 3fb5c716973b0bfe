"""Rows that users bring: activations and errors as formulas, in text or as trees.

``"z*tanh(softplus(z))"`` stands wherever the name of an activation may stand, and
``"log(cosh(yhat - y))"`` wherever that of an error may. The formula is read by a whitelist, its
slope and curvature are derived by SymPy, and all three are checked by numbers before use. What is
stored is the trees of all three, so that a stored formula needs no SymPy; it is checked likewise.

The Python functions of users are in ``custom_functions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..errors import SpecError
from .activation import Activation
from .custom_functions import registered
from .expression import Expression
from .expression_program import Program
from .expression_text import mentions, read_expression
from .loss import Loss
from .own_name import Kind, OwnName

__all__ = [
    "activation_from_formula",
    "loss_from_formula",
    "name_from_json",
    "name_to_json",
    "row_of",
]

A = Any  # an array of the namespace xp

_NAMES: dict[Kind, tuple[str, ...]] = {"activation": ("z",), "loss": ("y", "yhat")}
_TREES = ("formula", "slope", "curvature")


def activation_from_formula(formula: str | Expression) -> Activation:
    """Return the activation that a formula in z, the net input, describes.

    Parameters
    ----------
    formula
        Text or a tree; see `read_expression` for what may stand in it.

    Returns
    -------
    Activation
        Its name is the formula's canonical text. `kinks` and `range` are found by numbers, `range`
        to about three digits.

    Raises
    ------
    SpecError
        Where it cannot be read, jumps, or is not finite, or its slope is not, for |z| ≤ 1000, in
        float32 or float64.
    MissingExtraError
        Where SymPy is not installed.

    Examples
    --------
    >>> row = activation_from_formula("z*tanh(log(1 + exp(z)))")
    >>> row.name, row.range
    ('z*tanh(softplus(z))', (-0.309, inf))
    """
    row: Activation = _from_formula("activation", formula)
    return row


def loss_from_formula(formula: str | Expression) -> Loss:
    """Return the error of one target that a formula in y and yhat describes.

    A row's error sums it over the outputs; a batch joins its rows by their weighted mean. Where it
    is not finite for all numbers, targets and predictions are limited to where it is: to positive
    predictions, or to those between 0 and 1.

    Raises
    ------
    SpecError
        Where it cannot be read, jumps, or is finite in none of these domains.
    MissingExtraError
        Where SymPy is not installed.

    Examples
    --------
    >>> row = loss_from_formula("log(cosh(yhat - y))")
    >>> row.name, row.targets
    ('logcosh(yhat - y)', 'number')
    >>> row = loss_from_formula("yhat - y*log(yhat)")
    >>> row.targets, row.within
    ('nonnegative', (0.0, inf))
    """
    row: Loss = _from_formula("loss", formula)
    return row


def row_of(kind: Kind, text: str) -> Any:
    """Return the row that a text names or describes: a registered function's, a formula's, or None.

    A text is a formula where z (for an error yhat) stands in it as a word of its own.
    """
    found = registered(kind, text)
    if found is None and mentions(text, _NAMES[kind][-1]):
        return _from_formula(kind, text)
    return found


def name_to_json(name: str) -> str | dict[str, Any]:
    """Return the name of a row as plain data: a table's as it is, a formula's as its trees.

    Raises
    ------
    SpecError
        For a Python function.

    Examples
    --------
    >>> name_to_json("relu")
    'relu'
    >>> name_to_json(activation_from_formula("z**2").name)
    {'formula': ['pow', 'z', 2], 'slope': ['mul', 2, 'z'], 'curvature': 2}
    """
    if not isinstance(name, OwnName):
        return name
    if name.plain is None:
        raise SpecError(
            f"the {name.kind} '{name}' is a Python function, which no file can hold; to save "
            f"this, write it as a formula in {' and '.join(_NAMES[name.kind])}, as text"
        )
    return dict(name.plain)


def name_from_json(kind: Kind, plain: Any) -> str:
    """Return the name of a row from plain data, without SymPy; a formula's trees are checked.

    Raises
    ------
    SpecError
        Where they cannot be, or the slope is not that of the formula.
    """
    if isinstance(plain, str) and not mentions(plain, _NAMES[kind][-1]):
        return plain
    if not isinstance(plain, Mapping) or set(plain) != set(_TREES):
        raise SpecError(
            f"{'an' if kind == 'activation' else 'a'} {kind} is stored as a name, or as an object "
            f"with the trees {', '.join(_TREES)}, not as {plain!r:.60}"
        )
    trees = (Expression.from_json(plain[part], _NAMES[kind]) for part in _TREES)
    name: str = _row(kind, *trees, single=False).name  # it may be one for float64
    return name


def _from_formula(kind: Kind, formula: str | Expression) -> Any:
    if isinstance(formula, str):
        return _from_text(kind, formula)
    return _row(kind, *_derived(kind, formula))


@lru_cache(maxsize=64)
def _from_text(kind: Kind, text: str) -> Any:
    return _row(kind, *_derived(kind, read_expression(text, _NAMES[kind])))


def _derived(kind: Kind, formula: Expression) -> tuple[Expression, Expression, Expression]:
    from .calculus import derivative

    variable = _NAMES[kind][-1]
    if variable not in formula.names:
        raise SpecError(f"the formula '{formula}' does not depend on {variable}")
    try:
        slope = derivative(formula, variable)
        return formula, slope, derivative(slope, variable)
    except SpecError as error:
        raise SpecError(f"the formula '{formula}' cannot be used: {error}") from None


@lru_cache(maxsize=64)
def _row(
    kind: Kind,
    formula: Expression,
    slope: Expression,
    curvature: Expression,
    *,
    single: bool = True,
) -> Any:
    """Return the checked row of a formula and its two derivatives."""
    from .custom_checks import checked_activation, checked_loss

    trees = dict(zip(_TREES, (formula, slope, curvature), strict=True))
    plain = {part: tree.to_json() for part, tree in trees.items()}
    name = OwnName.of(str(formula), kind, plain)
    programs = tuple(map(Program, trees.values()))
    if kind == "activation":
        name.row = checked_activation(_activation(name, *programs), programs, single=single)
    else:
        name.row = checked_loss(_loss(name, *programs), programs, single=single)
    return name.row


def _activation(name: str, f: Program, slope: Program, curvature: Program) -> Activation:
    return Activation(
        name,
        text=name,
        f=lambda xp, z: f(xp, z=z),
        slope=lambda xp, h, o: slope(xp, z=h),
        curvature=lambda xp, h, o: curvature(xp, z=h),
        slope_from="net input",
        range=(0.0, 0.0),  # found by the check
        source="a formula given by the user",
    )


def _loss(name: str, value: Program, slope: Program, curvature: Program) -> Loss:
    return Loss(
        name,
        text=name,
        reduction="mean",
        targets="number",  # narrowed by the check
        value=lambda xp, y, yhat: xp.sum(value(xp, yhat=yhat, y=y), axis=-1),
        slope=lambda xp, y, yhat: slope(xp, yhat=yhat, y=y),
        curvature=lambda xp, y, yhat: curvature(xp, yhat=yhat, y=y),
        source="a formula given by the user",
    )
