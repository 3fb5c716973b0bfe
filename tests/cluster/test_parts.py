"""What needs no second process: places, exit codes, the watchdog, what is refused."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from tests.cluster.jobs import environment, folder, run

import fallline as fl
from fallline.cluster import launch as launching
from fallline.cluster import watchdog as watching
from fallline.cluster import worker as working
from fallline.cluster.engine import TogetherEngine
from fallline.cluster.faults import is_lost, kept_in_words
from fallline.cluster.job import _fetched
from fallline.cluster.launch import held_port
from fallline.cluster.membership import PORT, Hosts, Member, answers, join, worker_member
from fallline.cluster.watchdog import Watchdog
from fallline.descent.solving import engine_for
from fallline.engines.mesh import OwnRows
from fallline.engines.protocol import Rows, Stop
from fallline.errors import DataError, SpecError
from fallline.spec.plan import Plan


def test_hosts_are_read() -> None:
    assert Hosts.of("alpha", 0) == Hosts(("alpha",), PORT, 0)
    assert Hosts.of("alpha:4000, beta", 1).coordinator == "alpha:4000"
    own = os.uname().nodename
    assert Hosts.of(f"alpha,{own}").index == 1


@pytest.mark.parametrize(
    ("text", "index", "said"),
    [
        ("alpha,,beta", 0, "commas between"),
        ("alpha,beta:4000", 0, "commas between"),
        ("alpha:0", 0, "from 1 to 65535"),
        ("alpha:x,beta", 0, "from 1 to 65535"),
        ("alpha,beta", 2, "from 0 to 1"),
        ("no-such-a,no-such-b", None, "say which one it is"),
    ],
)
def test_bad_hosts_are_refused(text: str, index: int | None, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        Hosts.of(text, index)


def test_a_launched_process_knows_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_FALLLINE_WORKER", raising=False)
    assert worker_member() is None
    monkeypatch.setenv("_FALLLINE_WORKER", "1 2 127.0.0.1:4000")
    found = worker_member()
    assert found is not None and (found.rank, found.size, found.launched) == (1, 2, True)


class Ended:
    """A process as the launcher sees it."""

    def __init__(self, rank: int, code: int | None, said: str = "") -> None:
        self.rank, self.code, self.said = rank, code, said

    def last_lines(self) -> list[str]:
        return self.said.splitlines()


ABORT, KILL = -signal.SIGABRT, -signal.SIGKILL


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({1: KILL, 0: 75}, 75),
        ({0: KILL, 1: 77}, 77),
        ({0: 76, 1: None}, 76),
        ({0: ABORT, 1: None}, 76),
        ({1: ABORT, 0: None}, 76),
        ({0: ABORT, 1: 75}, 77),
        ({0: 2, 1: 77}, 2),
        ({1: 2, 0: 75}, 2),
    ],
)
def test_exit_codes_say_what_happened_first(codes: dict[int, int | None], expected: int) -> None:
    workers = [Ended(rank, code) for rank, code in codes.items()]
    gone = [worker for worker in workers if worker.code]
    frozen = any(worker.code is None for worker in workers)
    came = launching._Came()
    assert launching._code(workers, gone, frozen, came) == expected  # type: ignore[arg-type]


def test_a_host_without_process_0_shows_what_its_own_processes_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = launching.Launch((), range(1, 2), 2, "alpha:4000")
    for code, told, said in (
        (77, "I1 noise\nerror: process 1: no answer", "error: process 1: no answer\n"),
        (-6, "F1 a stack", "error: process 1 was ended by SIGABRT; see the first host\n"),
    ):
        gone: list[Any] = [Ended(1, code, told)]
        assert launching._told(gone, gone, wanted, launching._Came()) in (75, 77)
        assert capsys.readouterr().err == said


def test_a_signal_to_the_launcher_gives_its_exit_code() -> None:
    came = launching._Came()
    came(signal.SIGTERM, None)
    gone = [Ended(1, 143), Ended(0, 143)]
    assert launching._code(gone, gone, False, came) == 143  # type: ignore[arg-type]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that a watchdog is told."""
    now = [0.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_the_watchdog_bites_when_beats_stay_away_and_not_before(clock: list[float]) -> None:
    bitten = threading.Event()
    dog = Watchdog(lambda seconds: bitten.set(), least=0.3)
    for _ in range(20):
        dog.beat()
        clock[0] += 0.01
    assert not bitten.is_set()
    clock[0] += 0.3
    assert bitten.wait(60)


def test_a_watchdog_at_rest_does_not_bite(clock: list[float]) -> None:
    bitten = threading.Event()
    dog = Watchdog(lambda seconds: bitten.set(), least=0.05)
    dog.beat()
    dog.beat()
    dog.rest()
    clock[0] += 0.1
    assert not bitten.wait(0.5)


def test_lost_processes_are_told_from_errors() -> None:
    assert is_lost(ValueError("UNKNOWN: Gloo all-reduce failed: Connection reset by peer"))
    assert not is_lost(ValueError("could not convert string to float: 'x'"))
    assert not is_lost(DataError("UNKNOWN: no column"))


def test_what_is_kept_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    assert "with --checkpoint" in kept_in_words(None)
    assert "nothing is kept" in kept_in_words(path)
    run = fl.Run(fl.Network.parse("1 -> 1"), [[1.0], [2.0]], [1.0, 2.0], batch_size=1, epochs=3)
    next(run)
    run.step()
    run.save_checkpoint(path)
    assert "epoch 2, within it, step 3" in kept_in_words(path)


def test_a_held_port_is_given_to_nobody_else_until_somebody_listens() -> None:
    with held_port() as port, socket.socket() as other, socket.socket() as coordinator:
        assert not answers(f"127.0.0.1:{port}")
        if sys.platform == "linux":
            with pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))
        coordinator.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        coordinator.bind(("127.0.0.1", port))
        coordinator.listen()
        assert answers(f"127.0.0.1:{port}")


def test_a_port_that_is_taken_is_told_before_jax_crashes_on_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SpecError, match=f"cannot listen at port {port}"):
            join(Member(0, 2, f"127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--relaunch", "2"), "--relaunch is for several processes"),
        (("--host-index", "0"), "--host-index is for several processes"),
        (("--processes", "2", "--relaunch", "1"), "give --checkpoint too"),
        (("--processes", "0"), "--processes"),
        (("--hosts", "a,,b"), "--hosts"),
        (("--hosts", "auto", "--processes", "2"), "leave --processes out"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,y\n1,2\n")
    asked = ["train", str(table), "-t", "y", "-o", str(tmp_path / "m.fall"), *options]
    done = subprocess.run(
        [sys.executable, "-m", "fallline.cli.main", *asked],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_what_needs_all_rows_is_refused_before_a_step(tmp_path: Path) -> None:
    model = tmp_path / "m.fall"
    asked = ("--processes", "1", "--metric", "r2", "-o", str(model))
    done = run(folder(tmp_path / "data"), *asked)
    assert done.returncode == 2 and "metrics of each epoch need all rows" in done.stderr
    assert not model.exists()


class Second:
    """Process 1 of two, whose other one has told what it tells."""

    first, rank, size = False, 1, 2

    def __init__(self, told: object, kept: bytes) -> None:
        self.told, self.kept = told, kept

    def all_do(self, make: Callable[[], object]) -> list[object]:
        return [self.told, make()]

    def gather_bytes(self, told: bytes) -> list[bytes]:
        return [self.kept, told]


@pytest.mark.parametrize("own", [None, "elsewhere/a.ckpt"])
def test_process_0_alone_decides_what_is_resumed(own: str | None) -> None:
    """After --relaunch, another host need not know whether there is a checkpoint by now."""
    with _fetched(own, Second("a.ckpt", b"kept")) as copy:  # type: ignore[arg-type]
        assert copy is not None and copy.name == "a.ckpt" and copy.read_bytes() == b"kept"
    with _fetched(own, Second(None, b"")) as copy:  # type: ignore[arg-type]
        assert copy is None


def test_a_solver_stops_where_any_process_was_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    net, plan = fl.Network.parse("1 -> 1"), Plan(optimizer=fl.LBFGS())
    rows = Rows(*(np.array(a) for a in ([[1.0], [2.0]], [[1.0], [3.0]], [1.0, 1.0])))
    engine = TogetherEngine()
    solving = engine_for(plan, engine)
    state = solving.start(net, plan, np.zeros(2))
    order, rates = np.arange(2), np.ones(1)
    state, steps = solving.advance(state, rows, order, rates, Stop())
    assert steps.rows == 2
    monkeypatch.setattr(engine, "_devices", Mock(**{"largest.return_value": 1}))
    _, steps = solving.advance(state, rows, order, rates, Stop())
    assert steps.rows == 0  # though nobody asked this one
    engine._devices.largest.assert_called_once_with(0)  # type: ignore[attr-defined]


def test_weights_of_a_solver_are_those_of_all_processes() -> None:
    own = Rows(*(np.array(a) for a in ([[1.0], [2.0]], [[1.0], [3.0]], [1.0, 2.0])))
    assert OwnRows(own, np.array([0, 2]), 0).total == own.total == 3.0
    rows = OwnRows(own, np.array([0, 2]), 0, total=10.0)
    plan = Plan(optimizer=fl.LBFGS())
    solving = engine_for(plan, TogetherEngine())
    state = solving.start(fl.Network.parse("1 -> 1"), plan, np.zeros(2))
    assert solving.advance(state, rows, np.arange(2), np.ones(1), Stop())[1].weights == [10.0]
    assert pickle.loads(pickle.dumps(rows)).total == 10.0


def test_others_leave_process_0_time_to_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """srun and mpiexec may end all processes when the first one ends."""
    happened: list[object] = []

    def wrong(*given: object, **more: object) -> None:
        raise SpecError("wrong")

    def leave(code: int) -> None:
        happened.append(code)
        raise SystemExit

    monkeypatch.setattr(working, "train_part", wrong)
    monkeypatch.setattr(working, "leave", leave)
    clock = SimpleNamespace(sleep=lambda seconds: happened.append("waits"))
    monkeypatch.setattr(working, "time", clock)
    for launched, expected in ((False, ["waits", 2]), (True, [2])):
        happened.clear()
        worker = object.__new__(working.Worker)
        worker._member = Member(1, 2, None, launched)
        worker._asked, worker._agreement = Mock(), Mock()
        worker.together = Second(None, b"")  # type: ignore[assignment]
        with pytest.raises(SystemExit):
            worker.train()
        assert happened == expected


def test_how_a_process_ended_is_said_by_the_signal() -> None:
    said = [launching._how(Ended(1, code)) for code in (-9, 143, 1)]  # type: ignore[arg-type]
    assert said == ["was ended by SIGKILL", "was ended by SIGTERM", "failed (exit code 1)"]


def test_a_second_ctrl_c_does_not_break_the_end_of_a_process(tmp_path: Path) -> None:
    script = """
import atexit, os, signal, sys
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
import fallline.cluster.faults
from fallline.cli.main import main
sys.argv[1:] = ["--version"]
main()
"""
    asked = [sys.executable, "-c", script]
    done = subprocess.run(asked, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
