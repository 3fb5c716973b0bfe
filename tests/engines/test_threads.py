"""The same bits for any number of threads, and the number put back."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import fallline as fl
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
