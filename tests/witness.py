"""Outsiders for the tables of formulas: SymPy reads a row's own text, and differences its values.

A text is ours, so `eval` without builtins is safe here; the package itself never does this. A
formula with a function that is missing in ``FUNCTIONS`` fails by name: add the function there.
"""

import functools
from collections.abc import Callable

import numpy as np
import sympy

from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES

FUNCTIONS = {
    "max": lambda a, b: sympy.Piecewise((a, a > b), (b, True)),
    "abs": sympy.Abs,
    **{name: getattr(sympy, name) for name in ("exp", "log", "sqrt", "tanh", "atan", "erf")},
}


def expression(text: str, **names: object) -> sympy.Expr:
    """Return a formula's text as a SymPy expression in the given names."""
    return sympy.sympify(eval(text, {"__builtins__": {}}, FUNCTIONS | names))


@functools.cache
def activation(name: str, width: int) -> tuple[tuple[sympy.Symbol, ...], list[sympy.Expr]]:
    """Return the net inputs z_0, z_1, ... of a layer and its outputs as expressions in them."""
    z = sympy.symbols(f"z:{width}", real=True)
    running = sympy.Symbol("z_j", real=True)

    def output(own: sympy.Symbol) -> sympy.Expr:
        def sum_j(term: sympy.Expr) -> sympy.Expr:
            return sympy.Add(*(term.subs(running, other) for other in z))

        coupled = {"z_i": own, "z_j": running, "sum_j": sum_j}
        return expression(ACTIVATIONS[name].text, **(coupled if "z_i" in text else {"z": own}))

    text = ACTIVATIONS[name].text
    return z, [output(own) for own in z]


@functools.cache
def loss(name: str, width: int) -> tuple[tuple[sympy.Symbol, ...], tuple, sympy.Expr]:
    """Return the targets, the predictions and the error of a row as an expression in them."""
    y = sympy.symbols(f"y:{width}", real=True)
    yhat = sympy.symbols(f"yhat:{width}", real=True)
    terms = (expression(LOSSES[name].text, y=a, yhat=b) for a, b in zip(y, yhat, strict=True))
    return y, yhat, sympy.Add(*terms)


@functools.cache
def composed(loss_name: str, activation_name: str, width: int) -> tuple:
    """Return targets, net inputs, and the error of a row from net inputs."""
    y, yhat, error = loss(loss_name, width)
    z, outputs = activation(activation_name, width)
    return y, z, error.subs(dict(zip(yhat, outputs, strict=True)), simultaneous=True)


def derivatives(value: sympy.Expr, symbols: tuple, order: int) -> list:
    """Return all partial derivatives of an order, nested as the axes of an array."""
    if order == 0:
        return value
    return [derivatives(sympy.diff(value, symbol), symbols, order - 1) for symbol in symbols]


def on_rows(symbols: tuple, value: object) -> Callable[[np.ndarray], np.ndarray]:
    """Return an expression, or nested lists of them, as a function of the rows of a matrix."""
    function = sympy.lambdify([symbols], value, modules="mpmath")
    return lambda matrix: np.array(
        [np.array(function(tuple(map(float, row))), dtype=np.float64) for row in matrix]
    )


def central_differences(
    f: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float = 6e-6
) -> np.ndarray:
    """Return ∂f/∂(last axis of `at`) as a new last axis, to about step² relative."""
    slopes = []
    for j in range(at.shape[-1]):
        shift = np.zeros(at.shape[-1])
        shift[j] = step
        slopes.append((f(at + shift) - f(at - shift)) / (2 * step))
    return np.stack(slopes, axis=-1)
