"""``fallline formulas``: every row of the tables of formulas, with its source."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from ..formulas.activations import ACTIVATIONS
from ..formulas.initializers import INITIALIZERS
from ..formulas.losses import LOSSES
from ..formulas.metrics import METRICS, Metric
from ..formulas.optimizers import DIALECTS, Optimizer
from ..formulas.penalties import PENALTIES
from ..formulas.schedules import SCHEDULES
from . import options
from .formula_values import METHODS
from .latex import latex
from .option import option
from .show import Screen
from .values import OneOf
from .writing import plain

__all__ = ["TABLES", "command"]

TABLES: dict[str, Mapping[str, Any]] = {
    "activations": ACTIVATIONS,
    "losses": LOSSES,
    "optimizers": METHODS,
    "schedules": SCHEDULES,
    "penalties": PENALTIES,
    "initializers": INITIALIZERS,
    "metrics": METRICS,
}

_SYMBOLS = {
    "activations": "z is the net input; the row is the output of a unit.",
    "losses": "y is the target, yhat the output; a row's error is summed over its targets.",
    "optimizers": "g is the gradient of one weight w, eta the learning rate.",
    "schedules": "eta is the optimizer's rate, t the time from 0.",
    "penalties": "w is a weight; each is multiplied by its λ and summed over all weights.",
    "initializers": "fan_in and fan_out are the units before and after a weight.",
    "metrics": "Means and sums are over rows and outputs, weighted by rows.",
}


@dataclass(frozen=True)
class Listed:
    """One row as it is shown.

    Attributes
    ----------
    name, aliases
        The name, and other names for it.
    formula, latex
        The formula as text and in LaTeX.
    words
        What it is, where that is said.
    source, factor
        Where it is from, and how it relates to the like of other libraries.
    reduction
        How an error joins the rows of a batch.
    settings
        What can be set, with the defaults.
    dialects
        Of an optimizer: the formulas of others, where they differ.
    """

    name: str
    aliases: tuple[str, ...]
    formula: str
    latex: str
    words: str
    source: str
    factor: str
    reduction: str
    settings: Mapping[str, Any]
    dialects: Mapping[str, str]


@options.command()
@click.argument("table", type=OneOf(lambda: TABLES, "TABLE"), required=False, metavar="[TABLE]")
@option("output", "--latex", "as_latex", is_flag=True, help="Print formulas in LaTeX.")
@options.json_option
def command(table: str | None, as_latex: bool, as_json: bool) -> None:
    """List the formulas that there are, with their sources.

    TABLE is one of activations, losses, optimizers, schedules, penalties, initializers and
    metrics; all of them unless given.
    """
    chosen = {table: TABLES[table]} if table else TABLES
    listed = {name: list(_rows(rows)) for name, rows in chosen.items()}
    if as_json:
        told = {name: [vars(row) for row in rows] for name, rows in listed.items()}
        click.echo(json.dumps(plain(told), allow_nan=False, ensure_ascii=False))
        return
    screen = Screen()
    for name, rows in listed.items():
        screen.title(name.capitalize())
        screen.say(_SYMBOLS[name], indent=2)
        _show(screen, rows, as_latex)


def _rows(table: Mapping[str, Any]) -> Iterator[Listed]:
    aliases = getattr(table, "aliases", {})
    for name, row in table.items():
        words = row.text
        formula = row.formula if isinstance(row, Metric) else words
        yield Listed(
            name,
            tuple(other for other, of in aliases.items() if of == name),
            formula,
            latex(formula),
            words if words != formula else "",
            getattr(row, "source", ""),
            getattr(row, "factor", ""),
            getattr(row, "reduction", ""),
            _settings(row),
            _dialects(row),
        )


def _settings(row: Any) -> dict[str, Any]:
    if isinstance(row, type):  # an optimizer
        return {name: value for name, value in row().to_json().items() if name != "name"}
    return dict(getattr(row, "settings", {}))


def _dialects(row: Any) -> dict[str, str]:
    if not (isinstance(row, type) and issubclass(row, Optimizer)):
        return {}
    made = row()
    return {
        name: f"{formula.start}; {formula.step}"
        for name, formula in made.formulas().items()
        if formula != made.formula
    }


def _show(screen: Screen, rows: Iterable[Listed], as_latex: bool) -> None:
    if as_latex:
        for row in rows:
            screen.verbatim(f"  {row.name}: {row.latex}")
        return
    screen.facts((f"  {row.name}", _told(row)) for row in rows)


def _told(row: Listed) -> str:
    lines = [row.formula, row.words, _sentence(row.source)]
    if row.reduction:
        lines.append("The sum over rows." if row.reduction == "sum" else "The mean over rows.")
    if row.factor:
        lines.append(_sentence(row.factor))
    if row.settings:
        given = ", ".join(f"{name}={value!r}" for name, value in row.settings.items())
        lines.append(f"Settings: {given}")
    lines += [f"In {DIALECTS[name]}: {formula}" for name, formula in row.dialects.items()]
    if row.aliases:
        lines.append(f"Also called {', '.join(row.aliases)}.")
    return "\n".join(line for line in lines if line)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
