"""What a person should know of the data: its columns and their scaling, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Model
from ..training.table_rows import TableRows
from .column_words import column_words, scaling_words, target_words
from .opened import Source
from .setup import Setup

__all__ = ["data_facts"]


def data_facts(source: Source, rows: TableRows, setup: Setup) -> dict[str, Any]:
    """Return the field `data` of the message to the page."""
    return {
        "name": source.name,
        "about": source.about or _about(source, rows),
        "rows": {part: len(at) for part, at in rows.positions.items()},
        "columns": [*_targets(rows), *_inputs(rows), *_unused(rows)],
        "classes": [str(label) for label in rows.target.labels],
        "notes": [*_notes(source, rows, setup), *rows.notes],
    }


def _about(source: Source, rows: TableRows) -> str:
    names = " and ".join(rows.target.names)
    used = len(rows.encoder.names)
    of = f", for the model {source.model_name}" if source.model_name else ""
    return f"{rows.known.n:,} rows: {names} by {used} column{'s' * (used != 1)}{of}."


def _targets(rows: TableRows) -> Iterator[dict[str, str]]:
    for at, column in enumerate(rows.known.targets):
        labels = list(map(str, rows.target.labels))
        about = f"{len(labels)} classes: {', '.join(labels[:6])}" if labels else ""
        more = ", ..." if len(labels) > 6 else ""
        how = target_words(rows.target, at, rows.signs)
        yield _told(column.name, "target", about + more or column_words(column), how)


def _inputs(rows: TableRows) -> Iterator[dict[str, str]]:
    table = rows.encoder.completed(rows.known.table)
    made = {product.name for product in rows.encoder.products}
    for encoder in rows.encoder.columns:
        kind = "product" if encoder.name in made else str(encoder.to_json()["kind"])
        yield _told(encoder.name, kind, column_words(table[encoder.name]), scaling_words(encoder))


def _unused(rows: TableRows) -> Iterator[dict[str, str]]:
    for role in rows.roles:
        if not role.used:
            yield _told(role.name, role.kind, role.reason, "")


def _told(name: str, role: str, about: str, scaling: str) -> dict[str, str]:
    return {"name": name, "role": role, "about": about, "scaling": scaling}


def _notes(source: Source, rows: TableRows, setup: Setup) -> Iterator[str]:
    whole, drawn = source.whole or source.table.n, setup.rows or source.table.n
    if source.kind != "sample" and drawn < whole:
        yield f"{drawn:,} of the {whole:,} rows, drawn at random"
    if source.model is not None:
        yield from _left_out(source.model)
    if rows.encoder.products:
        yield "products and squares are made of the table's own columns wherever they are needed"


def _left_out(model: Model) -> Iterator[str]:
    """Yield what a model's training had, and a descent of the studio has not."""
    for name in ("dropout", "input_noise", "max_norm", "clip_value", "clip_norm", "alpha"):
        if value := getattr(model.plan, name):
            words = name.replace("_", " ")
            yield f"the model was trained with {words} {value!r}, which the studio leaves out"
