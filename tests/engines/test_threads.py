"""The same bits for any number of threads, and the number put back."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

import fallline as fl
from fallline.engines import threads
from fallline.engines.threads import one_thread

TRAIN = """
import sys
import numpy as np, fallline as fl
rng = np.random.default_rng(0)
table = {f"x{i}": rng.normal(size=500) for i in range(300)}
table["y"] = table["x0"] - table["x1"] * table["x2"]
model = fl.train(table, "y", net="100 tanh, 60 relu", l2=0.01, epochs=3, batch_size=200).model
model.save(sys.argv[1])
"""


def test_a_model_has_the_same_bytes_for_any_number_of_threads(tmp_path: Path) -> None:
    digests = set()
    for number in ("1", "2", "4"):
        path = tmp_path / "m.fall"
        environment = os.environ | {"OPENBLAS_NUM_THREADS": number, "OMP_NUM_THREADS": number}
        subprocess.run([sys.executable, "-c", TRAIN, str(path)], env=environment, check=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def numbers() -> list[int]:
    return [library["num_threads"] for library in ThreadpoolController().info()]


def test_the_number_of_threads_comes_back() -> None:
    before = numbers()
    with one_thread():
        assert min(numbers()) == 1
        with one_thread():
            pass
        assert min(numbers()) == 1
    assert numbers() == before
    run = fl.descend(fl.Network.parse("1 -> 1"), np.ones((2, 1)), np.ones(2), epochs=1)
    assert len(run.history) == 1 and numbers() == before


@pytest.mark.parametrize("call", [1, 2, 3])
def test_ctrl_c_on_the_way_in_or_out_puts_it_back(
    monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    before, set_number, calls = numbers(), threads._set, []

    def interrupted(library: Any, number: int) -> None:
        calls.append(number)
        if len(calls) == call:
            raise KeyboardInterrupt
        set_number(library, number)

    monkeypatch.setattr(threads, "_set", interrupted)
    with threadpool_limits(
        2, user_api="blas"
    ):  # one where there is one processor: then none is set back
        two = numbers()
        try:
            with one_thread():
                pass
        except KeyboardInterrupt:
            pass
        assert numbers() == two and threads._LIMIT.within == threads._LIMIT.depth == 0
    assert numbers() == before and calls


def test_an_error_inside_puts_it_back() -> None:
    before = numbers()
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert numbers() == before


def test_threads_at_once_put_it_back() -> None:
    before = numbers()

    def work() -> None:
        for _ in range(50):
            with one_thread(), one_thread():
                pass

    others = [Thread(target=work) for _ in range(4)]
    with one_thread():
        for other in others:
            other.start()
        work()
        assert min(numbers()) == 1
        for other in others:
            other.join()
    assert numbers() == before


def test_the_last_one_out_puts_it_back() -> None:
    """Those who enter later have seen 1; what was before is not for them to put back."""
    before, inside = numbers(), []
    first_in, second_in, first_out = Event(), Event(), Event()

    def first() -> None:
        with one_thread():
            first_in.set()
            second_in.wait(60)
        first_out.set()

    def second() -> None:
        first_in.wait(60)
        with one_thread():
            second_in.set()
            first_out.wait(60)
            inside.extend(numbers())

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()
    assert min(inside) == 1 and numbers() == before


def test_every_thread_is_limited_whoever_was_the_first() -> None:
    with one_thread():
        pass
    before = numbers()
    with ThreadPoolExecutor(1) as pool, threadpool_limits(2):
        assert pool.submit(one_thread()(lambda: min(numbers()))).result() == 1
    assert numbers() == before


def test_what_somebody_sets_meanwhile_stays() -> None:
    before = numbers()
    with threadpool_limits(3):
        with one_thread():
            threads._set(blas(), 2)
        assert blas().num_threads == 2
    assert numbers() == before


def blas() -> Any:
    return threads._controller().select(user_api="blas").lib_controllers[0]


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine of four cores."""
    monkeypatch.setattr(threads, "_cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with threadpool_limits(4):
        yield


@pytest.mark.usefixtures("four")
def test_numpy_has_one_thread_and_the_core_all_of_them() -> None:
    assert threads.allowed_threads() == 4
    with one_thread():
        assert threads.allowed_threads() == 4 and min(numbers()) == 1
    with threadpool_limits(1), one_thread():
        assert threads.allowed_threads() == 1


@pytest.mark.usefixtures("four")
def test_those_within_share_the_threads() -> None:
    met = Barrier(2)

    @one_thread()
    def work() -> int:
        met.wait(60)
        found = threads.allowed_threads()
        met.wait(60)
        return found

    with ThreadPoolExecutor(2) as pool:
        assert [done.result() for done in [pool.submit(work), pool.submit(work)]] == [2, 2]
    assert threads.allowed_threads() == 4


@pytest.mark.usefixtures("four")
def test_who_is_called_by_one_within_takes_one() -> None:
    """Such as the threads among which `descend_many` shares its runs."""
    with one_thread(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads.allowed_threads).result() == 1


FORKED = """
import os, threading
from threadpoolctl import ThreadpoolController, threadpool_limits
import numpy
from fallline.engines.threads import _LIMIT, one_thread
numbers = lambda: [library.num_threads for library in ThreadpoolController().lib_controllers]
before, inside, over = numbers(), threading.Event(), threading.Event()
def work():
    with one_thread():
        inside.set()
        over.wait()
other = threading.Thread(target=work)
other.start()
inside.wait()
child = os.fork()
if child == 0:
    with one_thread():
        well = _LIMIT.within == 1 and min(numbers()) == 1
    os._exit(0 if well and numbers() == before else 1)
assert os.waitpid(child, 0)[1] == 0
over.set()
other.join()
assert numbers() == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_knows_nothing_of_its_parents_threads() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, timeout=60)
