"""Where a formula may break: the parts that are 0 there, and their zeros."""

from collections.abc import Callable

import numpy as np
import pytest

from fallline.formulas.expression_edges import edges, zeros
from fallline.formulas.expression_program import Program
from fallline.formulas.expression_text import read_expression

GRID = np.linspace(-10, 10, 2001)


def of_z(program: Program) -> Callable[[np.ndarray], np.ndarray]:
    return lambda z: program(np, z=z)


def places(text: str) -> list[float]:
    programs = map(Program, edges([read_expression(text, ("z",))]))
    found = [zeros(of_z(part), GRID) for part in programs]
    return sorted({round(place, 6) for place in np.concatenate([[], *found]).tolist()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(z)*exp(z) + z**3", []),
        ("1/(z - 3.217)", [3.217]),
        ("1/(z - 3.217)**2", [3.217]),  # which touches 0, but whose root passes through it
        ("(z**2 - 4)**-1", [-2, 2]),
        ("sqrt(z + 1.5)", [-1.5]),
        ("(z + 1.5)**1.5", [-1.5]),
        ("log1p(z)", [-1]),
        ("log(2 - z)", [2]),
        ("abs(z - 0.123)", [0.123]),
        ("max(z, 1, 2*z)", [0, 0.5, 1]),
        ("z if z > 2*z - 3 else 0", [3]),
        ("relu(z*(z - 1))", [0, 1]),
        ("1/(z**2 - 6*z + 9)", [3]),  # touches 0
        ("relu(relu(z - 1.005))", [1.005]),  # 0 all the way below
        ("1/cos(z)", [-7.853982, -4.712389, -1.570796, 1.570796, 4.712389, 7.853982]),
    ],
)
def test_the_places_where_a_formula_may_break_are_found(text, expected):
    np.testing.assert_allclose(places(text), expected, atol=2e-6)


def test_crossings_are_found_to_the_last_digits():
    found = zeros(lambda z: z**2 - 2, GRID)
    np.testing.assert_allclose(found, [-(2**0.5), 2**0.5], rtol=1e-15)


def test_of_very_many_zeros_those_next_to_0_are_kept():
    found = zeros(lambda z: np.sin(1000 * z), np.linspace(-100, 100, 100_001))
    assert len(found) == 5000 and np.abs(found).max() < 10
