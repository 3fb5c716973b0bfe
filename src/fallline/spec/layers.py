"""Layers as plain data, and the boolean patterns (absent, frozen) over their entries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Bools
from ..errors import SpecError
from ..formulas.activations import ACTIVATIONS

__all__ = ["Input", "Layer", "Pattern", "pattern_array", "pattern_of"]

Pattern = tuple[str, ...]
"""A boolean matrix as text: one string of 0 and 1 for each row, so that JSON stays readable."""

_NAME = re.compile(r"[^\W\d]\w*")
_RESERVED = frozenset({"from", "nobias"})


@dataclass(frozen=True)
class Input:
    """A layer of input units: takes the next `size` columns of X.

    Parameters
    ----------
    size
        Number of units, at least 1.
    name
        Its name in weights' names; ``input`` unless given.

    Examples
    --------
    >>> Input(2)
    Input(size=2, name='input')
    """

    size: int
    name: str = "input"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _size(self.size, f"input layer '{self.name}'"))
        _check_name(self.name)


@dataclass(frozen=True)
class Layer:
    """A layer of units: o = f(b + Σ w o_source) over the units of all its source layers.

    Parameters
    ----------
    size
        Number of units, at least 1; a layer of size 1 is a node.
    activation
        A name from the table of activations, or a formula in z, the net input, such as
        ``"z*tanh(softplus(z))"``; for each unit one of its own, use layers of size 1.
    name
        Unnamed layers are called ``hidden1``, ``hidden2``, ... and ``output``.
    sources
        Names of the layers that feed it, concatenated in this order; the layer listed before it
        unless given.
    bias
        Whether its units have a bias.
    mask
        (fan_in, size) booleans: False where a connection is absent. All are present unless given.
    frozen
        True, or booleans of shape (fan_in, size), or (fan_in + 1, size) with the biases as the
        last row: True where an entry keeps its value during training.

    Examples
    --------
    >>> Layer(1, "sigmoid", sources=("a", "input")).activation
    'logistic'
    """

    size: int
    activation: str = "identity"
    name: str = ""
    sources: tuple[str, ...] = ()
    bias: bool = True
    mask: Any = None
    frozen: Any = None

    def __post_init__(self) -> None:
        place = f"layer '{self.name}'" if self.name else "a layer"
        object.__setattr__(self, "size", _size(self.size, place))
        if self.name:
            _check_name(self.name)
        if not isinstance(self.bias, bool):
            raise SpecError(f"{place}: bias must be True or False, not {self.bias!r}")
        try:
            activation = ACTIVATIONS[self.activation].name
        except SpecError as error:
            raise SpecError(f"{place}: {error}") from None
        if isinstance(self.mask, bool):
            raise SpecError(f"{place}: mask must be a matrix of booleans, not {self.mask}")
        object.__setattr__(self, "activation", activation)
        object.__setattr__(self, "sources", _sources(self.sources, place))
        object.__setattr__(self, "mask", _plain(self.mask, place))
        object.__setattr__(self, "frozen", _plain(self.frozen, place) or None)


def pattern_of(array: Any) -> Pattern:
    """Return a boolean matrix as one string of 0 and 1 for each row."""
    return tuple("".join("1" if entry else "0" for entry in row) for row in array)


def pattern_array(pattern: Pattern, shape: tuple[int, int], place: str) -> Bools:
    """Return the pattern as a boolean matrix of the given shape.

    Raises
    ------
    SpecError
        When it has another shape.
    """
    if len(pattern) != shape[0] or any(len(row) != shape[1] for row in pattern):
        width = len(pattern[0]) if pattern else 0
        raise SpecError(
            f"{place} must have shape {shape} (a row for each source unit, a column for each "
            f"unit), but it has ({len(pattern)}, {width})"
        )
    return np.array([[entry == "1" for entry in row] for row in pattern], bool).reshape(shape)


def _sources(value: Any, place: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise SpecError(f"{place}: sources must be names of layers, not {value!r}")
    return tuple(names)


def _plain(value: Any, place: str) -> Pattern | bool | None:
    """Return a mask or frozen argument as plain data: None, a bool, or a pattern."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and all(isinstance(row, str) for row in value):
        if any(set(row) - {"0", "1"} for row in value):
            raise SpecError(f"{place}: a mask given as text holds only the characters 0 and 1")
        return tuple(value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise SpecError(f"{place}: mask and frozen must be matrices ({error})") from None
    if array.ndim != 2 or array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise SpecError(
            f"{place}: mask and frozen must be matrices of booleans (or 0 and 1), not "
            f"{array.dtype} of shape {array.shape}"
        )
    return pattern_of(array)


def _size(size: object, place: str) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise SpecError(f"{place}: the size must be a whole number of units above 0, not {size!r}")
    return int(size)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 100:
        raise SpecError(
            f"a layer's name must be a letter followed by letters, digits or _, not {name!r}"
        )
    if name in _RESERVED or name in ACTIVATIONS:
        raise SpecError(f"a layer cannot be named '{name}': that word has a meaning in networks")
