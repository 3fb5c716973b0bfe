"""Numbers, networks and optimizers in words, for people; nothing is imported for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..formulas.registry import call_text

if TYPE_CHECKING:
    from ..formulas.optimizers.base import Method
    from ..spec.network import Network

__all__ = ["chain", "clean", "count", "method", "network_line", "number", "quantity"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: object, keep: str = "") -> str:
    """Return a text without control characters: a table's cells must not steer a terminal."""
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else "\ufffd", str(text))


def number(value: float) -> str:
    """Return a number for reading: four significant digits, or whole with separators.

    Examples
    --------
    >>> number(0.71597788), number(47552.081), number(-0.004274)
    ('0.7160', '47,552', '-0.004274')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return "not finite"
    if value == 0:
        return "0"
    if 1e3 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    if 1e-4 <= abs(value) < 1e3:
        return f"{value:#.4g}".rstrip(".")
    return f"{value:.4g}"


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "row"), count(1728, "row")
    ('1 row', '1,728 rows')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def quantity(value: object) -> str:
    """Return a cell or a label for reading."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return clean(value)
    return number(value) if isinstance(value, float) else f"{value:,}"


def method(optimizer: Method) -> str:
    """Return an optimizer in words, with what differs from its defaults.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> method(SGD(0.1, momentum=0.9))
    'sgd(momentum=0.9) at 0.1'
    """
    given, usual = optimizer.to_json(), type(optimizer)().to_json()
    changed = {
        name: value
        for name, value in given.items()
        if name not in ("name", "learning_rate") and value != usual[name]
    }
    rate = f" at {given['learning_rate']:g}" if "learning_rate" in given else ""
    return call_text(optimizer.name, changed) + rate


def network_line(network: Network) -> str:
    """Return the network in a line, with its number of parameters."""
    return f"{chain(network)}; {count(network.size, 'parameter')}"


def chain(network: Network) -> str:
    """Return the network as text, without the names that it has by default."""
    return re.sub(r"\b(input|hidden\d+|output): ", "", str(network))
