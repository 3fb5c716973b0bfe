"""`TargetEncoder` from JSON that may come from a stranger."""

from __future__ import annotations

import math
from typing import Any

from ..errors import DataError
from .columns import text_of
from .strict import Fields
from .targets import Label, TargetEncoder

__all__ = ["target_from_json"]

_COMMON = ("format", "task", "names", "notes")


def target_from_json(data: Any) -> TargetEncoder:
    """Return the encoder that ``TargetEncoder.to_json`` described, or raise DataError."""
    task = data.get("task") if isinstance(data, dict) else None
    own = ("labels",) if task == "classification" else ("means", "stds", "decimals")
    fields = Fields(data, (*_COMMON, *own), "a target encoder")
    fields.whole("format", 1, 1)
    task = fields.text("task", ("regression", "classification"))
    names = fields.texts("names", limit=10_000, distinct=True)
    notes = fields.texts("notes", limit=100)
    if not names:
        raise DataError("a target encoder must name at least one target")
    if task == "classification":
        if len(names) > 1:
            raise DataError("a classifier has one target")
        return TargetEncoder(task, names, labels=_labels(fields), notes=notes)
    means = fields.numbers("means", len(names))
    stds = fields.numbers("stds", len(names), positive=True)
    decimals = fields.texts("decimals", limit=len(names))
    if len(decimals) != len(names) or not set(decimals) <= {".", ","}:
        raise DataError("a target encoder: 'decimals' must be '.' or ',' for each target")
    return TargetEncoder(task, names, means, stds, (), decimals, notes)


def _labels(fields: Fields) -> tuple[Label, ...]:
    labels = fields.items("labels", limit=1000)
    sound = all(isinstance(v, (str, int, float, bool)) and _bounded(v) for v in labels)
    if not sound or len(labels) < 2 or len({text_of(v) for v in labels}) < len(labels):
        raise DataError("a target encoder: 'labels' must be at least two different classes")
    return tuple(labels)


def _bounded(label: Label) -> bool:
    if isinstance(label, float):
        return math.isfinite(label)
    return len(label) <= 100_000 if isinstance(label, str) else abs(label) < 2**63
