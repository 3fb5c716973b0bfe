"""``fallline info``: what a model file holds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..formulas.registry import call_text
from . import options
from .config import to_toml
from .option import option
from .reading import open_model
from .show import Screen, beside, score_rows
from .telling import chain, comparable, method, network_line
from .text import count, size
from .writing import plain

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["command"]

_MOST = 60
_BY_CLOCK = ("time budget", "interrupted")  # in why a training ended: it cannot be repeated so


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
        click.echo(_config(learnt, model))
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
            ("Trained", _trained(model)),
            ("Chosen", "\n".join(_texts(facts.get("choices")))),
            ("Ended", str(facts.get("stopped", ""))),
        ]
    )
    models = _models(facts)
    if models:
        screen.title(_where(facts))
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


def _trained(model: Model) -> str:
    plan, history = model.plan, model.history
    rows = _mapping(model.facts, "rows").get("train")
    parts = [f"on {count(rows, 'row')}"] if isinstance(rows, int) else []
    if isinstance(source := model.facts.get("source"), str):
        parts.append(f"of {source}")
    batch = f"batches of {count(plan.batch_size, 'row')}" if plan.batch_size else "the full batch"
    parts.append(
        f"for {count(len(history), 'epoch')} by {method(plan.optimizer)}, {batch}, error "
        f"{plan.loss}, λ {plan.l2:g}, seed {plan.seed}"
    )
    return " ".join(parts)


def _columns(model: Model) -> list[tuple[str, str, str]]:
    assert model.encoder is not None
    return [
        (column.name, str(column.to_json()["kind"]), f"{len(column.features)}")
        for column in model.encoder.columns
    ]


def _where(facts: Mapping[str, Any]) -> str:
    """Return what the scores are of."""
    folds = _mapping(facts, "cross_validation").get("folds")
    if isinstance(folds, list):
        return f"Scores over {count(len(folds), 'fold')}: the mean"
    return "Scores on the test rows" if "test" in _mapping(facts, "scores") else "Scores"


def _models(facts: Mapping[str, Any]) -> Mapping[str, Mapping[str, float]]:
    """Return the scores of the network and the simple models, as far as the file has them."""
    scores, judged = _mapping(facts, "scores"), _mapping(facts, "cross_validation")
    ours = _numbers(judged.get("mean", scores.get("test", scores.get("train"))))
    theirs = _mapping(judged or facts, "baselines")
    simple = {name: _numbers(metrics) for name, metrics in theirs.items()}
    return beside(ours, comparable(simple)) if ours else {}


def _numbers(metrics: Any) -> dict[str, float]:
    pairs = metrics.items() if isinstance(metrics, dict) else ()
    return {name: float(value) for name, value in pairs if isinstance(value, int | float)}


def _mapping(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = facts.get(name)
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


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


def _config(model: Model, path: str) -> str:
    """Return run.toml from the settings that the model was trained with."""
    settings = dict(_mapping(model.facts, "settings"))
    if model.target is None or not settings:
        raise DataError(f"'{path}' does not say how it was trained, so it cannot be repeated")
    read = dict(_mapping(model.facts, "read"))
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
