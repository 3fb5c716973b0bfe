"""How many threads compute.

One for NumPy's linear algebra, so that a descent gives the same bits on every machine.
A library that shares a product among threads sums it in an order that depends on their number. For
batches of usual size one thread is also the fastest, by far where other programs use the cores.

The native engine's bits depend on no number of threads: it takes several where the work pays them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import local
from typing import Any

__all__ = ["ALONE", "allowed_threads", "one_thread", "threads_for"]


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


_WORTHWHILE = 4e6
"""Multiplications for each thread below which another one costs more than it brings."""

ALONE = 2 * _WORTHWHILE
"""Multiplications that one thread does alone."""


def threads_for(work: float, most: int | None = None) -> int:
    """Return how many threads to share so many multiplications among.

    At most `most`, else at most the cores that this process may use, the number in OMP_NUM_THREADS
    and what threadpoolctl allows the linear algebra, which joblib and others set.
    """
    worth = int(work / _WORTHWHILE)
    if worth < 2 or most == 1:
        return 1
    return max(1, min(worth, allowed_threads() if most is None else most))


def allowed_threads() -> int:
    """Return how many threads this process should have at work at most.

    The least of its cores, the number in OMP_NUM_THREADS and what threadpoolctl allows.
    """
    limits = [_cores()]
    limits += [library.num_threads for library in _controller().lib_controllers]
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if first.strip().isdecimal():
        limits.append(int(first))
    return min(limit for limit in limits if limit and limit > 0)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
