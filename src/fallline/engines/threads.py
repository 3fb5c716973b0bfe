"""One thread for NumPy's linear algebra, so that a descent gives the same bits on every machine.

A library that shares a product among threads sums it in an order that depends on their number. For
batches of usual size one thread is also the fastest, by far where other programs use the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the linear algebra use one thread within; the number before comes back at the end."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> Any:
    """Return the handle of the libraries loaded by now, NumPy's among them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
