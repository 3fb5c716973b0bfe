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
from threading import Lock, local
from typing import Any

__all__ = ["ALONE", "allowed_threads", "one_thread", "threads_for"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the linear algebra use one thread within; the number before comes back at the end.

    Threads may be within at once: the last one out brings the number back. Meanwhile each may have
    its share of that number for itself, see `allowed_threads`. What enters within another costs
    next to nothing.
    """
    try:  # within, too: a signal may come while numbers are set
        _LIMIT.enter()
        yield
    finally:
        _LIMIT.leave()


class _Limit:
    """The limit that the threads within have set, and what was before it.

    A library's number is that of the process, or, where it shares work by OpenMP, of each thread.

    Attributes
    ----------
    within
        How many threads have entered and not left.
    before
        The libraries, and their numbers before the first of them entered.
    """

    def __init__(self) -> None:
        self.within = 0
        self.before: list[tuple[Any, int]] = []
        self._own, self._lock = local(), Lock()

    def enter(self) -> None:
        self._own.depth = self.depth + 1
        if self.depth > 1:
            return
        with self._lock:
            if not self.within:
                libraries = _controller().select(user_api="blas").lib_controllers
                self.before = [(library, library.num_threads) for library in libraries]
            self.within += 1
            self._own.counted = True
            for library, _ in self.before:
                _set(library, 1)

    def leave(self) -> None:
        self._own.depth = max(self.depth - 1, 0)  # a signal may have come before it was counted
        if self.depth or not getattr(self._own, "counted", False):
            return
        with self._lock:
            self.within -= 1
            self._own.counted = False
            try:
                self._bring_back()
            except BaseException:  # a signal: what is not back yet comes now
                self._bring_back()
                raise

    def _bring_back(self) -> None:
        for library, number in self.before:
            alone = not self.within or getattr(library, "threading_layer", "") == "openmp"
            if alone and library.num_threads == 1:  # else somebody has set another since
                _set(library, number)

    @property
    def depth(self) -> int:
        """How often this thread has entered and not left."""
        depth: int = getattr(self._own, "depth", 0)
        return depth

    def forked(self) -> None:
        """In a child, which has one thread only, forget those of its parent."""
        self._lock, self.within = Lock(), min(self.depth, 1)
        if not self.within:
            for library, number in self.before:
                _set(library, number)
            self.before = []


def _set(library: Any, number: int) -> None:
    """Set a library's number, from whatever thread: threadpoolctl 3.8 heeds the first one only."""
    released = getattr(library, "clear_controlling_thread", lambda force: None)
    released(force=True)
    library.set_num_threads(number)
    released(force=True)


_LIMIT = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_LIMIT.forked)


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
    """Return how many threads this thread should have at work at most.

    The least of the process's cores, the number in OMP_NUM_THREADS and what threadpoolctl allows;
    threads within `one_thread` share what was allowed before.
    """
    limits = [_cores()]
    if _LIMIT.depth:
        limits += [number for _, number in _LIMIT.before]
    else:
        limits += [library.num_threads for library in _controller().lib_controllers]
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if first.strip().isdecimal():
        limits.append(int(first))
    allowed = min(limit for limit in limits if limit and limit > 0)
    return max(1, allowed // _LIMIT.within) if _LIMIT.depth else allowed


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
