"""Which of how many processes this one is, and how it joins the others."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from ..errors import MissingExtraError, SpecError
from .faults import LOST, NO_COORDINATOR, leave
from .watchdog import Watchdog

__all__ = [
    "PORT",
    "Hosts",
    "Member",
    "Timeouts",
    "answers",
    "join",
    "leave_others",
    "worker_member",
]

PORT = 12321
"""Of the coordinator, where --hosts names none."""

WORKER = "_FALLLINE_WORKER"
"""The variable by which `launch` tells a process its place: ``"1 2 127.0.0.1:4000"``."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds: the heartbeat of a process, joining, leaving, and what a step may take at least."""

    heartbeat: int = 30
    joining: int = 60
    leaving: int = 30
    step: float = 20.0

    @classmethod
    def here(cls) -> Timeouts:
        """Return those of this process; tests have shorter ones."""
        given = os.environ.get("_FALLLINE_TIMEOUTS", "").split()
        if not given:
            return cls()
        heartbeat, joining, leaving, step = map(float, given)
        return cls(int(heartbeat), int(joining), int(leaving), step)


@dataclass(frozen=True)
class Member:
    """A place among processes.

    Attributes
    ----------
    rank, size
        Which of how many; both None where the cluster is to tell.
    coordinator
        Address and port of process 0; None where the cluster is to tell.
    launched
        Whether a launcher of ours watches over this process.
    """

    rank: int | None = None
    size: int | None = None
    coordinator: str | None = None
    launched: bool = False


def worker_member() -> Member | None:
    """Return the place that `launch` gave this process; None where it was not started so."""
    told = os.environ.get(WORKER)
    if told is None:
        return None
    rank, size, coordinator = told.split()
    return Member(int(rank), int(size), coordinator, launched=True)


@dataclass(frozen=True)
class Hosts:
    """The machines of a training, and which of them this is.

    Attributes
    ----------
    names
        Names or addresses, in an order that is the same on all.
    port
        Of the coordinator, on the first of them.
    index
        Which of them this machine is, from 0.
    """

    names: tuple[str, ...]
    port: int
    index: int

    @classmethod
    def of(cls, text: str, index: int | None = None) -> Hosts:
        """Return the hosts of a list such as ``"alpha:4000,beta"``.

        Raises
        ------
        SpecError
            When the list cannot be, or this machine is not found in it.

        Examples
        --------
        >>> Hosts.of("alpha:4000,beta", 1)
        Hosts(names=('alpha', 'beta'), port=4000, index=1)
        """
        parts = [part.strip() for part in text.split(",")]
        first, _, port = parts[0].rpartition(":") if ":" in parts[0] else (parts[0], "", str(PORT))
        names = (first, *parts[1:])
        if not all(names) or any(":" in name for name in names):
            raise SpecError(
                f"--hosts must be names with commas between, the first with a port if not {PORT}, "
                f"as in alpha:4000,beta, not {text!r}"
            )
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise SpecError(f"the port of the first host must be from 1 to 65535, not {port!r}")
        here = _index_of(names) if index is None else index
        if not 0 <= here < len(names):
            raise SpecError(
                f"--host-index must be from 0 to {len(names) - 1}, for there are {len(names)} "
                f"hosts, not {here}"
            )
        return cls(names, int(port), here)

    @property
    def coordinator(self) -> str:
        """Where process 0 is to be reached."""
        return f"{self.names[0]}:{self.port}"


def _index_of(names: Sequence[str]) -> int:
    """Return which of the hosts this machine is, by its names and addresses."""
    own = {socket.gethostname(), socket.getfqdn(), socket.gethostname().partition(".")[0]}
    found = [i for i, name in enumerate(names) if name in own]
    if not found and len(names) == 1:
        return 0
    if len(found) != 1:
        raise SpecError(
            f"this machine ('{socket.gethostname()}') is {len(found)} of the hosts "
            f"{', '.join(names)}; say which one it is with --host-index, counting from 0"
        )
    return found[0]


def join(member: Member) -> Member:
    """Join the other processes and return the place among them; ends the process where none comes.

    Raises
    ------
    MissingExtraError
        When JAX is not installed.
    SpecError
        When no cluster is found that tells the place, or the coordinator's port is taken.
    """
    if find_spec("jax") is None:
        raise MissingExtraError("jax", "jax", "training with several processes")
    if member.rank == 0 and member.coordinator is not None:
        _check_free(member.coordinator)
    # Its handler would take SIGTERM, and do nothing with it.
    os.environ.setdefault("JAX_ENABLE_PREEMPTION_SERVICE", "false")
    import jax

    _own_output()
    limits = Timeouts.here()
    joining: dict[str, Any] = {
        "initialization_timeout": limits.joining,
        "heartbeat_timeout_seconds": limits.heartbeat,
        "shutdown_timeout_seconds": limits.leaving,
    }
    if member.coordinator is None:
        joining["cluster_detection_method"] = _detection(os.environ)
    else:
        joining |= {
            "coordinator_address": member.coordinator,
            "num_processes": member.size,
            "process_id": member.rank,
        }
        if member.rank == 0 and member.coordinator.startswith("127."):
            joining["coordinator_bind_address"] = member.coordinator
    dog = Watchdog(lambda seconds: _not_all_came(member, seconds), least=limits.joining)
    try:
        # JAX would abort when its own time is up, without a word to people.
        dog.allow(0.9 * limits.joining)
        jax.distributed.initialize(**joining)
        dog.rest()
    except (RuntimeError, ValueError) as error:
        raise SpecError(_why_not(member, str(error))) from None
    return Member(
        jax.process_index(), jax.process_count(), member.coordinator, launched=member.launched
    )


def _detection(environment: Mapping[str, str]) -> str | None:
    """Return how JAX is to find the cluster: by MPI where mpiexec tells it nothing by itself."""
    by_mpiexec = any(name in environment for name in ("PMI_RANK", "PMIX_RANK"))
    known = any(name in environment for name in ("OMPI_MCA_orte_hnp_uri", "SLURM_JOB_ID"))
    if by_mpiexec and not known:
        if find_spec("mpi4py") is None:
            raise MissingExtraError("mpi4py", None, "training under this mpiexec")
        return "mpi4py"
    return None


def leave_others() -> None:
    """Leave the other processes, once all of them do."""
    import jax

    distributed: Any = jax.distributed
    distributed.shutdown()


def answers(address: str) -> bool:
    """Return whether somebody listens at ``"host:port"``."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=2.0):
            return True
    except OSError:
        return False


def _check_free(address: str) -> None:
    """Raise a SpecError where process 0 could not listen there: JAX would crash."""
    host, _, port = address.rpartition(":")
    with socket.socket() as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((host if host.startswith("127.") else "", int(port)))
        except OSError as error:
            raise SpecError(
                f"process 0 cannot listen at port {port} ({error.strerror}); name another port "
                "with the first host, as in alpha:4000,beta"
            ) from None


def _not_all_came(member: Member, seconds: float) -> None:
    if member.rank == 0:
        told = f"not all of the {member.size} processes came within {seconds:.0f} s"
        leave(LOST, f"error: {told}; see that the command runs on all hosts")
    where = member.coordinator or "which the cluster names"
    leave(
        NO_COORDINATOR,
        f"error: process {member.rank}: the coordinator, {where}, did not answer within "
        f"{seconds:.0f} s; see that it runs, and that its port is open",
    )


def _why_not(member: Member, error: str) -> str:
    if member.coordinator is None:
        return (
            f"no cluster was found that tells this process its place ({_first(error)}); start it "
            "by srun or mpiexec, or name the hosts with --hosts"
        )
    return (
        f"process {member.rank} cannot join the others at {member.coordinator} ({_first(error)}); "
        "is the port taken? Name another one with the first host"
    )


def _first(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason was given"


def _own_output() -> None:
    """Leave standard output to Python alone: libraries print there too, and programs read it."""
    sys.stdout.flush()
    own = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout = os.fdopen(own, "w", encoding=encoding, errors=errors, buffering=1)
