"""The program that does what a descent did, from its journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .program import Program
from .timeline import Changed, Took

if TYPE_CHECKING:
    from .problem import Problem
    from .setup import Setup

__all__ = ["program_lines"]


def program_lines(
    problem: Problem, setups: Iterable[Setup], journal: Iterable[Took | Changed], step: int
) -> list[str]:
    """Return the lines of Python that lead to a step.

    Parameters
    ----------
    problem
        As the descent began.
    setups
        Those that came after, one for each change in the journal.
    journal
        What was done beside plain steps.
    """
    program, at, later = Program(problem), 0, iter(setups)
    for event in journal:
        if isinstance(event, Took):
            program.steps(event.step - 1 - at)
            program.example()
        else:
            program.steps(event.step - at)
            program.changed(next(later))
        at = event.step
    program.steps(step - at)
    return list(program.lines)
