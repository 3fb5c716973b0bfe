"""The checks of a setup's single fields, each with a sentence that helps.

A check takes the field's name and any value at all, and returns the value in its one form.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..data.samples import SAMPLES
from ..errors import DataError, SpecError, suggest
from ..formulas.activations import ACTIVATIONS
from ..formulas.checks import finite_number
from ..formulas.initializers import INITIALIZERS
from ..formulas.losses import LOSSES
from ..formulas.optimizers import OPTIMIZERS, SOLVERS, Optimizer, optimizer_from
from ..formulas.registry import Registry, call_text, read_call
from ..formulas.schedules import SCHEDULES
from ..spec.fits import check_trainable
from ..spec.network import Network
from ..training.settings import network_for

__all__ = ["CHECKS", "LIMITS", "MODEL", "OWN", "shown"]

OWN, MODEL = "own", "model"
"""What `Setup.data` and `Setup.net` say of a table of one's own, and of an opened model."""

LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "upload_bytes": 32 << 20,
        "columns": 1_000,
        "rows": 100_000,
        "inputs": 2_000,
        "cells": 20_000_000,
        "layers": 8,
        "units": 256,
        "parameters": 200_000,
    }
)
"""What a page may ask for at the most; `units` are of one layer."""

_MOST_EPOCHS = 1_000_000
_LARGEST = 2**53  # above it a number of JavaScript is not the one that was meant
_LONGEST = 1_000  # characters of a text

_MOST_EPOCHS = 1_000_000
_LARGEST = 2**53  # above it a number of JavaScript is not the one that was meant
_LONGEST = 1_000  # characters of a text
_LAYER = re.compile(
    r"(?P<size>\d{1,9})(?:\s+(?!nobias\b)(?P<activation>\w+(?:\([^()]*\))?))?(?:\s+nobias)?"
)
_FORMULA = re.compile(r"`|\bz\b")


def shown(value: object) -> str:
    """Return a value as a message may hold it: short, whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**20:
        return "a huge number"
    return reprlib.repr(value)[:80]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{name} must be a text, not {shown(value)}")
    if len(value) > _LONGEST:
        raise SpecError(f"{name} must be a text of at most {_LONGEST:,} characters")
    return value.strip()


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SpecError(f"{name} must be true or false, not {shown(value)}")
    return value


def _whole(least: int, most: int, optional: bool = False) -> Callable[[str, object], int | None]:
    def check(name: str, value: object) -> int | None:
        if optional and value is None:
            return None
        sound = isinstance(value, int) and not isinstance(value, bool)
        if not sound or not least <= value <= most:  # type: ignore[operator]
            raise SpecError(
                f"{name} must be a whole number from {least:,} to {most:,}, not {shown(value)}"
            )
        return int(value)  # type: ignore[call-overload, no-any-return]

    return check


def _number(most: float, optional: bool = False) -> Callable[[str, object], float | None]:
    def check(name: str, value: object) -> float | None:
        if optional and value is None:
            return None
        found = finite_number(value)
        if found is None or not 0 <= found <= most:
            raise SpecError(f"{name} must be a number from 0 to {most:,g}, not {shown(value)}")
        return found

    return check


def _data(name: str, value: object) -> str:
    known = [*SAMPLES, OWN, MODEL]
    if value not in known:
        raise DataError(f"there is no sample {shown(value)}; {suggest(shown(value), known)}")
    return str(value)


def _features(name: str, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= LIMITS["columns"]:
        raise SpecError(
            f"{name} must be a list of 1 to {LIMITS['columns']:,} names of columns, or null for "
            f"all, not {shown(value)}"
        )
    for each in value:
        if not isinstance(each, str) or len(each) > _LONGEST:
            raise SpecError(f"{name} must be names of columns, not {shown(each)}")
    return tuple(dict.fromkeys(value))


def _named(registry: Registry[Any]) -> Callable[[str, object], str]:
    """Return the check of a name from a table: formulas of one's own are not for the studio."""

    def check(name: str, value: object) -> str:
        text = _text(name, value)
        if text.partition("(")[0].strip() not in registry:
            known = [*registry, *registry.aliases]
            raise SpecError(f"unknown {registry.kind} {shown(text)}; {suggest(text, known)}")
        found: str = registry[text].name
        return found

    return check


def _loss(name: str, value: object) -> str | None:
    return None if value is None else _named(LOSSES)(name, value)


def _initializer(name: str, value: object) -> str:
    return "auto" if value == "auto" else _named(INITIALIZERS)(name, value)


def _schedule(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        settings = _settings(name, value)
        value = call_text(str(settings.pop("name")), settings)
    return _named(SCHEDULES)(name, value)


def _optimizer(name: str, value: object) -> Optimizer:
    if isinstance(value, str):
        plain, settings = read_call(_text(name, value))
        value = settings | {"name": plain}
    if isinstance(value, Mapping):
        settings = _settings(name, value)
        if settings["name"] in SOLVERS:
            raise SpecError(
                f"{settings['name']} is a solver, which takes no single steps to watch; take one "
                f"of {', '.join(OPTIMIZERS)}"
            )
        value = optimizer_from(settings)
    if not isinstance(value, Optimizer):
        raise SpecError(
            f'{name} must be settings as in {{"name": "sgd", "learning_rate": 0.1}}, not '
            f"{shown(value)}"
        )
    return value


def _settings(field_name: str, value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a name with settings that are plain numbers, texts and flags."""
    for key, each in value.items():
        whole = not isinstance(each, int) or abs(each) <= _LARGEST
        plain = each is None or isinstance(each, bool | int | float | str)
        if not isinstance(key, str) or not plain or not whole or len(str(each)) > _LONGEST:
            raise SpecError(
                f"a setting of the {field_name} must be a number, a text or true or false, not "
                f"{shown(key)}: {shown(each)}"
            )
    if not isinstance(value.get("name"), str):
        raise SpecError(f'the {field_name} must have a name, as in {{"name": "..."}}')
    return dict(value)


def _net(name: str, value: object) -> str:
    """Return hidden layers in their one form."""
    text = _text(name, value)
    if text in ("", "none"):
        return "none"
    if text == MODEL:
        return text
    if _FORMULA.search(text):
        raise SpecError(
            "formulas of your own are for fallline's library and command line; the studio takes "
            "the activations of its list"
        )
    network = _network(text)
    return ", ".join(
        f"{layer.size} {layer.activation}" + (" nobias" if not layer.bias else "")
        for layer in network.layers[:-1]
    )


def _network(text: str) -> Network:
    parts = re.split(r",(?![^()]*\))", text)
    if len(parts) > LIMITS["layers"]:
        raise SpecError(f"the studio takes at most {LIMITS['layers']} hidden layers")
    for part in parts:
        _check_layer(part.strip())
    network = network_for(text, 1, 1, "identity")
    check_trainable(network)
    return network


def _check_layer(part: str) -> None:
    found = _LAYER.fullmatch(part)
    if not found:
        raise SpecError(
            f"cannot read the layer {shown(part)}; write its size and activation, as in '4 tanh' "
            "or '4 tanh, 3 relu', or none for no hidden layer"
        )
    if not 1 <= int(found["size"]) <= LIMITS["units"]:
        raise SpecError(
            f"a layer of the studio has 1 to {LIMITS['units']} units, not {found['size']}"
        )
    if found["activation"]:
        _named(ACTIVATIONS)("net", found["activation"])


def _start(name: str, value: object) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= LIMITS["parameters"]:
        raise SpecError(f"{name} must be a list of numbers, or null, not {shown(value)}")
    numbers = [finite_number(each) for each in value]
    if None in numbers:
        raise SpecError(f"{name} must be finite numbers, but holds what is none")
    return tuple(numbers)  # type: ignore[arg-type]


CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "data": _data,
    "target": _text,
    "features": _features,
    "crossed": _flag,
    "rows": _whole(10, LIMITS["rows"], optional=True),
    "noise": _number(10, optional=True),
    "validation": _number(0.9),
    "test": _number(0.9),
    "net": _net,
    "bias": _flag,
    "standardize": _flag,
    "loss": _loss,
    "l1": _number(1e6),
    "l2": _number(1e6),
    "optimizer": _optimizer,
    "schedule": _schedule,
    "batch_size": _whole(0, LIMITS["rows"]),
    "initializer": _initializer,
    "start": _start,
    "seed": _whole(0, _LARGEST),
    "epochs": _whole(1, _MOST_EPOCHS),
}
