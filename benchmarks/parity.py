"""How near our estimators come to scikit-learn's numbers: bundled tables, and the tests' grid.

    python -m benchmarks.parity                  # both tables, in Markdown
    python -m benchmarks.parity --engine reference

The first table trains scikit-learn's defaults on whole standardised tables, with each solver. The
second runs the grid of tests/estimators/grid.py, in which every two settings meet. Beside each
difference stands how far scikit-learn is from itself when its start weights are one ulp larger.
The printed tables are those in docs/scikit-learn.md.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import datasets, neural_network
from sklearn.preprocessing import scale
from tests.estimators.grid import PAIRS, Case
from tests.estimators.horizon import Fit, horizon, ours, sklearns

TABLES = ("iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud")
SOLVERS = ("sgd", "adam", "lbfgs")
REGRESSION = ("diabetes", "linnerud")


def estimator(name: str, solver: str) -> Any:
    """Return scikit-learn's estimator for a table, with its defaults."""
    if name not in REGRESSION:
        return neural_network.MLPClassifier(solver=solver, random_state=0)
    rate = 1e-4 if solver == "sgd" else 1e-3  # at the default, gradients of raw targets explode
    kind = neural_network.MLPRegressor
    return kind(solver=solver, learning_rate_init=rate, random_state=0)


def of_tables(engine: str) -> Iterator[str]:
    """Yield the rows of the first table."""
    yield (
        "| table | solver | epochs | largest difference of a weight | scikit-learn from itself "
        "| equal to 1e-8 | score: scikit-learn, fallline |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name in TABLES:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        X = scale(X)
        for solver in SOLVERS:
            theirs = sklearns(estimator(name, solver), X, y)
            nudged = sklearns(estimator(name, solver), X, y, nudge=0)
            own = ours(estimator(name, solver), X, y, engine=engine)
            scores = [fit.estimator.score(X, y) for fit in (theirs, own)]
            yield (
                f"| {name} | {solver} | {epochs(theirs, own)} | {theirs.apart(own).max():.1e} "
                f"| {theirs.apart(nudged).max():.1e} | {until(theirs.apart(own))} "
                f"| {scores[0]:.4f}, {scores[1]:.4f} |"
            )


def epochs(theirs: Fit, own: Fit) -> str:
    """Return how many epochs both took, in one number where it is one."""
    counts = len(theirs.weights), len(own.weights)
    return str(counts[0]) if counts[0] == counts[1] else f"{counts[0]}, {counts[1]}"


def until(apart: np.ndarray) -> str:
    """Return for how long weights were equal to 1e-8."""
    beyond = np.flatnonzero(~(apart <= 1e-8))
    return "throughout" if not len(beyond) else f"for {beyond[0]} of {len(apart)}"


def of_grid(engine: str) -> Iterator[str]:
    """Yield the rows of the second table."""
    yield (
        "| solver | inputs | fits | compared throughout | least that is compared of the others "
        "| largest difference of a weight | of a score | scikit-learn's score from itself |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for solver in SOLVERS:
        for standardised in (True, False):
            cases = [c for c in PAIRS if (c.solver, c.standardised) == (solver, standardised)]
            found = [measure(case, engine) for case in cases]
            parts = [f"{at} of {of}" for at, of, *_ in sorted(found) if at < of]
            yield (
                f"| {solver} | {'standardised' if standardised else 'raw'} | {len(cases)} "
                f"| {len(cases) - len(parts)} | {parts[0] if parts else ''} "
                f"| {max(row[2] for row in found):.1e} | {max(row[3] for row in found):.4f} "
                f"| {max(row[4] for row in found):.4f} |"
            )


def measure(case: Case, engine: str) -> tuple[int, int, float, float, float]:
    """Return epochs that are compared, all of them, and differences: weights, score, its own."""
    data = case.data()
    theirs = sklearns(case.sklearn(), *data)
    own = ours(case.sklearn(), *data, engine=engine)
    itself, end = horizon(case.sklearn(), theirs, *data), len(theirs.weights)
    least = 5 if case.solver == "lbfgs" else 1
    compared = end if case.promised else min(end, max(itself.weights, least))
    apart = theirs.apart(own)[:compared].max(initial=0.0)
    scores = [fit.estimator.score(*data[:2]) for fit in (theirs, own)]
    return compared, end, apart, abs(scores[0] - scores[1]), itself.score


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="auto")
    engine = parser.parse_args().engine
    warnings.simplefilter("ignore")
    for rows in (of_tables(engine), of_grid(engine)):
        for row in rows:
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
