"""How the layers of a network bend the space of its inputs until the classes separate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..arrays import Floats, Inputs, Ints
from ..errors import SpecError
from ..spec.network import Network
from .display import Display
from .features import Features, plane_of, principal_axes, truth_of
from .layers import layer_outputs
from .questions import Asked, ask
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bending", "Space", "bending"]


@dataclass(frozen=True)
class Space:
    """The outputs of one layer, as two coordinates.

    Attributes
    ----------
    layer
        Its name; the inputs come first.
    names
        What the axes are.
    points
        (n, 2) the rows.
    grid
        (m, m, 2) the plane's grid, bent by all layers up to here.
    share
        The share of the variance of the rows that the two coordinates hold; 1 for two units.
    line
        (w₁, w₂, b) where w₁ o₁ + w₂ o₂ + b = 0 is the output's own boundary: there is one where
        two units alone feed a single output that tells two classes apart. Else None.
    """

    layer: str
    names: tuple[str, str]
    points: Floats
    grid: Floats
    share: float
    line: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Bending(Display):
    """The inputs, and what every hidden layer makes of them.

    Attributes
    ----------
    spaces
        The inputs' plane first, then the hidden layers in their order.
    truth
        (n,) the rows' classes or true amounts; None where they are not known.
    labels
        The classes' names.
    note
        How the inputs off the plane are set.
    """

    spaces: tuple[Space, ...]
    truth: Ints | Floats | None
    labels: tuple[str, ...]
    note: str

    def plot(
        self,
        ax: Axes | None = None,
        *,
        layer: str | None = None,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw the spaces side by side: the rows, and the grid bent with them.

        Parameters
        ----------
        ax
            Axes for one space: say its `layer`.
        layer
            Draw this layer's space only.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When there is no such layer, or `ax` is to take several spaces.
        """
        from .draw_features import draw_bending

        return self._drawn_on(draw_bending(self, ax, layer, style))


def bending(
    model: Any, data: Any, y: Any = None, *, features: Features = None, cells: int = 25
) -> Bending:
    """Return how the layers bend the space of the inputs.

    A layer of two units is shown as it is; of more, the first two principal components of its
    outputs for the rows are.

    Parameters
    ----------
    model, data, y
        As in `decision`.
    features, cells
        The plane whose grid is bent: see `plane_of`.

    Raises
    ------
    SpecError, DataError
        As in `decision`.

    Examples
    --------
    >>> from fallline.estimators import MLPClassifier
    >>> X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    >>> net = MLPClassifier((2,), tol=1.0, random_state=0).fit(X, y)
    >>> [space.layer for space in bending(net, X, y, cells=5).spaces]
    ['input', 'hidden1']
    """
    asked = ask(model, data, y)
    plane = plane_of(asked, features, cells)
    network = asked.model.network
    across, up = np.meshgrid(plane.x, plane.y)
    first = Space(
        network.inputs[0].name, plane.names, plane.points, np.stack([across, up], axis=2), 1.0
    )
    X = asked.inputs()
    hidden = [_space(asked, X, plane.inputs, layer.name, cells) for layer in network.layers[:-1]]
    return Bending((first, *hidden), truth_of(asked), asked.labels, plane.note)


def _space(asked: Asked, X: Inputs, grid: Floats, layer: str, cells: int) -> Space:
    network, theta = asked.model.network, asked.model.theta
    rows = layer_outputs(network, theta, X, layer).astype(np.float64)
    bent = layer_outputs(network, theta, grid, layer).astype(np.float64)
    shape, line = (cells, cells, 2), None
    names, share = (f"o of {layer}.0", f"o of {layer}.1"), 1.0
    if rows.shape[1] == 2:
        line = _boundary(asked, network, layer)
    elif rows.shape[1] == 1:  # one unit: its output on one axis, nothing on the other
        names = (names[0], "")
        rows, bent = (np.column_stack([part, 0 * part]) for part in (rows, bent))
    else:
        if len(rows) < 2:
            raise SpecError("the principal components of a layer's outputs need two rows")
        axes, shares = principal_axes(rows)
        middle, share = rows.mean(axis=0), float(shares.sum())
        rows, bent = (rows - middle) @ axes.T, (bent - middle) @ axes.T
        names = ("first principal component", "second principal component")
    return Space(layer, names, rows, bent.reshape(shape), share, line)


def _boundary(asked: Asked, network: Network, layer: str) -> tuple[float, float, float] | None:
    """Return the line in a layer's space at which a single output changes its class."""
    output, sign = network.output, asked.model.loss.targets == "sign"
    if len(asked.labels) != 2 or output.size != 1 or output.sources != (layer,):
        return None
    if output.activation not in (("identity", "tanh") if sign else ("logistic",)):
        return None  # the class does not change where the net input does its sign
    view = network.views(asked.model.theta)[output.name]
    bias = 0.0 if view.biases is None else float(view.biases[0])
    return float(view.weights[0, 0]), float(view.weights[1, 0]), bias
