"""The checks of `Settings` that no plan makes: choices, shares, and what does not go together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engines.registry import ENGINES
from ..errors import SpecError
from ..formulas.checks import finite_number

if TYPE_CHECKING:
    from .settings import Settings

__all__ = [
    "check_choices",
    "check_count",
    "check_job",
    "check_shares",
    "class_weight_from",
    "engine_of_devices",
    "names_of",
]


def names_of(setting: str, value: Any) -> tuple[str, ...]:
    """Return the names of a setting that takes one or several."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise SpecError(f"{setting} must be a name or a list of names, not {value!r}")
    return tuple(names)


def class_weight_from(value: Any) -> str | dict[str, float] | None:
    """Return ``"balanced"``, numbers above 0 by label as text, or None.

    Examples
    --------
    >>> class_weight_from({True: 2, "maybe": 0.5})
    {'True': 2.0, 'maybe': 0.5}
    """
    if value is None or (isinstance(value, str) and value == "balanced"):
        return value
    if not isinstance(value, Mapping) or not value:
        raise SpecError(
            "class_weight must be 'balanced' or a number for each label, as in "
            f"{{'yes': 5, 'no': 1}}, not {value!r}"
        )
    weights = {str(label): finite_number(weight) for label, weight in value.items()}
    for label, weight in weights.items():
        if weight is None or weight <= 0:
            raise SpecError(
                f"class_weight of {label!r} must be a finite number above 0, not "
                f"{dict(value)!r}; to leave a class out, leave out its rows"
            )
    return {label: weight for label, weight in weights.items() if weight}


def engine_of_devices(engine: str, devices: int | str | None) -> str:
    """Return the name of the engine, with so many devices if that is said.

    Raises
    ------
    SpecError
        For an engine that there is not, or one that has no choice of devices.

    Examples
    --------
    >>> engine_of_devices("xla", "all"), engine_of_devices("auto", None)
    ("xla(devices='all')", 'auto')
    """
    row = ENGINES[engine]
    if devices is None:
        return engine
    if "devices" not in row.settings:
        raise SpecError(
            f"devices are a choice of the engine xla, not of {engine}; take engine='xla' with them"
        )
    return ENGINES.families[row.family].row({**row.settings, "devices": devices}).name


def check_choices(settings: Settings) -> None:
    """Raise a SpecError for a choice that there is not."""
    if settings.task not in (None, "regression", "classification"):
        raise SpecError(f"task must be 'regression' or 'classification', not {settings.task!r}")
    if settings.dtype not in ("float32", "float64"):
        raise SpecError(f"dtype must be 'float32' or 'float64', not {settings.dtype!r}")
    for name in ("group", "time"):
        value = getattr(settings, name)
        if value is not None and not isinstance(value, str):
            raise SpecError(f"{name} must be the name of a column, not {value!r}")


def check_shares(settings: Settings) -> None:
    """Raise a SpecError for a share or a count that cannot be."""
    for name in ("validation", "test"):
        value = getattr(settings, name)
        if value is not None and not _is_share(value):
            raise SpecError(f"{name} must be a share from 0 to 0.9, not {value!r}")
    if settings.epochs == 0:
        raise SpecError("epochs must be at least 1, so that something is learnt")
    if isinstance(settings.batch_size, bool):
        raise SpecError(f"batch_size must be a whole number, not {settings.batch_size!r}")


def check_job(settings: Settings) -> None:
    """Raise a SpecError where settings of the whole job do not go together."""
    check_count("restarts", settings.restarts, 1)
    if settings.folds is not None:
        check_count("folds", settings.folds, 2)
        if settings.test:
            raise SpecError(
                "folds judge every row in turn, so no rows are kept to test; leave out folds or "
                "test"
            )
    if settings.group is not None and settings.time is not None:
        raise SpecError("rows are parted by group or by time, not by both; leave one out")
    if settings.restarts > 1 and settings.validation == 0:
        raise SpecError(
            "restarts are chosen among by validation; leave validation out, or make it above 0"
        )


def check_count(name: str, value: Any, least: int) -> None:
    """Raise a SpecError where a setting is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SpecError(f"{name} must be a whole number of at least {least}, not {value!r}")


def _is_share(value: object) -> bool:
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 0.9  # type: ignore[arg-type, operator]
