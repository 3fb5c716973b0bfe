"""A model and the rows that pictures ask it about: columns by name, outputs, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array, Floats, Ints
from ..data.table import Column, Table
from ..data.targets import known_rows
from ..descent.run import Run
from ..errors import DataError, SpecError
from ..model import Model

__all__ = ["Asked", "ask", "model_of"]


def model_of(thing: Any) -> Model:
    """Return the model that a run has reached or an estimator has fitted; a model is itself.

    Raises
    ------
    SpecError
        For anything else.
    sklearn.exceptions.NotFittedError
        For an estimator before its fit.
    """
    if isinstance(thing, Model):
        return thing
    if isinstance(thing, Run):
        return Model.of(thing)
    if hasattr(thing, "to_model"):
        found: Model = thing.to_model()
        return found
    raise SpecError(
        f"a picture is made of a Model, a Run or a fitted estimator, not of {type(thing).__name__}"
    )


@dataclass(frozen=True, eq=False)
class Asked:
    """A model and the rows of a table.

    Attributes
    ----------
    model
        The model.
    table
        (n rows) of the columns that it takes; of plain numbers they are called ``x0``, ``x1``, ...
    truth
        The target's columns for the same rows; none where they are not known.
    """

    model: Model
    table: Table = field(repr=False)
    truth: tuple[Column, ...] = field(default=(), repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the model takes."""
        return self.table.names

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes' names; none of a model that does not classify."""
        target = self.model.target
        return () if target is None else tuple(map(str, target.labels))

    def inputs(self, changed: Mapping[str, Array | Column] | None = None) -> Floats:
        """Return X (n, d) as the network gets it, some columns replaced."""
        columns = {column.name: column for column in self.table} | {
            name: each if isinstance(each, Column) else _column(name, each)
            for name, each in (changed or {}).items()
        }
        if self.model.encoder is None:
            X: Floats = np.column_stack([columns[name].values for name in self.names])
            return X.astype(self.model.theta.dtype)
        return np.asarray(self.model.inputs(Table(tuple(columns.values()), self.table.source)))

    def said(self, outputs: Floats) -> Floats:
        """Return what outputs say: (n, classes) from 0 to 1, or (n, targets) in their own units."""
        target = self.model.target
        if target is None:
            return outputs.astype(np.float64)
        points = self.model.points(outputs)
        if target.task == "classification":
            return target.probabilities(points)
        numbers: Floats = target.decode(points).reshape(len(outputs), -1)
        return numbers

    @property
    def quantity(self) -> str:
        """What the numbers of `said` are."""
        target = self.model.target
        if target is None:
            return "output ŷ"
        if target.task == "regression":
            return f"predicted {target.names[0]}"
        return "probability" if self.model.loss.gives_probabilities else "score"

    def one_of(self, of: Any) -> tuple[int, str]:
        """Return the column of `said` that is told of, and what its numbers are.

        Parameters
        ----------
        of
            The name of a class or of a target, or the target's position; None is the last class,
            or the first target.

        Raises
        ------
        SpecError
            When there is no such class or target.
        """
        labels, target = self.labels, self.model.target
        if target is None:
            known = tuple(f"y{i}" for i in range(self.model.network.output.size))
        else:
            known = labels or tuple(target.names)
        if of is None:
            place = len(known) - 1 if labels else 0
        elif str(of) in known:
            place = known.index(str(of))
        elif not labels and isinstance(of, int) and 0 <= of < len(known):
            place = of
        else:
            kind = "class" if labels else "target"
            raise SpecError(f"there is no {kind} {of!r}; known: {', '.join(known)}")
        if target is None:
            return place, self.quantity
        return (
            place,
            f"{self.quantity} of {known[place]}" if labels else f"predicted {known[place]}",
        )

    def need_truth(self) -> tuple[Column, ...]:
        """Return the target's columns, which have to be there."""
        if not self.truth:
            raise DataError(
                "this picture compares with the truth; give data that holds the target, or y="
            )
        return self.truth

    def codes(self) -> Ints:
        """Return the (n,) number of each row's class."""
        target = self.model.target
        if target is None or target.task != "classification":
            raise SpecError(
                f"this picture is of classes, and the model gives {self.model.task}; ask for "
                "'predictions' or 'residuals'"
            )
        return np.asarray(target.codes(self.need_truth()[0]))

    def amounts(self) -> Floats:
        """Return the (n, targets) true numbers, in their own units."""
        target = self.model.target
        if target is not None and target.task == "classification":
            raise SpecError("this picture is of numbers, and the model classifies; ask for "
                            "'confusion' or 'roc'")  # fmt: skip
        truth = self.need_truth()
        if target is None:
            return np.column_stack([column.values for column in truth]).astype(np.float64)
        amounts: Floats = target.encode(truth) * np.array(target.stds) + np.array(target.means)
        return amounts

    def targets(self) -> Floats:
        """Return Y (n, k) as the error takes it."""
        target = self.model.target
        if target is None:
            return self.amounts()
        Y = target.encode(self.need_truth())
        return 2 * Y - 1 if self.model.loss.targets == "sign" else Y

    def first(self, most: int) -> Asked:
        """Return the question of the first rows only."""
        if self.table.n <= most:
            return self
        rows = np.arange(most)
        return Asked(self.model, self.table.take(rows), tuple(c.take(rows) for c in self.truth))


def ask(model: Any, data: Any, y: Any = None) -> Asked:
    """Return a model with the rows to ask it about.

    Parameters
    ----------
    model
        A `Model`, a `Run` or a fitted estimator.
    data
        A table, a frame, a mapping of columns, or an array (n, d). Where it holds the target, rows
        in which that is missing are left out.
    y
        (n,) or (n, k) the truth, where `data` does not hold it.

    Raises
    ------
    DataError
        When a column is missing, there is no row, or y has another length.
    """
    found = model_of(model)
    data = data.toarray() if hasattr(data, "toarray") else data  # a picture takes few rows
    table = _table(found, data)
    truth = _truth(found, table, data, y)
    if truth:
        known = known_rows(list(truth))
        table, truth = table.take(known), tuple(column.take(known) for column in truth)
    if not table.n:
        raise DataError("no row to make a picture of: the table is empty, or no target is known")
    return Asked(found, table, truth)


def _table(model: Model, data: Any) -> Table:
    """Return the columns that the model takes."""
    if data is None:
        raise DataError("this picture needs data: a table, a frame, or an array (n, d)")
    if model.encoder is None:
        X = np.asarray(model.inputs(data))
        return Table(tuple(_column(f"x{i}", X[:, i]) for i in range(X.shape[1])), "X")
    if isinstance(data, list):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        names = model.encoder.names
        if data.ndim != 2 or data.shape[1] != len(names):
            raise DataError(
                f"an array must have {len(names)} columns ({', '.join(names)}), but it has shape "
                f"{data.shape}"
            )
        return Table.of(data, columns=names)
    return Table.of(data).select(model.encoder.names)


def _truth(model: Model, table: Table, data: Any, y: Any) -> tuple[Column, ...]:
    names = () if model.target is None else model.target.names
    if y is None:
        if not names or isinstance(data, np.ndarray | list):
            return ()
        whole = Table.of(data)
        return tuple(whole[name] for name in names) if all(n in whole for n in names) else ()
    values = np.asarray(y)
    if values.ndim not in (1, 2) or len(values) != table.n:
        raise DataError(f"y must have a row for each of the {table.n} rows, not {values.shape}")
    values = values.reshape(table.n, -1)
    names = names or tuple(f"y{i}" for i in range(values.shape[1]))
    if len(names) != values.shape[1]:
        raise DataError(f"y must have {len(names)} columns, but it has {values.shape[1]}")
    return tuple(Column.of(name, values[:, i]) for i, name in enumerate(names))


def _column(name: str, values: Array) -> Column:
    return Column.of(name, values.astype(np.float64) if values.dtype.kind == "f" else values)
