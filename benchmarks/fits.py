"""Drop-in fits in float64: fallline's estimators beside scikit-learn's with the same parameters.

Both take the same random numbers, batches and epochs; what is told is the seconds of a whole `fit`,
and those until the error is as low as the one that scikit-learn ends with.
"""

from __future__ import annotations

import csv
import importlib
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .notes import note
from .rounds import Contestant, in_turn, started, summary

LIBRARIES = {"fallline": "fallline", "scikit-learn": "sklearn.neural_network"}


@dataclass(frozen=True)
class Case:
    """A table and the estimator for it; parameters are scikit-learn's own defaults.

    `floor` is the least ratio of seconds that is accepted; `own` an optimizer of fallline's own,
    which it takes where scikit-learn takes the solver.
    """

    name: str
    estimator: str
    floor: float | None = None
    solver: str = "adam"
    own: str = ""

    @property
    def key(self) -> str:
        """What the case is called in the results."""
        solver = "" if self.solver == "adam" else f", {self.solver}"
        return self.name + solver + (f" (fallline: optimizer='{self.own}')" if self.own else "")

    def settings(self, who: str) -> dict[str, str]:
        """Return the parameters that are not left at their defaults."""
        ours = self.own and who == "fallline"
        return {"optimizer": self.own} if ours else {"solver": self.solver}


CASES = (
    Case("diabetes", "MLPRegressor", floor=20),
    Case("digits", "MLPClassifier", floor=5),
    Case("houses", "MLPRegressor"),
    Case("diabetes", "MLPRegressor", solver="lbfgs"),
    Case("diabetes", "MLPRegressor", floor=20, solver="lbfgs", own="lbfgs"),
)


def table(name: str, houses: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Return X (n, d) and y (n,): scikit-learn's tables as they are, houses standardised."""
    if name == "houses":
        return houses_of(houses)
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def houses_of(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the numeric columns of a CSV and its price, all standardised."""
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    columns = {}
    for name, texts in zip(names, zip(*rows, strict=True), strict=True):
        try:
            columns[name] = np.array(texts, dtype=np.float64)
        except ValueError:
            continue  # a column of words
    y = columns.pop("price")
    X = np.column_stack(list(columns.values()))
    return (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()


class Fit:
    """One library's estimator on one table, fitted again and again."""

    def __init__(
        self,
        library: str,
        name: str,
        estimator: str,
        houses: str,
        settings: dict[str, str],
        max_iter: int,
    ):
        self.X, self.y = table(name, houses)
        self.make = getattr(importlib.import_module(library), estimator)
        self.settings = {**settings, "max_iter": max_iter, "random_state": 0}

    def repeat(self) -> dict[str, Any]:
        """Return the seconds of a fit, its epochs or iterations, and its error after each."""
        net = self.make(**self.settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 200 epochs are often too few to converge
            begun = time.perf_counter()
            net.fit(self.X, self.y)
            seconds = time.perf_counter() - begun
        curve = [float(e) for e in getattr(net, "loss_curve_", [])] or [float(net.loss_)]
        return {"seconds": seconds, "epochs": int(net.n_iter_), "curve": curve}


def measure(case: Case, houses: Path, rounds: int, max_iter: int) -> dict[str, Any] | None:
    """Return the record of a case, or None where a library is missing."""
    arguments = {
        "name": case.name,
        "estimator": case.estimator,
        "houses": str(houses),
        "max_iter": max_iter,
    }
    contestants = []
    for who, library in LIBRARIES.items():
        both = {**arguments, "library": library, "settings": case.settings(who)}
        contestants.append(Contestant(who, "benchmarks.fits:Fit", 1, both))
    with started(contestants) as pairs:
        if len(pairs) < len(contestants):
            return None
        workers = [worker for _, worker in pairs]
        startup = [{**worker.seconds, **_first(worker.call("repeat"))} for worker in workers]
        ours, theirs = in_turn(workers, rounds)
    return {
        "case": case.key,
        "rows": len(table(case.name, houses)[0]),
        "floor": case.floor,
        "fallline": told(ours, startup[0], theirs[0]["curve"][-1]),
        "scikit-learn": told(theirs, startup[1], theirs[0]["curve"][-1]),
    }


def _first(fit: dict[str, Any]) -> dict[str, float]:
    return {"first": fit["seconds"]}


def told(fits: Sequence[dict[str, Any]], startup: dict[str, float], goal: float) -> dict[str, Any]:
    """Return the summary of the fits of one library; fits differ in their seconds only."""
    fit = fits[0]
    share = share_to(goal, fit["curve"])
    seconds = summary([f["seconds"] for f in fits])
    startup["first"] = max(0.0, startup["first"] - seconds["median"])
    return {
        "seconds": seconds,
        "seconds_to_goal": None if share is None else share * seconds["median"],
        "epochs": fit["epochs"],
        "error": fit["curve"][-1],
        "startup_seconds": startup,
    }


def share_to(goal: float, curve: Sequence[float]) -> float | None:
    """Return the share of a fit's epochs after which its error is at most `goal`, or None.

    Examples
    --------
    >>> share_to(0.5, [1.0, 0.5, 0.6, 0.4]), share_to(0.1, [1.0])
    (0.5, None)
    """
    low = [place for place, error in enumerate(curve, 1) if error <= goal * (1 + 1e-6)]
    return low[0] / len(curve) if low else None


def houses_path() -> Path:
    """Return where fallline keeps the table of houses that it brings along."""
    from fallline.data import samples

    return Path(samples.__file__).parent / "houses.csv"


def have_estimators() -> bool:
    """Return whether this fallline has estimators; note if not."""
    import fallline

    found = hasattr(fallline, "MLPRegressor")
    if not found:
        note("left out: fits: this fallline has no estimators")
    return found
