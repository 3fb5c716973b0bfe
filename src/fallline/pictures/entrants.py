"""Who takes part: several ways to descend that differ in a few settings, each with its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

from ..errors import SpecError
from ..formulas.optimizers import Optimizer, Solver, optimizer_from
from ..spec.plan import Plan

__all__ = ["Entrant", "entrants", "label_of", "varied"]


class Entrant(NamedTuple):
    """One way to descend: its label in legends and tables, and its plan."""

    label: str
    plan: Plan


def entrants(entries: Any, settings: Mapping[str, Any]) -> tuple[Entrant, ...]:
    """Return the entrants of `entries`, which share `settings`.

    Parameters
    ----------
    entries
        A sequence of optimizers, of their names, or of mappings of fields of `Plan`; or a mapping
        from labels to any of these. None: the settings alone.
    settings
        Fields of `Plan` for all of them.

    Raises
    ------
    SpecError
        When an entry or a setting is not such, or two objectives differ, whose errors could not
        be compared.

    Examples
    --------
    >>> [one.label for one in entrants(["sgd", "adam"], {"epochs": 3})]
    ['SGD 0.01', 'Adam 0.001']
    >>> [one.label for one in entrants([{"batch_size": None}, {"batch_size": 1}], {})]
    ['Adam 0.001, full batch', 'Adam 0.001, batch 1']
    """
    if entries is None:
        named: list[tuple[str | None, Any]] = [(None, {})]
    elif isinstance(entries, Mapping):
        named = [(str(label), one) for label, one in entries.items()]
    elif isinstance(entries, Sequence) and not isinstance(entries, str):
        named = [(None, one) for one in entries]
    else:
        raise SpecError(
            f"entries must be a list of optimizers, or a mapping from labels, not {entries!r}"
        )
    if not named:
        raise SpecError("entries must hold at least one way to descend; the list is empty")
    plans = [Plan.of(**{**settings, **_settings(one)}) for _, one in named]
    for plan in plans:
        if plan.epochs < 1:
            raise SpecError("epochs must be at least 1 for a descent to be seen, not 0")
        if plan.objective != plans[0].objective:
            raise SpecError(
                "all entries must descend one error with one penalty, as others cannot be "
                f"compared, but they have {plans[0].objective} and {plan.objective}"
            )
    differ = len({plan.batch_size for plan in plans}) > 1
    labels = [
        label or label_of(plan, differ) for (label, _), plan in zip(named, plans, strict=True)
    ]
    return tuple(map(Entrant, _distinct(labels), plans))


def varied(optimizer: Any, lists: Mapping[str, Sequence[Any] | None]) -> list[dict[str, Any]]:
    """Return entries that differ in one setting of the optimizer or of the plan.

    Parameters
    ----------
    optimizer
        Theirs.
    lists
        ``learning_rate``, ``momentum`` or ``batch_size`` and its values; those that are None are
        left as they are. One is to be given.

    Examples
    --------
    >>> [one["optimizer"].learning_rate for one in varied("sgd", {"learning_rate": [0.1, 1.0]})]
    [0.1, 1.0]
    """
    given = {name: values for name, values in lists.items() if values is not None}
    if len(given) != 1:
        raise SpecError(f"vary one of {', '.join(lists)} at a time, or give the entries")
    [(name, values)] = given.items()
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise SpecError(f"the values of {name} must be a list, not {values!r}")
    method: Any = optimizer_from(optimizer)
    if name == "batch_size":
        return [{"optimizer": method, name: value} for value in values]
    if name not in {field.name for field in fields(method)}:
        raise SpecError(f"{type(method).__name__} has no {name} to vary; take another optimizer")
    return [{"optimizer": replace(method, **{name: value})} for value in values]


def label_of(plan: Plan, batch: bool = True) -> str:
    """Return what tells a plan from others: its optimizer with what was set, and its `batch`.

    Examples
    --------
    >>> label_of(Plan.of(optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}))
    'SGD 0.1, momentum 0.9, batch 32'
    """
    method: Any = plan.optimizer
    told = [type(method).__name__]
    usual = type(method)()
    for field in fields(method):
        value = getattr(method, field.name)
        if field.name == "learning_rate":
            told[0] += f" {value:g}"
        elif value != getattr(usual, field.name):
            told.append(field.name if value is True else f"{field.name} {_short(value)}")
    if batch:
        full = plan.batch_size is None
        told.append("full batch" if full else f"batch {plan.batch_size}")
    return ", ".join(told)


def _settings(entry: Any) -> dict[str, Any]:
    if isinstance(entry, Optimizer | Solver | str):
        return {"optimizer": optimizer_from(entry)}
    if isinstance(entry, Mapping):
        return {str(name): value for name, value in entry.items()}
    raise SpecError(
        "an entry must be an optimizer, its name or a mapping of settings such as "
        f"{{'batch_size': 1}}, not {entry!r}"
    )


def _distinct(labels: Sequence[str]) -> list[str]:
    """Return the labels with a number behind those that came before."""
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
