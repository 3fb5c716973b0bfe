"""What was changed during a descent, in a few words for the curves."""

from __future__ import annotations

from dataclasses import fields

from ..pictures.entrants import label_of
from ..spec.plan import Plan
from .setup import Setup

__all__ = ["change_words"]

_NAMES = {"batch_size": "batch", "l1": "L1", "l2": "L2"}


def change_words(before: Setup, after: Setup) -> str:
    """Return what differs between two setups.

    Examples
    --------
    >>> change_words(Setup(l2=0.0), Setup(l2=0.01))
    'L2 0 → 0.01'
    >>> change_words(Setup(optimizer={"name": "sgd", "learning_rate": 0.1}),
    ...              Setup(optimizer={"name": "sgd", "learning_rate": 0.01}, batch_size=0))
    'rate 0.1 → 0.01, batch 10 → all'
    """
    told = []
    for field in fields(Setup):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new:
            continue
        if field.name == "optimizer":
            told.append(_optimizer_words(old, new))
        else:
            name = _NAMES.get(field.name, field.name)
            told.append(f"{name} {_value(field.name, old)} → {_value(field.name, new)}")
    return ", ".join(told)


def _optimizer_words(old: object, new: object) -> str:
    if type(old) is not type(new):
        return " → ".join(label_of(Plan.of(optimizer=one), False) for one in (old, new))
    told = []
    for name in (field.name for field in fields(new)):  # type: ignore[arg-type]
        pair = [_value(name, getattr(one, name)) for one in (old, new)]
        if pair[0] != pair[1]:
            told.append(f"{'rate' if name == 'learning_rate' else name} {' → '.join(pair)}")
    return ", ".join(told)


def _value(name: str, value: object) -> str:
    if name == "batch_size" and value == 0:
        return "all"
    return f"{value:g}" if isinstance(value, float) else str(value)
