"""What can be chosen in the studio: computed from fallline's own tables, nothing listed twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from ..data.samples import SAMPLES
from ..formulas.activations import ACTIVATIONS
from ..formulas.checks import Setting
from ..formulas.initializers import INITIALIZERS
from ..formulas.losses import LOSSES, Loss
from ..formulas.optimizers import OPTIMIZERS, Optimizer
from ..formulas.schedules import SCHEDULES
from .setup import LIMITS

__all__ = ["choices"]


@cache
def choices() -> Mapping[str, Any]:
    """Return the fields of the page's first message, but its version and its lessons.

    Examples
    --------
    >>> [setting["name"] for setting in choices()["optimizers"][0]["settings"]]
    ['learning_rate', 'momentum', 'nesterov']
    """
    return {
        "samples": [
            {
                "name": sample.name,
                "about": sample.about,
                "task": sample.task,
                "target": sample.target,
                "made": sample.make is not None,
                "rows": sample.n,
                "noise": sample.noise,
            }
            for sample in SAMPLES.values()
        ],
        "activations": [
            {"name": row.name, "text": row.text}
            for row in ACTIVATIONS.values()
            if not row.untrainable and not row.coupled and row.group == 1
        ],
        "losses": list(_losses()),
        "initializers": [
            {"name": "auto", "text": "the one made for each layer's activation"},
            *({"name": row.name, "text": row.text} for row in INITIALIZERS.values()),
        ],
        "optimizers": [_optimizer(kind) for kind in OPTIMIZERS.values()],
        "schedules": [{"name": row.name, "text": row.text} for row in SCHEDULES.values()],
        "limits": dict(LIMITS),
    }


def _losses() -> Iterator[dict[str, str]]:
    for row in LOSSES.values():
        for task in _tasks(row):
            yield {"name": row.name, "text": row.text, "task": task}


def _tasks(row: Loss) -> tuple[str, ...]:
    """Return what tasks an error is for, as `fallline.training.rules` has them."""
    if row.targets in ("probability", "distribution", "sign"):
        return ("classification",)
    if row.targets != "number" or row.outputs_each > 1:
        return ("regression",)
    return ("regression", "classification")


def _optimizer(kind: type[Optimizer]) -> dict[str, Any]:
    usual, about = kind(), _parameters(kind)
    return {
        "name": kind.name,
        "label": kind.__name__,
        "text": kind.text,
        "settings": [
            _setting(each.name, getattr(usual, each.name), each.metadata["kind"], about)
            for each in fields(kind)  # type: ignore[arg-type]
            if "kind" in each.metadata
        ],
    }


def _setting(name: str, default: Any, kind: Setting, about: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "default": default,
        "low": kind.low,
        "high": kind.high,
        "about": about.get(name, kind.expected),
    }


_ENTRY = re.compile(r"^(\w[\w, ]*)\n((?: {4}.*\n?)+)", re.MULTILINE)


def _parameters(kind: type[Optimizer]) -> dict[str, str]:
    """Return what an optimizer's own docstring, or that of all of them, says of each setting."""
    found: dict[str, str] = {}
    for documented in (Optimizer, kind):
        doc = inspect.getdoc(documented) or ""
        for names, text in _ENTRY.findall(doc):
            words = " ".join(text.split())
            found |= {name.strip(): words for name in names.split(",")}
    return found
