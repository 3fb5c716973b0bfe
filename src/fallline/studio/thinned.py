"""Something kept at some of the steps of a descent, so many at most, the denser the earlier."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

__all__ = ["Thinned"]

T = TypeVar("T")


class Thinned(Generic[T]):
    """Items by the step that they belong to, in order.

    When full, about half of them stay, evenly over the square root of the step: a descent does
    most at its beginning. The first and the last always stay.

    Parameters
    ----------
    most
        How many are kept, at least 4.

    Examples
    --------
    >>> kept = Thinned[str](4)
    >>> [kept.add(step, str(step)) for step in range(5)]
    [False, False, False, False, True]
    >>> kept.steps, kept.upto(3)
    ([0, 1, 4], ['0', '1'])
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.steps: list[int] = []
        self.items: list[T] = []

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, item: T) -> bool:
        """Keep an item of a later step than all before; return whether older ones went for it."""
        if self.steps and step <= self.steps[-1]:
            return False
        self.steps.append(step)
        self.items.append(item)
        full = len(self.steps) > self._most
        if full:
            self._thin()
        return full

    def upto(self, step: int) -> list[T]:
        """Return the items of this step and those before it."""
        return self.items[: bisect_right(self.steps, step)]

    def cut(self, step: int) -> None:
        """Forget what came after a step."""
        at = bisect_right(self.steps, step)
        del self.steps[at:], self.items[at:]

    def _thin(self) -> None:
        first, bins = self.steps[0], self._most // 2
        length = self.steps[-1] - first
        seen, kept = set[int](), list[int]()
        for i, step in enumerate(self.steps):
            place = int(bins * ((step - first) / length) ** 0.5)
            if place not in seen or i == len(self.steps) - 1:
                seen.add(place)
                kept.append(i)
        if len(kept) > self._most:  # the last two, where there are few places
            del kept[-2]
        self.steps = [self.steps[i] for i in kept]
        self.items = [self.items[i] for i in kept]
