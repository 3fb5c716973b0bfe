"""Outsiders for the tables of formulas: SymPy reads a row's own text, and differences its values.

A text is ours, so `eval` without builtins is safe here; the package itself never does this. A
formula with a function that is missing in ``FUNCTIONS`` fails by name: add the function there.
"""

import functools
from collections.abc import Callable

import jax
import mpmath
import numpy as np
import sympy

from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES

FUNCTIONS = {
    "max": lambda a, b: sympy.Piecewise((a, a > b), (b, True)),
    "min": lambda a, b: sympy.Piecewise((a, a < b), (b, True)),
    "abs": lambda a: sympy.Piecewise((a, a > 0), (-a, True)),
    "step": lambda a: sympy.Piecewise((1, a >= 0), (0, True)),
    "pi": sympy.pi,
    **{
        name: getattr(sympy, name)
        for name in ("exp", "log", "sqrt", "sin", "tanh", "cosh", "atan", "erf")
    },
}


def expression(text: str, **names: object) -> sympy.Expr:
    """Return a formula's text as a SymPy expression in the given names."""
    return sympy.sympify(eval(_exact(text), {"__builtins__": {}}, FUNCTIONS | names))


def _exact(text: str) -> str:
    """Return the text with whole quotients and powers kept exact: 1/6 is no float."""
    return text.replace("z/6 + 1/2", "(2*z + 6)/12").replace("sqrt(2/pi)", "sqrt(2)/sqrt(pi)")


@functools.cache
def activation(name: str, width: int) -> tuple[tuple[sympy.Symbol, ...], list[sympy.Expr]]:
    """Return the net inputs z_0, z_1, ... of a layer and its outputs as expressions in them."""
    row = ACTIVATIONS[name]
    z = sympy.symbols(f"z:{width}", real=True)
    running = sympy.Symbol("z_j", real=True)
    formulas = _formulas(row.text)
    size = row.group if len(formulas) > 1 else width // row.group  # units of a group

    def output(i: int) -> sympy.Expr:
        first = i - i % size

        def sum_over(term: sympy.Expr, units: tuple) -> sympy.Expr:
            return sympy.Add(*(term.subs(running, other) for other in units))

        names = {f"z_{u + 1}": z[first + u] for u in range(size)}
        names |= {
            "z": z[i],
            "z_i": z[i],
            "z_j": running,
            "sum_j": lambda term: sum_over(term, z),
            "sum_j_to_i": lambda term: sum_over(term, z[first + 1 : i + 1]),
        }
        return expression(formulas[i % len(formulas)], **names)

    return z, [output(i) for i in range(width)]


def _formulas(text: str) -> list[str]:
    """Return the formulas of a text, parted by the commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


@functools.cache
def loss(name: str, width: int) -> tuple[tuple[sympy.Symbol, ...], tuple, sympy.Expr]:
    """Return the targets, the predictions and the error of a row as an expression in them.

    `width` is the number of predictions.
    """
    row = LOSSES[name]
    each = row.outputs_each
    y = sympy.symbols(f"y:{width // each}", real=True)
    yhat = sympy.symbols(f"yhat:{width}", real=True)
    terms = []
    for t, target in enumerate(y):
        own = yhat[t * each : (t + 1) * each]
        names = {f"yhat_{i + 1}": prediction for i, prediction in enumerate(own)}
        term = expression(row.text, y=target, yhat=own[0], k=width, **names)
        weights = row.settings.get("output_weights")
        terms.append(term * (weights[t] if weights else 1))
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


def _log(value: object) -> object:
    """Return the logarithm; 0 for 0, as texts take 0*log(0) for 0."""
    return mpmath.log(value) if value else mpmath.mpf(0)


def on_rows(symbols: tuple, value: object) -> Callable[[np.ndarray], np.ndarray]:
    """Return an expression, or nested lists of them, as a function of the rows of a matrix.

    It computes with 40 digits or more, as texts cancel where the tables' rows do not.
    """
    function = sympy.lambdify([symbols], value, modules=[{"log": _log}, "mpmath"])

    def rows(matrix: np.ndarray) -> np.ndarray:
        with mpmath.workdps(max(40, mpmath.mp.dps)):
            made = [function(tuple(map(mpmath.mpf, map(float, row)))) for row in matrix]
            return np.array([np.array(one, dtype=np.float64) for one in made])

    return rows


compiled = functools.partial(
    jax.jit,
    compiler_options={
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
    },
)
"""What runs once is compiled without care for its speed, in two thirds of the time."""


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
