"""Every optimizer against what other libraries did, recorded in tests/golden/optimizers.json."""

import json
from dataclasses import fields
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.golden.make_optimizers import COURSES, RECORDERS, Followed, called, gradient, runs

from fallline.errors import SpecError
from fallline.formulas.optimizers import (
    DIALECTS,
    OPTIMIZERS,
    OURS,
    SGD,
    SOLVERS,
    Adagrad,
    Adam,
    AdamW,
    Lion,
    NAdam,
    RMSProp,
    Rprop,
    optimizer_from,
)

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "optimizers.json").read_text(encoding="utf-8")
)
START = np.array(GOLDEN["start"])


def speaking() -> list:
    """Return every optimizer in every dialect that it has, with the settings that tell them."""
    variants = [
        *({} for _ in OPTIMIZERS),
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.8},
        {"centered": True},
        {"centered": True, "momentum": 0.8},
        {"amsgrad": True},
        {"amsgrad": True},
        {"weight_decay": 0.1},
    ]
    kinds = [*OPTIMIZERS.values(), SGD, SGD, RMSProp, RMSProp, RMSProp, Adam, AdamW, Lion]
    found = []
    for kind, settings in zip(kinds, variants, strict=True):
        for dialect in DIALECTS:
            try:
                found.append(kind(dialect=dialect, **settings))
            except SpecError:
                assert dialect != OURS
    return found


SPEAKING = speaking()
every_row = pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
every_dialect = pytest.mark.parametrize("optimizer", SPEAKING, ids=str)
both = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


def path(optimizer, xp, steps: int, theta=START, course="constant") -> list[np.ndarray]:
    theta, follow = xp.asarray(theta), Followed(course)
    state, points = optimizer.init(xp, theta), []
    for t in range(steps):
        eta = optimizer.learning_rate * follow.factor(t)
        g = xp.asarray(follow(np.asarray(theta), t), theta.dtype)
        step, state = optimizer.update(xp, g, state, theta, theta.dtype.type(eta))
        theta = theta + step
        points.append(np.asarray(theta))
    return points


def title(row) -> str:
    return f"{row['run']}, {row['course']}: {row['library']}"


@pytest.mark.parametrize("row", GOLDEN["rows"], ids=title)
def test_it_goes_where_the_other_library_went(row):
    points = path(optimizer_from(row["settings"]), np, 20, course=row["course"])
    for step, expected in row["theta"].items():
        np.testing.assert_allclose(points[int(step) - 1], expected, rtol=1e-12, atol=1e-13)


UNRECORDED = {("nadam", "paper"), ("rprop", "paper")}  # no library has these: see their own tests


@pytest.mark.parametrize("optimizer", SPEAKING, ids=str)
def test_every_optimizer_has_recorded_rows_in_every_dialect(optimizer):
    libraries = {
        row["library"]
        for row in GOLDEN["rows"]
        if optimizer_from(row["settings"]).formula == optimizer.formula
        and row["settings"]["name"] == optimizer.name
    }
    if (optimizer.name, optimizer.dialect) in UNRECORDED:
        assert not libraries
    else:
        assert libraries  # record one with tests/golden/make_optimizers.py
    if optimizer.dialect in RECORDERS:
        assert optimizer.dialect in libraries


def test_the_file_is_what_the_script_records():
    wanted = {
        (run, course, library, called(library, *call), json.dumps(settings))
        for run, (courses, settings, calls) in runs().items()
        for course in courses
        for library, call in calls.items()
    }
    recorded = {
        (row["run"], row["course"], row["library"], row["call"], json.dumps(row["settings"]))
        for row in GOLDEN["rows"]
    }
    assert recorded == wanted and len(recorded) == len(GOLDEN["rows"])
    assert {row["course"] for row in GOLDEN["rows"]} == COURSES.keys()
    assert GOLDEN["versions"].keys() == {"torch", "optax", "keras", "sklearn", "jax", "numpy"}
    assert GOLDEN["versions"]["torch"].startswith("2.13.0")


# Formulas as text.

NAMES = {
    "learning_rate": ("eta0",), "momentum": ("beta",), "decay": ("rho",), "weight_decay": ("lam",),
}  # fmt: skip
FUNCTIONS = {
    "sqrt": np.sqrt, "sign": np.sign, "max": np.maximum, "where": np.where, "clip": np.clip,
}  # fmt: skip


def by_text(optimizer, steps: int, course: str) -> list[np.ndarray]:
    """Return the path that the formula's text gives, statement by statement."""
    values = {name: getattr(optimizer, name) for name in (f.name for f in fields(optimizer))}
    for name, others in NAMES.items():
        values |= dict.fromkeys(others, values.get(name))
    values["d"] = 1.0  # as for a weight
    variables, follow, points = {"w": START.copy()}, Followed(course), []

    def run(statements: str) -> None:
        for statement in filter(None, statements.split("; ")):
            name, _, text = statement.partition(" = ")
            known = {**FUNCTIONS, **values, **variables}
            variables[name] = eval(text, {"__builtins__": {}}, known) + 0 * START

    run(optimizer.formula.start)
    for t in range(steps):
        values["eta"] = optimizer.learning_rate * follow.factor(t)
        variables["g"] = follow(variables["w"], t)
        run(optimizer.formula.step)
        points.append(variables["w"])
    return points


@pytest.mark.parametrize("course", COURSES)
@every_dialect
def test_the_text_is_what_is_computed(optimizer, course):
    np.testing.assert_allclose(
        path(optimizer, np, 20, course=course),
        by_text(optimizer, 20, course),
        rtol=1e-10, atol=1e-12,
    )  # fmt: skip


@every_row
def test_the_rows_own_text_is_that_of_the_default_dialect(kind):
    optimizer = kind(momentum=0.9) if kind is SGD else kind()
    assert optimizer.formula.step == kind.text and kind.source


# Dialects.


def test_each_dialect_that_a_library_has_differs_or_is_refused():
    found = {}
    for kind in OPTIMIZERS.values():
        for dialect in list(DIALECTS)[1:]:
            try:
                kind(dialect=dialect)
                found.setdefault(kind.name, []).append(dialect)
            except SpecError as refusal:
                assert f"{kind.__name__} has no dialect '{dialect}'" in str(refusal)
                assert "\n" not in str(refusal)
    assert found == {
        "adagrad": ["keras", "optax"],
        "rmsprop": ["keras", "optax"],
        "adam": ["keras", "sklearn"],
        "adamw": ["paper", "keras"],
        "nadam": ["paper", "keras", "optax"],
        "rprop": ["paper"],
    }


REFUSED = [
    (lambda: SGD(dialect="torch"), "formula of PyTorch is the default one; leave dialect out"),
    (lambda: SGD(momentum=0.9, dialect="keras"), "the formula of Keras is the default one"),
    (lambda: Adam(dialect="torch"), "with these settings: the formula of PyTorch"),
    (lambda: Adam(amsgrad=True, dialect="sklearn"), "scikit-learn has no such Adam.*keras, optax"),
    (lambda: Adagrad(dialect="sklearn"), "scikit-learn has no such Adagrad; those that differ"),
    (lambda: Rprop(dialect="optax"), "Optax 0.2.8 applies each step one step late"),
    (lambda: RMSProp(dialect="paper"), "Hinton's lecture gives no ε"),
    (lambda: Lion(dialect="torch"), "PyTorch has no such Lion$"),
    (lambda: AdamW(dialect="torch"), "leave dialect out; the decay is .* 0 for biases"),
    (lambda: Lion(dialect="optax"), "leave dialect out; the decay is .* 0 for biases"),
    (lambda: Adam(dialect="kears"), "unknown dialect 'kears'; did you mean 'keras'"),
    (lambda: Adam(dialect=None), "unknown dialect None"),
    (lambda: Adam(dialect=["keras"]), "unknown dialect"),
    (lambda: NAdam(dialect="keras", psi=0.004), "NAdam.psi must be left out.*Keras has no such"),
    (lambda: NAdam(dialect="optax", psi=1), "NAdam.psi must be left out"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_a_dialect_that_is_no_other_is_refused_with_the_reason(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_settings_left_out_have_the_dialects_defaults_and_given_ones_their_own():
    assert (Adam(dialect="keras").epsilon, Adam(dialect="sklearn").epsilon) == (1e-7, 1e-8)
    assert Adam(dialect="keras", epsilon=1e-8).epsilon == 1e-8
    assert (Adagrad(dialect="optax").start, Adagrad(dialect="optax", start=0).start) == (0.1, 0.0)
    assert RMSProp(momentum=0.5, dialect="torch").decay == 0.99
    assert AdamW(dialect="keras").weight_decay == 0.004
    assert (NAdam().psi, NAdam(dialect="keras").psi) == (0.004, 1.0)


@every_dialect
def test_optimizers_are_json_and_back(optimizer):
    assert optimizer_from(json.loads(json.dumps(optimizer.to_json()))) == optimizer
    assert eval(repr(optimizer), {kind.__name__: kind for kind in OPTIMIZERS.values()}) == optimizer


def test_nadam_of_the_paper_is_its_algorithm():
    """Dozat 2016, algorithm 2, written out with the products of μ instead of a running one."""
    beta1, beta2, eta, eps = 0.9, 0.999, 0.05, 1e-8
    mu = [beta1 * (1 - 0.5 * 0.96 ** (t / 250)) for t in range(23)]
    w, m, n = START.copy(), 0.0, 0.0
    for t, reached in enumerate(path(NAdam(eta, dialect="paper"), np, 20), start=1):
        g = gradient(w)
        m = mu[t] * m + (1 - mu[t]) * g
        n = beta2 * n + (1 - beta2) * g**2
        ahead = mu[t + 1] * m / (1 - np.prod(mu[1 : t + 2]))
        now = (1 - mu[t]) * g / (1 - np.prod(mu[1 : t + 1]))
        w = w - eta * (ahead + now) / (np.sqrt(beta2 * n / (1 - beta2**t)) + eps)
        np.testing.assert_allclose(reached, w, rtol=1e-12, atol=1e-14)


def test_rprop_of_the_paper_takes_a_step_back_where_the_sign_changed():
    """On ½w² from 1 with η₀ = 0.7: past 0, back, and on with half the size."""
    optimizer = Rprop(0.7, dialect="paper")
    w, state, points = np.array([1.0]), optimizer.init(np, np.array([1.0])), []
    for _ in range(4):
        step, state = optimizer.update(np, w, state, w, 0.7)
        w = w + step
        points.append(w.item())
    assert points == pytest.approx([1 - 0.7, 1 - 0.7 - 0.84, 0.3, 0.3 - 0.42])


# What holds for all.


@every_dialect
def test_jax_computes_the_same_steps(optimizer):
    with jax.numpy_dtype_promotion("strict"):
        jaxs = path(optimizer, jnp, 5)
    np.testing.assert_allclose(jaxs, path(optimizer, np, 5), rtol=1e-13)


@every_dialect
def test_jax_compiles_the_update(optimizer):
    theta = jnp.asarray(START)
    g = jnp.asarray(gradient(START))

    def twice(theta, rate):
        state = optimizer.init(jnp, theta)
        for _ in range(2):
            step, state = optimizer.update(jnp, g, state, theta, rate)
        return step

    expected = twice(theta, 0.1)
    np.testing.assert_allclose(jax.jit(twice)(theta, 0.1), expected, rtol=1e-12)


@both
@every_dialect
def test_a_zero_gradient_moves_nothing_from_rest(optimizer, xp):
    theta = xp.asarray(START)
    step, _ = optimizer.update(
        xp, 0 * theta, optimizer.init(xp, theta), theta, 0.1,
        **({"decays": 0 * theta} if optimizer.decouples else {}),
    )  # fmt: skip
    assert not np.asarray(step).any()


@both
@every_dialect
def test_a_rate_of_zero_moves_nothing_at_first(optimizer, xp):
    theta = xp.asarray(START)
    step, state = optimizer.update(
        xp, xp.asarray(gradient(START)), optimizer.init(xp, theta), theta, theta.dtype.type(0)
    )
    assert not np.asarray(step).any()
    assert all(np.isfinite(np.asarray(array)).all() for array in state.values())


@every_dialect
def test_float32_is_kept_in_step_and_state(optimizer):
    theta = START.astype(np.float32)
    state = optimizer.init(np, theta)
    for _ in range(3):
        g = gradient(theta).astype(np.float32)
        step, state = optimizer.update(np, g, state, theta, np.float32(optimizer.learning_rate))
        theta = theta + step
    arrays = (theta, optimizer.effective_rate(np, state, np.float32(0.1)), *state.values())
    assert {array.dtype.name for array in arrays} == {"float32"}
    np.testing.assert_allclose(theta, path(optimizer, np, 3)[-1], rtol=1e-5)


@every_dialect
def test_the_effective_rate_is_what_a_step_multiplies_the_gradient_with(optimizer):
    """At the first step, from no momentum, up to corrections that are the same for all weights."""
    theta, g = START, np.array([1.0, -2.0, 0.5, 3.0, -0.3, 0.7])
    start = optimizer.init(np, theta)
    decays = {"decays": 0.0} if optimizer.decouples else {}
    step, state = optimizer.update(np, g, start, theta, 0.01, **decays)
    before = start if optimizer.name == "adadelta" else state  # its d counts from the next step
    effective = optimizer.effective_rate(np, {**state, **{
        name: before[name] for name in state if name == "mean_square_step"
    }}, 0.01)  # fmt: skip
    moved = np.abs(step) if optimizer.name in ("lion", "rprop") else step / -g
    ratio = moved / effective
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert ratio[0] > 0


def test_decay_shrinks_weights_and_no_biases():
    decays = np.array([1.0, 1, 1, 0, 0, 0])
    for kind in (AdamW, Lion):
        with_decay, without = kind(0.1, weight_decay=0.2), kind(0.1, weight_decay=0)
        state, g = with_decay.init(np, START), gradient(START)
        step, _ = with_decay.update(np, g, state, START, 0.1, decays=decays)
        bare, _ = without.update(np, g, state, START, 0.1, decays=decays)
        np.testing.assert_allclose(step - bare, -0.1 * 0.2 * decays * START, atol=1e-15)


# Settings.


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


MAY_BE_ZERO = {"momentum", "decay", "beta1", "beta2", "weight_decay", "start", "psi"}


@every_row
def test_bad_settings_are_refused_by_name(kind):
    for name in numbers(kind()):
        low = -0.1 if name in MAY_BE_ZERO else 0
        for bad in (low, -1, np.nan, np.inf, 10**400, "0.1", None, True, 1j, [0.1]):
            with pytest.raises(SpecError, match=rf"{kind.__name__}\.{name} must be"):
                kind(**{name: bad})


@every_row
def test_yes_or_no_settings_take_nothing_else(kind):
    for name, value in kind().to_json().items():
        if isinstance(value, bool):
            for bad in (1, 0, "yes", None):
                with pytest.raises(SpecError, match=rf"{name} must be True or False"):
                    kind(**{name: bad})


@pytest.mark.parametrize("fraction", [1, 1.5])
@every_row
def test_what_is_averaged_with_must_be_below_one(kind, fraction):
    for name in {"momentum", "decay", "beta1", "beta2"} & numbers(kind()).keys():
        if (kind, name, fraction) == (SGD, "momentum", 1):
            assert kind(**{name: fraction}).momentum == 1  # a sum of all steps
            continue
        below = "at most 1" if (kind, name) == (SGD, "momentum") else "below 1"
        with pytest.raises(SpecError, match=f"{name} must be .* at least 0 and {below}"):
            kind(**{name: fraction})


def test_nesterov_needs_momentum():
    with pytest.raises(SpecError, match=r"momentum=0\.9"):
        SGD(nesterov=True)


def test_rprops_bounds_are_in_order():
    for bad, message in [
        ({"least": 2, "most": 1}, "least must be at most most=1, not 2"),
        ({"grow": 1}, "grow must be .* above 1"),
        ({"shrink": 1}, "shrink must be .* below 1"),
    ]:
        with pytest.raises(SpecError, match=message):
            Rprop(**bad)


@pytest.mark.parametrize("value", [5, None, [], ["sgd"], {}, {"name": 3}, [("name", "sgd"), 3]])
def test_what_is_no_optimizer_is_refused(value):
    with pytest.raises(SpecError):
        optimizer_from(value)


def test_an_unknown_name_or_setting_is_answered_with_the_nearest():
    with pytest.raises(SpecError, match="sgd has no setting 'momentun'; did you mean 'momentum'"):
        optimizer_from({"name": "sgd", "momentun": 0.9})
    with pytest.raises(SpecError, match="unknown optimizer 'lbfg'; did you mean 'lbfgs'"):
        optimizer_from("lbfg")
    assert {optimizer_from(name).name for name in (*OPTIMIZERS, *SOLVERS)} == {
        *OPTIMIZERS, *SOLVERS,
    }  # fmt: skip


# What users of the formulas know.


def test_momentum_is_scaled_when_it_is_taken_in():
    """v ← βv − ηg: a rate that falls to 0 lets the velocity run on. PyTorch's stops."""

    def points(optimizer):
        w, state, found = START, optimizer.init(np, START), []
        for rate in (0.1, 0.0, 0.0):
            step, state = optimizer.update(np, gradient(w), state, w, rate)
            found.append(w := w + step)
        return found

    first, second, third = points(SGD(0.1, momentum=0.5))
    np.testing.assert_allclose(second - first, 0.5 * (first - START), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(third - second, 0.25 * (first - START), rtol=1e-12, atol=1e-15)
    first, _, third = points(SGD(0.1, momentum=0.5, dialect="torch"))
    np.testing.assert_array_equal(first, third)


def test_adams_first_step_is_the_rate_whatever_the_gradients_size():
    """m̂ = g and √v̂ = |g| at t = 1: Δw = −η g/(|g| + ε)."""
    step, _ = Adam(0.01).update(
        np, np.array([1e-4, -3.0, 1e9]), Adam().init(np, np.zeros(3)), np.zeros(3), 0.01
    )
    np.testing.assert_allclose(step, [-0.01 * 1e-4 / (1e-4 + 1e-8), 0.01, -0.01], rtol=1e-8)


def test_a_constant_gradient_has_no_variance_and_no_nan():
    """m − a² may round below 0."""
    optimizer = RMSProp(0.01, decay=0.5, centered=True)
    theta, state = np.zeros(3), optimizer.init(np, np.zeros(3))
    for _ in range(80):
        step, state = optimizer.update(np, np.array([0.1, 1 / 3, 7e5]), state, theta, 0.01)
    assert np.isfinite(step).all()


def test_defaults_are_the_ones_stated():
    assert Adagrad().epsilon == 1e-10 and RMSProp().epsilon == 1e-8 == Adam().epsilon
    assert (Adam().beta1, Adam().beta2, RMSProp().decay) == (0.9, 0.999, 0.9)
    assert (NAdam().psi, Lion().beta2, Rprop().most) == (0.004, 0.99, 50)
