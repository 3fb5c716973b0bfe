"""The checks of numbers that people give: in settings, plans and files."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..errors import SpecError

__all__ = ["Setting", "finite_number", "flag", "number", "numbers", "whole"]


def finite_number(value: object) -> float | None:
    """Return `value` as a plain float; None where it is no finite real number.

    Plain, so that it is JSON and that a NumPy float64 does not carry a float32 descent along.

    Examples
    --------
    >>> finite_number(3), finite_number("3"), finite_number(True), finite_number(10**400)
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Setting:
    """One setting of a row: its default, and what else it may be.

    Attributes
    ----------
    default
        A number, a tuple of numbers, a bool, a text, or None.
    expected
        What a value must be, in words: ``"a finite number above 0"``.
    parse
        Returns a value as plain data in its one form; None where it cannot be.
    low, high
        The bounds of a number, whether they are among its values or not; None without.
    """

    default: Any
    expected: str
    parse: Callable[[object], Any]
    low: float | None = None
    high: float | None = None

    def read(self, place: str, value: object) -> Any:
        """Return `value` as plain data.

        Raises
        ------
        SpecError
            Naming the `place`, where it cannot be.
        """
        if value == self.default and type(value) is type(self.default):
            return self.default
        found = self.parse(value)
        if found is None:
            shown = list(value) if isinstance(value, tuple) else value
            raise SpecError(f"{place} must be {self.expected}, not {shown!r}")
        return found


def number(
    default: float | None,
    *,
    above: float = -math.inf,
    below: float = math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> Setting:
    """Return the setting of one finite number between open and closed bounds.

    Examples
    --------
    >>> number(0.5, least=0, below=1).expected
    'a finite number of at least 0 and below 1'
    """

    def parse(value: object) -> float | None:
        found = finite_number(value)
        inside = found is not None and above < found < below and least <= found <= most
        return found if inside else None

    expected = "a finite number" + _bounds(above, below, least, most)
    bounds = max(above, least), min(below, most)
    low, high = (bound if math.isfinite(bound) else None for bound in bounds)
    return Setting(default, expected, parse, low, high)


def numbers(
    default: tuple[float, ...] | None, expected: str, sound: Callable[[Sequence[float]], bool]
) -> Setting:
    """Return the setting of a list of finite numbers; a single number serves as a list of one."""

    def parse(value: object) -> tuple[float, ...] | None:
        items = value if isinstance(value, tuple | list) else (value,)
        found = [finite_number(item) for item in items]
        whole = tuple(item for item in found if item is not None)
        return whole if len(whole) == len(found) and sound(whole) else None

    return Setting(default, expected, parse)


def whole(default: int | None, *, least: int = 0) -> Setting:
    """Return the setting of one whole number of at least `least`."""

    def parse(value: object) -> int | None:
        sound = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return int(value) if sound else None  # type: ignore[call-overload]

    return Setting(default, f"a whole number of at least {least}", parse, least)


def flag(default: bool) -> Setting:
    """Return the setting that is True or False."""
    return Setting(default, "True or False", lambda v: v if isinstance(v, bool) else None)


def _bounds(above: float, below: float, least: float, most: float) -> str:
    words = [
        f"{word} {bound:g}"
        for word, bound in (
            ("above", above), ("of at least", least), ("below", below), ("at most", most)
        )
        if math.isfinite(bound)
    ]  # fmt: skip
    return " " + " and ".join(words) if words else ""
