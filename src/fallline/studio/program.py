"""The Python program that does what was done in the studio, and ends in the same weights.

It is kept as a list of actions, each of which is a line or two. Steps that follow one another
become one line, and changes that a slider makes on its way become one, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import __version__
from ..formulas.optimizers import Optimizer, optimizer_from
from .code_text import call_lines, code_of, method_text
from .problem import Problem
from .program_head import head_lines, start_text
from .setup import HOT, Setup

__all__ = ["Program"]


@dataclass
class _Steps:
    count: int

    def lines(self) -> list[str]:
        return ["run.step()" if self.count == 1 else f"run.advance(steps={self.count})"]


@dataclass
class _Examples:
    count: int

    def lines(self) -> list[str]:
        step = "run.step(rows=1)"
        return [step] if self.count == 1 else [f"for _ in range({self.count}):", f"    {step}"]


@dataclass
class _Change:
    before: Setup
    after: Setup

    def lines(self) -> list[str]:
        settings = _differences(self.before, self.after)
        return call_lines("run = run.changed", [], settings) if settings else []

    def joins(self, after: Setup) -> bool:
        """Whether another change may follow at once: no optimizer's memory is lost in between."""
        kept = [_memory(each.optimizer) for each in (self.before, self.after, after)]
        return kept[0] == kept[1] == kept[2]


class Program:
    """The program of one descent, from its table to where it is now.

    Parameters
    ----------
    problem
        What the descent began with.

    Examples
    --------
    >>> program = Program(Problem.of(Setup(data="sine", net="none")))
    >>> program.steps(1)
    >>> program.steps(4)
    >>> program.lines[-1]
    'run.advance(steps=5)'
    """

    def __init__(self, problem: Problem) -> None:
        self._problem, self._setup = problem, problem.setup
        self._head = head_lines(problem)
        self._actions: list[_Steps | _Examples | _Change] = []
        self._race: list[str] = []

    @property
    def lines(self) -> list[str]:
        """The whole program, line by line."""
        done = [line for action in self._actions for line in action.lines()]
        return [*self._head, *done, *self._race]

    @property
    def text(self) -> str:
        """The whole program as a file's content."""
        about = f"# What was done in fallline's studio; needs fallline {__version__} or later."
        return "\n".join([about, *self.lines, ""])

    def steps(self, count: int) -> None:
        """Tell of so many steps with the plan's batches."""
        self._add(_Steps, count)

    def example(self, count: int = 1) -> None:
        """Tell of so many steps of one row each."""
        self._add(_Examples, count)

    def _add(self, kind: type[_Steps] | type[_Examples], count: int) -> None:
        if count < 1:
            return
        last = self._actions[-1] if self._actions else None
        if isinstance(last, kind):
            last.count += count
        else:
            self._actions.append(kind(count))

    def changed(self, setup: Setup) -> None:
        """Tell that the descent goes on with another setup."""
        last = self._actions[-1] if self._actions else None
        if isinstance(last, _Change) and last.joins(setup):
            last.after = setup
        else:
            self._actions.append(_Change(self._setup, setup))
        self._setup = setup

    def race(self, entries: Sequence[Mapping[str, Any]], epochs: int = 50) -> None:
        """Tell of a race from the start weights; no entries end it.

        Parameters
        ----------
        entries
            Each with a ``label``, if it has one, and an ``optimizer``.
        epochs
            How long each of them descends.
        """
        self._race = list(_race_lines(self._problem, self._setup, entries, epochs))


def _differences(before: Setup, after: Setup) -> dict[str, str]:
    """Return what `Run.changed` is to be given, as code."""
    found: dict[str, str] = {}
    for name in sorted(HOT):
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name == "optimizer":
            found |= _optimizer_change(old, new)
        elif name == "batch_size":
            found[name] = code_of(new or None)
        else:
            found[name] = code_of(new)
    return found


def _optimizer_change(old: Optimizer, new: Optimizer) -> dict[str, str]:
    ours, theirs = old.to_json(), new.to_json()
    differing = {name for name in theirs if ours.get(name) != theirs[name]}
    if type(old) is type(new) and differing == {"learning_rate"}:
        return {"learning_rate": code_of(new.learning_rate)}
    return {"optimizer": method_text(new)}


def _memory(optimizer: Optimizer) -> dict[str, Any]:
    """Return all of an optimizer but the rate, by which its state is never begun anew."""
    return {k: v for k, v in optimizer.to_json().items() if k != "learning_rate"}


def _race_lines(
    problem: Problem, setup: Setup, entries: Sequence[Mapping[str, Any]], epochs: int
) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield "entries = {"
    for at, entry in enumerate(entries):
        method = optimizer_from(entry["optimizer"])
        label = entry.get("label") or f"{at + 1}: {type(method).__name__}"
        yield f"    {code_of(label)}: {method_text(method)},"
    yield "}"
    settings = {"loss": code_of(problem.loss)}
    settings |= {
        name: code_of(getattr(setup, name)) for name in ("l1", "l2") if getattr(setup, name)
    }
    settings |= {
        "batch_size": code_of(setup.batch_size or None),
        "epochs": code_of(epochs),
        "seed": code_of(setup.seed),
    }
    given = ["net", start_text(problem), "data.train.X", "data.train.Y", "entries"]
    yield from call_lines("race = fl.race", given, settings)
    yield "race.plot()"
