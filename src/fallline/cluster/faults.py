"""What can go wrong among processes, the exit codes that say so, and what is said to people.

====  ==================================================================
75    a worker was lost: killed, crashed, or its machine or network gone
76    a worker froze: a step took far too long
77    the coordinator, process 0, was lost, or never answered
====  ==================================================================

Each is worth another try from the last checkpoint.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import FalllineError

__all__ = ["AGAIN", "FROZEN", "LOST", "NO_COORDINATOR", "is_lost", "kept_in_words", "last", "leave"]

LOST, FROZEN, NO_COORDINATOR = 75, 76, 77
AGAIN = frozenset({LOST, FROZEN, NO_COORDINATOR})
"""The exit codes after which starting again may help."""

joined = False
"""Whether this process has joined others that it has not left."""

_STATUS = re.compile(r"[A-Z_]{5,}: ")  # how what comes from XLA begins: "UNKNOWN: Gloo ..."


def is_lost(error: BaseException) -> bool:
    """Return whether an error is what a lost process looks like to those that are left."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return "JaxRuntimeError" in kinds or (
        isinstance(error, ValueError)
        and not isinstance(error, FalllineError)
        and bool(_STATUS.match(str(error)))
    )


def kept_in_words(checkpoint: str | Path | None) -> str:
    """Return what the last checkpoint holds, and how to go on from it."""
    from ..descent.checkpoint import read_checkpoint
    from ..errors import ModelFileError

    if checkpoint is None:
        return "nothing is kept; with --checkpoint FILE a training can be gone on with"
    try:
        progress = read_checkpoint(checkpoint).snapshot.progress
    except ModelFileError:
        return f"no checkpoint was written to '{checkpoint}' yet, so nothing is kept"
    done = len(progress.history)
    place = f"epoch {done}" if not progress.rows else f"epoch {done + 1}, within it"
    return (
        f"the checkpoint '{checkpoint}' holds {place}, step {progress.step}; go on with "
        f"--resume {checkpoint}"
    )


def leave(code: int, *lines: str) -> None:
    """End this process at once with an exit code, and nothing of what would wait for others.

    JAX would wait at its exit for processes that are no more, and then abort.
    """
    _say(lines)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


def last(code: int) -> None:
    """Do what a process among several does last, before Python ends it with this exit code."""
    if joined:
        leave(code)  # others, which would be waited for, may be no more
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would break JAX's tidying up


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)
