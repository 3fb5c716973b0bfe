"""What the tests of the descent share: a small problem, and ways to pull a run."""

from typing import Any

import numpy as np
from tests.networks import network, rows, start

from fallline.descent import Run
from fallline.formulas.optimizers import SGD
from fallline.spec.network import Network

NET = network("skip")
TRAINING = rows(NET, "squared_error", 10, seed=1, weighted=True)
VALIDATION = rows(NET, "squared_error", 6, seed=2, weighted=True)
SETTINGS: dict[str, Any] = {
    "optimizer": SGD(0.05, momentum=0.9),
    "batch_size": 3,
    "epochs": 4,
    "l2": 0.01,
    "seed": 5,
}
VALIDATED = {
    "X_val": VALIDATION.X,
    "y_val": VALIDATION.Y,
    "sample_weight_val": VALIDATION.weights,
}


def make(net: Network = NET, **changes: Any) -> Run:
    """Return a run of the shared problem, with some of its arguments changed."""
    arguments = {"sample_weight": TRAINING.weights, "theta": start(net), **SETTINGS, **changes}
    return Run(net, TRAINING.X, TRAINING.Y, **arguments)


def finished(run: Run) -> Run:
    for _ in run:
        pass
    return run


def assert_same(run: Run, other: Run) -> None:
    """Weights, optimizer and history are equal to the last bit."""
    one, two = run.snapshot(), other.snapshot()
    assert one.arrays.keys() == two.arrays.keys()
    for name, array in one.arrays.items():
        assert array.tobytes() == two.arrays[name].tobytes(), name
    assert run.history == other.history
    assert run.theta.tobytes() == other.theta.tobytes()
    assert (run.position, run.stopped) == (other.position, other.stopped)


def line(n: int = 8, slope: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of y = slope·x."""
    x = np.linspace(-1, 1, n)[:, None]
    return x, slope * x
