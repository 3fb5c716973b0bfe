"""`Model`: a trained network with all that is needed to ask it about new data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Inputs, as_matrix
from ..data.encoders import TableEncoder
from ..data.table import Column, Table
from ..data.targets import TargetEncoder, known_rows
from ..descent.run import Run
from ..engines.calls import predict
from ..errors import DataError
from ..fall import read, write
from ..formulas.losses import Loss
from ..formulas.metrics import METRICS
from ..history import History
from ..spec.network import Network
from ..spec.plan import Plan
from .document import from_document, to_document
from .quantiles import quantile_scores
from .readings import prediction_names, predictions

__all__ = ["Model", "load"]


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its weights, and the encoders between tables and numbers.

    Attributes
    ----------
    network, theta
        The network and its parameters (P,).
    plan, history
        How it was trained, and what happened.
    encoder
        From table columns to inputs; None where X was given as numbers.
    target
        From outputs to predictions in the target's own units or labels; None likewise.
    facts
        Plain data about the training that readers show: rows, scores, choices.

    Examples
    --------
    >>> import numpy as np
    >>> from fallline.descent import descend
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> run = descend(Network.parse("1 -> 1"), X, 2 * X, optimizer="adam", epochs=3)
    >>> model = Model.of(run)
    >>> model.predict(X).shape
    (3, 1)
    """

    network: Network
    theta: Floats = field(repr=False)
    plan: Plan
    encoder: TableEncoder | None = field(default=None, repr=False)
    target: TargetEncoder | None = field(default=None, repr=False)
    history: History = field(default_factory=History, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, run: Run, **fields: Any) -> Model:
        """Return the model that a run has reached; `fields` are `encoder`, `target`, `facts`."""
        return cls(run.network, run.theta, run.plan, history=run.history, **fields)

    @property
    def task(self) -> str:
        """``"regression"`` or ``"classification"``; ``"numbers"`` where no target is known."""
        return "numbers" if self.target is None else self.target.task

    @property
    def loss(self) -> Loss:
        """The error that it was trained with, which tells what its outputs mean."""
        return self.plan.objective.error

    def inputs(self, data: Any) -> Inputs:
        """Return the network's inputs X (n, d) for a table, a frame, a mapping or an array.

        An array's columns are taken in the order of the training columns.

        Raises
        ------
        DataError
            When a column is missing, or the array has another width.
        """
        if self.encoder is None:
            return as_matrix(data, self.network.n_inputs, self.theta.dtype)
        if isinstance(data, np.ndarray):
            names = self.encoder.names
            if data.ndim != 2 or data.shape[1] != len(names):
                raise DataError(
                    f"an array must have {len(names)} columns ({', '.join(names)}), but it has "
                    f"shape {data.shape}"
                )
            data = {name: data[:, i] for i, name in enumerate(names)}
        return self.encoder.encode(data)

    def outputs(self, data: Any) -> Floats:
        """Return the network's outputs ŷ (n, k): standardised targets, or probabilities."""
        return self.network_outputs(self.inputs(data))

    def network_outputs(self, X: Inputs) -> Floats:
        """Return the network's outputs ŷ (n, k) for its own inputs X (n, d)."""
        return predict(self.network, self.theta, X)

    def predict(self, data: Any) -> Array:
        """Return predictions: (n,) numbers in the target's units, or labels.

        A model for several quantiles gives one column for each level, in rising order; one for a
        Gaussian likelihood the mean and the standard deviation. `prediction_names` names them.

        Parameters
        ----------
        data
            A `Table`, a pandas, polars or Arrow frame, a mapping of columns, or an array (n, d).
            Columns are found by name; others are left aside; unseen categories are allowed.

        Returns
        -------
        ndarray
            (n,), or (n, columns) where there are several targets or several numbers for one, or
            where no target is known to the model.

        Raises
        ------
        DataError
            Naming the columns that are missing.
        """
        return self.decode(self.outputs(data))

    def decode(self, outputs: Floats) -> Array:
        """Return the predictions that the network's outputs (n, k) stand for; see `predict`."""
        return predictions(self.loss, self.target, outputs)

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Names for the columns of `predict`: ``prediction``, or ``prediction_0.1``, ...

        Raises
        ------
        DataError
            When the model knows no target.
        """
        if self.target is None:
            raise DataError("this model was trained on plain numbers and knows no target column")
        return prediction_names(self.loss, self.target)

    def points(self, outputs: Floats) -> Floats:
        """Return outputs (n, k) as metrics compare them with targets: one number for each.

        Of several quantiles it is that of the level nearest to one half, of a mean and a variance
        the mean, and a hinge's margin is moved from [-1, 1] to [0, 1].
        """
        points: Floats = self.loss.points(outputs)
        return points

    def predict_proba(self, data: Any) -> Floats:
        """Return (n, classes) probabilities, in the order of ``target.labels``.

        Raises
        ------
        DataError
            When the model does not classify.
        """
        if self.target is None or self.target.task != "classification":
            raise DataError(
                f"this model gives {self.task}, so it has no probabilities; use predict"
            )
        if not self.loss.gives_probabilities:
            raise DataError(
                f"a model trained with {self.loss.name} gives margins, not probabilities; train "
                "with cross-entropy for these"
            )
        return self.target.probabilities(self.outputs(data))

    def evaluate(self, data: Any) -> dict[str, float]:
        """Return the metrics of the task on a table that holds the target.

        Rows whose target is missing are left aside. Regression metrics are in the target's units.
        Of a model for quantiles, r2, rmse and mae are those of the level nearest to one half;
        ``pinball_0.1`` is the error of the level 0.1, ``coverage_0.1`` the share of rows below it.

        Raises
        ------
        DataError
            When the target is missing, or holds classes that were not there in training.
        """
        table = Table.of(data)
        columns = self.target_columns(table)
        rows = known_rows(columns)
        if not rows.any():
            raise DataError(f"no row has a known target '{columns[0].name}' to compare with")
        known = table.take(rows)
        return self.judge(self.outputs(known), [column.take(rows) for column in columns])

    def target_columns(self, table: Table) -> list[Column]:
        """Return the target's columns of a table."""
        if self.target is None:
            raise DataError("this model was trained on plain numbers and knows no target column")
        return [table[name] for name in self.target.names]

    def judge(self, outputs: Floats, columns: Sequence[Column]) -> dict[str, float]:
        """Return the metrics for outputs (n, k) and the true columns: see `evaluate`."""
        scores = self.score(self.points(outputs), columns)
        assert self.target is not None
        if self.target.task != "regression":
            return scores
        stds = np.array(self.target.stds)
        each = np.repeat(stds, self.loss.outputs_each)
        truth = self.target.encode(columns) * stds
        return scores | quantile_scores(self.loss, truth, outputs.astype(np.float64) * each)

    def score(self, outputs: Floats, columns: Sequence[Column]) -> dict[str, float]:
        """Return the metrics for the `points` (n, targets) of outputs and the true columns."""
        if self.target is None:
            raise DataError("this model was trained on plain numbers and knows no target column")
        y, yhat = self.target.encode(columns), outputs.astype(np.float64)
        if self.target.task == "regression":
            stds = np.array(self.target.stds)  # a mean cancels in each of these metrics
            y, yhat = y * stds, yhat * stds
        ones = np.ones(len(y))
        return {
            name: float(metric.value(np, y, yhat, ones))
            for name, metric in METRICS.items()
            if metric.task == self.target.task
            and (name != "log_loss" or self.loss.gives_probabilities)
        }

    def plot(
        self, kind: str, data: Any = None, y: Any = None, ax: Any = None, **options: Any
    ) -> Any:
        """Draw a picture of the model, and return the numbers in it.

        =====================  =============================================================
        kind                   what it shows
        =====================  =============================================================
        ``training``           errors by epoch, the learning rate beneath (no data needed)
        ``decision``           what is said over two features, with the classes' boundaries
        ``units``              what each unit gives over two features
        ``bending``            how the layers bend the space until the classes separate
        ``predictions``        true numbers by predicted ones
        ``residuals``          the truth less the prediction, by prediction
        ``confusion``          how many rows of a class were taken for which
        ``calibration``        whether probabilities are as frequent as they say
        ``roc``                true by false positive rate, as the threshold falls
        ``precision_recall``   precision by recall, as the threshold falls
        ``diagram``            units and edges as SVG (no data, or one row to show in it)
        ``importance``         how the error rises when one column is shuffled
        ``dependence``         how predictions follow single columns
        =====================  =============================================================

        Parameters
        ----------
        kind
            From the table.
        data
            A table, a frame, a mapping of columns, or an array (n, d). Where it holds the target,
            rows in which that is missing are left out.
        y
            (n,) or (n, k) the truth, where `data` does not hold it.
        ax
            matplotlib's axes to draw on; without them a figure is made.
        options
            ``style="dark"``, ``features=("age", "rooms")``, ``of="price"`` (of several targets) and
            others: those of the function and of the `plot` in `fallline.pictures` that make the
            picture.

        Returns
        -------
        Display
            A record of plain arrays, with `ax_` and `figure_` that they were drawn on, and `save`;
            of a diagram one with its ``svg``.

        Raises
        ------
        SpecError
            For an unknown kind or option, or a kind that does not suit the model.
        DataError
            When the data lack what the picture needs.
        MissingExtraError
            When matplotlib is not installed.
        """
        from ..pictures.of_model import plot_model

        return plot_model(self, kind, data, y, ax, **options)

    def save(self, path: str | Path) -> None:
        """Write the model as a ``.fall`` file: whole or not at all, the same bytes twice.

        The history goes with it, without the seconds that its epochs took.

        Raises
        ------
        SpecError
            When the network cannot be written as plain data.
        DataError, OSError
            When the file cannot be written.
        """
        write(path, *to_document(self))


def load(path: str | Path) -> Model:
    """Return the model in a ``.fall`` file. Nothing in it is executed; all of it is checked.

    Raises
    ------
    ModelFileError
        For a file that is missing, damaged, from a newer fallline, or anything else.
    """
    from ..errors import ModelFileError

    document, tensors = read(path)
    try:
        return Model(**from_document(document, tensors))
    except ModelFileError as error:
        raise ModelFileError(f"'{path}' is not a sound .fall file: {error}") from None
