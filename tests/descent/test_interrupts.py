"""A signal in the middle of an epoch: the rows done are kept, and going on changes no bit."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import WITHOUT_CORE

import fallline as fl
from fallline.descent.progress import Progress
from fallline.descent.through import through
from fallline.engines.calls import checked_rows
from fallline.engines.protocol import Steps, Stop
from fallline.engines.registry import get_engine
from fallline.formulas.optimizers import SGD
from fallline.spec.plan import Plan

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

native = pytest.mark.skipif(WITHOUT_CORE, reason="fallline has no C++ core here")
NET = fl.Network.parse("3 -> 4 tanh -> 1")
X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, :1] * X[:, 1:2]


PRESSED = """
import signal, sys, time, warnings
import numpy as np, fallline as fl
from fallline.engines.protocol import Stop
from fallline.errors import InterruptWarning
net, batch, n, engine, after, path = sys.argv[1:]
n, net = int(n), fl.Network.parse(net)
rng = np.random.default_rng(0)
X = rng.normal(size=(n, net.n_inputs)).astype(np.float32)
Y = np.sin(X[:, :1])
given = {"batch_size": int(batch), "epochs": 2, "dtype": "float32", "engine": engine}

def press(number, frame):
    global pressed
    pressed = time.perf_counter()
    signal.raise_signal(signal.SIGINT)

look = Stop.now
def now(self):  # the engine has begun
    if armed:
        signal.setitimer(signal.ITIMER_VIRTUAL, armed.pop())
    return look(self)

armed, Stop.now = [float(after)], now
signal.signal(signal.SIGVTALRM, press)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    run = fl.descend(net, X, Y, checkpoint=path, checkpoint_every=10, **given)
back = time.perf_counter()
assert [w.category for w in caught] == [InterruptWarning], caught
[epoch] = run.history
assert run.stopped == "it was interrupted in epoch 1", run.stopped
assert 0 < epoch.rows < n, epoch.rows

again = fl.resume(path, X, Y, engine=engine)
assert again.position == (1, epoch.rows), again.position
assert again.theta.tobytes() == run.theta.tobytes()
assert np.isfinite(epoch.error) and epoch.steps == epoch.rows // int(batch)
for _ in again:
    pass
whole = fl.descend(net, X, Y, **given)
assert whole.theta.tobytes() == again.theta.tobytes()
assert [e.error for e in whole.history] == [e.error for e in again.history]
print(f"back after {1e3 * (back - pressed):.1f} ms, {epoch.rows} of {n} rows done")
"""


@pytest.mark.parametrize(
    ("net", "batch", "rows", "engine"),
    [
        pytest.param("8 -> 32 tanh -> 1", 1, 500_000, "native", marks=native, id="small"),
        pytest.param("8 -> 64 tanh -> 64 tanh -> 1", 50, 800_000, "native", marks=native),
        pytest.param("8 -> 16 tanh -> 1", 50, 75_000, "reference"),
    ],
)
def test_ctrl_c_keeps_the_rows_done(net, batch, rows, engine, tmp_path: Path) -> None:
    """In a process of its own, whose checkpoint then goes on as if nothing had happened."""
    arguments = [net, str(batch), str(rows), engine, "0.05", str(tmp_path / "run.ckpt")]
    done = subprocess.run(
        [sys.executable, "-c", PRESSED, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0 and "rows done" in done.stdout, done.stderr
    print(done.stdout)


class Rung(Exception):
    """What the handler of a signal raises here."""


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], object]]:
    """Let a signal raise `Rung`, so many seconds of work after an engine begins its steps.

    Time in which this process does not run is none: it would ring before the first step.
    """
    armed, look = [], Stop.now

    def now(self: Stop) -> bool:
        if armed:
            signal.setitimer(signal.ITIMER_VIRTUAL, armed.pop())
        return look(self)

    def raise_it(number: int, frame: object) -> None:
        raise Rung

    monkeypatch.setattr(Stop, "now", now)
    before = signal.signal(signal.SIGVTALRM, raise_it)
    gc.disable()  # what a signal raises within a callback of the collector, Python itself drops
    yield armed.append
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)
    gc.enable()


@native
def test_the_handler_of_any_signal_ends_the_steps(ring) -> None:
    engine, plan = get_engine("native"), Plan(batch_size=1)
    data = checked_rows(NET, plan.objective, X, Y, None, np.float64)
    order = np.tile(np.arange(40), 500_000)
    rates, state = np.full(len(order), 1e-4), engine.start(NET, plan, NET.initial())
    ring(0.1)
    after, steps = engine.advance(state, data, order, rates, Stop())
    assert isinstance(steps.interrupted, Rung)
    assert 0 < steps.rows < len(order) and len(steps.errors) == steps.rows
    assert engine.snapshot(after)["step"] == steps.rows
    assert engine.snapshot(state)["step"] == 0  # the state before is as it was
    with pytest.raises(Rung):
        steps.or_raise()


@native
def test_a_run_goes_on_after_what_a_handler_raised(ring) -> None:
    told: list[int] = []
    net = fl.Network.parse("3 -> 100 tanh -> 100 tanh -> 1")  # whose epoch takes long
    given = {"batch_size": 1, "epochs": 1, "optimizer": SGD(1e-4)}
    many = np.tile(X, (2_000, 1)), np.tile(Y, (2_000, 1))
    run = fl.Run(net, *many, **given, on_steps=lambda steps, _: told.append(steps.rows))
    ring(0.05)
    with pytest.raises(Rung):
        next(run)
    rows = run.position[1]
    assert told == [rows] and 0 < rows < len(many[0]) and run.stopped is None
    [epoch] = list(run)
    assert epoch.rows == sum(told) == len(many[0])
    whole = fl.descend(net, *many, **given)
    assert run.theta.tobytes() == whole.theta.tobytes()
    assert epoch.error == whole.history[0].error


@native
def test_a_signal_at_the_very_end_costs_no_step(ring) -> None:
    """It comes while the last steps are taken, after the last look: they count all the same."""
    net, plan = fl.Network.parse("3 -> 128 tanh -> 1"), Plan(batch_size=None)
    many = np.tile(X, (50_000, 1)), np.tile(Y, (50_000, 1))
    data = checked_rows(net, plan.objective, *many, None, np.float64)
    engine, order = get_engine("native"), np.arange(len(many[0]))
    state = engine.start(net, plan, net.initial())
    ring(0.05)  # one step of all rows takes longer
    _, steps = engine.advance(state, data, order, np.full(1, 1e-4), Stop())
    assert isinstance(steps.interrupted, Rung) and steps.rows == len(order)


def test_steps_raise_what_interrupted_them() -> None:
    none = np.empty(0)
    steps = Steps(none, none, none, none, 0, True)
    assert steps.or_raise() is steps
    with pytest.raises(Rung):
        steps._replace(interrupted=Rung()).or_raise()


@native
def test_a_signal_within_a_look_keeps_the_steps() -> None:
    """The engine asks a function of Python whether to stop, in which a handler may raise."""
    engine, plan, looks = get_engine("native"), Plan(batch_size=1), []
    data = checked_rows(NET, plan.objective, X, Y, None, np.float64)

    class Ringing(Stop):
        def now(self) -> bool:
            looks.append(1)
            if len(looks) == 3:
                raise Rung
            return False

    order, state = np.tile(np.arange(40), 500_000), engine.start(NET, plan, NET.initial())
    after, steps = engine.advance(state, data, order, np.full(len(order), 1e-4), Ringing())
    assert isinstance(steps.interrupted, Rung) and 0 < steps.rows < len(order)
    assert engine.snapshot(after)["step"] == steps.rows


@pytest.mark.parametrize("engine", ["reference", pytest.param("native", marks=native)])
def test_a_signal_while_steps_are_noted_finds_all_or_none_of_them(engine, monkeypatch) -> None:
    plus, given = Progress.plus, {"batch_size": 3, "epochs": 2, "engine": engine}

    def interrupted(self, *steps):
        monkeypatch.setattr(Progress, "plus", plus)
        raise KeyboardInterrupt

    run = fl.Run(NET, X, Y, **given)
    run.step()
    monkeypatch.setattr(Progress, "plus", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.position == (1, 3) and run.snapshot().arrays["step"] == 1
    whole = fl.descend(NET, X, Y, **given)
    for _ in run:
        pass
    assert run.theta.tobytes() == whole.theta.tobytes()


@native
@pytest.mark.parametrize("rows", [40, 37])
def test_a_signal_ends_many_epochs_in_one_call(ring, monkeypatch, rows) -> None:
    """Neither what a handler raised is lost, nor an epoch or a row that was done."""
    monkeypatch.setattr("fallline.engines.native._WORK", 1e12)
    monkeypatch.setattr("fallline.engines.native._MOST_EPOCHS", 10**5)
    given = {"batch_size": 3, "epochs": 10**5, "optimizer": SGD(1e-4)}
    run = fl.Run(NET, X[:rows], Y[:rows], **given)
    next(run)
    ring(0.1)
    with pytest.raises(Rung):
        through(run)
    whole, done = len(run.history), run.position[1]
    assert run.stopped is None and 1 < whole < 99_000 and done % 3 == 0
    assert run.history[-1].steps == whole * -(-rows // 3)
    assert run.snapshot().arrays["step"] == run.history[-1].steps + done // 3
    next(run)
    again = fl.descend(NET, X[:rows], Y[:rows], **given | {"epochs": whole + 1})
    assert run.theta.tobytes() == again.theta.tobytes()
    assert [e.error for e in run.history] == [e.error for e in again.history]


@native
def test_a_signal_after_the_last_step_of_an_epoch(monkeypatch, tmp_path: Path) -> None:
    """An epoch all of whose rows are done is closed by whatever goes on, also from a file."""
    engine = get_engine("native")
    advance, steps = type(engine).advance, []

    def interrupted(self, *given):
        state, taken = advance(self, *given)
        steps.append(taken)
        return state, taken._replace(interrupted=Rung() if len(steps) == 4 else None)

    monkeypatch.setattr(type(engine), "advance", interrupted)
    given = {"batch_size": 10, "epochs": 3}
    run = fl.Run(NET, X, Y, **given)
    for _ in range(3):
        run.step()
    with pytest.raises(Rung):
        run.step()
    assert run.position == (1, 40)
    run.save_checkpoint(tmp_path / "run.ckpt")
    again = fl.resume(tmp_path / "run.ckpt", X, Y)
    step = run.step()
    assert step.step == 5 and step.epoch == 2 and run.position == (2, 10)
    whole = fl.descend(NET, X, Y, **given)
    for own in (run, again):
        for _ in own:
            pass
        assert own.theta.tobytes() == whole.theta.tobytes()
        assert [e.error for e in own.history] == [e.error for e in whole.history]
