"""`rows_for`: from a table to the X and Y that a `Run` takes, as the main job makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Ints
from ..data.column_encoders import BooleanEncoder, CategoryEncoder, NumericEncoder
from ..data.encoders import TableEncoder
from ..data.roles import Role
from ..data.sources import read_table
from ..data.table import Table
from ..data.targets import TargetEncoder
from ..engines.protocol import Rows
from ..errors import DataError, SpecError
from ..formulas.losses import LOSSES
from ..model import Model
from ..spec.network import Network
from ..spec.text import activation_text
from .known import Known, known_part
from .prepare import Coding, codes_in_words, takes_signs, target_encoder
from .rules import with_rules
from .settings import COLUMN_KINDS, Settings, network_for

__all__ = ["TableRows", "rows_for"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class TableRows:
    """A table as numbers, in its parts.

    Attributes
    ----------
    known
        The rows whose target is known, and what they are.
    positions
        Of ``train``, ``validation`` and ``test`` among them.
    roles
        What each column was taken for; none where a model says so.
    encoder, target
        Fitted on the training rows, or those of the model.
    loss, output
        The error, and the output layer's activation that suits it.
    notes
        Sentences that the user should know about the data.

    Examples
    --------
    >>> from fallline.data import samples
    >>> rows = rows_for(samples.load("houses"), "price", features=["living_area", "age"])
    >>> rows.train.X.shape, rows.loss, str(rows.network("3 tanh"))
    ((1382, 2), 'squared_error', 'input: 2 -> hidden1: 3 tanh -> output: 1 identity')
    """

    known: Known
    positions: Mapping[str, Ints]
    roles: tuple[Role, ...]
    encoder: TableEncoder
    target: TargetEncoder
    loss: str
    output: str
    notes: tuple[str, ...] = ()
    signs: bool = False
    dtype: npt.DTypeLike = field(default=np.float64)

    @property
    def task(self) -> str:
        """``"regression"`` or ``"classification"``."""
        return self.target.task

    @cached_property
    def train(self) -> Rows:
        """X, Y and row weights of the training rows."""
        found = self._rows("train")
        assert found is not None
        return found

    @cached_property
    def validation(self) -> Rows | None:
        """Those of the validation rows, or None where no rows are held out."""
        return self._rows("validation")

    @cached_property
    def test(self) -> Rows | None:
        """Those of the test rows, or None where there are none."""
        return self._rows("test")

    def table(self, part: str = "train") -> Table:
        """Return the table's own rows of a part, in the same order."""
        return self.known.table.take(self.positions[part])

    def _rows(self, part: str) -> Rows | None:
        at = self.positions[part]
        if not len(at):
            return None
        coding = Coding(self.encoder, self.target, signs=self.signs)
        targets = [column.take(at) for column in self.known.targets]
        return coding.rows(self.table(part), targets, self.dtype)

    @property
    def n_outputs(self) -> int:
        """How many output units the error needs."""
        return self.target.k * LOSSES[self.loss].outputs_each

    def network(self, net: str = "none", *, bias: bool = True) -> Network:
        """Return the network of these inputs and outputs.

        Parameters
        ----------
        net
            Hidden layers, as in ``"32 relu, 16 relu"``; ``"none"`` for none.
        bias
            Whether the output units have biases.

        Raises
        ------
        SpecError
            When the layers cannot be.
        """
        output = activation_text(self.output) + ("" if bias else " nobias")
        return network_for(net, self.encoder.d, self.n_outputs, output)


def rows_for(
    data: Any,
    target: str | Sequence[str] | None = None,
    *,
    model: Model | None = None,
    features: Sequence[str] | None = None,
    crossed: bool = False,
    standardize: bool = True,
    validation: float = 0.0,
    test: float = 0.2,
    loss: str | None = None,
    seed: int = 0,
    dtype: str = "float64",
    **settings: Any,
) -> TableRows:
    """Return a table as numbers, in its parts: what a `Run` takes.

    Rows without a known target are left out, the others are parted as `train` parts them, and
    the encoders are fitted on the training rows alone.

    Parameters
    ----------
    data
        A path (CSV, TSV, Parquet), a frame, a mapping of columns or a `Table`.
    target
        The column to predict; several names for a regression with several outputs. Of a model its
        own unless given.
    model
        A trained model, whose encoders and target are taken as they are. One that was trained on
        plain numbers gets the columns but the target in the table's order, as they are.
    features
        The columns that predict; all others unless given. Those that hold numbers are taken as
        numbers, even if they look as though they only counted the rows; so is an only one.
    crossed
        Whether products and squares of the first four numeric columns are inputs, too.
    standardize
        Whether numbers get mean 0 and deviation 1; otherwise they are left as they are, a missing
        one 0. Dates and targets are scaled in any case.
    validation, test
        Shares of the training rows and of all rows that are held out.
    loss
        The error; by the task unless given.
    seed
        Of the parting.
    dtype
        ``"float64"`` or ``"float32"``.
    **settings
        Other fields of `fallline.training.Settings` that tell how to read columns and to part rows:
        ``task``, ``group``, ``time``, ``numeric``, ``category``, ``date``, ``text``, ``drop``.

    Returns
    -------
    TableRows
        With ``train``, ``validation`` and ``test``, and ``network``.

    Raises
    ------
    DataError, SpecError
        In one sentence: what was expected, what came, what to do.

    Examples
    --------
    >>> from fallline.data import samples
    >>> from fallline.descent import Run
    >>> rows = rows_for(samples.load("circles"), "label", crossed=True, validation=0.2)
    >>> rows.encoder.feature_names
    ('x', 'y', 'x·y', 'x²', 'y²')
    >>> run = Run(rows.network(), rows.train.X, rows.train.Y, loss=rows.loss, epochs=3)
    >>> [epoch.epoch for epoch in run]
    [1, 2, 3]
    """
    table = read_table(data)
    asked = dict(settings, validation=validation, test=test, loss=loss, seed=seed, dtype=dtype)
    if model is not None:
        if features is not None or crossed or loss is not None or not standardize:
            raise SpecError(
                "a model has its own inputs and its own error, so leave features, crossed, "
                "standardize and loss out"
            )
        return _rows_of_model(table, model, target, asked)
    if target is None:
        raise SpecError("say which column is to be predicted, as in rows_for(table, 'price')")
    names = (target,) if isinstance(target, str) else tuple(target)
    others = [name for name in table.names if name not in names]
    if features is None and len(others) == 1:
        features = others
    if features is not None:
        asked["drop"] = (*asked.get("drop", ()), *_others(table, names, features))
        asked["numeric"] = (*asked.get("numeric", ()), *_numbers(table, features, settings))
    return _rows_of_table(table, names, Settings.of(**asked), crossed, standardize)


def _others(table: Table, targets: Sequence[str], features: Sequence[str]) -> list[str]:
    """Return the columns that are neither features nor targets."""
    kept = {table[name].name for name in features}
    if both := kept.intersection(targets):
        raise DataError(f"'{sorted(both)[0]}' is the target, so it cannot be a feature, too")
    return [name for name in table.names if name not in kept and name not in targets]


def _numbers(table: Table, features: Sequence[str], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the features that hold numbers, and of which nothing else is said.

    Who names a column wants it, even if it looks as though it only counted the rows.
    """
    told = {name for kind in COLUMN_KINDS for name in settings.get(kind, ())}
    numbers = (name for name in features if table[name].kind in ("float", "integer"))
    return tuple(name for name in numbers if name not in told)


def _rows_of_table(
    table: Table, target: Sequence[str], settings: Settings, crossed: bool, standardize: bool
) -> TableRows:
    known = known_part(table, target, settings)
    positions = dict(zip(PARTS, known.split(settings, given_validation=False), strict=True))
    train = positions["train"]
    roles = known.roles(train, settings)
    coded = target_encoder(known, train, settings)
    coded.encode(known.targets)  # a cell that is no number may stand in any part
    rows = known.table.take(train)
    encoder = TableEncoder.fit(rows, roles)
    encoder = encoder.crossed(rows) if crossed else encoder
    filled, output = with_rules(settings, len(train), coded)
    return TableRows(
        known, positions, roles,
        encoder if standardize else _unscaled(encoder), coded,
        str(filled.loss), output,
        (
            *known.notes, *coded.notes, *codes_in_words(coded, settings),
            *(role.leak for role in roles if role.leak),
        ),
        takes_signs(settings), settings.dtype,
    )  # fmt: skip


def _unscaled(encoder: TableEncoder) -> TableEncoder:
    """Return the encoder that leaves numbers, and yes and no as 1 and 0, as they are."""
    plain = (NumericEncoder, BooleanEncoder, CategoryEncoder)
    columns = tuple(
        replace(column, mean=0.0, std=1.0) if isinstance(column, plain) else column
        for column in encoder.columns
    )
    return replace(encoder, columns=columns)


def _rows_of_model(
    table: Table, model: Model, target: str | Sequence[str] | None, asked: dict[str, Any]
) -> TableRows:
    """Return the rows as a model's own encoders give them."""
    encoder, coded = model.encoder, model.target
    if encoder is None or coded is None:
        encoder, coded = _plain_encoders(table, model, target)
    names = coded.names
    settings = Settings.of(**asked | {"task": coded.task, "loss": None})
    known = known_part(table, names, settings)
    positions = dict(zip(PARTS, known.split(settings, given_validation=False), strict=True))
    coded.encode(known.targets)
    notes = (*known.notes, *_noted(encoder, known.table))
    return TableRows(
        known, positions, (), encoder, coded, model.plan.loss, model.network.output.activation,
        notes, model.loss.targets == "sign", settings.dtype,
    )  # fmt: skip


def _noted(encoder: TableEncoder, table: Table) -> list[str]:
    return [str(note) for note in encoder.encode_with_notes(table)[1]]


def _plain_encoders(
    table: Table, model: Model, target: str | Sequence[str] | None
) -> tuple[TableEncoder, TargetEncoder]:
    """Return encoders that leave numbers as they are, for a model that knows no columns."""
    loss, network = model.loss, model.network
    by_class = loss.targets in ("probability", "distribution", "sign")
    count = 1 if by_class else network.n_outputs // loss.outputs_each
    given = (target,) if isinstance(target, str) else tuple(target or ())
    targets = tuple(table[name].name for name in given) or table.names[-count:]
    names = [name for name in table.names if name not in targets]
    if len(names) != network.n_inputs or len(targets) != count:
        raise DataError(
            f"the model was trained on plain numbers: {network.n_inputs} inputs and {count} "
            f"target{'s' * (count != 1)}, but {table.source} has {len(names)} columns beside "
            f"{len(targets)} for the target; give a table of just these columns, the target last"
        )
    for name in names:
        if table[name].kind not in ("float", "integer", "boolean"):
            raise DataError(
                f"the model was trained on plain numbers, but the column '{name}' of "
                f"{table.source} holds {table[name].kind}; give a table of numbers"
            )
    encoder = TableEncoder(tuple(NumericEncoder(name, 0.0, 1.0, missing=False) for name in names))
    return encoder, _plain_target(table, targets, by_class, network.n_outputs)


def _plain_target(
    table: Table, names: tuple[str, ...], by_class: bool, outputs: int
) -> TargetEncoder:
    columns = [table[name] for name in names]
    if not by_class:
        fitted = TargetEncoder.fit(columns, "regression")
        k = len(names)
        return replace(fitted, means=(0.0,) * k, stds=(1.0,) * k)
    fitted = TargetEncoder.fit(columns, "classification")
    if fitted.k != outputs:
        raise DataError(
            f"the model has {outputs} output{'s' * (outputs != 1)}, but '{names[0]}' of "
            f"{table.source} has {len(fitted.labels)} classes; give the table of its training"
        )
    return fitted
