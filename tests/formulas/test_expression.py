"""Formulas as text and as trees: read, printed, computed, differentiated, and hostile ones refused.

Outsiders: SymPy computes a text by Python's own grammar, to 30 digits; JAX differentiates; so do
central differences.
"""

import json

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import strategies as st
from tests import witness

from fallline.errors import SpecError
from fallline.formulas.calculus import derivative
from fallline.formulas.expression import Expression, negative, node, number
from fallline.formulas.expression_functions import FUNCTIONS
from fallline.formulas.expression_program import Program, constant
from fallline.formulas.expression_text import read_expression

NAMES = ("y", "z")

# Functions by what keeps their argument where they are finite and well conditioned.
TAMED = {
    "exp": "exp(min({}, 3))",
    "expm1": "expm1(min({}, 3))",
    "sinh": "sinh(tanh({}))",
    "cosh": "cosh(tanh({}))",
    "log": "log(abs({}) + 0.5)",
    "log1p": "log1p(abs({}))",
    "sqrt": "sqrt(abs({}) + 0.25)",
    "sin": "sin(tanh({}))",
    "cos": "cos(tanh({}))",
}
ONE = [TAMED.get(name, name + "({})") for name, row in FUNCTIONS.items() if row.arguments[0] == 1]
SMOOTH_ONE = [text for text in ONE if text[:3] not in ("abs", "sig", "rel")] + ["sigmoid({})"]
TWO = ["({} + {})", "({} - {})", "{}*({})", "({})/(1 + ({})**2)", "max({}, {})", "min({}, {})"]
SPECIAL = ["-({})", "+({})", "({})**2", "(0.5 + abs({}))**-1.5", "(1 if {} > 0.3 else 2.5)"]


def texts(functions=(*ONE, *SPECIAL), pairs=tuple(TWO)):
    leaves = st.sampled_from(["z", "y", "z", "1", "0.5", "3", "2e-1", "pi"])
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(str.format, st.sampled_from(functions), inner)
            | st.builds(str.format, st.sampled_from(pairs), inner, inner)
        ),
        max_leaves=8,
    )


AT = np.array([-1.37, -0.21, 0.43, 2.19]), np.array([0.77, -1.9, 0.05, 1.01])

SYMPY = {
    "log1p": lambda u: sympy.log(1 + u),
    "expm1": lambda u: sympy.exp(u) - 1,
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
    "logcosh": lambda u: sympy.log(sympy.cosh(u)),
    "relu": lambda u: max(u, 0),
    "sign": sympy.sign,
    "max": max,
    "min": min,
    "pi": sympy.pi.evalf(40),
    **{name: getattr(sympy, name) for name in ("sinh", "cosh", "sin", "cos")},
}


def by_sympy(text: str, z: float, y: float) -> float:
    numbers = {"z": sympy.Float(z, 40), "y": sympy.Float(y, 40)}
    return float(sympy.N(witness.expression(text, **SYMPY, **numbers), 30))


@hypothesis.settings(max_examples=150)
@hypothesis.given(texts())
def test_values_are_those_of_sympy(text):
    program = Program(read_expression(text, NAMES))
    own = program(np, z=AT[0], y=AT[1])
    expected = [by_sympy(text, z, y) for z, y in zip(*AT, strict=True)]
    np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        jax.jit(lambda z, y: program(jnp, z=z, y=y))(*AT), own, rtol=1e-9, atol=1e-9
    )


@hypothesis.given(texts())
def test_text_and_json_come_back_as_the_same_tree(text):
    tree = read_expression(text, NAMES)
    assert read_expression(str(tree), NAMES) == tree
    assert Expression.from_json(json.loads(json.dumps(tree.to_json())), NAMES) == tree
    assert negative(negative(tree)) == tree
    assert tree.latex.count("{") == tree.latex.count("}")


@hypothesis.settings(max_examples=80)
@hypothesis.given(texts())
def test_the_derivative_is_that_of_jax_and_comes_back_as_text(text):
    tree = read_expression(text, NAMES)
    slope = derivative(tree, "z")
    assert read_expression(str(slope), NAMES) == slope
    program = Program(tree)
    traced = jax.vmap(jax.grad(lambda z, y: program(jnp, z=z, y=y)))(*AT)
    own = Program(slope)(np, z=AT[0], y=AT[1])
    np.testing.assert_allclose(own, traced, rtol=1e-8, atol=1e-8)


@hypothesis.settings(max_examples=60)
@hypothesis.given(texts(SMOOTH_ONE, tuple(TWO[:4])))
def test_first_and_second_derivatives_are_central_differences(text):
    tree = read_expression(text, NAMES)
    slope = derivative(tree, "z")
    for f, df in ((tree, slope), (slope, derivative(slope, "z"))):
        f, df = Program(f), Program(df)
        z, y = AT
        h = 1e-4
        near = f(np, z=z + h, y=y) - f(np, z=z - h, y=y)
        far = f(np, z=z + 2 * h, y=y) - f(np, z=z - 2 * h, y=y)
        size = np.abs(near / h).max() + np.abs(f(np, z=z, y=y)).max() + 1
        np.testing.assert_allclose(
            df(np, z=z, y=y) / size, (8 * near - far) / (12 * h) / size, atol=1e-6
        )


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" z *z ", "z*z"),
        ("-z**2", "-z**2"),
        ("(-z)**2", "(-z)**2"),
        ("-(2*z)", "-2*z"),
        ("z--3", "z + 3"),
        ("z - -3*z/2", "z + 3*z/2"),
        ("z-(z-1)", "z - (z - 1)"),
        ("z/(z*z)/z", "z/(z*z)/z"),
        ("z*(z/3)", "z*(z/3)"),
        ("z**(1/2)", "z**(1/2)"),
        ("z**-1", "z**-1"),
        ("2.0*z", "2*z"),
        ("1e300*z", "1e+300*z"),
        ("ln(z) + logistic(z)", "log(z) + sigmoid(z)"),
        ("0 if z <= 1 else z", "(z if z > 1 else 0)"),
        ("0 if z >= 1 else z", "(z if 1 > z else 0)"),
        ("0 if z < 1 else z", "(0 if 1 > z else z)"),
        ("log(1 + exp(z))", "softplus(z)"),
        ("log(exp(z) + 1)", "softplus(z)"),
        ("log1p(exp(-2*z))", "softplus(-2*z)"),
        ("log(exp(z) + exp(y))", "y + softplus(z - y)"),
        ("1/(1 + exp(-z))", "sigmoid(z)"),
        ("z/(1 + exp(-1.702*z))", "z*sigmoid(1.702*z)"),
        ("-1/(1 + exp(z))", "-sigmoid(-z)"),
        ("exp(z)/(1 + exp(z))", "sigmoid(z)"),
        ("-log(1/(1 + exp(-z)))", "softplus(-z)"),
        ("log(cosh(z - y))", "logcosh(z - y)"),
        ("sinh(z)/cosh(z)", "tanh(z)"),
        ("(exp(z) - exp(-z))/(exp(z) + exp(-z))", "tanh(z)"),
        ("(exp(2*z) - 1)/(exp(2*z) + 1)", "tanh(2*z/2)"),
        ("(1 - exp(-2*z))/(1 + exp(-2*z))", "tanh(2*z/2)"),
    ],
)
def test_spellings_have_one_form(text, canonical):
    tree = read_expression(text, NAMES)
    assert str(tree) == canonical
    assert read_expression(canonical, NAMES) == tree


@pytest.mark.parametrize(
    "text",
    [
        "log(1 + exp(z))",
        "z/(1 + exp(-z))",
        "log(exp(z) + exp(-z))",
        "log(cosh(z))",
        "(exp(z) - exp(-z))/(exp(z) + exp(-z))",
        "(1 - exp(-2*z))/(1 + exp(-2*z))",
        "-log(1/(1 + exp(-z)))",
        "z*tanh(log(1 + exp(z)))",
    ],
)
def test_known_spellings_that_overflow_do_not(text):
    tree = read_expression(text, ("z",))
    far = np.array([-1e3, -100.0, 0.0, 100.0, 1e3])
    slope = derivative(tree, "z")
    for part in (tree, slope, derivative(slope, "z")):
        with np.errstate(all="raise", under="ignore"):
            assert np.isfinite(Program(part)(np, z=far)).all()


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("relu(z)", "(1 if z > 0 else 0)"),
        ("max(z, 0.1*z)", "(1 if z > z/10 else 0.1)"),
        ("abs(z)", "sign(z)"),
        ("sqrt(z**2)", "sign(z)"),
        ("z if z > 1 else z**2", "(1 if z > 1 else 2*z)"),
        ("z**2.5", "5*z**1.5/2"),
        ("0.044715*z**3", "3*0.044715*z**2"),
        ("erf(z)", "2*exp(-z**2)/sqrt(pi)"),
        ("exp(1)*z", "exp(1)"),
        ("y + 1", "0"),
    ],
)
def test_derivatives_keep_the_constants_and_the_slopes_at_kinks(text, slope):
    found = derivative(read_expression(text, NAMES), "z")
    assert str(found) == slope


def test_latex():
    tree = read_expression("(-z if z > 0 else 1e-7)*2 - sqrt(y)*3/(z + pi)", NAMES)
    assert tree.latex == (
        r"\begin{cases} -z & z > 0 \\ 1 \cdot 10^{-7} & \text{otherwise} \end{cases} \cdot 2 - "
        r"\frac{\sqrt{y} \cdot 3}{z + \pi}"
    )


def test_float32_stays_and_nan_comes_through():
    for text in [
        "exp(1)*z/3",
        "(1 if z > 0 else 0)",
        "pi + 0*z",
        "max(z, 0, 0.5)",
        "z**2.5 + 2**3",
    ]:
        program = Program(read_expression(text, ("z",)))
        for xp in (np, jnp):
            z = xp.asarray([0.5, np.nan, 2.0], dtype="float32")
            with jax.numpy_dtype_promotion("strict"):
                values = program(xp, z=z)
            assert values.dtype == np.float32 and values.shape == (3,)
            assert np.isnan(values).tolist() == [False, True, False]
    seven = Program(number(7))(np, z=np.array([[1, np.nan]], np.float32))
    assert seven.dtype == np.float32
    np.testing.assert_array_equal(seven, [[7, np.nan]])


def test_nodes_and_constants():
    z = Expression("z")
    assert node("ln", z).head == "log"
    assert constant(read_expression("2*pi/exp(1)", ())) == pytest.approx(2.311454699)
    with pytest.raises(SpecError, match="log takes 1 arguments"):
        node("log", z, z)
