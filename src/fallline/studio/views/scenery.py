"""What pictures of a problem share and no weight changes: rows to show, and a plane of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays import Array, Floats, Inputs, Ints
from ...data.table import Table
from ...model import Model
from ...pictures.features import axis_values, plane_of, truth_of, usual_value
from ...pictures.layers import Cut, cut_at
from ...pictures.questions import Asked, ask

if TYPE_CHECKING:
    from ..problem import Problem

__all__ = ["Part", "Scene", "Scenery"]

_ROWS = 4000  # of each part; of more, a sample
_POINTS = 1000  # of both parts together that a picture draws
_CELLS, _FEWEST_CELLS = 61, 11  # along each side of a plane
_VALUES = 120_000  # numbers of a picture
_WORK = 3e7  # multiplications of a picture
_LINE = 201  # values along a line


class Part(NamedTuple):
    """Rows of one part.

    The question, X (n, d), the truth (n,): numbers of classes or amounts, and how many rows the
    part has in all.
    """

    asked: Asked
    X: Inputs
    truth: Floats
    total: int


@dataclass(frozen=True, eq=False)
class Scene:
    """A plane through the inputs, or a line, and the rows on it.

    Attributes
    ----------
    names
        What the axes are; of a line the second is what is predicted.
    x, y
        (m,) and (q,) values along the axes; of a line y is empty.
    inputs
        (q·m, d) the network's inputs; of a line (m, d). y is the slower axis.
    points
        (n, 2) where rows lie.
    truth
        (n,) numbers of classes, or true amounts.
    part
        (n,) 0 for training, 1 for validation.
    note
        Why these axes, and how all else is set.
    """

    names: tuple[str, str]
    x: Floats
    y: Floats
    inputs: Floats
    points: Floats
    truth: Floats
    part: Ints
    note: str

    @property
    def dimensions(self) -> int:
        """1 or 2."""
        return 2 if len(self.y) else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of values over it: (q, m), or (m,)."""
        return (len(self.y), len(self.x)) if len(self.y) else (len(self.x),)


class Scenery:
    """A problem as pictures see it; what it holds is computed once, when asked for.

    Parameters
    ----------
    problem
        The network and the rows.
    target
        Of several targets the one that is shown; the first unless given, or where there is no such.
    """

    def __init__(self, problem: Problem, target: str | None = None) -> None:
        self.problem = problem
        names = problem.target.names
        self.place = names.index(target) if target in names else 0

    def serves(self, problem: Problem) -> bool:
        """Return whether it is the same table and the same network."""
        return problem.rows is self.problem.rows and problem.network is self.problem.network

    @cached_property
    def model(self) -> Model:
        """The model at the start weights; what is asked of it here depends on no weights."""
        return self.problem.model(self.problem.start)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The training rows, and those of validation where there are some."""
        both = (("train", self.problem.train), ("validation", self.problem.validation))
        return tuple(self._part(name, rows.X) for name, rows in both if rows is not None and rows.n)

    def _part(self, name: str, X: Inputs) -> Part:
        table, n = self.problem.tables[name], X.shape[0]
        some = np.arange(n)
        if n > _ROWS:
            some = np.sort(np.random.default_rng(0).choice(n, _ROWS, replace=False))
        asked = ask(self.model, table.take(some))
        return Part(asked, X[some], np.asarray(truth_of(asked, self.place), np.float64), n)

    @cached_property
    def asked(self) -> Asked:
        """The rows of both parts."""
        tables = [part.asked.table for part in self.parts]
        truths = [Table(part.asked.truth) for part in self.parts]
        return Asked(self.model, Table.stack(tables), Table.stack(truths).columns)

    @cached_property
    def sample_note(self) -> str:
        """Of which rows pictures are, where it is a sample."""
        told = [
            f"{len(part.asked.table):,} of {part.total:,} {name} rows"
            for name, part in zip(("training", "validation"), self.parts, strict=False)
            if part.asked.table.n < part.total
        ]
        return f"a sample: {' and '.join(told)}" if told else ""

    @property
    def target_name(self) -> str:
        """What is predicted."""
        return self.asked.truth[self.place].name

    @cached_property
    def output(self) -> str:
        """What the numbers are that the model says of a row."""
        asked = self.asked
        return asked.quantity if asked.labels else asked.one_of(self.target_name)[1]

    def said(self, asked: Asked, outputs: Floats) -> Floats:
        """Return what outputs say: (n, classes), or (n, 1) of the target that is shown."""
        said = asked.said(outputs)
        return said if asked.labels else said[:, self.place : self.place + 1]

    @cached_property
    def said_columns(self) -> int:
        """How many numbers are shown of a row."""
        return len(self.asked.labels) or 1

    @cached_property
    def scene(self) -> Scene:
        """The plane of inputs, or the line, over which the network is shown."""
        numeric = [c.name for c in self.asked.table if c.kind in ("float", "integer")]
        if len(numeric) == 1 or (not numeric and self.problem.network.n_inputs == 1):
            return self._line(numeric[0] if numeric else None)
        return self._plane(numeric)

    @cached_property
    def cuts(self) -> dict[str, Cut]:
        """For each layer the network that ends there."""
        network = self.problem.network
        return {layer.name: cut_at(network, layer.name) for layer in network.layers}

    # The plane.

    def _plane(self, numeric: list[str]) -> Scene:
        note, features = "", None
        if len(numeric) > 2:
            features = self._telling(numeric)
            told = " and ".join(features)
            note = f"of {len(numeric)} columns of numbers, {told} go most with the target alone; "
        cells = self._cells()
        plane = plane_of(self.asked, features, cells)
        shown = self._shown()
        return Scene(
            plane.names, plane.x, plane.y, plane.inputs, plane.points[shown],
            self.truth[shown], self._of_part()[shown], self._told(note + plane.note),
        )  # fmt: skip

    def _cells(self) -> int:
        most = min(_VALUES / self.said_columns, _WORK / self.problem.network.size)
        return int(np.clip(np.sqrt(most), _FEWEST_CELLS, _CELLS))

    def _telling(self, names: list[str]) -> tuple[str, str]:
        """Return the two columns of numbers from which alone the target is told best."""
        truth, classes = self.truth, bool(self.asked.labels)
        shares = []
        for name in names:
            column = self.asked.table[name]
            known = column.known
            share = _by_class if classes else _by_line
            shares.append(share(column.values[known].astype(np.float64), truth[known]))
        first, second = sorted(np.argsort(-np.array(shares), kind="stable")[:2])
        return names[first], names[second]

    # The line.

    def _line(self, name: str | None) -> Scene:
        """Return the line along a column of numbers, or along the only input."""
        asked = self.asked
        if name is None:
            names, values = asked.names[0], asked.inputs()[:, 0].astype(np.float64)
            x = axis_values(values, _LINE)
            inputs, note = x[:, None], "as the network gets it"
        else:
            column = asked.table[name]
            values = column.values.astype(np.float64)
            values = np.where(column.known, values, np.mean(values[column.known]))
            names, x = name, axis_values(values, _LINE)
            inputs, note = self._along(name, x)
        truth, shown = self.truth, self._shown()
        several = len(asked.labels) > 2  # then rows stand by class, evenly between 0 and 1
        heights = truth / (len(asked.labels) - 1) if several else truth
        upwards = asked.one_of(None)[1] if asked.labels else self.output
        upwards = "probability" if several else upwards
        return Scene(
            (names, upwards), x, np.empty(0), inputs.astype(asked.model.theta.dtype),
            np.column_stack([values, heights])[shown], truth[shown], self._of_part()[shown],
            self._told(note),
        )  # fmt: skip

    def _along(self, name: str, x: Floats) -> tuple[Floats, str]:
        fixed = {c.name: usual_value(c) for c in self.asked.table if c.name != name}
        columns: dict[str, Array] = {
            each: np.repeat(value, len(x)) for each, (value, _) in fixed.items()
        }
        told = ", ".join(f"{each} = {text}" for each, (_, text) in list(fixed.items())[:4])
        one = Asked(self.model, self.asked.table.take(np.zeros(len(x), np.int64)))
        return one.inputs(columns | {name: x}), f"all else as usual: {told}" if fixed else ""

    # The rows on it.

    @cached_property
    def truth(self) -> Floats:
        """(n,) numbers of classes, or true amounts, of the rows of both parts."""
        return np.concatenate([part.truth for part in self.parts])

    def _of_part(self) -> Ints:
        return np.repeat(np.arange(len(self.parts)), [part.asked.table.n for part in self.parts])

    def _shown(self) -> Ints:
        """Return the places of the rows that are drawn."""
        n = self.asked.table.n
        if n <= _POINTS:
            return np.arange(n)
        return np.sort(np.random.default_rng(0).choice(n, _POINTS, replace=False))

    def _told(self, note: str) -> str:
        every = sum(part.total for part in self.parts)
        drawn = f"{_POINTS:,} of {every:,} rows are drawn" if every > _POINTS else ""
        return "; ".join(filter(None, (note, drawn)))


def _by_line(values: Floats, truth: Floats) -> float:
    """Return the share of the truth's variance that a line in these values explains."""
    x, y = values - values.mean(), truth - truth.mean()
    size = float((x**2).sum() * (y**2).sum())
    return float((x @ y) ** 2 / size) if size > 0 else 0.0


def _by_class(values: Floats, codes: Floats) -> float:
    """Return the share of the values' variance that lies between classes."""
    places = codes.astype(np.int64)
    counts = np.bincount(places)
    sums = np.bincount(places, values - values.mean())
    between = float((sums[counts > 0] ** 2 / counts[counts > 0]).sum())
    size = float(((values - values.mean()) ** 2).sum())
    return between / size if size > 0 else 0.0
