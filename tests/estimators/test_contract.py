"""What scikit-learn's classes promise by their signatures, attributes and tags, ours do too."""

import inspect
import re
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError
from tests.estimators.both import IDS, PAIRS, iris, quick, rows_for

from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)


# --- signatures --------------------------------------------------------------------------------


@both
def test_parameters_are_scikit_learns_and_then_ours_by_keyword(ours: type, theirs: type) -> None:
    mine = list(inspect.signature(ours).parameters.values())
    known = [(p.name, p.kind, p.default) for p in inspect.signature(theirs).parameters.values()]
    assert [(p.name, p.kind, p.default) for p in mine[: len(known)]] == known
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in mine[len(known) :])


@both
def test_ours_are_off_by_default(ours: type, theirs: type) -> None:
    own = set(ours().get_params()) - set(theirs().get_params()) - {"loss"}
    assert {ours().get_params()[name] for name in own} == {None, False, 1, "auto"}
    assert ours().loss in ("log_loss", "squared_error")  # as there


@both
def test_methods_take_what_scikit_learns_take(ours: type, theirs: type) -> None:
    public = [n for n, f in inspect.getmembers(theirs, callable) if not n.startswith("_")]
    assert {"fit", "partial_fit", "predict", "score", "set_fit_request"} <= set(public)
    for name in public:
        if name.startswith("set_"):
            assert hasattr(ours, name), name
            continue
        known = list(inspect.signature(getattr(theirs, name)).parameters.values())
        mine = list(inspect.signature(getattr(ours, name)).parameters.values())
        assert [(p.name, p.default) for p in mine[: len(known)]] == [
            (p.name, p.default) for p in known
        ], name
    for name in ("fit", "partial_fit", "score"):
        asked = f"set_{name}_request"
        assert set(inspect.signature(getattr(theirs, asked)).parameters) <= set(
            inspect.signature(getattr(ours, asked)).parameters
        )


@both
def test_the_docstring_tells_of_each_parameter(ours: type, theirs: type) -> None:
    text = inspect.getdoc(ours)
    described = {
        name.strip()
        for line in re.findall(r"^(\w[\w, ]*)$", text, re.MULTILINE)
        for name in line.split(",")
    }
    assert set(ours().get_params()) <= described


@both
def test_tags_are_equal(ours: type, theirs: type) -> None:
    assert repr(get_tags(ours())) == repr(get_tags(theirs()))


def test_an_error_that_takes_no_negative_targets_says_so() -> None:
    assert get_tags(MLPRegressor(loss="poisson")).target_tags.positive_only
    assert not get_tags(MLPRegressor(loss="huber")).target_tags.positive_only
    assert not get_tags(MLPRegressor(loss="no such")).target_tags.positive_only


# --- fitted attributes -------------------------------------------------------------------------


def public(estimator: object) -> dict[str, Any]:
    return {n: v for n, v in vars(estimator).items() if n.endswith("_") and n[0] != "_"}


def same(mine: Any, known: Any) -> bool:
    """Return whether two fitted attributes are of one kind, shape and value."""
    if isinstance(known, np.ndarray):
        if known.dtype.kind in "OUS":
            return mine.dtype == known.dtype and np.array_equal(mine, known)
        return (
            mine.dtype == known.dtype
            and mine.shape == known.shape
            and np.allclose(mine, known, rtol=1e-6, atol=1e-9)
        )
    if isinstance(known, list):
        return isinstance(mine, list) and len(mine) == len(known) and all(map(same, mine, known))
    if isinstance(known, float):
        return isinstance(mine, float) and np.isclose(mine, known, rtol=1e-6, atol=1e-9)
    return type(mine) is type(known) and mine == known


FITS = [
    {"solver": solver, "early_stopping": early, **extra}
    for solver in ("sgd", "adam", "lbfgs")
    for early in (False, True)
    for extra in ({}, {"hidden_layer_sizes": (4, 3), "activation": "tanh", "batch_size": 32})
]


def targets(task: str) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a pair of classes and the rows of a task."""
    X, y = iris(2 if task == "two classes" else 3)
    if task == "labels":
        return PAIRS[0], X, np.column_stack([y == 0, y < 2]).astype(int)
    if task in ("two classes", "three classes"):
        return PAIRS[0], X, np.array(["ash", "elm", "oak"])[y]
    if task == "two targets":
        return PAIRS[1], X[:, :2], X[:, 2:]
    return PAIRS[1], X, np.abs(X[:, 0])


TASKS = ["two classes", "three classes", "labels", "one target", "two targets", "poisson"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("settings", FITS, ids=str)
def test_fitted_attributes_are_equal(settings: dict[str, Any], task: str, engine: str) -> None:
    (ours, theirs), X, y = targets(task)
    more = {"loss": "poisson"} if task == "poisson" else {}
    if settings["solver"] == "lbfgs" and task == "two targets":
        more["max_iter"] = 1  # scikit-learn's gradient of several outputs is that of another error
    arguments = quick(**settings) | more
    known = public(theirs(**arguments).fit(X, y))
    mine = public(ours(engine=engine, **arguments).fit(X, y))
    assert set(known) <= set(mine)
    if "max_iter" in more:
        known = {n: v for n, v in known.items() if n not in ("coefs_", "intercepts_", "loss_")}
    wrong = {name: (mine[name], known[name]) for name in known if not same(mine[name], known[name])}
    assert not wrong


@both
def test_attributes_after_partial_fit_are_equal(ours: type, theirs: type, engine: str) -> None:
    X, y = rows_for(ours)
    classes = {"classes": np.unique(y)} if ours is MLPClassifier else {}
    mine, known = ours(engine=engine, **quick()), theirs(**quick())
    for estimator in (mine, known):
        estimator.partial_fit(X, y, **classes).partial_fit(X[:50], y[:50])
    wrong = {n: v for n, v in public(known).items() if not same(public(mine).get(n), v)}
    assert not wrong


@both
def test_early_stopping_may_be_switched_between_warm_starts(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    estimator = ours(**quick(warm_start=True)).fit(X, y)
    estimator.set_params(early_stopping=True).fit(X, y)
    assert len(estimator.validation_scores_) == 5 and estimator.best_loss_ is None
    estimator.set_params(early_stopping=False).fit(X, y)
    assert len(estimator.loss_curve_) == 15 and np.isfinite(estimator.best_loss_)


@both
def test_each_fit_begins_its_own_curves(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    estimator = ours(**quick(early_stopping=True))
    for _ in range(2):
        estimator.fit(X, y)
    curves = estimator.loss_curve_, estimator.validation_curve_, estimator.validation_scores_
    assert [len(curve) for curve in curves] == [5, 5, 5]


# --- parameters that cannot be -----------------------------------------------------------------

WRONG: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["ten", 0, 2.5],
    "solver": ["rmsprop", None],
    "alpha": [-1.0, "a"],
    "batch_size": [0, "all", 2.5],
    "learning_rate": ["slow"],
    "learning_rate_init": [0.0, -1],
    "power_t": [-1],
    "max_iter": [0, 1.5],
    "shuffle": ["yes", 2],
    "random_state": ["seed", -1],
    "tol": [-1.0],
    "verbose": ["loud"],
    "warm_start": ["yes"],
    "momentum": [1.5, -0.1],
    "nesterovs_momentum": ["yes"],
    "early_stopping": ["yes"],
    "validation_fraction": [1.0, -0.1],
    "beta_1": [1.0],
    "beta_2": [1.0],
    "epsilon": [0.0],
    "n_iter_no_change": [0],
    "max_fun": [0],
}


def in_order(message: str) -> str:
    """Return a message with the options that it lists sorted: those of a set come in any order."""
    return re.sub(r"{(.*?)}", lambda found: str(sorted(found[1].split(", "))), message)


@both
@pytest.mark.parametrize("name, value", [(n, v) for n, values in WRONG.items() for v in values])
def test_what_a_parameter_cannot_be_is_said_in_the_same_words(
    ours: type, theirs: type, name: str, value: Any
) -> None:
    X, y = rows_for(ours)
    with pytest.raises(InvalidParameterError) as known:
        theirs(**{name: value}).fit(X, y)
    with pytest.raises(InvalidParameterError) as mine:
        ours(**{name: value}).fit(X, y)
    assert in_order(str(mine.value)) == in_order(str(known.value))


@both
def test_each_parameter_of_scikit_learns_is_tried(ours: type, theirs: type) -> None:
    assert set(theirs().get_params()) == {*WRONG, "activation"} | (
        {"loss"} if ours is MLPRegressor else set()
    )


@both
@pytest.mark.parametrize(
    "settings, hint",
    [
        ({"activation": "rellu"}, "'relu'"),
        ({"activation": ["tanh", "rellu"], "hidden_layer_sizes": (3, 3)}, "'relu'"),
        ({"activation": 3}, "activation"),
        ({"output_activation": "softmx"}, "'softmax'"),
        ({"loss": "squared_eror"}, "'squared_error'"),
        ({"optimizer": "adm"}, "'adam'"),
        ({"optimizer": 3}, "optimizer"),
        ({"schedule": "cosin"}, "'cosine'"),
        ({"engine": "refrence"}, "'reference'"),
        ({"dtype": "float16"}, "float32"),
        ({"dtype": int}, "float32"),
        ({"dropout": 1.0}, "dropout"),
        ({"l1": -1.0}, "l1"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"restarts": 0}, "restarts"),
        ({"time_budget": 0}, "time_budget"),
        ({"scale_inputs": "yes"}, "scale_inputs"),
        ({"restore_best": "yes"}, "restore_best"),
        ({"callbacks": 3}, "callbacks"),
        ({"stopping_metric": 3}, "stopping_metric"),
    ],
    ids=str,
)
def test_a_wrong_name_is_answered_with_the_right_one(
    ours: type, theirs: type, settings: dict[str, Any], hint: str
) -> None:
    X, y = rows_for(ours)
    with pytest.raises(InvalidParameterError, match=re.escape(hint)) as wrong:
        ours(**settings).fit(X, y)
    assert next(iter(settings)) in str(wrong.value) and ours.__name__ in str(wrong.value)


def test_partial_fit_is_there_for_steps_only() -> None:
    for ours, _theirs in PAIRS:
        assert hasattr(ours(solver="sgd"), "partial_fit")
        for settings in ({"solver": "lbfgs"}, {"optimizer": "lbfgs"}):
            assert not hasattr(ours(**settings), "partial_fit")
        with pytest.raises(AttributeError) as mine:
            _ = ours(solver="lbfgs").partial_fit
        with pytest.raises(AttributeError) as known:  # its regressor forgets to look
            _ = PAIRS[0][1](solver="lbfgs").partial_fit
        assert str(mine.value) == str(known.value).replace("MLPClassifier", ours.__name__)
        assert str(mine.value.__cause__) == str(known.value.__cause__)


def test_there_are_as_many_convergence_warnings() -> None:
    X, y = iris()
    for ours, theirs in PAIRS:
        for estimator in (ours(**quick(max_iter=1)), theirs(**quick(max_iter=1))):
            with pytest.warns(ConvergenceWarning) as caught:
                estimator.fit(X, y)
            assert len(caught) == 1
