"""The curves of a descent: errors by step, what was changed on the way, and its best epoch."""

from __future__ import annotations

import math
from typing import Any

from ..history import Epoch, History
from .thinned import Thinned

__all__ = ["Curves"]

_MOST, _MARKS = 1200, 300  # points, and changes that are marked


class Curves:
    """What the page draws over the steps; after a step back, also what came later.

    Parameters
    ----------
    of
        The rows whose training error it is, in words.

    Attributes
    ----------
    marks
        Step and words of each change during the descent.
    """

    def __init__(self, of: str) -> None:
        self._of = of
        self._points = Thinned[dict[str, Any]](_MOST)
        self.marks: list[tuple[int, str]] = []
        self._best: Epoch | None = None
        self._seen = History()

    def add(self, point: dict[str, Any]) -> bool | None:
        """Add a point; return whether older ones went for it, or None where it is known."""
        if self._points.steps and point["step"] <= self._points.steps[-1]:
            return None
        return self._points.add(point["step"], point)

    def watch(self, history: History) -> None:
        """See the epochs that have ended since."""
        seen = len(self._seen)
        if seen > len(history) or (seen and history[seen - 1] is not self._seen[-1]):
            self._seen, self._best, seen = History(), None, 0
        for i in range(seen, len(history)):
            epoch = history[i]
            if epoch.validation_error is not None and (
                self._best is None or epoch.validation_error < (self._best.validation_error or 0)
            ):
                self._best = epoch
        self._seen = history

    @property
    def best(self) -> Epoch | None:
        """The epoch of the least validation error; None without any."""
        return self._best

    @property
    def best_told(self) -> dict[str, Any] | None:
        """The best epoch as the page takes it."""
        best = self._best
        if best is None:
            return None
        return {"step": best.steps, "epoch": best.epoch, "validation": best.validation_error}

    def mark(self, step: int, text: str) -> None:
        """Mark what was changed at a step, all in all; an empty text for nothing."""
        kept = [mark for mark in self.marks if mark[0] != step]
        self.marks = [*kept, (step, text)][-_MARKS:] if text else kept

    @property
    def lowest(self) -> int:
        """The step of the least known training error."""
        known = [point for point in self._points.items if math.isfinite(point["train"])]
        least = min(known, key=lambda point: float(point["train"]), default=self._points.items[0])
        return max(int(least["step"]), 0)  # those of an opened model cannot be gone back to

    def cut(self, step: int, history: History) -> None:
        """Forget what came after a step, where the history is this."""
        self._points.cut(step)
        self.marks = [mark for mark in self.marks if mark[0] <= step]
        self.watch(history)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the message that tells all of it."""
        return {
            "points": list(self._points.items),
            "marks": [{"step": step, "text": text} for step, text in self.marks],
            "best": self.best_told,
            "of": self._of,
        }
