"""One process among several, from joining the others to leaving them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..errors import FalllineError
from ..training.result import Stage, Start, TrainingResult
from . import faults
from .agreement import Agreement
from .faults import FROZEN, LOST, NO_COORDINATOR, is_lost, kept_in_words, leave
from .job import Asked, train_part
from .launch import end_with_launcher
from .membership import Member, Timeouts, answers, join, leave_others
from .together import Together
from .watchdog import Watchdog

__all__ = ["Worker"]

_TOLD = 300  # letters of an error of JAX

_LAST_WORDS = 2.0
"""Seconds for process 0 to say what is wrong: srun and mpiexec may end all when the first ends."""


class Worker:
    """One process among those of a training, which it joins.

    Parameters
    ----------
    member
        Its place.
    asked
        What is to be trained.

    Raises
    ------
    MissingExtraError, SpecError
        When it cannot join.
    """

    def __init__(self, member: Member, asked: Asked) -> None:
        if member.launched:
            end_with_launcher()
        self._member, self._asked = join(member), asked
        faults.joined = True
        self.together = Together(self._member)
        self._dog = Watchdog(self._frozen, least=Timeouts.here().step)
        self._agreement = Agreement(self.together, self._dog)

    @property
    def first(self) -> bool:
        """Whether this is process 0, which alone prints and writes."""
        return self.together.first

    def train(
        self,
        start: Callable[[Start], None] | None = None,
        watch: Callable[[Stage], None] | None = None,
        signalled: Callable[[int], object] | None = None,
    ) -> TrainingResult | None:
        """Train with the others; return the result on process 0, None on the others.

        Where another process is lost, this one ends with an exit code that says so.

        Parameters
        ----------
        start, watch
            As for `fallline.train`.
        signalled
            Called with the number of a signal that ends the training.
        """
        try:
            with self._signals(signalled):
                return train_part(
                    self._asked,
                    self.together,
                    self._agreement,
                    part=self._part,
                    start=start,
                    watch=watch,
                )
        except FalllineError:
            if not self.first:
                if not self._member.launched:
                    time.sleep(_LAST_WORDS)
                leave(2)  # process 0 says why
            raise
        except Exception as error:
            if not is_lost(error):
                raise
            self._lost(error)
            raise

    def _part(self) -> None:
        """Leave the others, in good order."""
        self._dog.rest()
        if self.together.size > 1:
            leave_others()
        faults.joined = False

    def _frozen(self, seconds: float) -> None:
        leave(
            FROZEN,
            f"error: {self._who()}no step came to its end within {seconds:.0f} s: another process, "
            "or the network to it, is frozen",
            kept_in_words(self._asked.checkpoint),
        )

    def _lost(self, error: Exception) -> None:
        coordinator = self._member.coordinator
        gone = not self.first and coordinator is not None and not answers(coordinator)
        what = "the coordinator, process 0," if gone else "another process"
        first = str(error).strip().splitlines()[0][:_TOLD]
        leave(
            NO_COORDINATOR if gone else LOST,
            f"error: {self._who()}{what} was lost ({first})",
            kept_in_words(self._asked.checkpoint),
        )

    def _who(self) -> str:
        return "" if self.first else f"process {self.together.rank}: "

    @contextmanager
    def _signals(self, signalled: Callable[[int], object] | None) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM end the run of all processes within; a second one, this process.

        A process that raised something in the middle of a step would leave the others waiting.
        """
        came: list[int] = []

        def handle(number: int, frame: FrameType | None) -> None:
            came.append(number)
            if signalled is not None:
                signalled(number)
            if len(came) > 1 or not self._agreement.interrupt():
                told = [f"{_WORDS[number]}: {kept_in_words(self._asked.checkpoint)}"]
                leave(128 + number, *(told if self.first else []))

        before: dict[Any, Any] = {n: signal.signal(n, handle) for n in _WORDS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


_WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
