"""The one-line text form of a network: ``"8 -> 32 relu -> 1 identity"``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SpecError
from .layers import Input, Layer

if TYPE_CHECKING:
    from .network import Network

__all__ = ["activation_text", "layers_of", "text_of"]

# An activation may carry settings, leaky_relu(slope=0.2), or be a formula in backquotes: `z**2`.
_PLAIN = r"\w+(?:\([^()]*\))?"
_WORD = rf"{_PLAIN}|`[^`]*`"
_PART = re.compile(
    rf"""(?:(?P<name>\w+)\s*:\s*)?
        (?P<size>\d+)
        (?P<words>(?:\s+(?!from\b)(?:{_WORD}))*)
        (?:\s+from\s+(?P<sources>\w+(?:\s*,\s*\w+)*))?""",
    re.VERBOSE,
)
_LIMIT = 100_000  # characters: no network that a person writes is longer


def layers_of(text: str) -> list[Input | Layer]:
    """Return the layers that a text describes, in its order.

    Raises
    ------
    SpecError
        Naming the part that cannot be read.
    """
    if not isinstance(text, str) or not text.strip() or len(text) > _LIMIT:
        raise SpecError('a network in text is like "8 -> 32 relu -> 1 identity"')
    return [_layer(part.strip(), k) for k, part in enumerate(re.split(r"->|;|\n", text.strip()))]


def _layer(part: str, position: int) -> Input | Layer:
    found = _PART.fullmatch(part)
    if not found or len(found["size"]) > 9:
        raise SpecError(
            f"cannot read {part!r} in a network; each part is '[name:] size [activation] "
            '[nobias] [from source, source]\', as in "8 -> 32 relu -> 1 identity"; a formula as '
            "activation stands in backquotes"
        )
    name, size, words = found["name"] or "", int(found["size"]), re.findall(_WORD, found["words"])
    sources = tuple(re.split(r"\s*,\s*", found["sources"])) if found["sources"] else ()
    bias = "nobias" not in words
    words = [word for word in words if word != "nobias"]
    if position == 0 or words == ["input"]:
        if words not in ([], ["input"]) or sources or not bias:
            raise SpecError(f"an input layer has a size and nothing else, but it is {part!r}")
        return Input(size, name or "input")
    if len(words) > 1:
        raise SpecError(f"a layer has one activation, but {part!r} has {' and '.join(words)}")
    activation = words[0].strip("`") if words else "identity"
    return Layer(size, activation, name, sources, bias)


def text_of(network: Network) -> str:
    """Return a text that `layers_of` reads back; masks and frozen entries are left out."""
    parts = [
        f"{layer.name}: {layer.size}" + (" input" if k else "")
        for k, layer in enumerate(network.inputs)
    ]
    previous = tuple(layer.name for layer in network.inputs)
    for layer in network.layers:
        activation = activation_text(layer.activation)
        words = f"{layer.name}: {layer.size} {activation}" + ("" if layer.bias else " nobias")
        if layer.sources != previous:
            words += f" from {', '.join(layer.sources)}"
        parts.append(words)
        previous = (layer.name,)
    return " -> ".join(parts)


def activation_text(name: str) -> str:
    """Return an activation as it stands in a text: a formula in backquotes.

    Examples
    --------
    >>> activation_text("relu"), activation_text("z*tanh(z)")
    ('relu', '`z*tanh(z)`')
    """
    return name if re.fullmatch(_PLAIN, name) else f"`{name}`"
