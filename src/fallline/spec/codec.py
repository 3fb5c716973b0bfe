"""Networks to JSON and back, and the one canonical way to write JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ..errors import SpecError
from ..formulas.custom import name_from_json, name_to_json
from .layers import Input, Layer
from .network import Network

__all__ = ["canonical_json", "network_from_json", "network_to_json", "strict_json"]

_INPUT_KEYS = {"name", "size"}
_LAYER_KEYS = {"name", "size", "activation", "sources", "bias", "mask", "frozen"}


def network_to_json(network: Network) -> dict[str, Any]:
    """Return the network as plain data; formulas of the user's as trees.

    Raises
    ------
    SpecError
        When an activation is a Python function.

    Examples
    --------
    >>> network_to_json(Network.parse("2 -> 1"))["inputs"]
    [{'name': 'input', 'size': 2}]
    """
    return {
        "inputs": [{"name": layer.name, "size": layer.size} for layer in network.inputs],
        "layers": [_layer_to_json(layer) for layer in network.layers],
    }


def _layer_to_json(layer: Layer) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": layer.name,
        "size": layer.size,
        "activation": name_to_json(layer.activation),
        "sources": list(layer.sources),
        "bias": layer.bias,
    }
    for key in ("mask", "frozen"):
        value = getattr(layer, key)
        if value is not None and value is not False:
            plain[key] = value if isinstance(value, bool) else list(value)
    return plain


def network_from_json(plain: Any) -> Network:
    """Return the network from plain data, checking all of it.

    Raises
    ------
    SpecError
        When anything in it is missing, unknown or wrong; no other exception leaves here.
    """
    graph = _record(plain, {"inputs", "layers"}, set(), "a network")
    inputs = [
        Input(**_record(item, _INPUT_KEYS, set(), "an input layer"))
        for item in _items(graph["inputs"], "inputs")
    ]
    layers = []
    for item in _items(graph["layers"], "layers"):
        record = _record(item, _LAYER_KEYS - {"mask", "frozen"}, {"mask", "frozen"}, "a layer")
        sources = _items(record["sources"], "sources")
        if not sources or not all(isinstance(source, str) for source in sources):
            raise SpecError("a layer's sources must be a list of layer names")
        for key in ("mask", "frozen"):
            _check_pattern(record.get(key), key)
        if not record["name"]:
            raise SpecError("a layer must have a name")
        record["activation"] = name_from_json("activation", record["activation"])
        layers.append(Layer(**{**record, "sources": tuple(sources)}))
    return Network(tuple(inputs), tuple(layers))


def _check_pattern(value: object, key: str) -> None:
    text = isinstance(value, list) and value and all(isinstance(row, str) for row in value)
    if not (value is None or (value is True and key == "frozen") or text):
        raise SpecError(f"a layer's {key} must be a list of texts of 0 and 1")


def _items(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise SpecError(f"'{place}' must be a list, not {type(value).__name__}")
    return value


def _record(value: object, needed: set[str], allowed: set[str], place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecError(f"{place} must be an object, not {type(value).__name__}")
    if missing := needed - set(value):
        raise SpecError(f"{place} lacks {', '.join(sorted(missing))}")
    if unknown := set(value) - needed - allowed:
        raise SpecError(f"{place} has unknown entries: {', '.join(sorted(map(str, unknown)))}")
    return dict(value)


def canonical_json(plain: Any) -> str:
    """Return JSON with one spelling for each value: sorted keys, no spaces, no NaN, ASCII.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON does not have.
    """
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def strict_json(text: str | bytes) -> Any:
    """Return what JSON text holds; repeated keys, NaN and infinity are refused.

    Raises
    ------
    ValueError
        When the text is not strict JSON.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            raise ValueError("a key stands twice in one object")
        return result

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    def finite(digits: str) -> float:
        number = float(digits)
        return number if math.isfinite(number) else refuse(digits)  # such as 1e999

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse, parse_float=finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
