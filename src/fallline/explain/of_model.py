"""A trained model explained: what its inputs are, and the descent rule that it was trained by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Floats
from ..data.column_encoders import (
    BooleanEncoder,
    CategoryEncoder,
    ColumnEncoder,
    NumericEncoder,
)
from ..data.date_text_encoders import DateEncoder, TextEncoder
from ..data.table import Column, Table
from ..data.targets import known_rows
from ..errors import DataError
from ..model import Model
from .derive import derive
from .document import Block, Document, Note, Paragraph, Title
from .document import Table as Grid
from .maths import Number, Symbol, symbol
from .trace import trace
from .trace_shown import Digits
from .traced import Trace

__all__ = [
    "Rows", "encoded", "encoded_row", "explain_model", "input_blocks", "left_out", "rule_of",
    "trace_of",
]  # fmt: skip


_MOST = 60  # inputs that are listed


class Rows(NamedTuple):
    """Rows of a table as a model's network gets them: X (n, d), Y (n, k), and the table."""

    table: Table
    X: Floats
    Y: Floats


def encoded(model: Model, table: Table) -> Rows:
    """Return the rows of a table whose target is known, as the network gets them in training.

    Raises
    ------
    DataError
        When the model knows no columns, or the table lacks one, or no row's target is known.
    """
    if model.encoder is None or model.target is None:
        raise DataError("this model was trained on plain numbers and knows no columns")
    absent = [name for name in model.target.names if name not in table]
    if absent:
        raise DataError(
            f"{table.source} lacks the target '{absent[0]}', without which there is no error to "
            "explain"
        )
    known = table.take(known_rows(model.target_columns(table)))
    if not known.n:
        raise DataError(f"no row has a known target '{model.target.names[0]}'")
    Y = model.target.encode(model.target_columns(known))
    Y = 2 * Y - 1 if model.loss.targets == "sign" else Y
    X = np.asarray(model.encoder.encode(known))
    return Rows(model.encoder.completed(known), X, Y)


def encoded_row(model: Model, table: Table, row: int) -> Rows:
    """Return one row of a table, counted from 1, as the network gets it.

    Raises
    ------
    DataError
        When there is no such row, or its target is not known; see `encoded`.
    """
    if not 1 <= row <= table.n:
        raise DataError(f"{table.source} has rows 1 to {table.n:,}, so there is no row {row:,}")
    one = table.take(np.array([row - 1]))
    target = model.target
    there = target is not None and all(name in one for name in target.names)
    if there and not known_rows(model.target_columns(one)).any():
        raise DataError(
            f"the target of row {row} is not known, so there is no error to explain; choose "
            "another row"
        )
    return encoded(model, one)


def trace_of(model: Model, rows: Rows, learning_rate: float | None = None) -> Trace:
    """Return the trace of the first step that the training's optimizer would take on these rows."""
    plan = model.plan
    return trace(
        model.network, model.theta.astype(np.float64), rows.X, rows.Y, plan.loss, learning_rate,
        plan.optimizer, l2=plan.l2, l1=plan.l1, alpha=plan.alpha, clip_value=plan.clip_value,
        clip_norm=plan.clip_norm, max_norm=plan.max_norm,
    )  # fmt: skip


def explain_model(model: Model, name: str, rows: Rows | None = None) -> Document:
    """Return the descent rule of a model's network, with what each input is.

    Parameters
    ----------
    model
        The model.
    name
        What to call it in the title.
    rows
        One row, or a few, whose numbers stand beside the formulas; see `encoded`.

    Raises
    ------
    SpecError
        Where the network holds a Python function, whose slope cannot be derived.
    MissingExtraError
        Where SymPy is not installed.
    """
    rule = rule_of(model, rows)
    blocks = [*input_blocks(model, rows), Title("The rule"), *rule.blocks]
    return Document(f"{name}: {rule.title}", blocks)


def rule_of(model: Model, rows: Rows | None = None) -> Document:
    """Return the rule alone, and what the training had beside it: see `explain_model`."""
    plan = model.plan
    given: dict[str, Any] = {}
    if rows is not None:
        given = {"theta": model.theta.astype(np.float64), "x": rows.X, "y": rows.Y}
    rule = derive(
        model.network, plan.loss, plan.optimizer, l2=plan.l2, l1=plan.l1, alpha=plan.alpha, **given
    )
    clips = {
        "clipping": plan.clip_value, "clipping of the norm": plan.clip_norm,
        "a limit on the weights' norm": plan.max_norm,
    }  # fmt: skip
    return Document(rule.title, [*left_out(model, "rule", clips), *rule.blocks])


def input_blocks(model: Model, rows: Rows | None = None) -> list[Block]:
    """Return what each input and target of a model's network is, with the first row's numbers."""
    if model.encoder is None or model.target is None:
        return [Note("The model was trained on plain numbers: its inputs are the columns of X.")]
    features = list(_features(model.encoder.columns))
    symbols = [_input(model, place) for place in range(len(features))]
    made = [[at, name, how] for at, (_, name, how) in zip(symbols, features, strict=True)]
    blocks: list[Block] = [Title("The inputs"), Grid(["input", "column", "it is"], made[:_MOST])]
    if len(made) > _MOST:
        blocks.append(Paragraph(f"There are {len(made) - _MOST:,} inputs more."))
    if any(isinstance(column, NumericEncoder) for column in model.encoder.columns):
        blocks.append(Paragraph("A number that is missing counts as the mean, so that it is 0."))
    if rows is not None:
        cells = [
            [at, name, _cell(rows.table[column]), _short(float(rows.X[0, place]))]
            for place, (at, (column, name, _)) in enumerate(zip(symbols, features, strict=True))
        ]
        head = ["input", "column", "in the row", "x"]
        blocks.append(Grid(head, cells[:_MOST], caption="The row"))
    return [*blocks, Title("The target"), *map(Paragraph, _targets(model, rows))]


def _input(model: Model, place: int) -> Symbol:
    for layer in model.network.inputs:
        if place < layer.size:
            return symbol("x", layer.name, place)
        place -= layer.size
    raise DataError("the model's network has fewer inputs than its encoder gives")


def _features(columns: Sequence[ColumnEncoder]) -> Iterator[tuple[str, str, str]]:
    """Yield each input's column, its own name, and how it is made."""
    for column in columns:
        for feature in column.features:
            yield column.name, feature, _how(column, feature)


def _how(column: ColumnEncoder, feature: str) -> str:
    if feature in (f"{column.name} (missing)", f"{column.name}=(missing)"):
        return "1 if missing, else 0"
    mean, std = (Digits(4).of(getattr(column, name, 1.0)) for name in ("mean", "std"))
    scaled = f" − {mean}) / {std}"
    match column:
        case NumericEncoder():
            return f"(value{scaled}"
        case BooleanEncoder():
            return f"([1 if yes, 0 if no]{scaled}"
        case CategoryEncoder():
            if column.binary:
                return f"([1 if so, else 0]{scaled}"
            return "1 if so, else 0"
        case DateEncoder() if feature.endswith("(day)"):
            return f"(days{scaled}"
        case DateEncoder():
            return "of the angle on its circle"
        case TextEncoder():
            return "its words there, ±1/√(words)"
    return ""


def _targets(model: Model, rows: Rows | None) -> Iterator[str]:
    target = model.target
    assert target is not None
    low = "−1" if model.loss.targets == "sign" else "0"
    if target.task == "regression":
        for name, mean, std in zip(target.names, target.means, target.stds, strict=True):
            yield (
                f"y is '{name}' in standard deviations: ({name} − {mean:.6g}) / {std:.6g}. A "
                f"prediction is turned back by {name} = ŷ · {std:.6g} + {mean:.6g}."
            )
    elif len(target.labels) == 2:
        first, second = target.labels
        yield f"y is 1 where '{target.names[0]}' is '{second}', and {low} where it is '{first}'."
    else:
        listed = ", ".join(f"{j} '{label}'" for j, label in enumerate(target.labels))
        yield (
            f"'{target.names[0]}' has {len(target.labels)} classes, and the output layer a unit "
            f"for each: {listed}. y is 1 for the unit of a row's class, and {low} for the others."
        )
    if rows is not None:
        truth = ", ".join(f"'{name}' is {_cell(rows.table[name])}" for name in target.names)
        y = ", ".join(_short(value).shown for value in rows.Y[0])
        yield f"In the row, {truth}: y = {y}."


def left_out(model: Model, what: str, also: Mapping[str, Any] | None = None) -> Iterator[Block]:
    """Yield a note on what a step of the training had beside the rule, or the step, shown below.

    Parameters
    ----------
    model
        The model.
    what
        What is shown: ``"rule"`` or ``"step"``.
    also
        By name, settings that it is without too; noise, schedule and class weights it always is.
    """
    plan = model.plan
    beside = {"dropout": plan.dropout, "input noise": plan.input_noise, **(also or {})}
    used = [name for name, value in beside.items() if value]
    if str(plan.schedule) != "constant":
        used.append(f"the schedule {plan.schedule} of the learning rate")
    settings = model.facts.get("settings")
    if isinstance(settings, Mapping) and settings.get("class_weight") is not None:
        used.append("weights of rows by their class")
    if used:
        yield Note(f"The training also had {', '.join(used)}; the {what} below is without.")


def _cell(column: Column) -> str:
    """Return the first cell as it is read; nothing where it is missing."""
    missing = column.missing is not None and bool(column.missing[0])
    if not missing and column.kind == "float":
        return repr(float(f"{column.values[0]:.12g}"))  # a product's last digits are rounding
    return "" if missing else str(column.values[0])


def _short(value: float) -> Number:
    return Number(value, f"{value:.4g}")
