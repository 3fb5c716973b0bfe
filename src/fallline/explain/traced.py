"""What a trace found: tables of units and edges, equations, a picture, and the whole as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from ..arrays import Floats
from ..errors import DataError, SpecError
from ..spec.network import Network
from .document import Document
from .explained import Explained
from .maths import Equation
from .records import Records, plain, table_of
from .trace_formulas import UnitFormulas
from .trace_move import Moved
from .trace_numbers import Numbers
from .trace_shown import Digits
from .trace_weights import WeightFormulas

__all__ = ["Trace"]

_LARGEST = 2_000_000  # numbers of a table


@dataclass(frozen=True, eq=False)
class Trace(Explained):
    """Every number of one step of a descent.

    ``units`` and ``edges`` are tables; `text`, `markdown`, `latex` and `html` show them with a
    picture of the network and each number's formula, and in Jupyter the trace shows itself.

    Attributes
    ----------
    numbers
        The numbers of the batch, as arrays: by layer ``h``, ``o``, ``dE_do``, ``dE_dh``, ``delta``.
    moved
        The step that they make, as arrays over θ.
    digits
        How many significant digits are shown.
    step
        The number of the step in its run, from 1; 0 of a step that is of no run.
    """

    numbers: Numbers = field(repr=False)
    moved: Moved = field(repr=False)
    digits: int = 5
    step: int = 0

    @property
    def network(self) -> Network:
        """The network."""
        return self.numbers.network

    @property
    def error(self) -> float:
        """E of the batch, without penalty."""
        return self.numbers.error

    @property
    def gradient(self) -> Floats:
        """(P,) ∂J/∂θ of the batch, penalties included."""
        return self.numbers.gradient

    @property
    def theta(self) -> Floats:
        """(P,) the weights before the step."""
        return self.moved.theta

    @property
    def theta_after(self) -> Floats:
        """(P,) the weights after the step."""
        return self.moved.after

    @property
    def rows(self) -> list[int]:
        """The numbers of the rows, counting from 0; those of a run are its training rows'."""
        found: list[int] = self.numbers.index.tolist()
        return found

    # Tables.

    def unit_records(self) -> list[dict[str, Any]]:
        """Return one record for each unit in each row: ``h``, ``o``, ``dE_do``, ``dE_dh``, ...

        An input unit has its output only; the other entries are None.
        """
        self._check_size(self.count()[0], "units")
        return list(self._units())

    def _units(self) -> Iterator[dict[str, Any]]:
        for row in range(len(self.numbers.index)):
            yield from self._units_of(row)

    def _units_of(self, row: int) -> Iterator[dict[str, Any]]:
        number = int(self.numbers.index[row])
        for given in self.network.inputs:
            for j in range(given.size):
                o = float(self.numbers.inputs[given.name][row, j])
                yield {"row": number, "unit": f"{given.name}.{j}", "h": None, "o": o,
                       "dE_do": None, "dE_dh": None, "delta": None}  # fmt: skip
        for layer in self.network.layers:
            own = self.numbers.layers[layer.name]
            for j in range(layer.size):
                yield {
                    "row": number,
                    "unit": f"{layer.name}.{j}",
                    **{
                        name: float(getattr(own, name)[row, j])
                        for name in ("h", "o", "dE_do", "dE_dh", "delta")
                    },
                }

    def edge_records(self) -> list[dict[str, Any]]:
        """Return one record for each weight and bias; ``source`` is None of a bias.

        ``dE_dw`` is of the error, ``dJ_dw`` with penalties, ``step`` is Δw, ``new`` the weight
        after it. Absent connections are left out.
        """
        self._check_size(self.network.size, "edges")
        return list(self._edges())

    def _edges(self) -> Iterator[dict[str, Any]]:
        network, moved = self.network, self.moved
        columns = {
            "w": moved.theta,
            "dE_dw": self.numbers.of_error,
            "dJ_dw": self.numbers.gradient,
            "step": moved.step,
            "new": moved.after,
        }
        values = zip(*(column.tolist() for column in columns.values()), strict=True)
        for index, (absent, row) in enumerate(zip(network.masked, values, strict=True)):
            if absent:
                continue
            name = network.name(index)
            source, _, target = name[2:-1].rpartition("->")
            told = dict(zip(columns, row, strict=True))
            yield {"name": name, "source": source or None, "target": target, **told}

    def first_units(self, count: int) -> list[dict[str, Any]]:
        """Return the first of `unit_records`."""
        return list(islice(self._units(), count))

    def first_edges(self, count: int) -> list[dict[str, Any]]:
        """Return the first of `edge_records`."""
        return list(islice(self._edges(), count))

    def count(self) -> tuple[int, int]:
        """Return how many records the tables of units, over all rows, and of edges have."""
        units = self.network.n_inputs + sum(layer.size for layer in self.network.layers)
        edges = self.network.size - int(self.network.masked.sum())
        return units * len(self.numbers.index), edges

    def _check_size(self, count: int, what: str) -> None:
        if count > _LARGEST:
            raise SpecError(
                f"a table of {count} {what} is for no reader; take the arrays in .numbers and "
                ".moved, or fewer rows"
            )

    @property
    def units(self) -> Records:
        """The table of `unit_records`: a DataFrame where pandas is installed, else the list."""
        return table_of(self.unit_records())

    @property
    def edges(self) -> Records:
        """The table of `edge_records`: a DataFrame where pandas is installed, else the list."""
        return table_of(self.edge_records())

    def examples(self, name: str) -> Records:
        """Return what each row adds to the slope of one weight, the largest first.

        So it tells which example moved the weight most. ``step`` is the part of plain descent's
        step −η·∂E/∂w that the row makes, and ``share`` its size beside those of all rows together.

        Parameters
        ----------
        name
            Of a weight or bias.

        Examples
        --------
        >>> from fallline.explain.trace import trace
        >>> net = Network.parse("1 -> 1 nobias")
        >>> found = trace(net, [1.0], [[1.0], [2.0]], [2.0, 0.0])
        >>> [dict(record) for record in found.example_records("w[input.0->output.0]")][0]["row"]
        1
        """
        return table_of(self.example_records(name))

    def example_records(self, name: str) -> list[dict[str, Any]]:
        """Return the records of `examples`."""
        each = self.numbers.by_row(self.network.index(name))
        total = float(np.abs(each).sum())
        order = np.argsort(-np.abs(each), kind="stable")
        return [
            {
                "row": int(self.numbers.index[row]),
                "dE_dw": float(each[row]),
                "step": 0.0 - self.moved.rate * float(each[row]),
                "share": float(abs(each[row]) / total) if total else 0.0,
            }
            for row in order
        ]

    # Formulas.

    def equations(self, row: int = 0) -> list[Equation]:
        """Return the equations of one row: forwards, its error, and back to every unit.

        Parameters
        ----------
        row
            Its place among `rows`.
        """
        made, layers = self.of_row(row), self.network.layers
        found = [e for layer in layers for j in range(layer.size) for e in made.forward(layer, j)]
        found += [*made.targets(), made.error()]
        back = reversed(layers)
        return found + [e for layer in back for j in range(layer.size)
                        for e in made.backward(layer, j)]  # fmt: skip

    def weight_equations(self, name: str) -> list[Equation]:
        """Return the equations of one weight or bias: its slope and its step."""
        return list(self._weights.equations(self.network.index(name)))

    def of_row(self, row: int) -> UnitFormulas:
        """Return what writes the equations of a row, which is given by its place in `rows`."""
        if not 0 <= row < len(self.numbers.index):
            raise DataError(f"the trace has rows 0 to {len(self.numbers.index) - 1}, not {row}")
        return UnitFormulas(self.numbers, row, Digits(self.digits))

    @cached_property
    def _weights(self) -> WeightFormulas:
        return WeightFormulas(self.numbers, self.moved, Digits(self.digits))

    # Showing.

    @property
    def svg(self) -> str:
        """The network as a picture: edges by weight, numbers at units."""
        from .trace_svg import network_svg

        return network_svg(self.numbers, self.moved, Digits(min(self.digits, 4)))

    @property
    def document(self) -> Document:
        """The trace, as blocks."""
        from .trace_document import trace_document

        return trace_document(self)

    def to_json(self) -> dict[str, Any]:
        """Return all numbers as plain data."""
        plan = self.moved.plan
        return {
            "network": str(self.network),
            "loss": str(plan.loss),
            "optimizer": plan.optimizer.to_json(),
            "learning_rate": self.moved.rate,
            "step": self.step or None,
            "rows": self.rows,
            "error": self.error,
            "penalty": self.numbers.penalty,
            "row_errors": self.numbers.row_errors.tolist(),
            "units": self.unit_records(),
            "edges": self.edge_records(),
        }

    @property
    def json(self) -> str:
        """All numbers as JSON text; what is not finite is null."""
        return json.dumps(plain(self.to_json()), ensure_ascii=False, indent=1, allow_nan=False)
