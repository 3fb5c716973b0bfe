"""The numbers of a training: its error curves, and what each layer did epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ..arrays import Array, Floats, Ints, as_matrix
from ..descent.run import Run
from ..engines.calls import error_and_gradient
from ..errors import DataError, SpecError
from ..history import History
from ..spec.network import Network
from .display import Display
from .layers import layer_outputs
from .record import Record
from .style import Style, StyleName

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Histograms", "LayerHistory", "TrainingCurves", "layer_history", "training_curves"]

_BINS = 40


@dataclass(frozen=True)
class TrainingCurves(Display):
    """The errors and the learning rate of every epoch.

    Attributes
    ----------
    epochs
        (E,) their numbers.
    error
        (E,) mean J_B over the steps of the epoch, or their sum for the sum error.
    validation_error
        (E,) E of the validation rows, NaN where there were none.
    learning_rate
        (E,) η of the last step of each.
    best
        The epoch of the least validation error, else of the least error.
    """

    epochs: Ints
    error: Floats
    validation_error: Floats
    learning_rate: Floats
    best: int

    @property
    def validated(self) -> bool:
        """Whether there is a validation error at all."""
        return not bool(np.isnan(self.validation_error).all())

    def plot(
        self, ax: Axes | None = None, *, log: bool = True, style: StyleName | Style = "light"
    ) -> Self:
        """Draw the errors, and the learning rate beneath them.

        Parameters
        ----------
        ax
            Axes for the errors alone. Without it a figure is made, with the learning rate beneath.
        log
            Whether the errors' axis is logarithmic; it is not where an error is 0 or less.
        style
            ``"light"`` or ``"dark"``.
        """
        from .draw_training import draw_curves

        return self._drawn_on(draw_curves(self, ax, log, style))


def training_curves(history: History) -> TrainingCurves:
    """Return the error curves of a history.

    Raises
    ------
    DataError
        When it has no epoch yet.

    Examples
    --------
    >>> from fallline.descent import descend
    >>> run = descend(Network.parse("1 -> 1"), [[0.0], [1.0]], [1.0, 3.0], epochs=3)
    >>> training_curves(run.history).epochs.tolist()
    [1, 2, 3]
    """
    best = history.best.epoch  # says so where there is no epoch
    return TrainingCurves(
        np.array(history.column("epoch"), np.int64),
        _numbers(history.column("error")),
        _numbers(history.column("validation_error")),
        _numbers(history.column("learning_rate")),
        best,
    )


def _numbers(values: list[Any]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


@dataclass(frozen=True)
class Histograms(Record):
    """How numbers of a layer were spread, at some of the epochs.

    Attributes
    ----------
    edges
        (bins + 1,) of the bins, the same at all epochs.
    shares
        (epochs, bins) the share of the numbers in each bin.
    medians
        (epochs,) their medians.
    """

    edges: Floats
    shares: Floats
    medians: Floats


@dataclass(frozen=True)
class LayerHistory(Display):
    """What the layers of a network did while it was trained.

    Attributes
    ----------
    layers
        Names of the L layers, the output last.
    epochs
        (E,) the epochs.
    gradient_norms
        (E, L) Euclidean norm of a layer's part of ∂J/∂θ, over its trainable entries, of the rows
        given, at the end of each epoch.
    update_ratios
        (E, L) ‖ΔW‖ / ‖W‖ of the first step of each epoch, biases left aside.
    kept
        Epochs of which there are histograms; 0 is the start.
    weights, activations
        For each layer, histograms of its weights, and of its units' outputs for the rows.
    rows
        The number of rows that activations are of.
    """

    layers: tuple[str, ...]
    epochs: Ints
    gradient_norms: Floats
    update_ratios: Floats
    kept: Ints
    weights: tuple[Histograms, ...]
    activations: tuple[Histograms, ...]
    rows: int

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["gradients", "updates", "weights", "activations"] | None = None,
        layer: str | None = None,
        style: StyleName | Style = "light",
    ) -> Self:
        """Draw the norms and ratios by layer, or the histograms of weights or activations.

        Parameters
        ----------
        ax
            Axes to draw on. They take one picture: say the `kind`, and the `layer` of histograms.
        kind
            ``"gradients"``, ``"updates"``, ``"weights"`` or ``"activations"``. Without it the
            first two are drawn side by side.
        layer
            Draw the histograms of this layer only.
        style
            ``"light"`` or ``"dark"``.

        Raises
        ------
        SpecError
            When the kind or the layer is unknown, or `ax` is to take several pictures.
        """
        from .draw_training import draw_layers

        return self._drawn_on(draw_layers(self, ax, kind, layer, style))


def layer_history(
    run: Run,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    most_kept: int = 40,
    most_rows: int = 1000,
) -> LayerHistory:
    """Train a run to its end, and return what its layers did.

    Parameters
    ----------
    run
        A `fallline.Run` that can still go on; its numbers are those that it would have had anyway.
    X, Y, sample_weight
        Rows to measure the gradient with, as a rule the training rows: (n, d), (n, k) and (n,).
    most_kept
        Of so many epochs at most histograms are made, evenly spread; at least 2.
    most_rows
        The activations are those of the first so many rows.

    Raises
    ------
    SpecError
        When the run has ended, or a bound is too small.

    Examples
    --------
    >>> net = Network.parse("1 -> 3 tanh -> 1")
    >>> X, Y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 4.0]
    >>> found = layer_history(Run(net, X, Y, epochs=5, batch_size=1), X, Y)
    >>> found.layers, found.gradient_norms.shape, found.kept.tolist()
    (('hidden1', 'output'), (5, 2), [0, 1, 2, 3, 4, 5])
    """
    if most_kept < 2 or most_rows < 1:
        raise SpecError("most_kept must be at least 2 and most_rows at least 1")
    net, weighed = run.network, _Weighed(run, X, Y, sample_weight)
    thetas = {len(run.history): run.theta}
    every, norms, ratios, epochs = 1, [], [], []
    for before, after_one, after in _epochs(run):
        epochs.append(len(run.history))
        ratios.append(_ratios(net, before, after_one))
        norms.append(weighed.norms(after))
        last = epochs[-1]
        thetas = {epoch: theta for epoch, theta in thetas.items() if epoch % every == 0}
        thetas[last] = after
        if len(thetas) > most_kept:
            every *= 2
            thetas = {e: theta for e, theta in thetas.items() if e % every == 0 or e == last}
    if not epochs:
        raise SpecError(
            f"the run has ended already: {run.stopped}; make a new one and hand it over"
        )
    some = as_matrix(X, net.n_inputs, run.theta.dtype)[:most_rows]
    names = tuple(layer.name for layer in net.layers)
    return LayerHistory(
        names,
        np.array(epochs, np.int64),
        np.array(norms),
        np.array(ratios),
        np.array(sorted(thetas), np.int64),
        tuple(_spread([_of(net, thetas[e], name) for e in sorted(thetas)]) for name in names),
        tuple(
            _spread([layer_outputs(net, thetas[e], some, name) for e in sorted(thetas)])
            for name in names
        ),
        some.shape[0],
    )


def _epochs(run: Run) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield θ before every epoch, after its first step, and after it."""
    while True:
        before, done = run.theta, len(run.history)
        if run.step() is None:
            return
        after_one = run.theta
        if len(run.history) == done:  # the epoch has more steps
            next(run, None)
        if len(run.history) == done:  # it diverged within the epoch
            return
        yield before, after_one, run.theta


class _Weighed:
    """The gradient of the run's J on some rows, by layer."""

    def __init__(self, run: Run, X: Any, Y: Any, sample_weight: Any) -> None:
        objective = run.plan.objective
        self.network, self.rows, self.weights = run.network, (X, Y), sample_weight
        self.objective: dict[str, Any] = {
            "loss": objective.loss, "l2": objective.l2, "l1": objective.l1,
            "alpha": objective.alpha,
        }  # fmt: skip

    def norms(self, theta: Floats) -> list[float]:
        _, gradient = error_and_gradient(
            self.network, theta, *self.rows, sample_weight=self.weights, **self.objective
        )
        if self.network.trainable is not None:
            gradient = np.where(self.network.trainable, gradient, 0)
        parts = (gradient[b.weights.start : b.stop] for b in self.network.blocks)
        return [float(np.linalg.norm(part)) for part in parts]


def _ratios(network: Network, before: Floats, after: Floats) -> list[float]:
    found = []
    for block in network.blocks:
        size = float(np.linalg.norm(before[block.weights]))
        step = float(np.linalg.norm(after[block.weights] - before[block.weights]))
        found.append(step / size if size else np.nan)
    return found


def _of(network: Network, theta: Floats, name: str) -> Array:
    block = next(block for block in network.blocks if block.name == name)
    present: Array = theta[block.weights][~network.masked[block.weights]]
    return present


def _spread(each: list[Array]) -> Histograms:
    values = [part[np.isfinite(part)].astype(np.float64) for part in each]
    if any(not part.size for part in values):
        raise DataError("a layer has no finite number to make a histogram of")
    bins = min(_BINS, max(8, len(values[0])))  # few numbers in many bins are bars and gaps
    edges = np.histogram_bin_edges(np.concatenate(values), bins)
    shares = [np.histogram(part, edges)[0] / part.size for part in values]
    return Histograms(edges, np.array(shares), np.array([np.median(part) for part in values]))
