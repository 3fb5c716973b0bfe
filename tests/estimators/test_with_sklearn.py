"""The tools of scikit-learn take our estimators as they take its own, and give the same."""

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (brings the next but one)
from sklearn.feature_selection import RFE, SelectFromModel, SequentialFeatureSelector
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LearningCurveDisplay,
    RandomizedSearchCV,
    ValidationCurveDisplay,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tests.estimators.both import IDS, PAIRS, diabetes, iris, quick, rows_for

matplotlib.use("Agg")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*clipped:UserWarning"),
]
both = pytest.mark.parametrize("ours, theirs", PAIRS, ids=IDS)


@pytest.fixture(autouse=True)
def closed_figures() -> Any:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


# --- meta-estimators ---------------------------------------------------------------------------

Wrap = Callable[[Any], Any]
OF_EITHER: dict[str, Wrap] = {
    "Pipeline": lambda net: make_pipeline(StandardScaler(), net),
    "Pipeline of frames": lambda net: make_pipeline(StandardScaler(), net).set_output(
        transform="pandas"
    ),
    "ColumnTransformer": lambda net: make_pipeline(
        ColumnTransformer(
            [("codes", OneHotEncoder(handle_unknown="ignore"), [0])], remainder=StandardScaler()
        ),
        net,
    ),
    "GridSearchCV": lambda net: GridSearchCV(net, {"alpha": [1e-4, 1.0]}, cv=3),
    "RandomizedSearchCV": lambda net: RandomizedSearchCV(
        net, {"alpha": [1e-4, 1e-2, 1.0]}, n_iter=2, cv=3, random_state=0
    ),
    "HalvingGridSearchCV": lambda net: HalvingGridSearchCV(
        net,
        {"alpha": [1e-4, 1.0]},
        resource="max_iter",
        max_resources=4,
        min_resources=2,
        cv=3,
        random_state=0,
    ),
    "SequentialFeatureSelector": lambda net: make_pipeline(
        SequentialFeatureSelector(net, n_features_to_select=2, cv=2), clone(net)
    ),
}
OF_CLASSES: dict[str, Wrap] = {
    "CalibratedClassifierCV": lambda net: CalibratedClassifierCV(net, cv=3),
    "BaggingClassifier": lambda net: BaggingClassifier(net, n_estimators=2, random_state=0),
    "AdaBoostClassifier": lambda net: AdaBoostClassifier(net, n_estimators=2, random_state=0),
    "VotingClassifier": lambda net: VotingClassifier(
        [("net", net), ("line", LogisticRegression())], voting="soft"
    ),
    "StackingClassifier": lambda net: StackingClassifier(
        [("net", net)], LogisticRegression(), cv=3
    ),
    "OneVsRestClassifier": OneVsRestClassifier,
    "OneVsOneClassifier": OneVsOneClassifier,
}
OF_NUMBERS: dict[str, Wrap] = {
    "TransformedTargetRegressor": lambda net: TransformedTargetRegressor(
        net, transformer=StandardScaler()
    ),
    "BaggingRegressor": lambda net: BaggingRegressor(net, n_estimators=2, random_state=0),
    "AdaBoostRegressor": lambda net: AdaBoostRegressor(net, n_estimators=2, random_state=0),
    "VotingRegressor": lambda net: VotingRegressor([("net", net), ("line", LinearRegression())]),
    "StackingRegressor": lambda net: StackingRegressor([("net", net)], LinearRegression(), cv=3),
}
WRAPPED = [
    *((pair, name, wrap) for pair in PAIRS for name, wrap in OF_EITHER.items()),
    *((PAIRS[0], name, wrap) for name, wrap in OF_CLASSES.items()),
    *((PAIRS[1], name, wrap) for name, wrap in OF_NUMBERS.items()),
]


@pytest.mark.parametrize(
    "pair, name, wrap", WRAPPED, ids=[f"{pair[0].__name__}-{name}" for pair, name, _ in WRAPPED]
)
def test_a_tool_predicts_the_same_with_ours(
    pair: tuple[type, type], name: str, wrap: Wrap, engine: str
) -> None:
    X, y = rows_for(pair[0])
    X = np.round(X, 1) if name == "ColumnTransformer" else X
    fast = quick(learning_rate_init=0.03)  # boosting wants better than chance
    ours = wrap(pair[0](engine=engine, **fast)).fit(X, y)
    theirs = wrap(pair[1](**fast)).fit(X, y)
    for method in ("predict", "predict_proba"):
        if hasattr(theirs, method):
            mine, known = getattr(ours, method)(X), getattr(theirs, method)(X)
            np.testing.assert_allclose(mine, known, rtol=1e-7, atol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y))


def test_tools_for_several_targets() -> None:
    X, _ = iris()
    Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)
    wraps = (MultiOutputClassifier, ClassifierChain)
    for wrap in wraps:
        mine, known = (wrap(cls(**quick())).fit(X, Y).predict(X) for cls in PAIRS[0])
        assert np.array_equal(mine, known)
    mine, known = (MultiOutputRegressor(c(**quick())).fit(X, X[:, :2]).predict(X) for c in PAIRS[1])
    np.testing.assert_allclose(mine, known, rtol=1e-9, atol=1e-9)


@both
@pytest.mark.parametrize("select", [RFE, SelectFromModel])
def test_selection_by_weights_with_a_getter(ours: type, theirs: type, select: Any) -> None:
    X, y = rows_for(ours)

    def importance(net: Any) -> np.ndarray:
        return np.abs(net.coefs_[0]).sum(axis=1)

    masks = [
        select(cls(**quick()), importance_getter=importance).fit(X, y).get_support()
        for cls in (ours, theirs)
    ]
    assert np.array_equal(*masks) and 0 < masks[0].sum() < X.shape[1]


# --- functions ---------------------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "cross_val_score": lambda net, X, y: cross_val_score(net, X, y, cv=3),
    "cross_val_predict": lambda net, X, y: cross_val_predict(net, X, y, cv=3),
    "learning_curve": lambda net, X, y: learning_curve(
        net, X, y, train_sizes=[0.5, 1.0], cv=3, shuffle=True, random_state=0
    )[2],
    "learning_curve in parts": lambda net, X, y: learning_curve(
        net,
        X,
        y,
        train_sizes=[0.5, 1.0],
        cv=3,
        shuffle=True,
        random_state=0,
        exploit_incremental_learning=True,
    )[2],
    "validation_curve": lambda net, X, y: validation_curve(
        net, X, y, param_name="alpha", param_range=[1e-4, 1.0], cv=3
    )[1],
    "permutation_importance": lambda net, X, y: (
        permutation_importance(net.fit(X, y), X, y, n_repeats=2, random_state=0).importances
    ),
    "partial_dependence": lambda net, X, y: partial_dependence(
        net.fit(X, y), X, [0], grid_resolution=5
    )["average"],
}


@both
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_the_same_of_ours(ours: type, theirs: type, name: str) -> None:
    X, y = rows_for(ours)
    mine, known = (FUNCTIONS[name](cls(**quick()), X, y) for cls in (ours, theirs))
    np.testing.assert_allclose(mine, known, rtol=1e-7, atol=1e-9)


# --- pictures ----------------------------------------------------------------------------------


def lines(display: Any) -> np.ndarray:
    """Return all points of all lines of a picture."""
    figure = display.figure_
    points = [line.get_xydata().ravel() for axes in figure.axes for line in axes.get_lines()]
    return np.concatenate(points).astype(float)


OF_TWO: dict[str, Callable[[Any, Any, Any], np.ndarray]] = {
    "RocCurveDisplay": lambda net, X, y: lines(RocCurveDisplay.from_estimator(net, X, y)),
    "PrecisionRecallDisplay": lambda net, X, y: lines(
        PrecisionRecallDisplay.from_estimator(net, X, y)
    ),
    "CalibrationDisplay": lambda net, X, y: lines(CalibrationDisplay.from_estimator(net, X, y)),
    "DetCurveDisplay": lambda net, X, y: lines(DetCurveDisplay.from_estimator(net, X, y)),
    "ConfusionMatrixDisplay": lambda net, X, y: (
        ConfusionMatrixDisplay.from_estimator(net, X, y).confusion_matrix
    ),
    "DecisionBoundaryDisplay": lambda net, X, y: (
        DecisionBoundaryDisplay.from_estimator(net, X, grid_resolution=10).response
    ),
}
OF_BOTH: dict[str, Callable[[Any, Any, Any], np.ndarray]] = {
    "PartialDependenceDisplay": lambda net, X, y: lines(
        PartialDependenceDisplay.from_estimator(net, X, [0], grid_resolution=5)
    ),
    "LearningCurveDisplay": lambda net, X, y: lines(
        LearningCurveDisplay.from_estimator(net, X, y, train_sizes=[0.5, 1.0], cv=3)
    ),
    "ValidationCurveDisplay": lambda net, X, y: lines(
        ValidationCurveDisplay.from_estimator(
            net, X, y, param_name="alpha", param_range=[1e-4, 1.0], cv=3
        )
    ),
}


def prediction_errors(net: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    display = PredictionErrorDisplay.from_estimator(net, X, y)
    return np.asarray(display.scatter_.get_offsets())


@pytest.mark.parametrize("name", [*OF_TWO, *OF_BOTH])
def test_a_picture_of_a_classifier_is_the_same(name: str) -> None:
    X, y = iris()
    X, y = X[50:, 2:], y[50:] - 1  # two classes that overlap, in two columns
    draw = (OF_TWO | OF_BOTH)[name]
    mine, known = (draw(cls(**quick(max_iter=30)).fit(X, y), X, y) for cls in PAIRS[0])
    np.testing.assert_allclose(mine, known, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", [*OF_BOTH, "PredictionErrorDisplay"])
def test_a_picture_of_a_regressor_is_the_same(name: str) -> None:
    X, y = diabetes()
    draw = prediction_errors if name == "PredictionErrorDisplay" else OF_BOTH[name]
    mine, known = (draw(cls(**quick()).fit(X, y), X, y) for cls in PAIRS[1])
    np.testing.assert_allclose(mine, known, rtol=1e-6, atol=1e-9)


@both
def test_names_reach_through_a_pipeline_of_frames(ours: type, theirs: type) -> None:
    X, y = rows_for(ours)
    frame = pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])
    pipe = make_pipeline(StandardScaler(), ours(**quick())).set_output(transform="pandas")
    assert list(pipe.fit(frame, y)[-1].feature_names_in_) == list(frame.columns)
