"""The past of a descent: back to any of its steps, bit for bit, without keeping them all.

Now and then a whole state is kept, a keyframe. A step is reached from the keyframe before it by
taking the steps between once more: training is deterministic, and what a person did besides,
single examples and other settings, stands in a journal by step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from ..descent.changing import gone_back
from ..descent.progress import Snapshot
from ..descent.recorded import RecordedStep, recorded_between
from ..descent.run import Run
from ..errors import SpecError
from ..history import Step
from ..spec.plan import Plan

__all__ = ["Changed", "Taken", "Timeline", "Took"]

_MOST, _BYTES = 256, 2**28
"""Keyframes that are kept, and the memory that they may take: 256 MiB."""

_PIECE = 0.1  # seconds of a replay between two looks whether it is still wanted


@dataclass(frozen=True)
class Took:
    """A step of fewer rows than the plan's batch led to this step."""

    step: int
    rows: int


@dataclass(frozen=True)
class Changed:
    """After so many steps the descent went on with another plan."""

    step: int
    plan: Plan


class Taken(NamedTuple):
    """One step: its record, and all that decided it."""

    record: Step
    step: RecordedStep


class Timeline:
    """A run with its past.

    After `seek`, what came later is not forgotten: another `seek` finds it as it was, until
    something new is done (`go`, `take`, `change`). That cuts it off, as in any editor.

    Parameters
    ----------
    run
        At its start, or anywhere: it cannot go back further.
    most, most_bytes
        Of the keyframes; the start is always kept, and a few more.

    Attributes
    ----------
    run
        The run as it is now. A change makes another.
    end
        The last step that is known: where the run is, or was before it went back.

    Examples
    --------
    >>> from fallline.spec.network import Network
    >>> run = Run(Network.parse("1 -> 1"), [[1.0], [2.0]], [2.0, 4.0], batch_size=1, epochs=9)
    >>> past = Timeline(run)
    >>> past.go(steps=7)
    7
    >>> taken = past.seek(3)
    >>> past.step, past.end, taken.record.step
    (3, 7, 3)
    """

    def __init__(self, run: Run, most: int = _MOST, most_bytes: int = _BYTES) -> None:
        first = run.snapshot()
        size = sum(array.nbytes for array in first.arrays.values())
        self.run, self.end = run, run.steps_taken
        self._most = max(8, min(most, most_bytes // max(size, 1)))
        self._keyframes = [first]
        self._journal: list[Took | Changed] = []

    @property
    def step(self) -> int:
        """How many steps were taken, where the run is now."""
        return self.run.steps_taken

    @property
    def start(self) -> int:
        """The first step that can be gone back to."""
        return self._keyframes[0].progress.step

    @property
    def journal(self) -> tuple[Took | Changed, ...]:
        """What was done beside plain steps, in order, up to where the run is."""
        return tuple(event for event in self._journal if event.step <= self.step)

    # On.

    def go(self, steps: int | None = None, seconds: float | None = None) -> int:
        """Take many steps at full speed, as `Run.advance` does; return how many were taken."""
        self._cut()
        taken = self.run.advance(steps, seconds)
        self.end = self.step
        return taken

    def take(self, rows: int | None = None) -> Taken | None:
        """Take one step, of so many rows or a whole batch; None where the run has ended."""
        self._cut()
        before = self.step
        taken = self._take(rows)
        self.end = self.step
        if rows is not None and self.step > before:
            self._journal.append(Took(self.step, rows))
        return taken

    def change(self, plan: Plan) -> None:
        """Go on with another plan, as `Run.changed` does.

        Raises
        ------
        SpecError
            When the run cannot; then it stays as it was.
        """
        changed = self.run.changed(**_fields(plan))
        self._cut()
        self.run = changed
        self._journal.append(Changed(self.step, plan))
        # A keyframe holds all changes of its step.
        if self._keyframes[-1].progress.step == self.step:
            self._keyframes.pop()
        self._keep(self.run.snapshot())

    # Back, and on to where it was before.

    def seek(self, step: int, wanted: Callable[[], bool] = lambda: True) -> Taken | None:
        """Go to a step that is known; return the step that led there, or None at the start.

        Parameters
        ----------
        step
            From `start` to `end`.
        wanted
            Asked now and then while steps are taken once more: False leaves the run where it is.

        Raises
        ------
        SpecError
            When no such step is known.
        """
        if not self.start <= step <= self.end:
            raise SpecError(f"the descent knows its steps {self.start} to {self.end}, not {step}")
        before = max(step - 1, self.start)
        keyframe = self._keyframes[bisect_right(self._keyframes, before, key=_step_of) - 1]
        if not keyframe.progress.step <= self.step <= before:
            self.run = gone_back(self.run, keyframe)
        for event in self._between(self.step, before):
            single = isinstance(event, Took)
            if not self._replay(event.step - single, wanted):
                return None
            if isinstance(event, Took):
                self.run.step(event.rows)
            else:
                self.run = self.run.changed(**_fields(event.plan))
        there = self._replay(before, wanted)
        return self._once_more() if there and before < step else None

    def relive(self) -> Taken | None:
        """Return the step that led to where the run is, taken once more; None at the start."""
        run = self.run
        taken = self.seek(self.step)
        self.run = run  # it may have ended there, or diverged in the next step
        return taken

    def _replay(self, step: int, wanted: Callable[[], bool]) -> bool:
        """Take the steps up to this one again; return whether it was reached.

        Keyframes are kept on the way, the denser the nearer.
        """
        while (left := step - self.step) > 0:
            if not wanted() or not self.run.advance((left + 1) // 2, _PIECE):
                return False
            self._keep(self.run.snapshot())
        return True

    def _once_more(self) -> Taken | None:
        """Take the next known step again, and what was changed after it."""
        events = self._between(self.step, self.step + 1)
        rows = [event.rows for event in events if isinstance(event, Took)]
        taken = self._take(rows[0] if rows else None)
        for event in events:
            if isinstance(event, Changed):
                self.run = self.run.changed(**_fields(event.plan))
        return taken

    def _between(self, after: int, step: int) -> list[Took | Changed]:
        return [event for event in self._journal if after < event.step <= step]

    # What is kept.

    def _take(self, rows: int | None) -> Taken | None:
        before = self.run.snapshot()
        record = self.run.step(rows)
        if record is None:
            return None
        self._keep(before)
        return Taken(record, recorded_between(self.run, before, self.run.snapshot()))

    def _cut(self) -> None:
        """Forget what came after where the run is."""
        if self.end > self.step:
            self._journal = list(self.journal)
            at = bisect_right(self._keyframes, self.step, key=_step_of)
            del self._keyframes[at:]
            self.end = self.step

    def _keep(self, snapshot: Snapshot) -> None:
        """Keep a keyframe, and let go of the one that is missed least."""
        frames, step = self._keyframes, snapshot.progress.step
        at = bisect_right(frames, step, key=_step_of)
        if at and _step_of(frames[at - 1]) == step:
            return
        frames.insert(at, snapshot)
        if len(frames) > self._most:
            del frames[min(range(1, len(frames) - 1), key=lambda i: self._worth(i, step))]

    def _worth(self, i: int, now: int) -> float:
        """Return how far apart its neighbours are, for how long ago it was.

        The square root keeps replays short everywhere: gaps grow with age, but far slower.
        """
        before, step, after = (_step_of(frame) for frame in self._keyframes[i - 1 : i + 2])
        worth: float = (after - before) / (abs(now - step) + 1) ** 0.5
        return worth


def _step_of(snapshot: Snapshot) -> int:
    return snapshot.progress.step


def _fields(plan: Plan) -> dict[str, Any]:
    return {field.name: getattr(plan, field.name) for field in fields(plan)}
