"""How the xla engine goes on: what it compiles, when it stops, and that it leaves JAX as it was."""

import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.engines.test_advance import Descent, assert_same_bits
from tests.networks import network, rows, start

import fallline as fl
from fallline.engines.protocol import Stop
from fallline.engines.registry import ENGINES, get_engine
from fallline.engines.xla_cache import compilations
from fallline.engines.xla_descent import Taking
from fallline.engines.xla_devices import OneDevice
from fallline.engines.xla_epoch import piece_length
from fallline.errors import SpecError
from fallline.formulas.optimizers import SGD, Adam
from fallline.spec.plan import Plan
from fallline.training.settings import Settings

NET = fl.Network.parse("3 -> 4 tanh -> 1")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2000, 3)), RNG.normal(size=(2000, 1))


def descent(n: int = 2000, **settings) -> Descent:
    given = rows(NET, "squared_error", n)
    plan = Plan(**{"batch_size": 1, "optimizer": SGD(0.01)} | settings)
    return Descent("xla", NET, plan, given, start(NET))


# Compiling.


def test_short_epochs_are_not_filled_up_to_a_whole_piece():
    own = descent(10)
    own.go(range(10))
    sizes = []

    class Spy(Taking):
        def _take_piece(self, order, rates, halted, length):
            sizes.append(length)
            super()._take_piece(order, rates, halted, length)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fallline.engines.xla.Taking", Spy)
        own.go(range(10))
        own.go(range(3))  # what is compiled for the epoch serves its slices
    assert sizes == [16, 16]


def test_another_epoch_seed_rate_or_equal_network_compiles_nothing():
    def go(n=37, **settings) -> None:
        net = fl.Network.parse("3 -> 5 tanh -> 1")
        given = {"optimizer": Adam(0.01), "batch_size": 8, "epochs": 3, "dropout": 0.2} | settings
        fl.descend(net, X[:n], Y[:n], engine="xla", error_at_end=True, **given)

    go()
    before = compilations()
    go()
    go(seed=2**40, epochs=1, shuffle=False)
    go(optimizer=Adam(0.5), schedule="cosine", time_budget=100.0)
    assert compilations() == before
    go(batch_size=9)
    assert compilations() == before + 1


def test_rows_of_nearly_the_same_number_share_what_is_compiled():
    fl.error_and_gradient(NET, start(NET), X[:1001], Y[:1001], engine="xla")
    before = compilations()
    for n in (1003, 1010, 1024):
        fl.error_and_gradient(NET, start(NET), X[:n], Y[:n], engine="xla")
    fl.predict(NET, start(NET), X[:1500], engine="xla")
    assert compilations() <= before + 1
    fl.predict(NET, start(NET), X[:1100], engine="xla")
    assert compilations() <= before + 1


# Stopping.


def test_pieces_are_short_where_each_step_waits_for_other_processes():
    class Slow(OneDevice):
        exchange = 3e-3

    assert piece_length(NET, 1, OneDevice()) > 1000
    assert 16 <= piece_length(NET, 1, Slow()) <= 32


@pytest.fixture
def short_pieces(monkeypatch):
    monkeypatch.setattr("fallline.engines.xla_epoch._MOST_STEPS", 512)


@pytest.mark.usefixtures("short_pieces")
def test_a_flag_set_amid_an_epoch_ends_it_between_two_pieces():
    whole, stopped, stop = descent(), descent(), Stop()
    whole.go(range(2000))
    looks = []

    class Third(Stop):
        def now(self) -> bool:
            looks.append(1)
            return len(looks) == 3

    steps = stopped.go(range(2000), stop=Third())
    assert steps.rows == len(steps.errors) == 2 * piece_length(NET, 1, OneDevice()) < 2000
    assert stopped.arrays["step"] == steps.rows
    stopped.go(range(steps.rows, 2000), stop=stop)
    assert_same_bits(whole.arrays, stopped.arrays)
    assert whole.errors == stopped.errors


class Soon(Stop):
    """Asks to stop a while after the engine first looked: by the clock, or from another thread."""

    def now(self) -> bool:
        if self.flag.is_set() or self.deadline is not None or self.flag in TIMERS:
            return super().now()
        if self.by_clock:
            object.__setattr__(self, "deadline", time.monotonic() + 0.05)
        else:
            TIMERS[self.flag] = threading.Timer(0.05, self.flag.set)
            TIMERS[self.flag].start()
        return False

    by_clock = False


class ByClock(Soon):
    by_clock = True


TIMERS: dict[threading.Event, threading.Timer] = {}


@pytest.mark.parametrize("kind", [Soon, ByClock])
def test_a_deadline_and_another_thread_are_heard_within_a_call(kind):
    own, order = descent(), np.tile(np.arange(2000), 2000)  # many pieces
    steps = own.go(order, stop=kind())
    assert 0 < steps.rows < len(order) and steps.finite


@pytest.mark.usefixtures("short_pieces")
def test_ctrl_c_keeps_whole_pieces():
    own, looks = descent(), []

    class Pressed(Stop):
        def now(self) -> bool:
            looks.append(1)
            if len(looks) == 3:
                raise KeyboardInterrupt
            return False

    steps = own.go(range(2000), stop=Pressed())
    assert isinstance(steps.interrupted, KeyboardInterrupt)
    assert 0 < steps.rows < 2000 and own.arrays["step"] == steps.rows == len(steps.errors)
    whole = descent()
    whole.go(range(2000))
    own.go(range(steps.rows, 2000))
    assert_same_bits(whole.arrays, own.arrays)


def test_several_epochs_in_one_call_are_those_of_one_after_another():
    given = {"batch_size": 3, "epochs": 30, "optimizer": SGD(0.01), "engine": "xla"}
    quick = fl.descend(NET, X[:10], Y[:10], **given)
    run = fl.Run(NET, X[:10], Y[:10], **given)
    slow = list(run)
    assert quick.theta.tobytes() == run.theta.tobytes()
    assert [e.error for e in quick.history] == [e.error for e in slow]
    assert [e.steps for e in quick.history] == [e.steps for e in slow]


def test_a_run_goes_on_from_a_file_bit_for_bit(tmp_path):
    given = {"epochs": 4, "batch_size": 7, "dropout": 0.3, "engine": "xla"}
    run = fl.Run(NET, X[:30], Y[:30], **given)
    next(run)
    run.step()
    run.save_checkpoint(tmp_path / "run.ckpt")
    again = fl.resume(tmp_path / "run.ckpt", X[:30], Y[:30], engine="xla")
    for one in (run, again):
        list(one)
    assert again.theta.tobytes() == run.theta.tobytes()


# JAX is left as it was.


def test_no_option_of_jax_is_touched():
    before = dict(jax.config.values)
    for dtype in ("float32", "float64"):
        fl.descend(NET, X[:20], Y[:20], dtype=dtype, epochs=1, engine="xla")
    assert dict(jax.config.values) == before


BARE = """
import sys
import numpy as np
import fallline as fl
from fallline.engines.registry import ENGINES
assert "jax" not in sys.modules
import jax
assert not jax.config.jax_enable_x64
net = fl.Network.parse("3 -> 4 tanh -> 1")
X = np.random.default_rng(0).normal(size=(20, 3))
for dtype in ("float32", "float64"):
    given = {"dtype": dtype, "epochs": 3, "batch_size": 6, "seed": 2**40, "dropout": 0.2}
    one, other = (fl.descend(net, X, X[:, 0], engine=e, **given) for e in ("xla", "reference"))
    assert one.theta.dtype == dtype
    apart = np.linalg.norm(one.theta - other.theta) / np.linalg.norm(other.theta)
    assert apart < (1e-5 if dtype == "float32" else 1e-12), apart
    assert jax.numpy.ones(2).dtype == "float32"
"""


def test_both_types_in_a_process_where_jax_has_float32_only():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BARE],
        capture_output=True, text=True, env=environment(JAX_ENABLE_X64="0"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def environment(**changes: str) -> dict[str, str]:
    import os

    return {**os.environ, **changes}


WITHOUT = """
import sys
sys.modules["jax"] = None
import fallline as fl
try:
    fl.predict(fl.Network.parse("1 -> 1"), [1.0, 0.0], [[2.0]], engine="xla")
except fl.errors.MissingExtraError as error:
    print(error)
found = fl.certify(fl.Network.parse("1 -> 1"), [1.0, 0.0], [[2.0]], [1.0], loss="sse")
print(found.passed, found.skipped)
"""


def test_without_jax_the_extra_is_named():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert said[0] == (
        "the xla engine needs the package 'jax', which is not installed; run: pip install "
        "'fallline[jax]'"
    ), done.stderr
    assert said[1].startswith("True {'xla': \"the xla engine needs the package 'jax'")


# Names.


def test_settings_stand_in_the_name():
    assert ENGINES["xla( devices=1 )"].name == "xla"
    assert ENGINES["xla(products='bfloat16', devices='all')"].name == (
        "xla(devices='all', products='bfloat16')"
    )
    assert Settings(engine="xla", devices="all").engine == "xla(devices='all')"
    again = Settings(engine="xla(products='high')", devices=2)
    assert Settings.of(**again.to_json()) == again
    for name, message in {
        "xla(devices=0)": "devices must be a whole number of at least 1, or 'all', not 0",
        "xla(devices='some')": "or 'all', not 'some'",
        "xla(products='tf32')": "products must be one of highest, high, default, bfloat16",
        "native(devices=2)": "engine native has no settings",
        "xla(device=2)": "did you mean 'devices'",
    }.items():
        with pytest.raises(SpecError, match=message.replace("(", r"\(")):
            get_engine(name)
    with pytest.raises(SpecError, match="devices are a choice of the engine xla, not of auto"):
        Settings(devices=2)


def test_more_devices_than_there_are():
    engine = get_engine("xla(devices=99)")
    with pytest.raises(SpecError, match=r"devices must be at most \d+, .* not 99; to try it on a"):
        engine.start(NET, Plan(), start(NET))


def test_results_are_plain_arrays_of_their_own():
    own = descent(5)
    net, theta = network("chain"), start(network("chain"))
    found = fl.predict(net, theta, np.ones((2, 3)), engine="xla")
    _, gradient = fl.error_and_gradient(NET, start(NET), X[:4], Y[:4], engine="xla")
    slopes = fl.example_gradients(NET, start(NET), X[:4], Y[:4], engine="xla")
    for array in (found, gradient, slopes, own.theta):
        assert type(array) is np.ndarray and array.flags.writeable
        assert not isinstance(array, jnp.ndarray)


def test_a_state_has_memory_of_its_own():
    net = fl.Network.parse("2 -> 3 tanh -> 1")
    # JAX takes an array as it is, without a copy, where it begins at a multiple of 64 bytes.
    memory = np.empty(net.size + 8)
    theta = memory[-(memory.ctypes.data // 8) % 8 :][: net.size]
    theta[:] = net.initial(seed=0)
    engine = get_engine("xla")
    state = engine.start(net, Plan(optimizer=fl.Adam(0.01)), theta)
    theta[:] = np.nan
    assert np.isfinite(engine.snapshot(state)["theta"]).all()
