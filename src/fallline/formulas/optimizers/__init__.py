"""Optimizers: from a gradient to a step Δθ.

Each is a frozen record of settings with two pure functions over an array namespace ``xp``::

    state = optimizer.init(xp, theta)
    step, state = optimizer.update(xp, gradient, state, theta, rate)      # then θ ← θ + step

``state`` is a dict of plain arrays, so that pausing, resuming and stepping back need nothing else.
``rate`` is the learning rate η of this step: a schedule may have changed ``learning_rate``.
Each docstring states the formula and where ε stands; libraries differ in exactly that, and
``dialect`` chooses among them. Solvers, which evaluate the error themselves, are in `solvers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ...errors import SpecError, suggest
from ..registry import Registry, read_call
from .base import DIALECTS, OURS, Formula, Method, Optimizer, State
from .lbfgs import LBFGS
from .moments import Adam, AdamW, NAdam
from .momentum import SGD
from .signs import Lion, Rprop
from .solver import Evaluate, Solver
from .squares import Adadelta, Adagrad, RMSProp

__all__ = [
    "DIALECTS",
    "LBFGS",
    "OPTIMIZERS",
    "OURS",
    "SGD",
    "SOLVERS",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Evaluate",
    "Formula",
    "Lion",
    "Method",
    "NAdam",
    "Optimizer",
    "RMSProp",
    "Rprop",
    "Solver",
    "State",
    "optimizer_from",
]

OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer", [SGD, Adagrad, RMSProp, Adadelta, Adam, AdamW, NAdam, Lion, Rprop]
)

SOLVERS: Registry[type[Solver]] = Registry("solver", [LBFGS])


def optimizer_from(value: str | Mapping[str, Any] | Method) -> Any:
    """Return an optimizer or solver from itself, its name, or plain data as `to_json` gives.

    The name may carry settings: ``"sgd(momentum=0.9)"``.

    Raises
    ------
    SpecError
        For an unknown name or setting, with the nearest known one.

    Examples
    --------
    >>> optimizer_from({"name": "sgd", "learning_rate": 0.5})
    SGD(learning_rate=0.5, momentum=0.0, nesterov=False, dialect='fallline')
    >>> optimizer_from("sgd(momentum=0.9)").momentum
    0.9
    """
    if isinstance(value, Method):
        return value
    if not isinstance(value, str | Mapping):
        raise SpecError(
            "an optimizer must be one, as in SGD(0.1), or a name, or settings as in "
            f'{{"name": "sgd", "learning_rate": 0.1}}, not {value!r}'
        )
    if isinstance(value, str):
        name, given = read_call(value)
        value = given | {"name": name}
    settings = dict(value)
    kind = _kind(settings.pop("name", ""))
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise SpecError(f"{kind.name} has no setting {name!r}; {suggest(name, known)}")
    return kind(**settings)


def _kind(name: Any) -> type[Method]:
    kinds: dict[str, type[Method]] = {**OPTIMIZERS, **SOLVERS}
    if not isinstance(name, str) or name not in kinds:
        raise SpecError(f"unknown optimizer {name!r}; {suggest(name, kinds)}")
    return kinds[name]
