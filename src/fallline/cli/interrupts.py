"""Ctrl-C and SIGTERM: both raise KeyboardInterrupt; which came first decides the exit code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Interrupted", "Interrupts", "interrupts"]


class Interrupted(KeyboardInterrupt):
    """An interrupt with a message that says what was kept."""


class Interrupts:
    """What came so far.

    Attributes
    ----------
    first
        The number of the first signal, or None.
    kept
        What would remain if the next one came now.
    """

    def __init__(self) -> None:
        self.first: int | None = None
        self.kept = "nothing was written"

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: a second one goes through whatever the first has begun."""
        self.first = number if self.first is None else self.first
        raise KeyboardInterrupt

    @property
    def code(self) -> int:
        """The exit code: 0, or 128 and the number of the signal."""
        return 0 if self.first is None else 128 + self.first

    @property
    def message(self) -> str:
        """What happened, and what remains."""
        return f"{self.word}: {self.kept}"

    @property
    def word(self) -> str:
        """What happened."""
        return "terminated" if self.first == signal.SIGTERM else "interrupted"


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Handle both signals within; a signal that the parent process ignores stays ignored."""
    came = Interrupts()
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            try:
                before[number] = signal.signal(number, came)
            except ValueError:  # not in the main thread, where no signal arrives
                break
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
