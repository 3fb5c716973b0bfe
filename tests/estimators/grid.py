"""The product over which our estimators are held against scikit-learn's, and parts of it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse
from sklearn import datasets, neural_network
from sklearn.preprocessing import scale

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "sgd": {
        "default": {},
        "no momentum": {"momentum": 0.0},
        "heavy ball": {"momentum": 0.5, "nesterovs_momentum": False},
        "alpha": {"alpha": 1.0},
        "impatient": {"tol": 0.05, "n_iter_no_change": 2},
        "in order": {"shuffle": False, "power_t": 0.2},
    },
    "adam": {
        "default": {},
        "moments": {"beta_1": 0.5, "beta_2": 0.99, "epsilon": 1e-3},
        "alpha": {"alpha": 1.0, "hidden_layer_sizes": (5, 4, 3)},
        "impatient": {"tol": 0.05, "n_iter_no_change": 2},
        "in order": {"shuffle": False, "hidden_layer_sizes": ()},
    },
    "lbfgs": {
        "default": {},
        "alpha": {"alpha": 1.0},
        "impatient": {"tol": 0.05},
        "few evaluations": {"max_fun": 12, "hidden_layer_sizes": ()},
    },
}
"""What else is asked for, by solver."""

TASKS = (
    "iris",
    "wine",
    "digits",
    "breast_cancer",
    "bits of digits",
    "diabetes",
    "diabetes, counts",
    "linnerud",
)
"""Several classes three times, two classes, several labels, one number, a count, three numbers."""

ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
BATCHES = ("auto", "small", "ragged", "full")
POLICIES = ("constant", "invscaling", "adaptive")
WEIGHTS = ("none", "drawn", "some zero")
FORMATS = ("dense", "csr", "csc", "coo")


@dataclass(frozen=True)
class Case:
    """One combination."""

    solver: str
    activation: str = "relu"
    task: str = "iris"
    batch: str = "auto"
    early_stopping: bool = False
    policy: str = "constant"
    weights: str = "none"
    format: str = "dense"
    settings: str = "default"
    standardised: bool = True

    def __str__(self) -> str:
        stopping = "early stopping" if self.early_stopping else "no stopping"
        scaled = "standardised" if self.standardised else "raw"
        named = self.solver, self.activation, self.task, self.batch, stopping, self.policy
        return "-".join((*named, self.weights, self.format, self.settings, scaled))

    @property
    def promised(self) -> bool:
        """Whether the whole fit must be equal, and not only as far as scikit-learn is to itself."""
        return self.standardised and self.solver != "lbfgs"

    @property
    def regression(self) -> bool:
        """Whether numbers are predicted."""
        return self.task.startswith(("diabetes", "linnerud"))

    def parameters(self) -> dict[str, Any]:
        """Return what both estimators are made of."""
        n = len(rows(self.task, self.standardised)[1])
        sizes: dict[str, Any] = {"auto": "auto", "small": 5, "ragged": n * 3 // 8, "full": n}
        own = {} if self.task != "diabetes, counts" else {"loss": "poisson"}
        return {
            "solver": self.solver,
            "activation": self.activation,
            "hidden_layer_sizes": (7, 5),
            "batch_size": sizes[self.batch],
            "early_stopping": self.early_stopping,
            "validation_fraction": 0.2,
            "learning_rate": self.policy,
            "learning_rate_init": self._rate(),
            "max_iter": 25 if self.solver == "lbfgs" else 10,
            "random_state": 3,
            **own,
            **SETTINGS[self.solver][self.settings],
        }

    def _rate(self) -> float:
        if self.solver == "adam":
            return 0.01
        if self.regression:  # with larger ones both diverge, which ours does not go on with
            return 1e-4 if self.standardised else 1e-9
        return 0.005 if self.standardised else 1e-4

    def sklearn(self) -> Any:
        """Return scikit-learn's estimator."""
        kind = neural_network.MLPRegressor if self.regression else neural_network.MLPClassifier
        return kind(**self.parameters())

    def data(self) -> tuple[Any, np.ndarray, np.ndarray | None]:
        """Return inputs, targets and row weights."""
        X, y = rows(self.task, self.standardised)
        given = X if self.format == "dense" else getattr(scipy.sparse, f"{self.format}_array")(X)
        return given, y, self._row_weights(len(y))

    def _row_weights(self, n: int) -> np.ndarray | None:
        if self.weights == "none":
            return None
        rng = np.random.default_rng(0)
        weights = rng.uniform(0.5, 2.0, n)
        if self.weights == "some zero":
            # Never all rows of a batch: scikit-learn divides by the sum of their weights.
            weights[rng.permutation(n)[: min(self._smallest_batch(n) - 1, n // 10)]] = 0.0
        return weights

    def _smallest_batch(self, n: int) -> int:
        left = n - -(-n // 5) if self.early_stopping else n
        size = self.parameters()["batch_size"]
        size = min(200 if size == "auto" else size, left)
        return left % size or size


@cache
def rows(task: str, standardised: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return about 100 rows of a bundled table; small entries of standardised ones are 0."""
    name = {"bits of digits": "digits", "diabetes, counts": "diabetes"}.get(task, task)
    # The exponential of counts overflows where inputs are large, in scikit-learn to NaN.
    options = {"scaled": False} if task == "diabetes" else {}
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    chosen = np.random.default_rng(1).permutation(len(y))[:105]
    X, y = X[chosen].astype(float), y[chosen]
    if task == "bits of digits":
        y = (y[:, None] >> np.arange(4)) & 1
    if task == "diabetes, counts":
        y = y // 50
    if standardised:
        X = scale(X)
        X[np.abs(X) < 0.2] = 0.0
    return X, y


LEVELS: dict[str, dict[str, tuple[Any, ...]]] = {
    solver: {
        "activation": ACTIVATIONS,
        "task": TASKS[:-1] if solver == "lbfgs" else TASKS,
        **({} if solver == "lbfgs" else {"batch": BATCHES, "early_stopping": (False, True)}),
        **({"policy": POLICIES} if solver == "sgd" else {}),
        "weights": WEIGHTS,
        "format": FORMATS,
        "settings": tuple(SETTINGS[solver]),
        "standardised": (True, False),
    }
    for solver in SETTINGS
}
"""What each field of a case may be that matters to the solver.

Several numbers by L-BFGS are left out: there scikit-learn's gradient is not that of its error.
"""


def covering_pairs(solver: str, seed: int = 0) -> list[Case]:
    """Return a seeded part of a solver's product in which every pair of levels meets."""
    levels, rng = LEVELS[solver], np.random.default_rng(seed)
    missing = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(levels, 2)
        for a, b in itertools.product(levels[one], levels[other])
    }
    chosen = []
    while missing:
        fixed = dict(min(missing, key=str))
        tries = [
            {name: fixed.get(name, all_[rng.integers(len(all_))]) for name, all_ in levels.items()}
            for _ in range(30)
        ]
        met = [missing & set(itertools.combinations(case.items(), 2)) for case in tries]
        most = max(range(len(tries)), key=lambda i: len(met[i]))
        chosen.append(Case(solver, **tries[most]))
        missing -= met[most]
    return chosen


PAIRS = [case for solver in LEVELS for case in covering_pairs(solver)]


def product(solver: str, activation: str, task: str) -> Iterator[Case]:
    """Yield all combinations of what is left; settings and scales take turns over them."""
    levels = {**LEVELS[solver], "activation": (activation,), "task": (task,)}
    turns = itertools.cycle(itertools.product(levels.pop("settings"), levels.pop("standardised")))
    for values in itertools.product(*levels.values()):
        settings, standardised = next(turns)
        case = Case(solver, **dict(zip(levels, values, strict=True)))
        yield replace(case, settings=settings, standardised=standardised)
