"""`Problem`: a setup and its table made ready: network, rows, start weights, facts of the data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import Floats
from ..data import samples
from ..data.encoders import TableEncoder
from ..data.table import Table
from ..data.targets import TargetEncoder
from ..engines.protocol import Rows
from ..errors import DataError, SpecError
from ..history import History
from ..model import Model
from ..spec.initial import given_theta
from ..spec.network import Network
from ..spec.plan import Plan
from ..training.table_rows import TableRows, rows_for
from .columns import suggested_target
from .data_facts import data_facts
from .formula_words import objective_words, rule_words
from .network_spec import network_spec
from .opened import Source, split_settings
from .setup import HOT, LIMITS, MODEL, OWN, Setup

__all__ = ["Problem"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Problem:
    """What a descent of the studio is about.

    Attributes
    ----------
    setup
        What was asked for, its target filled in.
    source
        Where the table is from: a sample, a table of one's own, or an opened model with a table.
    rows
        The table as numbers, in its parts.
    network
        The network.
    start
        (P,) the start weights.

    Examples
    --------
    >>> problem = Problem.of(Setup(data="circles", crossed=True, net="none"))
    >>> problem.task, problem.input_labels, problem.train.X.shape
    ('classification', ('x', 'y', 'x·y', 'x²', 'y²'), (128, 5))
    """

    setup: Setup
    source: Source
    rows: TableRows = field(repr=False)
    network: Network
    start: Floats = field(repr=False)

    @classmethod
    def of(cls, setup: Setup, source: Source | None = None) -> Problem:
        """Return the problem of a setup.

        Parameters
        ----------
        setup
            What is asked for.
        source
            The table of one's own, or the opened model, where the setup speaks of it.

        Raises
        ------
        FalllineError
            In a sentence: what was expected, what came, what to do.
        """
        found = _source_for(setup, source)
        table = _drawn(found.table, setup)
        setup = replace(setup, target=setup.target or _target_of(found, setup))
        model = found.model if setup.data == MODEL else None
        rows = _rows(table, setup, model)
        _check_size(rows)
        network = _network(rows, setup, model)
        setup.plan(rows.loss).check(network)
        start = _start(network, setup, model)
        return cls(setup, found, rows, network, start)

    def with_setup(self, setup: Setup) -> Problem:
        """Return the same problem after a change of what may change during a descent.

        Raises
        ------
        SpecError
            When something else was changed, too.
        """
        ours, theirs = self.setup.to_json(), setup.to_json()
        for name in ours:
            if ours[name] != theirs[name] and name not in HOT:
                raise SpecError(
                    f"{name} cannot change while the descent goes on; it begins a new one"
                )
        return replace(self, setup=setup)

    def started(self, theta: Floats) -> Problem:
        """Return the same problem with other start weights (P,)."""
        start = np.array(theta, np.float64)
        return replace(self, setup=replace(self.setup, start=tuple(start.tolist())), start=start)

    @cached_property
    def plan(self) -> Plan:
        """How it descends, by its setup."""
        return self.setup.plan(self.loss)

    @property
    def loss(self) -> str:
        """The error."""
        return self.rows.loss

    @property
    def task(self) -> str:
        """``"regression"`` or ``"classification"``."""
        return self.rows.task

    @property
    def encoder(self) -> TableEncoder:
        """From columns to inputs."""
        return self.rows.encoder

    @property
    def target(self) -> TargetEncoder:
        """From targets to Y and back."""
        return self.rows.target

    @property
    def train(self) -> Rows:
        """The training rows as numbers."""
        return self.rows.train

    @property
    def validation(self) -> Rows | None:
        """The validation rows, or None."""
        return self.rows.validation

    @property
    def test(self) -> Rows | None:
        """The test rows, or None."""
        return self.rows.test

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The table's own rows of each part that there is, in the order of its `Rows`."""
        there = [part for part in PARTS if len(self.rows.positions[part])]
        return {part: self.rows.table(part) for part in there}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that predict, as the table has them: without products of columns."""
        return self.encoder.names

    def crossed(self, table: Table) -> Table:
        """Return a table that has `columns` with the products of columns that are inputs, too."""
        return self.encoder.completed(table)

    @property
    def history(self) -> History:
        """What happened before: that of an opened model, while its network is kept."""
        model = self._model
        return History() if model is None or self.setup.net != MODEL else model.history

    @property
    def _model(self) -> Model | None:
        return self.source.model if self.setup.data == MODEL else None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none of a regression."""
        return tuple(map(str, self.target.labels))

    @property
    def input_labels(self) -> tuple[str, ...]:
        """(d,) what each input is."""
        return self.encoder.feature_names

    @property
    def output_labels(self) -> tuple[str, ...]:
        """(k,) what each output unit says."""
        target, parts = self.target, self.plan.objective.error.parts
        if target.task == "classification":
            labels = tuple(map(str, target.labels))
            return labels[1:] if len(labels) == 2 else labels
        names = target.names
        return tuple(f"{name} {part}" for name in names for part in parts) if parts else names

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What a person should know of the data: `data` of the message to the page."""
        return data_facts(self.source, self.rows, self.setup)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that the user should know about the data."""
        return tuple(self.facts["notes"])

    @property
    def origin(self) -> str:
        """``"sample"``, ``"own"`` or ``"model"``."""
        return self.source.kind

    def model(
        self, theta: Floats, plan: Plan | None = None, history: History | None = None
    ) -> Model:
        """Return the model at some weights, which any other part of fallline reads.

        Parameters
        ----------
        theta
            (P,) the weights.
        plan
            How they were reached; as the setup says unless given.
        history
            What happened; nothing unless given.
        """
        counts = {part: len(self.rows.positions[part]) for part in PARTS}
        facts = {"source": self.source.name, "rows": counts, "studio": self._told()}
        return Model(
            self.network,
            np.array(theta, np.float64),
            plan or self.plan,
            self.encoder,
            self.target,
            history or History(),
            facts,
        )

    def _told(self) -> dict[str, Any]:
        """Return the setup without start weights, which may be long."""
        plain = self.setup.to_json()
        return {name: value for name, value in plain.items() if name != "start"}

    def message_fields(self) -> dict[str, Any]:
        """Return those fields of the page's message that are the same all through a descent."""
        return {
            "setup": self.setup.to_json(),
            "task": self.task,
            "data": self.facts,
            "network": network_spec(self.network, self.input_labels, self.output_labels),
            "objective": objective_words(self.plan),
            "rule": rule_words(self.plan),
            "origin": self.origin,
        }


def _source_for(setup: Setup, source: Source | None) -> Source:
    if setup.data in (OWN, MODEL):
        if source is None or source.kind != setup.data:
            raise DataError(
                "no table of your own is open; drop a CSV file on the page, or start with "
                "fallline studio DATA.csv"
                if setup.data == OWN
                else "no model is open; start with fallline studio MODEL.fall DATA.csv"
            )
        if setup.noise is not None:
            raise SpecError("noise is for the made samples; leave it out for a table")
        return source
    sample = samples.SAMPLES[setup.data]
    table = samples.load(setup.data, setup.rows, noise=setup.noise)
    return Source("sample", sample.name, table, about=sample.about)


def _drawn(table: Table, setup: Setup) -> Table:
    """Return the table, or so many of its rows as are asked for; a sample has been drawn."""
    own = setup.data in (OWN, MODEL) and setup.rows is not None
    return table.sample(setup.rows) if own and setup.rows else table


def _target_of(source: Source, setup: Setup) -> str:
    if setup.data in samples.SAMPLES:
        return samples.SAMPLES[setup.data].target
    if source.model is not None and source.model.target is not None:
        return ", ".join(source.model.target.names)
    return "" if source.model is not None else suggested_target(source.table)


def _rows(table: Table, setup: Setup, model: Model | None) -> TableRows:
    shares: dict[str, Any] = {"validation": setup.validation, "test": setup.test}
    names = (setup.target,) if setup.target in table else setup.targets
    if model is not None:
        _check_kept(setup)
        return rows_for(table, names or None, model=model, **shares, **split_settings(model))
    return rows_for(
        table,
        names,
        features=setup.features,
        crossed=setup.crossed,
        standardize=setup.standardize,
        loss=setup.loss,
        **shares,
    )


def _check_kept(setup: Setup) -> None:
    """Raise a SpecError where an opened model is to have other inputs, or another error."""
    usual = Setup(data=MODEL, net=setup.net)
    for name in ("features", "crossed", "standardize", "loss"):
        if getattr(setup, name) != getattr(usual, name):
            raise SpecError(
                f"the opened model has its own inputs and its own error, so {name} stays as it "
                "is; to train anew on this table, open it as your own data"
            )


def _check_size(rows: TableRows) -> None:
    d = rows.encoder.d
    if d > LIMITS["inputs"]:
        raise DataError(
            f"the columns make {d:,} inputs, and the studio draws at most {LIMITS['inputs']:,}; "
            "leave columns out"
        )
    cells = d * len(rows.positions["train"])
    if cells > LIMITS["cells"]:
        raise DataError(
            f"the columns make {cells:,} numbers, and the studio holds at most "
            f"{LIMITS['cells']:,}; take fewer rows or leave columns out"
        )


def _network(rows: TableRows, setup: Setup, model: Model | None) -> Network:
    if setup.net == MODEL and model is not None:
        return model.network
    network = rows.network(setup.net, bias=setup.bias)
    if network.size > LIMITS["parameters"]:
        raise SpecError(
            f"the network has {network.size:,} weights and biases, and the studio draws at most "
            f"{LIMITS['parameters']:,}; take smaller layers"
        )
    return network


def _start(network: Network, setup: Setup, model: Model | None) -> Floats:
    if setup.start is not None:
        if len(setup.start) != network.size:
            raise SpecError(
                f"start must be {network.size:,} numbers, one for each weight and bias, not "
                f"{len(setup.start):,}"
            )
        return given_theta(network, np.array(setup.start), np.float64)
    if setup.net == MODEL and model is not None:
        return model.theta.astype(np.float64)
    return network.initial(setup.initializer, setup.seed)
