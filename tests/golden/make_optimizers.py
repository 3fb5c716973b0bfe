"""Record in optimizers.json where PyTorch's and Optax's optimizers take a point.

The tests need neither library: they read the file. To record it anew, in an environment of its own:

    python -m venv /tmp/recording
    /tmp/recording/bin/pip install torch==2.13.0 optax==0.2.8 numpy
    /tmp/recording/bin/python tests/golden/make_optimizers.py

A run is one optimizer from START with the gradient of `gradient`, in float64. The learning rate is
constant: PyTorch and Optax write momentum as v ← βv + g, w ← w − ηv, and fallline v ← βv − ηg,
w ← w + v, which are the same for as long as η is. Where a library's default differs from ours, or
it has several dialects (where ε stands), its call in RUNS says so.
"""

import json
from pathlib import Path

import numpy as np

START = [1.0, -2.0, 0.5, 3.0, -0.3, 0.7]
STEPS = [1, 2, 5, 20]

# The run's name -> our settings, PyTorch's call, Optax's call (None: it has no such formula).
RUNS = {
    "sgd": (
        {"name": "sgd", "learning_rate": 0.05},
        ("SGD", {"lr": 0.05}),
        ("sgd", {"learning_rate": 0.05}),
    ),
    "sgd, momentum": (
        {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9},
        ("SGD", {"lr": 0.05, "momentum": 0.9}),
        ("sgd", {"learning_rate": 0.05, "momentum": 0.9}),
    ),
    "sgd, Nesterov": (
        {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
        ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
        ("sgd", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    ),
    "adagrad": (
        {"name": "adagrad", "learning_rate": 0.1},
        ("Adagrad", {"lr": 0.1}),
        None,  # ε stands inside the root there
    ),
    "adagrad, ε of no weight": (
        {"name": "adagrad", "learning_rate": 0.1, "epsilon": 1e-300},
        ("Adagrad", {"lr": 0.1, "eps": 1e-300}),
        ("adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "eps": 0.0}),
    ),
    "rmsprop": (
        {"name": "rmsprop", "learning_rate": 0.02},
        ("RMSprop", {"lr": 0.02, "alpha": 0.9}),
        ("rmsprop", {"learning_rate": 0.02, "eps_in_sqrt": False}),
    ),
    "rmsprop, large ε": (
        {"name": "rmsprop", "learning_rate": 0.02, "decay": 0.5, "epsilon": 0.1},
        ("RMSprop", {"lr": 0.02, "alpha": 0.5, "eps": 0.1}),
        ("rmsprop", {"learning_rate": 0.02, "decay": 0.5, "eps": 0.1, "eps_in_sqrt": False}),
    ),
    "adam": (
        {"name": "adam", "learning_rate": 0.05},
        ("Adam", {"lr": 0.05}),
        ("adam", {"learning_rate": 0.05}),
    ),
    "adam, large ε": (
        {"name": "adam", "learning_rate": 0.05, "beta1": 0.5, "beta2": 0.8, "epsilon": 0.1},
        ("Adam", {"lr": 0.05, "betas": (0.5, 0.8), "eps": 0.1}),
        ("adam", {"learning_rate": 0.05, "b1": 0.5, "b2": 0.8, "eps": 0.1}),
    ),
}


def gradient(theta: np.ndarray) -> np.ndarray:
    """Return the gradient that is followed: coupled, nonlinear, and always 0 in the last entry."""
    coupled = np.tanh(theta) + 0.3 * np.sin(2 * np.roll(theta, 1)) + 0.1 * theta.sum()
    return coupled * np.array([1.0, 0.01, 20.0, 1.0, -0.5, 0.0])


def with_torch(name: str, settings: dict) -> list[np.ndarray]:
    import torch

    theta = torch.tensor(START, dtype=torch.float64)
    optimizer = getattr(torch.optim, name)([theta], **settings)
    path = []
    for _ in range(max(STEPS)):
        theta.grad = torch.from_numpy(gradient(theta.numpy()))
        optimizer.step()
        path.append(theta.numpy().copy())
    return path


def with_optax(name: str, settings: dict) -> list[np.ndarray]:
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    theta = jax.numpy.array(START, jax.numpy.float64)
    optimizer = getattr(optax, name)(**settings)
    state, path = optimizer.init(theta), []
    for _ in range(max(STEPS)):
        updates, state = optimizer.update(jax.numpy.array(gradient(np.array(theta))), state, theta)
        theta = optax.apply_updates(theta, updates)
        path.append(np.array(theta))
    return path


def main() -> None:
    import jax
    import optax
    import torch

    rows = []
    for run, (settings, *calls) in RUNS.items():
        recorders = (("torch", with_torch), ("optax", with_optax))
        for (library, record), call in zip(recorders, calls, strict=True):
            if call is not None:
                name, mapped = call
                path = record(name, mapped)
                after = {str(step): path[step - 1].tolist() for step in STEPS}
                rows.append(
                    {
                        "run": run,
                        "settings": settings,
                        "library": library,
                        "call": f"{library}.{name}("
                        + ", ".join(f"{key}={value}" for key, value in mapped.items())
                        + ")",
                        "theta": after,
                    }
                )
    versions = {module.__name__: module.__version__ for module in (torch, optax, jax, np)}
    recorded = {"versions": versions, "start": START, "rows": rows}
    path = Path(__file__).with_name("optimizers.json")
    path.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {path}")


if __name__ == "__main__":
    main()
