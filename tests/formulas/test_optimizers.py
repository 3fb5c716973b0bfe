"""Every optimizer against what PyTorch and Optax did, recorded in tests/golden/optimizers.json."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.golden.make_optimizers import RUNS, gradient

from fallline.errors import SpecError
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, RMSProp, optimizer_from

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "optimizers.json").read_text(encoding="utf-8")
)
START = np.array(GOLDEN["start"])
every_row = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


def path(optimizer, xp, steps: int, theta=START, rate=None) -> list[np.ndarray]:
    theta = xp.asarray(theta)
    state, points = optimizer.init(xp, theta), []
    for t in range(steps):
        eta = optimizer.learning_rate if rate is None else rate(t)
        g = xp.asarray(gradient(np.asarray(theta)), theta.dtype)
        step, state = optimizer.update(xp, g, state, theta, theta.dtype.type(eta))
        theta = theta + step
        points.append(np.asarray(theta))
    return points


@pytest.mark.parametrize("row", GOLDEN["rows"], ids=lambda row: f"{row['run']} of {row['library']}")
def test_it_goes_where_the_other_library_went(row):
    points = path(optimizer_from(row["settings"]), np, 20)
    for step, expected in row["theta"].items():
        np.testing.assert_allclose(points[int(step) - 1], expected, rtol=1e-12, atol=1e-13)


@every_row
def test_every_optimizer_has_recorded_rows(kind):
    libraries = {row["library"] for row in GOLDEN["rows"] if row["settings"]["name"] == kind.name}
    assert libraries  # record one with tests/golden/make_optimizers.py


def test_the_file_is_what_the_script_records():
    recorded = {(row["run"], json.dumps(row["settings"])) for row in GOLDEN["rows"]}
    assert recorded == {(run, json.dumps(settings)) for run, (settings, *_) in RUNS.items()}
    assert GOLDEN["versions"].keys() == {"torch", "optax", "jax", "numpy"}
    assert GOLDEN["versions"]["torch"].startswith("2.13.0")


@every_row
def test_jax_computes_the_same_steps(kind):
    optimizer = kind()
    with jax.numpy_dtype_promotion("strict"):
        jaxs = path(optimizer, jnp, 5)
    np.testing.assert_allclose(jaxs, path(optimizer, np, 5), rtol=1e-14)


@both
@every_row
def test_a_zero_gradient_moves_nothing_from_rest(kind, xp):
    optimizer, theta = kind(), xp.asarray(START)
    step, _ = optimizer.update(xp, 0 * theta, optimizer.init(xp, theta), theta, 0.1)
    assert not np.asarray(step).any()


@every_row
def test_float32_is_kept_in_step_and_state(kind):
    optimizer, theta = kind(), START.astype(np.float32)
    state = optimizer.init(np, theta)
    for _ in range(3):
        g = gradient(theta).astype(np.float32)
        step, state = optimizer.update(np, g, state, theta, np.float32(optimizer.learning_rate))
        theta = theta + step
    assert {array.dtype.name for array in (theta, *state.values())} == {"float32"}
    np.testing.assert_allclose(theta, path(optimizer, np, 3)[-1], rtol=1e-5)


@every_row
def test_settings_given_as_numpy_numbers_are_plain_numbers(kind):
    """float64 settings would carry a float32 descent into float64, and are no JSON."""
    given = {name: np.float64(value) for name, value in numbers(kind()).items()}
    made = kind(**given)
    assert made == kind()
    assert {type(value) for value in numbers(made).values()} == {float}
    assert optimizer_from(json.loads(json.dumps(made.to_json()))) == made


def numbers(optimizer) -> dict[str, float]:
    plain = optimizer.to_json()
    return {name: value for name, value in plain.items() if not isinstance(value, str | bool)}


@every_row
def test_bad_settings_are_refused_by_name(kind):
    for name in numbers(kind()):
        low = -0.1 if name in ("momentum", "decay", "beta1", "beta2") else 0
        for bad in (low, -1, np.nan, np.inf, 10**400, "0.1", None, True, 1j, [0.1]):
            with pytest.raises(SpecError, match=rf"{kind.__name__}\.{name} must be"):
                kind(**{name: bad})


@pytest.mark.parametrize("fraction", [1, 1.5])
@pytest.mark.parametrize(
    ("kind", "name"), [(SGD, "momentum"), (RMSProp, "decay"), (Adam, "beta1"), (Adam, "beta2")]
)
def test_what_is_averaged_with_must_be_below_one(kind, name, fraction):
    with pytest.raises(SpecError, match=f"{name} must be at least 0 and below 1"):
        kind(**{name: fraction})


def test_nesterov_is_a_yes_or_no_and_needs_momentum():
    with pytest.raises(SpecError, match="True or False"):
        SGD(nesterov=1, momentum=0.9)
    with pytest.raises(SpecError, match=r"momentum=0\.9"):
        SGD(nesterov=True)


@pytest.mark.parametrize("value", [5, None, [], ["sgd"], {}, {"name": 3}, [("name", "sgd"), 3]])
def test_what_is_no_optimizer_is_refused(value):
    with pytest.raises(SpecError):
        optimizer_from(value)


def test_an_unknown_setting_is_answered_with_the_nearest():
    with pytest.raises(SpecError, match="sgd has no setting 'momentun'; did you mean 'momentum'"):
        optimizer_from({"name": "sgd", "momentun": 0.9})


def test_momentum_is_scaled_when_it_is_taken_in():
    """v ← βv − ηg: a rate that falls to 0 lets the velocity run on. PyTorch's would stop."""
    rate = lambda t: 0.1 if t == 0 else 0.0  # noqa: E731
    optimizer = SGD(0.1, momentum=0.5)
    first, second, third = path(optimizer, np, 3, rate=rate)
    np.testing.assert_allclose(second - first, 0.5 * (first - START), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(third - second, 0.25 * (first - START), rtol=1e-12, atol=1e-15)


def test_adams_first_step_is_the_rate_whatever_the_gradients_size():
    """m̂ = g and √v̂ = |g| at t = 1: Δw = −η g/(|g| + ε)."""
    step, _ = Adam(0.01).update(
        np, np.array([1e-4, -3.0, 1e9]), Adam().init(np, np.zeros(3)), np.zeros(3), 0.01
    )
    np.testing.assert_allclose(step, [-0.01 * 1e-4 / (1e-4 + 1e-8), 0.01, -0.01], rtol=1e-8)


def test_defaults_are_the_ones_stated():
    assert Adagrad().epsilon == 1e-10 and RMSProp().epsilon == 1e-8 == Adam().epsilon
    assert (Adam().beta1, Adam().beta2, RMSProp().decay) == (0.9, 0.999, 0.9)
