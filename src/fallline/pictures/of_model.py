"""The pictures of a trained model, by name: what `Model.plot` draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import SpecError, suggest
from .bending import bending
from .diagram import diagram
from .display import Display
from .effects import dependence, importance
from .features import decision, units
from .judged import amounts, classes
from .questions import model_of

__all__ = ["KINDS", "plot_model"]

_DRAWING = frozenset(
    {"style", "layer", "unit", "most", "most_points", "bins", "lines", "log"}
)  # options of drawings; all others are of the numbers


def _training(model: Any, data: Any, y: Any) -> Display:
    from .training import training_curves

    if data is not None:
        raise SpecError("the picture 'training' is of the history alone; leave the data away")
    return training_curves(model.history)


KINDS: dict[str, tuple[Callable[..., Display], dict[str, Any]]] = {
    "training": (_training, {}),
    "decision": (decision, {}),
    "units": (units, {}),
    "bending": (bending, {}),
    "predictions": (amounts, {"kind": "predictions"}),
    "residuals": (amounts, {"kind": "residuals"}),
    "confusion": (classes, {"kind": "confusion"}),
    "calibration": (classes, {"kind": "calibration"}),
    "roc": (classes, {"kind": "roc"}),
    "precision_recall": (classes, {"kind": "precision_recall"}),
    "importance": (importance, {}),
    "dependence": (dependence, {}),
}
"""For each kind of picture what makes its numbers, and what its drawing is told."""


def plot_model(
    model: Any, kind: str, data: Any = None, y: Any = None, ax: Any = None, **options: Any
) -> Any:
    """Draw a picture of a model and return its record: see `fallline.Model.plot`.

    Parameters
    ----------
    model
        A `Model`, a `Run` or a fitted estimator.

    Raises
    ------
    SpecError
        For an unknown kind or option, or a kind that does not suit the model.
    DataError
        When the data lack what the picture needs.

    Examples
    --------
    >>> from fallline.estimators import MLPClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> net = MLPClassifier(tol=1.0, random_state=0).fit(X, y)
    >>> plot_model(net, "confusion", X, y).ax_.get_xlabel()
    'predicted'
    """
    if kind == "diagram":
        return _diagram(model, data, y, ax, options)
    if kind not in KINDS:
        known = [*KINDS, "diagram"]
        raise SpecError(f"there is no picture {kind!r} of a model; {suggest(kind, known)}")
    make, told = KINDS[kind]
    drawing = {name: value for name, value in options.items() if name in _DRAWING}
    numbers = {name: value for name, value in options.items() if name not in _DRAWING}
    _check(make, numbers, kind)
    found = make(model_of(model), data, y, **numbers)
    _check(partial(found.plot), told | drawing, kind)
    return found.plot(ax, **told, **drawing)


def _diagram(model: Any, data: Any, y: Any, ax: Any, options: dict[str, Any]) -> Any:
    if ax is not None or y is not None:
        raise SpecError("a diagram is SVG, which takes neither ax nor y; save it, or use its .svg")
    _check(diagram, options, "diagram")
    return diagram(model_of(model), row=data, **options)


def _check(function: Callable[..., Any], options: dict[str, Any], kind: str) -> None:
    """Refuse options that a function does not take."""
    from inspect import Parameter, signature

    parameters = signature(function).parameters.values()
    known = {each.name for each in parameters if each.kind is Parameter.KEYWORD_ONLY}
    for name in options:
        if name not in known:
            raise SpecError(f"the picture '{kind}' has no option '{name}'; {suggest(name, known)}")
