"""How good the defaults are: fallline's main job beside scikit-learn's, fold by fold.

    python -m benchmarks.quality                       # all tables, 5 x 5 folds
    python -m benchmarks.quality houses iris --repeats 1

Both learn from the same training rows and are judged on the same others. fallline gets the table
as it is and its own defaults; scikit-learn's network gets what its users do for it: scaled
inputs, a scaled target, categories one-hot. The printed table is the one in docs/quality.md.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import fallline as fl
from fallline.data import samples

TABLES = ("houses", "diabetes", "linnerud", "iris", "wine", "breast_cancer", "digits")
FOLDS = 5


@dataclass(frozen=True)
class Task:
    """A table with its targets, as fallline and as scikit-learn take it."""

    table: fl.Table
    targets: tuple[str, ...]
    regression: bool

    @property
    def features(self) -> list[str]:
        return [name for name in self.table.names if name not in self.targets]

    def X(self, rows: np.ndarray, names: list[str]) -> np.ndarray:
        columns = [self.table[name].values[rows] for name in names]
        return np.column_stack([column.astype(object) for column in columns])

    def y(self, rows: np.ndarray) -> np.ndarray:
        values = np.column_stack([self.table[name].values[rows] for name in self.targets])
        return values[:, 0] if len(self.targets) == 1 else values


def load(name: str) -> Task:
    """Return the task of a name in `TABLES`."""
    if name == "houses":
        return Task(samples.load("houses"), ("price",), regression=True)
    bunch: Any = getattr(datasets, f"load_{name}")()
    columns = {f"x{i}": bunch.data[:, i] for i in range(bunch.data.shape[1])}
    targets = bunch.target.reshape(len(bunch.target), -1)
    names = tuple(f"y{i}" for i in range(targets.shape[1]))
    columns |= {name: targets[:, i] for i, name in enumerate(names)}
    return Task(fl.Table.of(columns), names, regression=name in ("diabetes", "linnerud"))


def folds(task: Task, repeat: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield training and test rows."""
    splitter = KFold if task.regression else StratifiedKFold
    split = splitter(FOLDS, shuffle=True, random_state=repeat)
    rows = np.arange(task.table.n)
    return iter(split.split(rows, None if task.regression else task.y(rows)))


def ours(task: Task, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Return fallline's predictions for the test rows."""
    kind = "regression" if task.regression else "classification"
    result = fl.train(task.table.take(train), task.targets, task=kind, test=0.0, seed=seed)
    return np.asarray(result.model.predict(task.table.take(test).without(task.targets)))


def theirs(task: Task, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Return the predictions of scikit-learn's network with scaled inputs and target."""
    texts, numbers = _columns(task)
    one_hot = [(OneHotEncoder(handle_unknown="ignore"), slice(len(numbers), None))] if texts else []
    encoder = make_column_transformer(
        (StandardScaler(), slice(0, len(numbers))), *one_hot, sparse_threshold=0.0
    )
    if task.regression:
        network = TransformedTargetRegressor(
            MLPRegressor(random_state=seed), transformer=StandardScaler()
        )
    else:
        network = MLPClassifier(random_state=seed)
    return _fitted(make_pipeline(encoder, network), task, train, test, numbers + texts)


def boosting(task: Task, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Return the predictions of scikit-learn's histogram gradient boosting."""
    texts, numbers = _columns(task)
    categories = list(range(len(numbers), len(numbers) + len(texts)))
    ordinal = [(OrdinalEncoder(), slice(len(numbers), None))] if texts else []
    encoder = make_column_transformer(("passthrough", slice(0, len(numbers))), *ordinal)
    row = HistGradientBoostingRegressor if task.regression else HistGradientBoostingClassifier
    model: Any = row(random_state=seed, categorical_features=categories or None)
    if len(task.targets) > 1:
        model = MultiOutputRegressor(model)
    return _fitted(make_pipeline(encoder, model), task, train, test, numbers + texts)


def _columns(task: Task) -> tuple[list[str], list[str]]:
    texts = [name for name in task.features if task.table[name].kind == "text"]
    return texts, [name for name in task.features if name not in texts]


def _fitted(
    model: Any, task: Task, train: np.ndarray, test: np.ndarray, names: list[str]
) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(task.X(train, names), task.y(train))
    return np.asarray(model.predict(task.X(test, names)))


MODELS: dict[str, Callable[..., np.ndarray]] = {
    "fallline": ours,
    "scikit-learn MLP": theirs,
    "gradient boosting": boosting,
}


def measure(name: str, repeats: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return each model's score in each fold, and its seconds a fit."""
    task = load(name)
    score = r2_score if task.regression else accuracy_score
    scores: dict[str, list[float]] = {model: [] for model in MODELS}
    seconds = dict.fromkeys(MODELS, 0.0)
    for repeat in range(repeats):
        for train, test in folds(task, repeat):
            for model, predict in MODELS.items():
                begun = time.perf_counter()
                predictions = predict(task, train, test, repeat)
                seconds[model] += time.perf_counter() - begun
                scores[model].append(float(score(task.y(test), predictions)))
    fits = repeats * FOLDS
    return (
        {model: np.array(values) for model, values in scores.items()},
        {model: total / fits for model, total in seconds.items()},
    )


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", help=f"some of: {', '.join(TABLES)}; all if none")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    print(
        "| table | rows | score | fallline | scikit-learn MLP | difference ± standard error "
        "| gradient boosting | seconds a fit: fallline, MLP |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in chosen.tables or TABLES:
        task = load(name)
        scores, seconds = measure(name, chosen.repeats)
        difference = scores["fallline"] - scores["scikit-learn MLP"]
        error = difference.std(ddof=1) / math.sqrt(len(difference))
        print(
            f"| {name} | {task.table.n} | {'R²' if task.regression else 'accuracy'} "
            f"| {scores['fallline'].mean():.4f} | {scores['scikit-learn MLP'].mean():.4f} "
            f"| {difference.mean():+.4f} ± {error:.4f} | {scores['gradient boosting'].mean():.4f} "
            f"| {seconds['fallline']:.1f}, {seconds['scikit-learn MLP']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
