"""What to type to train a model again: its settings as run.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..formulas.registry import call_text
from ..report.facts import part_of
from . import options
from .config import to_toml

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["config_of"]

_BY_CLOCK = ("time budget", "interrupted")  # in why a training ended: it cannot be repeated so


def config_of(model: Model, path: str) -> str:
    """Return run.toml from the settings that the model was trained with.

    Raises
    ------
    DataError
        When the model's file does not hold them.
    """
    settings = dict(part_of(model.facts, "settings"))
    if model.target is None or not settings:
        raise DataError(f"'{path}' does not say how it was trained, so it cannot be repeated")
    read = dict(part_of(model.facts, "read"))
    source = model.facts.get("source") if "read" in model.facts else None
    data = {"file": source} if isinstance(source, str) else {}
    columns: dict[str, Any] = {"target": list(model.target.names)}
    own = (*options.KINDS, *options.PARTING)
    columns |= {name: settings.pop(name) for name in own if name in settings}
    chosen: dict[str, Any] = {
        key: settings.pop(key) for key in ("task", "net", "loss") if key in settings
    }
    training = _method(settings.pop("optimizer")) | settings
    if training.get("batch_size") == 0:
        training["batch_size"] = "full"
    if "validation" in read:
        training["validation"] = read.pop("validation")
    given = "" if data else "DATA "
    name = os.path.basename(path)
    about = [f"Repeats the training of {name}: fallline train {given}--config FILE"]
    stopped = str(model.facts.get("stopped", ""))
    if any(mark in stopped for mark in _BY_CLOCK):
        about.append(f"That was ended from outside ({stopped}), so this may end elsewhere.")
    return to_toml(
        {"data": data | read, "columns": columns, "model": chosen, "training": training}, about
    )


def _method(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer as keys: its settings in brackets, so that none meets another key."""
    settings = dict(plain)
    name = settings.pop("name")
    rate = {key: settings.pop(key) for key in ("learning_rate",) if key in settings}
    return {"optimizer": call_text(name, settings)} | rate
