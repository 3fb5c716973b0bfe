"""The step of every optimizer, computed from the equations that are printed."""

import itertools

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SpecError
from fallline.explain.derive import derive
from fallline.explain.derive_optimizer import settings_of, statements, value_after
from fallline.explain.maths import Apply, Equation, Symbol, symbol
from fallline.explain.maths_value import Values, substitute
from fallline.formulas.optimizers import DIALECTS, OPTIMIZERS, SOLVERS, Optimizer
from fallline.formulas.optimizers.base import Method

NET = fl.Network.parse("2 -> 1 sigmoid")
FORMS = [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"centered": True},
         {"centered": True, "momentum": 0.9}, {"amsgrad": True}, {"weight_decay": 0.1}]  # fmt: skip


def all_optimizers() -> list[Optimizer]:
    """Return every optimizer in every dialect and form that it has."""
    found = []
    for kind, dialect, form in itertools.product(OPTIMIZERS.values(), DIALECTS, FORMS):
        try:
            found.append(kind(dialect=dialect, **form))
        except (SpecError, TypeError):
            continue
    return found


def steps_of(method: Method | str) -> list[Equation]:
    """Return the equations of the optimizer's own steps."""
    rule = derive(NET, "sse", method)
    at = next(i for i, step in enumerate(rule.steps) if step.title == "The rows of a batch")
    return [e for step in rule.steps[at + 1 :] if step.title != "The rule" for e in step.equations]


@pytest.mark.parametrize("optimizer", all_optimizers(), ids=str)
def test_the_printed_step_is_the_step_that_is_taken(optimizer: Optimizer) -> None:
    assert steps_of(optimizer) == list(statements(optimizer.formula.step))
    rng = np.random.default_rng(3)
    theta = np.array([0.7])
    state, asked = optimizer.init(np, theta), {"decays": 1.0} if optimizer.decouples else {}
    letters: dict[str, float] = {"w": 0.7, "d": 1.0, "t": 0.0}
    for equation in statements(optimizer.formula.start):
        value = Values((), _known({**settings_of(optimizer), **letters}), {}).of(equation.sides[1])
        letters[str(equation.sides[0])] = value
    for _ in range(6):
        g = rng.normal(size=1)
        letters = value_after(optimizer, {**letters, "g": float(g[0])})
        step, state = optimizer.update(np, g, state, theta, optimizer.learning_rate, **asked)
        theta = theta + step
        np.testing.assert_allclose(letters["w"], theta[0], rtol=1e-10, atol=1e-12)


def _known(values: dict[str, object]):
    return lambda found, units, row: values.get(found.name)


def test_plain_descent_ends_with_the_rule_of_each_weight() -> None:
    rule = derive(NET, "sse", fl.SGD(0.5), theta=[0.4, -0.2, 0.1], x=[1.0, 2.0], y=[1.0])
    values = rule.values([0.4, -0.2, 0.1], [1.0, 2.0], [1.0])
    gradient = fl.error_and_gradient(NET, [0.4, -0.2, 0.1], [[1.0, 2.0]], [[1.0]], loss="sse")[1]
    assert rule.steps[-1].title == "The rule"
    for equation, slope in zip(rule.steps[-1].equations, gradient, strict=True):
        found = [values.of(side) for side in equation.sides]
        np.testing.assert_allclose(found, -0.5 * slope, rtol=1e-10)


@pytest.mark.parametrize(
    "settings", [{"optimizer": "adam"}, {"l2": 0.1}, {"optimizer": fl.SGD(0.1, momentum=0.5)}]
)
def test_the_rule_of_each_weight_is_that_of_plain_descent_only(settings: dict) -> None:
    assert all(step.title != "The rule" for step in derive(NET, "sse", **settings).steps)


@pytest.mark.parametrize("name", [*OPTIMIZERS, *SOLVERS])
def test_every_optimizer_is_told_of(name: str) -> None:
    text = derive(NET, "sse", name).text
    kinds = {**OPTIMIZERS, **SOLVERS}
    title = {"lbfgs": "The direction of L-BFGS"}.get(name, f"The step of {kinds[name].__name__}")
    assert f". {title}\n" in text and "∂E_B/∂w" in text


# --- L-BFGS --------------------------------------------------------------------------------------


def quadratic(theta: np.ndarray) -> tuple[float, np.ndarray]:
    A = np.diag([1.0, 4.0, 9.0]) + 0.3
    return float(theta @ A @ theta / 2 + np.cos(theta).sum()), A @ theta - np.sin(theta)


def test_the_printed_recursion_is_the_direction_of_lbfgs() -> None:
    solver = fl.LBFGS(memory=4)
    state = solver.init(np, np.array([3.0, -2.0, 1.0]))
    for _ in range(5):
        state = solver.iterate(np, state, quadratic)
    kept = int(state["kept"])
    assert kept >= 3
    start, share, lower, scale, raise_ = steps_of(solver)[2:7]
    S, Y = state["steps"][-kept:], state["changes"][-kept:]
    now: dict[str, object] = {"g": state["gradient"]}

    def do(equation: Equation, i: int) -> None:
        pairs = {"s_i": S[i], "y_i": Y[i], "s_m": S[-1], "y_m": Y[-1], "a_i": now.get(f"a{i}")}
        plain = {symbol(name[0], "", name[2]): symbol(name) for name in pairs}
        side = substitute(equation.sides[1], plain)
        value = Values((), _known({**now, **pairs}), {}).of(side)
        first = equation.sides[0]
        assert isinstance(first, Symbol)
        now[f"a{i}" if first.name == "a" else first.name] = value

    do(start, 0)
    for i in reversed(range(kept)):
        do(share, i)
        do(lower, i)
    do(scale, 0)
    for i in range(kept):
        do(raise_, i)
    np.testing.assert_allclose(now["p"], solver._direction(np, state), rtol=1e-12)


def test_the_printed_conditions_hold_where_the_search_of_lbfgs_ends() -> None:
    solver = fl.LBFGS()
    before = solver.init(np, np.array([3.0, -2.0, 1.0]))
    before = solver.iterate(np, before, quadratic)
    after = solver.iterate(np, before, quadratic)
    there, fell, flat = steps_of(solver)[7:]
    p, alpha = solver._direction(np, before), float(after["rate"])
    now = {"w": before["theta"], "w_new": after["theta"], "p": p, "α": alpha,
           "g": before["gradient"], "c_1": solver.fall, "c_2": solver.flat,
           "J(w_new)": float(after["error"]), "J(w)": float(before["error"]),
           "∇J(w_new)": after["gradient"]}  # fmt: skip

    def value(side):
        functions = {
            Apply(name, symbol(point)): symbol(f"{name}({point})")
            for name in ("J", "∇J")
            for point in ("w", "w_new")
        }
        return Values((), _known(now), {}).of(substitute(side, functions))

    np.testing.assert_allclose(value(there.sides[0]), value(there.sides[1]), rtol=1e-12)
    assert fell.signs == flat.signs == ("≤",)
    assert value(fell.sides[0]) <= value(fell.sides[1])
    assert value(flat.sides[0]) <= value(flat.sides[1])
