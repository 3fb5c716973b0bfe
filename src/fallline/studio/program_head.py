"""The first lines of the program: the table, its rows as numbers, the network, the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import Floats
from ..spec.network import Network
from ..spec.text import activation_text
from .code_text import call_lines, code_of, list_lines, method_text
from .opened import Source, split_settings
from .problem import Problem
from .setup import MODEL, OWN, Setup

__all__ = ["head_lines", "start_text"]

_FEW = 8  # start weights that differ from drawn ones and are told by name
_LISTED = 2_000  # start weights that are listed; of more the bytes are written down


def head_lines(problem: Problem) -> list[str]:
    """Return the lines up to the run at its start."""
    return [
        *_imports(problem),
        "",
        *_table(problem.source, problem.setup),
        *_rows(problem),
        "",
        *_network(problem),
        *_start(problem),
        *_run(problem),
        "",
    ]


def _imports(problem: Problem) -> list[str]:
    packed = problem.setup.start is not None and len(problem.start) > _LISTED
    return ["import base64", "", "import numpy as np", "import fallline as fl"][
        0 if packed else 3 :
    ]


def _table(source: Source, setup: Setup) -> Iterator[str]:
    if setup.data == MODEL:
        named = f"model = fl.load({code_of(source.model_name)})"
        yield named if source.model_name else "model = model  # the model that the studio was given"
    if setup.data not in (OWN, MODEL):
        given = {name: code_of(value) for name, value in _made(setup).items()}
        yield from call_lines("table = fl.data.samples.load", [code_of(setup.data)], given)
        return
    yield from source.code()
    if setup.rows is not None:
        yield f"table = table.sample({setup.rows})"


def _made(setup: Setup) -> dict[str, Any]:
    told = {"n": setup.rows, "noise": setup.noise}
    return {name: value for name, value in told.items() if value is not None}


def _rows(problem: Problem) -> list[str]:
    setup, names = problem.setup, problem.target.names
    target = code_of(names[0]) if len(names) == 1 else code_of(names)
    settings: dict[str, Any] = {}
    if setup.data == MODEL:
        assert problem.source.model is not None
        settings["model"] = "model"
        told = split_settings(problem.source.model)
        settings |= {name: code_of(value) for name, value in told.items() if value}
    if setup.features is not None:
        settings["features"] = code_of(setup.features)
    if setup.crossed:
        settings["crossed"] = "True"
    if not setup.standardize:
        settings["standardize"] = "False"
    if setup.loss is not None:
        settings["loss"] = code_of(setup.loss)
    settings |= {"validation": code_of(setup.validation), "test": code_of(setup.test)}
    return call_lines("data = fl.rows_for", ["table", target], settings)


def _network(problem: Problem) -> list[str]:
    if problem.setup.net == MODEL:
        return ["net = model.network"]
    return [f"net = fl.Network.parse({code_of(_chain(problem.network))})"]


def _chain(network: Network) -> str:
    """Return the text of a network whose layers have the names that they get by themselves."""
    layers = [
        f"{layer.size} {activation_text(layer.activation)}" + ("" if layer.bias else " nobias")
        for layer in network.layers
    ]
    return " -> ".join([str(network.n_inputs), *layers])


def _start(problem: Problem) -> Iterator[str]:
    """Yield lines that make `theta`, where start weights were given."""
    setup, network, start = problem.setup, problem.network, problem.start
    if setup.start is None:
        return
    drawn, line = _drawn(problem)
    differing = np.flatnonzero(drawn.view(np.int64) != start.view(np.int64))
    if len(differing) <= _FEW < network.size:
        yield f"theta = {line}"
        for at in differing.tolist():
            yield f"theta[net.index({code_of(network.name(at))})] = {start[at].item()!r}"
    elif len(start) <= _LISTED:
        yield from list_lines("theta", start)
    else:
        text = _packed(start)
        yield "theta = np.frombuffer(base64.b85decode("
        yield from (f"    {code_of(text[i : i + 80])}" for i in range(0, len(text), 80))
        yield '), "<f8")'


def start_text(problem: Problem) -> str:
    """Return the start weights as code, after `head_lines`."""
    return "theta" if problem.setup.start is not None else _drawn(problem)[1]


def _drawn(problem: Problem) -> tuple[Floats, str]:
    """Return the start weights that there were without given ones, and the code that makes them."""
    setup, model = problem.setup, problem.source.model
    if setup.net == MODEL and model is not None:
        return model.theta.astype(np.float64), 'model.theta.astype("float64")'
    theta = problem.network.initial(setup.initializer, setup.seed)
    return theta, f"net.initial({code_of(setup.initializer)}, seed={setup.seed})"


def _packed(values: Floats) -> str:
    import base64

    return base64.b85encode(values.astype("<f8").tobytes()).decode()


def _run(problem: Problem) -> list[str]:
    setup = problem.setup
    settings: dict[str, str] = {}
    if problem.validation is not None:
        settings |= {"X_val": "data.validation.X", "y_val": "data.validation.Y"}
        settings |= {"restore_best": "False"}
    if setup.start is not None or setup.net == MODEL:
        settings["theta"] = start_text(problem)
    elif setup.initializer != "auto":
        settings["initializer"] = code_of(setup.initializer)
    settings["loss"] = code_of(problem.loss)
    settings |= {
        name: code_of(getattr(setup, name)) for name in ("l1", "l2") if getattr(setup, name)
    }
    settings["optimizer"] = method_text(setup.optimizer)
    if setup.schedule != "constant":
        settings["schedule"] = code_of(setup.schedule)
    settings |= {
        "batch_size": code_of(setup.batch_size or None),
        "epochs": code_of(setup.epochs),
        "seed": code_of(setup.seed),
    }
    return call_lines("run = fl.Run", ["net", "data.train.X", "data.train.Y"], settings)
