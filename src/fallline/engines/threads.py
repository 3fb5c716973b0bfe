"""One thread for NumPy's linear algebra, so that a descent gives the same bits on every machine.

A library that shares a product among threads sums it in an order that depends on their number. For
batches of usual size one thread is also the fastest, by far where other programs use the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import local
from typing import Any

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the linear algebra use one thread within; the number before comes back at the end.

    Each thread has a limit of its own as far as the library knows threads. What enters within
    another costs next to nothing.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


class _Limit(local):
    """The limit that a thread has set, and how often it has entered it."""

    within = 0
    set: Any = None

    def enter(self) -> None:
        if not self.within:
            self.set = _controller().limit(limits=1, user_api="blas")
        self.within += 1

    def leave(self) -> None:
        self.within -= 1
        if not self.within:
            self.set.restore_original_limits()


_LIMIT = _Limit()


@cache
def _controller() -> Any:
    """Return the handle of the libraries loaded by now, NumPy's among them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
