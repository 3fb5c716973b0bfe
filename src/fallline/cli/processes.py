"""``fallline train`` with several processes: the launcher, and what each process does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..errors import SpecError
from . import options
from .interrupts import Interrupts
from .progress import Progress
from .telling import next_lines
from .training import Outputs, fit

if TYPE_CHECKING:
    from ..cluster.membership import Member
    from ..training import Start, TrainingResult

__all__ = ["train_together", "wanted"]


def wanted(given: Mapping[str, Any]) -> bool:
    """Return whether several processes are asked for, or this is one of them."""
    from ..cluster.membership import worker_member

    asked = (given[name] is not None for name in ("processes", "hosts"))
    if not any(asked) and worker_member() is None:
        for name in ("host_index", "relaunch"):
            if given[name] is not None:
                flag = f"--{name.replace('_', '-')}"
                raise SpecError(f"{flag} is for several processes; give --processes or --hosts too")
        return False
    return True


def train_together(
    given: Mapping[str, Any], outputs: Outputs, settings: Mapping[str, Any], validation: str | None
) -> None:
    """Launch the processes of this machine, or be one of them.

    Raises
    ------
    click.exceptions.Exit
        With the exit code of the launched processes, where it is not 0.
    """
    if validation is not None:
        raise SpecError(
            "several processes hold out rows of the one table that they read; give --validation "
            "as a share"
        )
    member = _member(given)
    if member is None:
        code = _launched(given)
        if code:
            raise click.exceptions.Exit(code)
        return
    _be(member, given, outputs, settings)


def _member(given: Mapping[str, Any]) -> Member | None:
    """Return the place of this process, or None where it is to launch others."""
    from ..cluster.membership import Member, worker_member

    if given["hosts"] == "auto" and worker_member() is None:
        if given["processes"] is not None:
            raise SpecError(
                "with --hosts auto the cluster starts the processes; leave --processes out"
            )
        return Member()
    return worker_member()


def _launched(given: Mapping[str, Any]) -> int:
    from ..cluster.launch import Launch, launch
    from ..cluster.membership import Hosts

    each, again = given["processes"] or 1, given["relaunch"] or 0
    if again and given["checkpoint"] is None:
        raise SpecError("--relaunch goes on from a checkpoint; give --checkpoint too")
    arguments = tuple(sys.argv[1:])
    if given["hosts"] is None:
        if given["host_index"] is not None:
            raise SpecError("--host-index says which of the hosts this is; give --hosts too")
        return launch(Launch(arguments, range(each), each, None, given["checkpoint"], again))
    hosts = Hosts.of(given["hosts"], given["host_index"])
    ranks = range(hosts.index * each, (hosts.index + 1) * each)
    size = each * len(hosts.names)
    return launch(Launch(arguments, ranks, size, hosts.coordinator, given["checkpoint"], again))


def _be(
    member: Member, given: Mapping[str, Any], outputs: Outputs, settings: Mapping[str, Any]
) -> None:
    from ..cluster.job import Asked
    from ..cluster.worker import Worker
    from ..training import Settings

    read = options.reading(given)
    worker = Worker(
        member,
        Asked(
            given["data"],
            read,
            _targets(given["target"]),
            Settings.of(**settings),
            given["checkpoint"],
            given["checkpoint_every"] or "10 epochs",
            given["resume"],
        ),
    )
    came = click.get_current_context().find_object(Interrupts) or Interrupts()

    def signalled(number: int) -> None:
        came.first = number if came.first is None else came.first

    def train(start: Callable[[Start], None], watch: Progress) -> TrainingResult:
        result = worker.train(start, watch, signalled)
        assert result is not None  # this is process 0
        return result

    if worker.first:
        fit(train, outputs, read=read, next_lines=next_lines(outputs.model))
    else:
        worker.train(signalled=signalled)


def _targets(names: Sequence[str]) -> tuple[str, ...]:
    """Return the targets, of which several may stand in one value, with commas between."""
    found = tuple(part.strip() for name in names for part in name.split(","))
    if not found:
        raise SpecError("say which column to predict with --target")
    return found
