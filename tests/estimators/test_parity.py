"""The same numbers as scikit-learn's, on its bundled tables, over all that decides a fit."""

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tests.estimators.grid import ACTIVATIONS, LEVELS, PAIRS, Case, product
from tests.estimators.horizon import EQUAL, Fit, Horizon, horizon, ours, sklearns

LEAST = {"sgd": 1, "adam": 1, "lbfgs": 5}  # epochs, or iterations, that are compared at any rate
NEAR = 0.01  # scores at the end, where weights have drifted apart


@lru_cache(maxsize=400)
def witness(case: Case) -> tuple[Fit, Horizon | None]:
    """Return scikit-learn's fit and how long it agrees with itself; None: all must be equal."""
    data = case.data()
    fit = sklearns(case.sklearn(), *data)
    if case.promised:
        return fit, None
    return fit, horizon(case.sklearn(), fit, *data)


def check(case: Case, engine: str) -> None:
    """Hold our fit against scikit-learn's."""
    (theirs, agrees), data = witness(case), case.data()
    own = ours(case.sklearn(), *data, engine=engine)
    end, least = len(theirs.weights), LEAST[case.solver]
    until = end if agrees is None else min(end, max(agrees.weights, least))
    assert len(own.weights) == end if until == end else len(own.weights) >= until
    assert theirs.apart(own)[:until].max(initial=0.0) <= EQUAL
    if case.solver != "lbfgs":
        seen = end if agrees is None else min(end, max(agrees.losses, least))
        curves = (fit.estimator.loss_curve_[:seen] for fit in (theirs, own))
        assert np.allclose(*curves, rtol=0, atol=EQUAL)
    if agrees is None:
        check_equal_ends(theirs.estimator, own.estimator, data[0])
    elif agrees.score <= NEAR:  # else there is no score of scikit-learn's to be near to
        scores = [fit.estimator.score(*data[:2]) for fit in (theirs, own)]
        assert abs(scores[0] - scores[1]) <= NEAR


def check_equal_ends(theirs: Any, own: Any, X: Any) -> None:
    """Hold all that a fit leaves against scikit-learn's, with the promised tolerance."""
    assert (own.n_iter_, own.t_) == (theirs.n_iter_, theirs.t_)
    assert own.loss_ == pytest.approx(theirs.loss_, rel=0, abs=EQUAL)
    for name in ("coefs_", "intercepts_"):
        for mine, other in zip(getattr(own, name), getattr(theirs, name), strict=True):
            assert np.allclose(mine, other, rtol=0, atol=EQUAL)
    for name in ("best_loss_", "validation_scores_", "best_validation_score_"):
        if hasattr(theirs, name):  # by L-BFGS it has none of them
            mine, other = (np.array(getattr(net, name), dtype=float) for net in (own, theirs))
            assert np.allclose(mine, other, rtol=0, atol=EQUAL, equal_nan=True)  # NaN: None
    predictions = own.predict(X), theirs.predict(X)
    if predictions[0].dtype.kind == "f":
        assert np.allclose(*predictions, rtol=EQUAL, atol=EQUAL)
    else:
        assert np.array_equal(*predictions)
        assert np.allclose(own.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=EQUAL)


@pytest.mark.parametrize("case", PAIRS, ids=str)
def test_every_pair_of_levels_gives_scikit_learns_numbers(case: Case, engine: str) -> None:
    check(case, engine)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    "solver, task", [(solver, task) for solver in LEVELS for task in LEVELS[solver]["task"]]
)
def test_the_product_gives_scikit_learns_numbers(
    solver: str, activation: str, task: str, engine: str
) -> None:
    wrong = []
    for case in product(solver, activation, task):
        try:
            check(case, engine)
        except (AssertionError, ValueError) as error:
            wrong.append(f"{case}: {error}")
    assert not wrong, "\n".join(wrong)
