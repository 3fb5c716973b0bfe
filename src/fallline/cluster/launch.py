"""The launcher: starts the processes of this machine, and watches over them.

It passes signals on, ends all when one is gone, says what became of them by an exit code, and
starts them again from the last checkpoint where that was asked for. Nothing that it started is left
behind, even where it is killed itself: each process ends when the pipe to its launcher does.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from .faults import AGAIN, FROZEN, LOST, NO_COORDINATOR, kept_in_words
from .membership import WORKER, Timeouts

__all__ = ["Launch", "end_with_launcher", "held_port", "launch"]

_LOOK = 0.05  # seconds between two looks at the processes
_GRACE = 5.0  # seconds for the others to say what they have to, beside a heartbeat
_SHOWN = 20  # lines of what a process said last


@dataclass(frozen=True)
class Launch:
    """What to start.

    Attributes
    ----------
    arguments
        Of the command line.
    ranks
        The numbers of the processes of this machine.
    size
        How many processes there are, on all machines.
    coordinator
        Address and port of process 0; None to take a free port of this machine.
    checkpoint
        The file that the training is kept in, if any.
    again
        How many times to start again after a process was lost.
    """

    arguments: tuple[str, ...]
    ranks: range
    size: int
    coordinator: str | None = None
    checkpoint: str | None = None
    again: int = 0


@dataclass
class _Worker:
    """One process, and what it says that nobody is shown unless it fails alone."""

    rank: int
    process: subprocess.Popen[bytes]
    said: IO[bytes] | None = field(repr=False)

    @property
    def code(self) -> int | None:
        """The exit code, below 0 for a signal; None while it runs."""
        return self.process.poll()

    def last_lines(self) -> list[str]:
        """Return the last lines of what it said, where that was kept."""
        if self.said is None:
            return []
        self.said.seek(0)
        return self.said.read().decode(errors="replace").splitlines()[-_SHOWN:]


def launch(wanted: Launch) -> int:
    """Start the processes, wait for them, and return the exit code of the training."""
    arguments, left = wanted.arguments, wanted.again
    with _signals() as came:
        while True:
            code = _once(wanted, arguments, came)
            if code not in AGAIN or not left or came.first is not None:
                return code
            left -= 1
            arguments = wanted.arguments
            if wanted.checkpoint is not None and Path(wanted.checkpoint).exists():
                arguments = (*arguments, "--resume", wanted.checkpoint)
            if 0 in wanted.ranks:
                times = f"{left} more time{'s' * (left != 1)} at most"
                print(f"starting all processes again ({times})", file=sys.stderr)


def _once(wanted: Launch, arguments: Sequence[str], came: _Came) -> int:
    workers: list[_Worker] = []
    with held_port() as port:
        coordinator = wanted.coordinator or f"127.0.0.1:{port}"
        try:
            for rank in wanted.ranks:
                workers.append(_started(arguments, rank, wanted.size, coordinator))
            gone = _watched(workers, came)
            return _told(workers, gone, wanted, came)
        finally:
            for worker in workers:
                _ended(worker)


def _started(arguments: Sequence[str], rank: int, size: int, coordinator: str) -> _Worker:
    said = None if rank == 0 else tempfile.TemporaryFile()  # noqa: SIM115 `_ended` closes it
    process = subprocess.Popen(
        [sys.executable, "-m", "fallline.cli.main", *arguments],
        env=os.environ | {WORKER: f"{rank} {size} {coordinator}"},
        stdin=subprocess.PIPE,
        stdout=None if rank == 0 else subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,  # Ctrl-C comes to the launcher alone, which passes it on
    )
    return _Worker(rank, process, said)


def _watched(workers: Sequence[_Worker], came: _Came) -> list[_Worker]:
    """Wait until all have ended, or one has failed and the others had time to say so.

    Returns those that failed, in the order in which they did.
    """
    gone: list[_Worker] = []
    passed, due = 0, float("inf")
    while any(worker.code is None for worker in workers) and time.monotonic() < due:
        for worker in workers:
            if worker.code and worker not in gone:
                gone.append(worker)
                due = min(due, time.monotonic() + _grace(worker))
        if came.count > passed:
            passed = came.count
            for worker in workers:
                _send(worker, came.last)
        time.sleep(_LOOK)
    return [*gone, *(worker for worker in workers if worker.code and worker not in gone)]


def _grace(gone: _Worker) -> float:
    """Return how many seconds the others have, once one is gone, to find out and say so."""
    told = gone.rank == 0 or gone.code in AGAIN
    return _GRACE if told else _GRACE + Timeouts.here().heartbeat


def _told(workers: Sequence[_Worker], gone: list[_Worker], wanted: Launch, came: _Came) -> int:
    """Return the exit code of the training; say what process 0 could not say itself."""
    frozen = [worker for worker in workers if worker.code is None]
    if not gone:
        return 0
    first = gone[0]
    code = _code(workers, gone, bool(frozen), came)
    zero = next((worker for worker in workers if worker.rank == 0), None)
    if zero is None:  # it is on another machine, and tells more there
        own = [line for line in first.last_lines() if line.startswith("error:")]
        if came.first is None:
            own = own or [f"error: process {first.rank} {_how(first)}; see the first host"]
        _print(*own)
        return code
    if zero.code is not None and zero.code > 0 and zero.code == code:
        return code  # it has said so itself
    what = f"process {first.rank} {_how(first)}"
    if code == FROZEN and frozen:
        what = f"process {frozen[0].rank} froze"
    lines = [f"error: {what}", *first.last_lines()]
    kept = [kept_in_words(wanted.checkpoint)] if code in AGAIN else []
    _print(*lines, *(line for line in kept if line not in lines))
    return code


def _code(workers: Sequence[_Worker], gone: list[_Worker], frozen: bool, came: _Came) -> int:
    codes = [worker.code or 0 for worker in gone]
    if came.first is not None and all(code not in AGAIN for code in codes):
        return 128 + came.first
    if FROZEN in codes:
        return FROZEN
    first = gone[0]
    if first.rank == 0 and codes[0] < 0:
        # Process 0 aborts by itself where another one was silent for too long.
        return FROZEN if codes[0] == -signal.SIGABRT and frozen else NO_COORDINATOR
    if codes[0] < 0:
        return FROZEN if codes[0] == -signal.SIGABRT and frozen else LOST
    return codes[0]


def _how(worker: _Worker) -> str:
    code = worker.code or 0
    number = -code if code < 0 else code - 128  # of a signal that ended it, or that it heeded
    if number <= 0:
        return f"failed (exit code {code})"
    try:
        return f"was ended by {signal.Signals(number).name}"
    except ValueError:
        return f"was ended by signal {number}"


def _ended(worker: _Worker) -> None:
    """End a process, if it still runs, and give back what it held."""
    if worker.code is None:
        worker.process.kill()
    worker.process.wait()
    if worker.process.stdin is not None:
        worker.process.stdin.close()
    if worker.said is not None:
        worker.said.close()


def _send(worker: _Worker, number: int) -> None:
    if worker.code is None:
        worker.process.send_signal(number)


def _print(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)


@contextmanager
def held_port() -> Iterator[int]:
    """Give a port of this machine's loopback that nobody listens to, and that none is given else.

    On Linux who asks for it by number, and to reuse addresses, as JAX does, can listen there.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
        if sys.platform != "linux":
            held.close()
        yield port


# --- signals ------------------------------------------------------------------------------------


class _Came:
    """The signals that came to the launcher."""

    def __init__(self) -> None:
        self.count, self.last = 0, 0
        self.first: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal, to be passed on."""
        self.first = number if self.first is None else self.first
        self.count, self.last = self.count + 1, number


@contextmanager
def _signals() -> Iterator[_Came]:
    came = _Came()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, came) for number in numbers}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_with_launcher() -> None:
    """End this process when its launcher has ended: then its standard input does."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os._exit(LOST)

    threading.Thread(target=wait, daemon=True, name="fallline launcher").start()
