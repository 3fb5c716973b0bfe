"""L-BFGS and its line search on functions whose minima are known, and against SciPy's."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from fallline.errors import SpecError
from fallline.formulas.optimizers import LBFGS, optimizer_from
from fallline.formulas.optimizers.line_search import LineSearch, Trial

RNG = np.random.default_rng(0)
SQRT = RNG.normal(size=(12, 12))
HESSIAN = SQRT @ SQRT.T + 0.1 * np.eye(12)
LINEAR = RNG.normal(size=12)


def quadratic(w):
    return float(w @ HESSIAN @ w / 2 - LINEAR @ w), HESSIAN @ w - LINEAR


def rosenbrock(w):
    return float(rosen(w)), rosen_der(w)


def log_cosh(w):
    return float(np.logaddexp(w, -w).sum()), np.tanh(w)


def quartic(w):
    return float((w**4).sum()), 4 * w**3


CASES = {
    "quadratic": (quadratic, np.ones(12), np.linalg.solve(HESSIAN, LINEAR)),
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0, -0.5, 2.0]), np.ones(4)),
    "far off": (log_cosh, np.array([1e4, -3.0, 0.1]), np.zeros(3)),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def solve(solver, function, start, most=1000):
    state, errors = solver.init(np, start.copy()), []
    while not solver.why_done(state) and len(errors) < most:
        state = solver.iterate(np, state, function)
        errors.append(float(state["error"]))
    return state, errors


@every_case
def test_it_ends_at_the_minimum_and_never_climbs(case):
    function, start, minimum = case
    solver = LBFGS(tolerance=1e-9)
    state, errors = solve(solver, function, start)
    assert "the gradient is within the tolerance: no entry exceeds 1e-09" in solver.why_done(state)
    np.testing.assert_allclose(state["theta"], minimum, atol=1e-7)
    assert (np.diff(errors) <= 1e-14 * (1 + np.abs(errors[0]))).all()
    error, gradient = function(state["theta"])
    assert error == state["error"] and (gradient == state["gradient"]).all()


@every_case
def test_it_takes_about_as_many_evaluations_as_scipys(case):
    function, start, _ = case
    other = minimize(
        function, start, jac=True, method="L-BFGS-B",
        options={"gtol": 1e-8, "ftol": 0, "maxiter": 5000, "maxfun": 50000},
    )  # fmt: skip
    state, _ = solve(LBFGS(tolerance=1e-8), function, start)
    np.testing.assert_allclose(state["theta"], other.x, atol=1e-6)
    assert state["evaluations"] <= 1.5 * other.nfev + 5


def test_evaluations_are_counted():
    calls = []

    def counted(w):
        calls.append(w)
        return rosenbrock(w)

    state, _ = solve(LBFGS(), counted, np.array([-1.2, 1.0]))
    assert len(calls) == state["evaluations"]


def test_the_direction_is_that_of_the_dense_formula():
    """H from the pairs, by the matrix form of Nocedal and Wright, eq. 7.16 (or 6.17), in full."""
    solver = LBFGS(memory=3)
    state = solver.init(np, np.ones(12))
    for _ in range(5):
        state = solver.iterate(np, state, quadratic)
    assert state["kept"] == 3
    s, y = state["steps"], state["changes"]
    H = np.eye(12) * (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    for one, change in zip(s, y, strict=True):
        rho = 1 / (one @ change)
        V = np.eye(12) - rho * np.outer(change, one)
        H = V.T @ H @ V + rho * np.outer(one, one)
    np.testing.assert_allclose(
        solver._direction(np, state), -H @ state["gradient"], rtol=1e-8, atol=1e-12
    )


def test_with_full_memory_and_a_quadratic_it_ends_within_some_steps():
    _, errors = solve(LBFGS(memory=20, flat=0.1, tolerance=1e-8), quadratic, np.ones(12))
    assert len(errors) <= 30


def test_pairs_of_a_straight_line_are_not_kept():
    """A linear function has y = 0 everywhere; without a minimum the search goes on and on."""
    solver = LBFGS(search=5)
    state = solver.iterate(np, solver.init(np, np.zeros(2)), lambda w: (float(w.sum()), np.ones(2)))
    assert state["kept"] == 0 and state["theta"][0] < 0 and state["evaluations"] == 6


def test_what_is_not_finite_counts_as_too_far():
    def walled(w):
        return (float(w @ w - np.log(1 - w[0])), 2 * w + np.array([1 / (1 - w[0]), 0])) if (
            w[0] < 1
        ) else (np.nan, w * np.nan)  # fmt: skip

    def inverted(w):
        error, gradient = walled(-w)
        return error, -gradient

    for function, sign in ((walled, 1), (inverted, -1)):
        state, errors = solve(LBFGS(), function, np.array([sign * 0.999, 5.0]))
        assert state["done"] == 1 and np.isfinite(errors).all()
        assert state["theta"][0] == pytest.approx(sign * (1 - np.sqrt(3)) / 2, abs=1e-6)


def test_where_only_rounding_is_left_it_says_so():
    solver = LBFGS(tolerance=0)
    state, errors = solve(solver, quadratic, np.ones(12))
    assert len(errors) < 200 and np.abs(state["gradient"]).max() < 1e-8
    assert solver.why_done(state)
    assert solver.iterate(np, state, quadratic) is state


def test_at_the_minimum_it_does_not_move():
    state = LBFGS().iterate(np, LBFGS().init(np, np.zeros(3)), log_cosh)
    assert state["done"] == 1 and state["evaluations"] == 1 and not state["theta"].any()


def test_float32_stays_float32():
    solver = LBFGS(tolerance=1e-3)
    state, _ = solve(
        solver,
        lambda w: (quadratic(w)[0], quadratic(w)[1].astype(np.float32)),
        np.ones(12, np.float32),
    )
    kept = {name: state[name].dtype.name for name in ("theta", "gradient", "steps", "changes")}
    assert set(kept.values()) == {"float32"} and state["done"] == 1


@pytest.mark.parametrize(("fall", "flat"), [(1e-4, 0.9), (0.1, 0.2), (1e-3, 0.01)])
@pytest.mark.parametrize("first", [1e-6, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("function", [rosenbrock, quartic, log_cosh])
def test_the_line_search_meets_the_strong_wolfe_conditions(function, first, fall, flat):
    for seed in range(5):
        w = np.random.default_rng(seed).normal(size=4)
        error, gradient = function(w)
        p = -gradient

        def at(alpha, w=w, p=p):
            there = w + alpha * p
            e, g = function(there)
            return Trial(alpha, e, float(g @ p), there, g)

        start = Trial(0.0, error, float(gradient @ p), w, gradient)
        found = LineSearch(at, start, fall, flat, 0.0, 60).find(first)
        assert found.alpha > 0
        assert found.error <= error + fall * found.alpha * start.slope
        assert abs(found.slope) <= flat * abs(start.slope)


def test_settings_are_checked_and_json():
    for bad, message in [
        ({"memory": 0}, "LBFGS.memory must be a whole number of at least 1, not 0"),
        ({"memory": 2.5}, "memory must be"),
        ({"memory": True}, "memory must be"),
        ({"tolerance": -1}, "tolerance must be"),
        ({"tolerance": None}, "tolerance must be"),
        ({"fall": 0.9}, "fall must be below flat=0.9, not 0.9"),
        ({"flat": 1}, "flat must be .* below 1"),
        ({"search": 0}, "search must be"),
    ]:
        with pytest.raises(SpecError, match=message):
            LBFGS(**bad)
    solver = LBFGS(memory=4, tolerance=np.float64(1e-3))
    assert optimizer_from(solver.to_json()) == solver
    with pytest.raises(SpecError, match="lbfgs has no setting 'learning_rate'"):
        optimizer_from({"name": "lbfgs", "learning_rate": 0.1})


def test_jax_takes_the_same_iterations():
    solver, reached = LBFGS(), []
    for xp in (np, jnp):

        def evaluate(w, xp=xp):
            error, gradient = rosenbrock(np.asarray(w))
            return error, xp.asarray(gradient)

        state = solver.init(xp, xp.asarray([-1.2, 1.0, 0.3]))
        for _ in range(12):
            state = solver.iterate(xp, state, evaluate)
        reached.append(np.asarray(state["theta"]))
    np.testing.assert_allclose(*reached, rtol=1e-8)
