"""scikit-learn's own checks of estimators: all pass, or fail for scikit-learn's class too."""

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import SkipTest

import pytest
from sklearn import neural_network
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fallline.engines.registry import ENGINES
from fallline.estimators import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore")  # the checks fit with too few epochs


class TheirClassifier(neural_network.MLPClassifier):
    """scikit-learn's, without the exceptions that its checks make for its own classes."""


class TheirRegressor(neural_network.MLPRegressor):
    """Likewise."""


THEIRS = {MLPClassifier: TheirClassifier, MLPRegressor: TheirRegressor}


def checks(estimator: BaseEstimator) -> dict[str, Callable[[], object]]:
    """Return scikit-learn's checks of an estimator, ready to be called, by name with settings."""
    found = {}
    for given, check in estimator_checks_generator(estimator):
        settings = ", ".join(f"{key}={value}" for key, value in check.keywords.items())
        found[f"{check.func.__name__}({settings})"] = partial(check, given)
    return found


def failure(check: Callable[[], object]) -> Exception | None:
    """Return what a check raises; None where it passes or does not apply."""
    try:
        check()
    except SkipTest:
        return None
    except Exception as error:
        return error
    return None


def ours_alone(ours: BaseEstimator, theirs: BaseEstimator) -> dict[str, Exception]:
    """Return the checks that ours fails and theirs passes, with what ours raised.

    Ours may have more checks, as it has more parameters; and none of several labels a row, where
    its error takes one class.
    """
    of_ours, of_theirs = checks(ours), checks(theirs)
    common = [name for name in of_theirs if name in of_ours]
    assert all("multilabel" in name for name in set(of_theirs) - set(of_ours))
    failed = {name: error for name in common if (error := failure(of_ours[name]))}
    return {name: error for name, error in failed.items() if failure(of_theirs[name]) is None}


BOTH = (MLPClassifier, MLPRegressor)
FEW = {"max_iter": 60, "learning_rate_init": 0.01}  # enough for the checks of accuracy


@parametrize_with_checks(
    [
        *(cls(engine=engine) for cls in BOTH for engine in ENGINES if engine != "reference"),
        *(cls(engine="reference", **FEW) for cls in BOTH),
        *(cls(dtype="float64", **FEW) for cls in BOTH),
    ]
)
def test_no_check_fails(estimator: BaseEstimator, check: Callable[[object], object]) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([cls(engine="reference") for cls in BOTH])
def test_no_check_fails_of_the_reference_engine_with_defaults(
    estimator: BaseEstimator, check: Callable[[object], object]
) -> None:
    check(estimator)


@pytest.mark.parametrize("cls", BOTH)
def test_no_check_of_fits_fails_with_the_xla_engine(cls: type) -> None:
    """A few of those above, nearly all of which are left out as it compiles for each."""
    fits = ("check_regressors_train(", "check_classifiers_train(", "check_fit_idempotent(",
            "check_sample_weight_equivalence_on_sparse_data(")  # fmt: skip
    found = {k: v for k, v in checks(cls(engine="xla", **FEW)).items() if k.startswith(fits)}
    assert len(found) >= 4
    assert not {name: error for name, check in found.items() if (error := failure(check))}


@pytest.mark.parametrize("cls", BOTH)
def test_no_check_fails_in_single_precision(cls: type, monkeypatch: pytest.MonkeyPatch) -> None:
    # One check wants 1e-7 whatever the dtype, which is less than a unit in float32's last place.
    coarse = partial(estimator_checks.assert_allclose_dense_sparse, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(estimator_checks, "assert_allclose_dense_sparse", coarse)
    found = checks(cls(dtype="float32", **FEW))
    assert not {name: error for name, check in found.items() if (error := failure(check))}


Settings = dict[str, Any]
TOGETHER: list[Settings] = [
    {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True, "activation": "tanh"},
    {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "nesterovs_momentum": False,
        "shuffle": False,
        "activation": "identity",
        "hidden_layer_sizes": (),
    },
    {"solver": "lbfgs", "warm_start": True, "hidden_layer_sizes": 7},
    {"early_stopping": True, "batch_size": 50, "activation": "logistic"},
    {"warm_start": True, "hidden_layer_sizes": (5, 4), "n_iter_no_change": 2, "verbose": True},
]
ONE_BY_ONE: list[Settings] = [
    {"solver": "sgd"},
    {"solver": "sgd", "learning_rate": "adaptive"},
    {"solver": "sgd", "learning_rate": "invscaling"},
    {"solver": "sgd", "momentum": 0.0, "alpha": 0.1},
    {"solver": "lbfgs"},
    {"solver": "lbfgs", "warm_start": True},
    {"early_stopping": True},
    {"warm_start": True},
    {"shuffle": False},
    {"batch_size": 7},
    {"activation": "logistic"},
    {"activation": "tanh"},
    {"activation": "identity"},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (5, 4), "tol": 0.1},
]
OURS: list[Settings] = [
    {"scale_inputs": True},
    {"scale_inputs": True, "solver": "lbfgs"},
    {"optimizer": "rmsprop", "schedule": "cosine", "l1": 0.01, "clip_norm": 1.0},
    {"activation": ["gelu"], "early_stopping": True, "stopping_metric": "error"},
]
OF_CLASSES: list[Settings] = [
    {"loss": "hinge"},
    {"loss": "cross_entropy(smoothing=0.1)"},
]
OF_NUMBERS: list[Settings] = [{"scale_target": True}, {"loss": "huber"}, {"loss": "poisson"}]
POISSON: Settings = {"loss": "poisson"}


def same(cls: type, settings: Settings) -> Settings:
    """Return those of the settings that scikit-learn's class takes."""
    known = set(THEIRS[cls]().get_params()) - {"activation", "loss"}
    kept = {name: value for name, value in settings.items() if name in known}
    return settings if settings in [*ONE_BY_ONE, *TOGETHER, POISSON] else kept


def cases(shared: list[Settings]) -> list[Any]:
    """Return (class, settings of ours, settings of scikit-learn's)."""
    own = {MLPClassifier: OF_CLASSES, MLPRegressor: OF_NUMBERS}
    return [
        pytest.param(cls, given, same(cls, given), id=f"{cls.__name__}-{given}")
        for cls in BOTH
        for given in [*shared, *OURS, *own[cls]]
    ]


@pytest.mark.parametrize("cls, ours, theirs", cases(TOGETHER))
def test_no_check_fails_that_scikit_learns_class_passes(
    cls: type, ours: Settings, theirs: Settings
) -> None:
    few = {"max_iter": 3}
    assert not ours_alone(cls(**ours, **few), THEIRS[cls](**theirs, **few))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cls, ours, theirs", cases(ONE_BY_ONE))
def test_no_check_fails_that_scikit_learns_class_passes_trained(
    cls: type, ours: Settings, theirs: Settings, engine: str
) -> None:
    assert not ours_alone(cls(engine=engine, **ours), THEIRS[cls](**theirs))


WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
PARTS = {
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
    "check_estimators_partial_fit_n_features",
}


@pytest.mark.parametrize(
    "cls, settings, excused",
    [
        # Each row is thinned by noise of its own: one taken twice is not one of weight 2.
        (MLPRegressor, {"dropout": 0.2}, WEIGHTS),
        # The second start is drawn after the shuffles of the first fit, one number a row.
        (MLPClassifier, {"restarts": 2}, WEIGHTS),
        # Shares of classes are not known in partial_fit; SGDClassifier refuses them too.
        (MLPClassifier, {"class_weight": "balanced"}, PARTS),
    ],
)
def test_what_cannot_be_is_all_that_fails(cls: type, settings: Settings, excused: set[str]) -> None:
    alone = ours_alone(cls(max_iter=3, **settings), THEIRS[cls](max_iter=3))
    assert {name.partition("(")[0] for name in alone} <= excused
