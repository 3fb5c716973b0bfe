"""Activations and errors as Python functions, with their slopes: for this process, in NumPy.

They are checked by numbers as formulas are. A network or plan that holds one cannot be saved, as no
file of ours holds code; a formula in text can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from ..errors import SpecError
from .activation import Activation
from .loss import Loss
from .own_name import Kind, OwnName

__all__ = ["activation", "loss", "registered"]

A = Any  # an array of the namespace xp
Array = Any  # a NumPy array

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_REGISTERED: dict[tuple[Kind, str], OwnName] = {}


def registered(kind: Kind, name: str) -> Any:
    """Return the row of the function that this process knows by a name, or None."""
    found = _REGISTERED.get((kind, name))
    return None if found is None else found.row


def activation(
    f: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    *,
    name: str,
    curvature: Callable[[Array], Array] | None = None,
) -> str:
    """Return the name of an activation that is a Python function of your own.

    It holds for this process, and for the reference engine. What can be written as a formula needs
    no function: ``Layer(3, "z*tanh(softplus(z))")``, and then it can be saved, too.

    Parameters
    ----------
    f
        From net inputs z (n, width) to outputs of the same shape, elementwise.
    slope
        From z to f'(z), likewise.
    name
        What to call it. The name that is returned keeps this very function; its plain text means
        the function that was last given under it.
    curvature
        From z to f''(z); central differences of the slope unless given.

    Returns
    -------
    str
        The name, for `Layer` and for networks in text.

    Raises
    ------
    SpecError
        Where the name is taken, or value or slope is not finite for |z| ≤ 1000, or the slope is
        not that of f (compared with central differences on [−30, 30]).

    Examples
    --------
    >>> import fallline as fl
    >>> import numpy as np
    >>> bump = fl.activation(lambda z: 1 / (1 + z**2), lambda z: -2 * z / (1 + z**2) ** 2,
    ...                      name="bump")
    >>> print(fl.Network.parse("2 -> 3 bump -> 1"))
    input: 2 -> hidden1: 3 bump -> output: 1 identity
    """
    from .custom_checks import checked_activation

    own = _own_name("activation", name, f, slope)
    bend = curvature or _difference(slope)
    row = Activation(
        own,
        text=name,
        f=lambda xp, z: _numpy(xp, own, f(z), z),
        slope=lambda xp, h, o: _numpy(xp, own, slope(h), h),
        curvature=lambda xp, h, o: _numpy(xp, own, bend(h), h),
        slope_from="net input",
        range=(0.0, 0.0),  # found by the check
        source="a function given by the user",
    )
    return _register(own, _checked(own, lambda: checked_activation(row)))


def loss(
    value: Callable[[Array, Array], Array],
    slope: Callable[[Array, Array], Array],
    *,
    name: str,
    reduction: Literal["sum", "mean"] = "mean",
    curvature: Callable[[Array, Array], Array] | None = None,
    outputs: int = 1,
) -> str:
    """Return the name of an error that is a Python function of your own.

    It holds for this process, and for the reference engine. What can be written as a formula needs
    no function: ``loss="log(cosh(yhat - y))"``, and then it can be saved, too.

    Parameters
    ----------
    value
        ``value(y, yhat)`` from targets and predictions (n, k) to the error of each row (n,).
    slope
        ``slope(y, yhat)``: ∂e/∂ŷ (n, k).
    name
        What to call it; see `activation`.
    reduction
        How a batch joins its rows: ``"mean"`` (weighted) or ``"sum"``.
    curvature
        ``curvature(y, yhat)``: ∂²e/∂ŷ² (n, k), the diagonal; central differences unless given.
    outputs
        The number k of outputs to check it with.

    Returns
    -------
    str
        The name, for the `loss` of plans and runs.

    Raises
    ------
    SpecError
        Where the name is taken, or the numbers do not bear it out; see `activation`.

    Examples
    --------
    >>> import fallline as fl
    >>> import numpy as np
    >>> fl.loss(lambda y, yhat: ((yhat - y) ** 4).sum(axis=-1), lambda y, yhat: 4 * (yhat - y) ** 3,
    ...         name="quartic")
    'quartic'
    """
    from .custom_checks import checked_loss

    if reduction not in ("sum", "mean"):
        raise SpecError(f"reduction must be 'mean' or 'sum', not {reduction!r}")
    if isinstance(outputs, bool) or not isinstance(outputs, int) or outputs < 1:
        raise SpecError(f"outputs must be a whole number of at least 1, not {outputs!r}")
    own = _own_name("loss", name, value, slope)
    row = Loss(
        own,
        text=name,
        reduction=reduction,
        targets="number",  # narrowed by the check
        value=lambda xp, y, yhat: _numpy(xp, own, value(y, yhat), yhat),
        slope=lambda xp, y, yhat: _numpy(xp, own, slope(y, yhat), yhat),
        curvature=lambda xp, y, yhat: _numpy(
            xp, own, (curvature or _difference_in_yhat(slope))(y, yhat), yhat
        ),
        source="a function given by the user",
    )
    return _register(own, _checked(own, lambda: checked_loss(row, width=outputs)))


def _own_name(kind: Kind, name: object, *functions: object) -> OwnName:
    from .activations import ACTIVATIONS
    from .losses import LOSSES

    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SpecError(f"name must be a letter followed by letters, digits or _, not {name!r:.80}")
    if name in (ACTIVATIONS if kind == "activation" else LOSSES):
        raise SpecError(f"fallline has the {kind} '{name}' itself; choose another name")
    for function in functions:
        if not callable(function):
            hint = f"; a formula in text stands where a name of {kind} stands, as it is"
            raise SpecError(
                f"{kind} takes two Python functions, its value and its slope, not {function!r:.60}"
                + (hint if isinstance(function, str) else "")
            )
    return OwnName.of(name, kind, None)


def _checked(own: OwnName, check: Callable[[], Any]) -> Any:
    try:
        return check()
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(
            f"the function of the {own.kind} '{own}' raised {type(error).__name__}: {error}; it is "
            "called with NumPy arrays, all rows at once"
        ) from error


def _register(own: OwnName, row: Any) -> str:
    own.row = row
    _REGISTERED[own.kind, str.__str__(own)] = own
    return own


def _numpy(xp: A, own: OwnName, values: Any, like: Array) -> Array:
    """Return what a function gave, in the dtype of what it was given."""
    if xp.__name__ != "numpy":
        raise SpecError(
            f"the {own.kind} '{own}' is a Python function, which only the reference engine runs; "
            "take engine='reference', or write it as a formula"
        )
    found = xp.asarray(values)
    if found.dtype.kind not in "biuf":
        raise SpecError(
            f"the function of the {own.kind} '{own}' must give an array of numbers, not of "
            f"{found.dtype}"
        )
    return found.astype(like.dtype, copy=False)


def _difference(slope: Callable[[Array], Array]) -> Callable[[Array], Array]:
    h = 1e-5
    return lambda z: (slope(z + h) - slope(z - h)) / (2 * h)


def _difference_in_yhat(slope: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    h = 1e-5

    def curvature(y: Array, yhat: Array) -> Array:
        result = 0 * yhat
        for j in range(yhat.shape[-1]):
            shift = 0 * yhat
            shift[..., j] = h
            change = slope(y, yhat + shift) - slope(y, yhat - shift)
            result[..., j] = change[..., j] / (2 * h)
        return result

    return curvature
