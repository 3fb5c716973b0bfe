"""The diagram of a network: units and edges, as SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import Floats, as_matrix
from ..errors import SpecError
from ..explain.network_svg import Telling, UnitText, network_svg
from ..explain.trace_shown import Digits
from ..model import Model
from ..spec.initial import given_theta
from ..spec.network import Network
from .layers import layer_outputs
from .lettering import shortened
from .questions import ask, model_of
from .style import StyleName, style_named

__all__ = ["Diagram", "diagram"]

_LONGEST = 22  # characters of a name beneath a unit


@dataclass(frozen=True)
class Diagram:
    """A network as a picture, which Jupyter shows by itself.

    Attributes
    ----------
    network
        The network.
    theta
        (P,) its parameters, or None.
    svg
        The picture as SVG markup.
    """

    network: Network
    theta: Floats | None = field(repr=False)
    svg: str = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write the picture to an SVG file.

        Raises
        ------
        SpecError
            When the file's name does not end in ``.svg``.
        """
        if Path(path).suffix.lower() != ".svg":
            raise SpecError(f"a diagram is written as SVG: end the file's name in .svg, not {path}")
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg


def diagram(
    network: Any,
    theta: npt.ArrayLike | None = None,
    row: Any = None,
    *,
    values: bool | None = None,
    digits: int = 3,
    style: StyleName | None = None,
) -> Diagram:
    """Return the diagram of a network.

    The thickness of an edge is |w| beside the largest weight drawn; its colour is the sign of w,
    which dashes tell too. The bias b of a unit stands above it. Of a layer of more than eight units
    the first four and the last three are drawn, with the number of those left out.

    Parameters
    ----------
    network
        A network; or a `Model`, a `Run` or a fitted estimator, which has weights, and names for its
        inputs and outputs.
    theta
        (P,) the parameters of a network. Without them all edges look alike.
    row
        One row, (d,) or as the model takes it: the outputs of all units for it stand in them.
    values
        Whether each edge has its number; up to 40 edges unless given.
    digits
        Significant digits of numbers.
    style
        ``"light"`` or ``"dark"``; as the reader's screen is, unless given.

    Raises
    ------
    SpecError
        When the parameters do not fit, are given twice, or are missing where a row is given.
    DataError
        When the row does not fit, or is not one.

    Examples
    --------
    >>> net = Network.parse("2 -> 3 tanh -> 1")
    >>> picture = diagram(net, net.initial(seed=0))
    >>> picture.svg[:5], picture.svg.count("<circle")
    ('<svg ', 6)
    """
    if not 1 <= digits <= 17:
        raise SpecError(f"digits must be from 1 to 17, but it is {digits}")
    if style is not None:
        style_named(style)
    model = None if isinstance(network, Network) else model_of(network)
    if model is None:
        net, weights = network, None if theta is None else given_theta(network, theta)
    elif theta is not None:
        raise SpecError("a model has its own weights; leave theta away, or give model.network")
    else:
        net, weights = model.network, model.theta
    outputs = _outputs(net, weights, model, row)
    names = {} if model is None else _names(model)

    def shown(value: float) -> str:
        return Digits(digits).of(float(value)).shown

    def unit(layer: str, place: int) -> UnitText:
        inside = shown(outputs[layer][place]) if layer in outputs else ""
        name = names.get((layer, place), "")
        return UnitText(inside, (shortened(name, _LONGEST),) if name else ())

    alt = f"Network {net}" + ("" if weights is None else ": edges by weight")
    labelled = {None: 40, True: net.size, False: 0}[values]
    telling = Telling(shown, unit, lambda index: "", alt, labelled)
    return Diagram(net, weights, network_svg(net, weights, telling, style or "auto"))


def _outputs(
    network: Network, theta: Floats | None, model: Model | None, row: Any
) -> Mapping[str, Floats]:
    """Return o of every layer's units for the row; nothing where there is none."""
    if row is None:
        return {}
    if theta is None:
        raise SpecError("to show what units give for a row, give theta too")
    flat = isinstance(row, list | tuple | np.ndarray) and np.ndim(row) == 1
    data = np.asarray(row)[None] if flat else row
    X = (
        as_matrix(data, network.n_inputs, theta.dtype)
        if model is None
        else ask(model, data).inputs()
    )
    if X.shape[0] != 1:
        raise SpecError(f"a diagram shows one row, but {X.shape[0]} came; choose one of them")
    found = {
        layer.name: layer_outputs(network, theta, X, layer.name)[0] for layer in network.layers
    }
    start = 0
    for layer in network.inputs:
        found[layer.name] = X[0, start : start + layer.size]
        start += layer.size
    return found


def _names(model: Model) -> dict[tuple[str, int], str]:
    """Return the names of inputs and outputs, by layer and unit."""
    places = [(layer.name, i) for layer in model.network.inputs for i in range(layer.size)]
    features = () if model.encoder is None else model.encoder.feature_names
    found = dict(zip(places, features, strict=False))
    target, output = model.target, model.network.output
    if target is None or output.size != target.k:
        return found
    told = target.names if target.task == "regression" else tuple(map(str, target.labels))
    told = told[-1:] if output.size == 1 else told
    return found | {(output.name, i): name for i, name in enumerate(told)}
