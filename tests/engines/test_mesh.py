"""Several devices give the numbers of one; two processes the bits of one with two devices.

On CPU devices, in processes of their own: how many there are is settled when JAX begins.
"""

import json
import subprocess
import sys

import numpy as np
import pytest
from tests.engines.test_xla_runs import environment

from fallline.cluster.launch import held_port
from fallline.engines.mesh import OwnRows
from fallline.engines.protocol import Rows
from fallline.errors import SpecError

PREPARED = """
import hashlib, json, sys
import numpy as np
import jax
which, address = sys.argv[1:]
if which != "one":
    jax.distributed.initialize(
        address, 2, int(which), initialization_timeout=120, heartbeat_timeout_seconds=60,
        shutdown_timeout_seconds=60,
    )
import fallline as fl
from fallline.engines.mesh import OwnRows
from fallline.engines.protocol import Rows, Stop
from fallline.engines.xla import XlaEngine
from fallline.spec.plan import Plan

net = fl.Network.of(fl.Input(5), fl.Layer(20, "tanh", "a"), fl.Layer(2, sources=("a", "input")))
rng, n = np.random.default_rng(0), 60
whole = Rows(*(
    array.astype(np.float32)
    for array in (rng.normal(size=(n, 5)), rng.normal(size=(n, 2)), rng.integers(0, 3, n))
))
# Of each batch, the first half is from the first half of all rows.
half = rng.permutation(30)
order = np.stack([half.reshape(6, 5), 30 + half[::-1].reshape(6, 5)], axis=1).ravel()
plan = Plan(batch_size=10, optimizer=fl.Adam(0.01), dropout=0.3, input_noise=0.1, l2=0.1)
theta = net.initial(seed=1, dtype=np.float32)

def go(engine, rows, order=order, epochs=3, plan=plan, stop=None):
    size, errors = plan.batch_size or n, []
    state = engine.start(net, plan, theta)
    for _ in range(epochs):
        rates = np.full(-(-len(order) // size), 0.01)
        state, steps = engine.advance(state, rows, order, rates, stop or Stop())
        errors += steps.errors.tolist()
    return engine.snapshot(state)["theta"], errors, steps

def told(engine, rows):
    found, errors, _ = go(engine, rows)
    error, gradient = engine.error_and_gradient(net, plan.objective, found, rows)
    bits, slopes = (hashlib.sha256(array.tobytes()).hexdigest() for array in (found, gradient))
    return {"bits": bits, "slopes": slopes, "errors": errors, "error": error}
"""

ONE = (
    PREPARED
    + """
import scipy.sparse

def apart(one, other):
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))

engines = {count: XlaEngine(count) for count in (1, 2, 4)}
sparse = whole._replace(X=scipy.sparse.csr_array(np.where(np.abs(whole.X) < 0.8, 0, whole.X)))
ragged = rng.permutation(n)[:57]  # 7 rows in the last batch; one device of four has none of 2
found = {"two": told(engines[2], whole), "equal": [], "sums": []}
for rows, cut, size in (
    (whole, ragged, 10), (whole, ragged, None), (sparse, ragged, 55),
):
    changed = Plan(batch_size=size, optimizer=fl.Adam(0.01), dropout=0.3, l2=0.1)
    expected, errors, _ = go(engines[1], rows, cut, plan=changed)
    for count in (2, 4):
        theta_there, there, steps = go(engines[count], rows, cut, plan=changed)
        found["equal"].append(apart(theta_there, expected))
        found["sums"].append(apart(np.array(there), np.array(errors)))
        assert steps.rows == 57
error, gradient = engines[1].error_and_gradient(net, plan.objective, expected, rows)
for count in (2, 4):
    other, slopes = engines[count].error_and_gradient(net, plan.objective, expected, rows)
    found["equal"] += [abs(other - error) / error, apart(slopes, gradient)]
asked = Stop()
asked.flag.set()
found["stopped"] = go(engines[4], whole, stop=asked, epochs=1)[2].rows
found["all"] = len(XlaEngine("all")._devices.devices)
X = whole.X.astype(float)
run = fl.descend(net, X, X[:, :2], epochs=2, engine="xla(devices=4)", X_val=X, y_val=X[:, :2])
other = fl.descend(net, X, X[:, :2], epochs=2, engine="reference", X_val=X, y_val=X[:, :2])
found["run"] = apart(run.theta, other.theta)
print(json.dumps(found))
"""
)

EACH = (
    PREPARED
    + """
import threading
bounds = np.array([0, 30, 60])
first, stop = bounds[int(which):int(which) + 2]
own = OwnRows(Rows(*(array[first:stop] for array in whole)), bounds)
engine = XlaEngine("all")
found = told(engine, own)
found["everywhere"] = told(engine, whole)["bits"]  # all rows in each process
mixed = np.random.default_rng(5).permutation(n)  # not as many rows of each process in a batch
found["mixed"] = go(engine, own, mixed)[1]
found["as one"] = go(XlaEngine(), whole, mixed)[1]

class Asked(Stop):
    def now(self):
        return which == "1"  # of one process only

found["stopped"] = go(engine, own, stop=Asked(), epochs=1)[2].rows
print(json.dumps(found))
"""
)


def started(code: str, which: str, devices: int, address: str = "") -> subprocess.Popen:
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    return subprocess.Popen(
        [sys.executable, "-c", code, which, address], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment(XLA_FLAGS=flags, JAX_ENABLE_X64="0"),
    )  # fmt: skip


def result(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope="module")
def one() -> dict:
    """Return what one process with 4 devices found."""
    return result(started(ONE, "one", 4))


def test_two_and_four_devices_give_the_numbers_of_one(one):
    """In float32, ragged batches and rows of no weight included."""
    assert len(one["equal"]) == 10 and max(one["equal"]) < 1e-6
    assert max(one["sums"]) < 1e-6
    assert one["stopped"] == 0 and one["all"] == 4
    assert one["run"] < 1e-12  # in float64, of a whole run


def test_two_processes_give_the_bits_of_one_with_two_devices(one):
    with held_port() as port:
        both = [started(EACH, which, 1, f"localhost:{port}") for which in "01"]
        found = [result(process) for process in both]
    for each in found:
        assert {name: each[name] for name in one["two"]} == one["two"]
        assert each["everywhere"] == one["two"]["bits"]
        np.testing.assert_allclose(each["mixed"], each["as one"], rtol=1e-5)
        assert each["stopped"] == 0


def part(of: slice, process: int, bounds=(0, 4, 10)) -> OwnRows:
    rows = Rows(np.ones((10, 2)), np.ones((10, 1)), np.ones(10))
    return OwnRows(Rows(*(array[of] for array in rows)), np.array(bounds), process)


def test_a_process_finds_its_share_of_each_batch():
    order = np.array([[3, 9, 0, 4], [5, 6, 7, -1], [8, 2, -1, -1]])
    one, other = part(slice(4), 0), part(slice(4, 10), 1)
    assert one.n == other.n == 10 and len(one.weights) == 4
    index, position = one.share(order)
    assert [i[i >= 0].tolist() for i in index] == [[3, 0], [], [2]]
    assert [p[i >= 0].tolist() for i, p in zip(index, position, strict=True)] == [[0, 2], [], [1]]
    there, standing = other.share(order)
    assert there.shape == index.shape == (3, 3)
    assert there[1].tolist() == [1, 2, 3] and standing[1].tolist() == [0, 1, 2]
    assert there[0, :2].tolist() == [5, 0] and standing[0, :2].tolist() == [1, 3]


def test_own_rows_that_do_not_fit():
    with pytest.raises(SpecError, match="process 0 must have rows 0 to 3 of all, that is 4, but"):
        part(slice(5), 0)
    with pytest.raises(SpecError, match="rows of several processes cannot be taken out"):
        part(slice(4), 0).take(np.arange(2))
