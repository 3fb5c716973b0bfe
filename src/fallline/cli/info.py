"""``fallline info``: what a model file holds."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from ..report.facts import scored_on, stored_scores, texts, trained
from ..report.scores import score_rows
from ..report.words import chain, network_line
from . import options
from .option import option
from .reading import open_model
from .repeating import config_of
from .show import Screen
from .text import size
from .writing import plain

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["command"]

_MOST = 60


@options.command()
@options.model_argument
@option(
    "output",
    "--config",
    "as_config",
    is_flag=True,
    help="Print the TOML that repeats the training.",
)
@options.json_option
def command(model: str, as_config: bool, as_json: bool) -> None:
    """Show what a model file holds.

    --config prints a run.toml: 'fallline train DATA --config run.toml' on the same table gives the
    same file, byte by byte, unless a time budget or Ctrl-C ended the training.
    """
    learnt = open_model(model)
    if as_config:
        click.echo(config_of(learnt, model))
    elif as_json:
        click.echo(json.dumps(_account(learnt, model), allow_nan=False))
    else:
        _show(Screen(), learnt, model)


def _show(screen: Screen, model: Model, path: str) -> None:
    from ..fall import FORMAT

    screen.say(f"{path}: a model of format {FORMAT}, {size(os.path.getsize(path))}", "bold")
    facts = model.facts
    target = "" if model.target is None else ", ".join(model.target.names)
    screen.facts(
        [
            ("Target", f"{target} ({model.task})" if target else ""),
            ("Classes", _classes(model)),
            ("Network", f"{network_line(model.network)}, {model.theta.dtype}"),
            ("Trained", trained(model)),
            ("Chosen", "\n".join(texts(facts.get("choices")))),
            ("Ended", str(facts.get("stopped", ""))),
        ]
    )
    models = stored_scores(facts)
    if models:
        screen.title(scored_on(facts))
        head, rows = score_rows(models)
        screen.table(head, rows, numbers=range(2, 2 + len(models)))
    if model.encoder is not None:
        screen.title("Columns that it needs")
        columns = _columns(model)
        screen.table(("column", "kind", "inputs"), columns[:_MOST], numbers=[2])
        if len(columns) > _MOST:
            screen.say(f"... and {len(columns) - _MOST} more (--json lists all)", indent=2)


def _classes(model: Model) -> str:
    labels = () if model.target is None else model.target.labels
    return ", ".join(map(str, labels[:20])) + (", ..." if len(labels) > 20 else "")


def _columns(model: Model) -> list[tuple[str, str, str]]:
    assert model.encoder is not None
    return [
        (column.name, str(column.to_json()["kind"]), f"{len(column.features)}")
        for column in model.encoder.columns
    ]


def _account(model: Model, path: str) -> dict[str, Any]:
    from ..fall import FORMAT

    target = model.target
    told: dict[str, Any] = plain(
        {
            "path": path,
            "format": FORMAT,
            "bytes": os.path.getsize(path),
            "task": model.task,
            "target": [] if target is None else target.names,
            "labels": [] if target is None else target.labels,
            "network": {
                "text": chain(model.network),
                "parameters": model.network.size,
                "dtype": str(model.theta.dtype),
            },
            "plan": model.plan.to_json(),
            "epochs": len(model.history),
            "columns": []
            if model.encoder is None
            else [{"name": n, "kind": k, "inputs": int(d)} for n, k, d in _columns(model)],
            "facts": dict(model.facts),
        }
    )
    return told
