"""Networks: a directed acyclic graph of layers over one flat parameter vector θ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..arrays import Bools, Floats
from ..errors import SpecError
from ..formulas.activations import ACTIVATIONS
from ..formulas.initializers import INITIALIZERS
from .graph import check_graph, resolve
from .layers import Input, Layer, pattern_array, pattern_of
from .names import parameter_index, parameter_name

__all__ = ["Block", "Input", "Layer", "Network", "View"]


class Block(NamedTuple):
    """Where a layer's parameters lie in θ: W row by row, then b."""

    name: str
    sources: tuple[str, ...]
    shape: tuple[int, int]  # (fan_in, size)
    weights: slice
    biases: slice | None

    @property
    def stop(self) -> int:
        """The index in θ after this block's last entry."""
        return int((self.biases or self.weights).stop)


class View(NamedTuple):
    """A layer's W (fan_in, size) and b (size,), or None, as views of θ."""

    weights: Any
    biases: Any


@dataclass(frozen=True)
class Network:
    """A feed-forward network as plain data: input layers, then layers in the order of their flow.

    Build it with `parse` for a chain or a graph in one line, or with `of` from layers. The output
    layer is the last listed and the only one that feeds no other.

    Attributes
    ----------
    inputs
        Input layers; together they take the d columns of X, in this order.
    layers
        All other layers; each is listed after the layers that feed it.

    Examples
    --------
    >>> net = Network.parse("8 -> 32 relu -> 1 identity")
    >>> net.size
    321
    >>> net.views(net.initial(seed=0))["hidden1"].weights.shape
    (8, 32)
    """

    inputs: tuple[Input, ...]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        check_graph(self.inputs, self.layers)
        for block, layer in zip(self.blocks, self.layers, strict=True):
            _patterns(block, layer)  # raises where a pattern has the wrong shape

    @classmethod
    def of(cls, *layers: Input | Layer) -> Network:
        """Return the network of the given layers, naming the unnamed and linking the unlinked.

        Raises
        ------
        SpecError
            Naming the layer: unknown or repeated names, cycles, layers that feed nothing.

        Examples
        --------
        >>> Network.of(Input(2), Layer(3, "sigmoid", name="a"),
        ...            Layer(1, "sigmoid", sources=("a", "input"))).size
        15
        """
        return cls(*resolve(layers))

    @classmethod
    def parse(cls, text: str) -> Network:
        """Return the network that a text describes: ``"8 -> 32 relu -> 1 identity"``.

        Each part is ``[name:] size [activation] [nobias] [from source, source]``; parts are
        separated by ``->`` or ``;``. The first is an input layer, and so is each whose activation
        is the word ``input``. A formula as activation stands in backquotes: ``32 `z*tanh(z)```.

        Examples
        --------
        >>> print(Network.parse("2 -> a: 3 tanh -> 1 sigmoid from a, input"))
        input: 2 -> a: 3 tanh -> output: 1 logistic from a, input
        """
        from .text import layers_of

        return cls.of(*layers_of(text))

    def __str__(self) -> str:
        """Return a text that `parse` reads back (masks and frozen entries are left out)."""
        from .text import text_of

        return text_of(self)

    def __repr__(self) -> str:
        """Return the text, cut where it is long, and how many entries are absent or frozen."""
        text = str(self)
        shown = text if len(text) <= 300 else text[:297] + "..."
        counts = {"absent": self.masked.sum(), "frozen": (self.frozen & ~self.masked).sum()}
        told = "".join(f", {n:,} {what}" for what, n in counts.items() if n)
        return f"Network({shown!r}{told})"

    @property
    def n_inputs(self) -> int:
        """Number of inputs, d."""
        return sum(layer.size for layer in self.inputs)

    @property
    def n_outputs(self) -> int:
        """Number of outputs, k."""
        return self.output.size

    @property
    def output(self) -> Layer:
        """The output layer."""
        return self.layers[-1]

    @property
    def size(self) -> int:
        """Number of parameters, P: the length of θ."""
        return self.blocks[-1].stop

    def width(self, name: str) -> int:
        """Return the number of units of a layer."""
        return self._widths[name]

    @cached_property
    def _widths(self) -> dict[str, int]:
        widths = {layer.name: layer.size for layer in self.inputs}
        return widths | {layer.name: layer.size for layer in self.layers}

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Where each layer's parameters lie in θ, in the order of `layers`."""
        blocks, start = [], 0
        for layer in self.layers:
            fan_in = sum(self._widths[source] for source in layer.sources)
            weights = slice(start, start + fan_in * layer.size)
            start = weights.stop
            biases = slice(start, start + layer.size) if layer.bias else None
            start = biases.stop if biases else start
            blocks.append(Block(layer.name, layer.sources, (fan_in, layer.size), weights, biases))
        return tuple(blocks)

    def views(self, theta: Any) -> dict[str, View]:
        """Return every layer's W and b as views of θ (no copies), by layer name."""
        return {
            block.name: View(
                theta[block.weights].reshape(block.shape),
                theta[block.biases] if block.biases else None,
            )
            for block in self.blocks
        }

    def name(self, index: int) -> str:
        """Return the name of θ[index]: ``w[layer.i->layer.j]`` or ``b[layer.j]``."""
        return parameter_name(self, index)

    def index(self, name: str) -> int:
        """Return the index in θ of the weight or bias called `name`."""
        return parameter_index(self, name)

    @cached_property
    def masked(self) -> Bools:
        """(P,) True where a connection is absent: θ is 0 there and stays 0."""
        return self._over_theta(0)

    @cached_property
    def frozen(self) -> Bools:
        """(P,) True where an entry keeps its value during training."""
        result = self._over_theta(1)
        for block, layer in zip(self.blocks, self.layers, strict=True):
            if layer.frozen is True:
                result[block.weights.start : block.stop] = True
        return result

    @cached_property
    def penalized(self) -> Bools:
        """(P,) True where a penalty applies: at weights, never at biases."""
        result = np.zeros(self.size, bool)
        for block in self.blocks:
            result[block.weights] = True
        return result

    @cached_property
    def trainable(self) -> Bools | None:
        """(P,) True where training may step, or None where that is everywhere."""
        fixed = self.masked | self.frozen
        return ~fixed if fixed.any() else None

    def _over_theta(self, which: int) -> Bools:
        result = np.zeros(self.size, bool)
        for block, layer in zip(self.blocks, self.layers, strict=True):
            pattern = _patterns(block, layer)[which]
            if pattern is not None:
                entries = pattern.ravel()
                result[block.weights.start : block.weights.start + entries.size] = entries
        return result

    def freeze(self, *names: str) -> Network:
        """Return the network with layers, or single weights and biases, frozen.

        Parameters
        ----------
        *names
            Names of layers (``"hidden1"``) or of parameters (``"w[input.0->hidden1.2]"``).

        Examples
        --------
        >>> int(Network.parse("2 -> 1").freeze("b[output.0]").frozen.sum())
        1
        """
        return self._marked(names, "frozen")

    def disconnect(self, *names: str) -> Network:
        """Return the network without the named weights: they are 0 and stay 0.

        Examples
        --------
        >>> int(Network.parse("2 -> 1").disconnect("w[input.0->output.0]").masked.sum())
        1
        """
        if biases := [name for name in names if not name.startswith("w[")]:
            raise SpecError(f"only weights w[layer.i->layer.j] can be disconnected: {biases[0]!r}")
        return self._marked(names, "mask")

    def _marked(self, names: Sequence[str], field: str) -> Network:
        marked = self.frozen.copy() if field == "frozen" else self.masked.copy()
        spans = {b.name: slice(b.weights.start, b.stop) for b in self.blocks}
        for name in names:
            marked[spans.get(name) or self.index(name)] = True
        layers = []
        for block, layer in zip(self.blocks, self.layers, strict=True):
            entries = marked[block.weights.start : block.stop]
            if field == "mask":
                entries = ~entries[: block.shape[0] * block.shape[1]]
            shaped = entries.reshape(-1, block.shape[1])
            plain = entries.all() if field == "mask" else not entries.any()
            change: dict[str, Any] = {field: None if plain else pattern_of(shaped)}
            layers.append(replace(layer, **change))
        return Network(self.inputs, tuple(layers))

    def initial(
        self,
        scheme: str | Mapping[str, Any] | npt.ArrayLike = "auto",
        seed: int | np.random.Generator = 0,
        dtype: npt.DTypeLike = np.float64,
    ) -> Floats:
        """Return start weights θ (P,); biases start at 0.

        Parameters
        ----------
        scheme
            A name from the table of initializers; ``"auto"`` takes the one made for each layer's
            activation. Or given values: a vector θ, or a mapping from layer names to W or (W, b);
            layers that it leaves out are drawn by ``"auto"``.
        seed
            A number, or a ``numpy.random.Generator`` to draw from.
        dtype
            float32 or float64.

        Raises
        ------
        SpecError
            For an unknown scheme, or values of the wrong shape (naming the layer).
        """
        from .initial import given_theta, given_values

        if not isinstance(scheme, str | Mapping):
            return given_theta(self, scheme, dtype)
        given = given_values(self, scheme) if isinstance(scheme, Mapping) else {}
        name = scheme if isinstance(scheme, str) else "auto"
        rng = np.random.default_rng(seed)
        theta = np.zeros(self.size)
        views = self.views(theta)
        for layer in self.layers:
            view = views[layer.name]
            drawn = _draw(self, layer, rng, name)  # also where given: later layers stay the same
            W, b = given.get(layer.name, (drawn, None))
            view.weights[:] = W
            if b is not None:
                view.biases[:] = b
        theta[self.masked] = 0.0
        return theta.astype(dtype)


def _patterns(block: Block, layer: Layer) -> tuple[Bools | None, Bools | None]:
    """Return the layer's absent (fan_in, size) and frozen (…, size) entries, where it has some."""
    fan_in, size = block.shape
    absent = frozen = None
    if layer.mask is not None:
        absent = ~pattern_array(layer.mask, block.shape, f"layer '{layer.name}': mask")
    if layer.frozen and layer.frozen is not True:
        rows = fan_in + (layer.bias and len(layer.frozen) > fan_in)
        frozen = pattern_array(layer.frozen, (rows, size), f"layer '{layer.name}': frozen")
    return absent, frozen


def _draw(network: Network, layer: Layer, rng: np.random.Generator, scheme: str) -> Floats:
    name = ACTIVATIONS[layer.activation].start if scheme == "auto" else scheme
    block = network.blocks[network.layers.index(layer)]
    present = block.shape[0] * block.shape[1] - int(network.masked[block.weights].sum())
    fan_in = max(present / block.shape[1], 1.0)  # a unit's own, which a mask makes smaller
    fan_out = max(present / block.shape[0], 1.0)
    drawn: Floats = INITIALIZERS[name].draw(rng, fan_in, fan_out, block.shape)
    return drawn
