"""One message to the page: plain fields and arrays of float32; ``protocol.ts`` lists them all."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..arrays import Array

__all__ = ["Message", "Viewer"]


@dataclass(frozen=True, eq=False)
class Message:
    """What is said to the page.

    Attributes
    ----------
    type
        As in ``protocol.ts``; messages of the same type replace one another while a slow page has
        not taken them, unless `slot` differs.
    fields
        JSON values; numbers that are not finite become null.
    arrays
        By name, of any shape.
    """

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the bytes that go over the socket.

        Examples
        --------
        >>> Message("notice", {"kind": "info", "text": "ready"}).encoded()[4:20]
        b'{"type":"notice"'
        """
        places, parts, at = {}, [], 0
        for name, array in self.arrays.items():
            places[name] = {"at": at, "shape": list(array.shape)}
            with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
                parts.append(np.ascontiguousarray(array, "<f4").tobytes())
            at += array.size
        header = {"type": self.type, **_finite(self.fields), "arrays": places}
        text = json.dumps(
            header, ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()
        padding = b"\0" * (-(4 + len(text)) % 4)
        return b"".join([struct.pack("<I", len(text)), text, padding, *parts])


def _finite(value: Any) -> Any:
    """Return JSON values without NaN and infinities, of plain Python's types."""
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Viewer(Protocol):
    """Who is told messages, such as a tab: what it shows, and what is in focus there."""

    show: frozenset[str]
    element: str | None
    row: int | None
    layer: str | None
    target: str | None

    def offer(self, message: Message, slot: str | None = None) -> None:
        """Take a message without waiting; it replaces what was not sent yet in its slot."""
