"""Record in optimizers.json where PyTorch's, Optax's and Keras's optimizers take a point.

The tests need none of them: they read the file. To record it anew, in an environment of its own:

    python -m venv /tmp/recording
    /tmp/recording/bin/pip install torch==2.13.0 optax==0.2.8 keras==3.15.1 numpy
    /tmp/recording/bin/python tests/golden/make_optimizers.py

A run is one optimizer from START with the gradient of `gradient`, in float64. Its course says what
else happens on the way: see COURSES. RUNS holds our settings beside the calls of each library that
computes the same formula: where a library's default number differs from ours, its call says so,
and what our dialect says is left out of ours, so that its defaults are checked too.
"""

import json
import os
from pathlib import Path

import numpy as np

START = [1.0, -2.0, 0.5, 3.0, -0.3, 0.7]
STEPS = [1, 2, 5, 20]


def falling(t: int) -> float:
    """Return what the rate of step t is multiplied with: it falls twice, and is once 0."""
    return 1.0 if t < 3 else 0.0 if t == 10 else 0.3 if t < 12 else 0.05


# A course: the factor of the rate, whether the gradient is 0 in step t, and λ of an l2 penalty.
COURSES = {
    "constant": (lambda t: 1.0, lambda t: False, 0.0),
    "falling rate": (falling, lambda t: False, 0.0),
    "zero gradients": (lambda t: 1.0, lambda t: 2 <= t < 6, 0.0),
    "l2": (lambda t: 1.0, lambda t: False, 0.1),
}
PLAIN = ["constant", "zero gradients"]
RATED = ["constant", "falling rate"]


def gradient(theta: np.ndarray) -> np.ndarray:
    """Return the gradient that is followed: coupled, nonlinear, and always 0 in the last entry."""
    coupled = np.tanh(theta) + 0.3 * np.sin(2 * np.roll(theta, 1)) + 0.1 * theta.sum()
    return coupled * np.array([1.0, 0.01, 20.0, 1.0, -0.5, 0.0])


def ours(name: str, rate: float, **settings: object) -> dict:
    return {"name": name, "learning_rate": rate, **settings}


def runs() -> dict[str, tuple[list[str], dict, dict[str, tuple[str, dict]]]]:
    """Return the runs: name -> courses, our settings, and the call of each library."""
    found = {
        "sgd": (
            [*PLAIN, "l2"],
            ours("sgd", 0.05),
            {"torch": ("SGD", {}), "optax": ("sgd", {}), "keras": ("SGD", {})},
        ),
        "sgd, momentum": (
            ["constant"],
            ours("sgd", 0.05, momentum=0.9),
            {"torch": ("SGD", {"momentum": 0.9}), "optax": ("sgd", {"momentum": 0.9})},
        ),
        "sgd, Nesterov": (
            ["constant"],
            ours("sgd", 0.05, momentum=0.9, nesterov=True),
            {
                "torch": ("SGD", {"momentum": 0.9, "nesterov": True}),
                "optax": ("sgd", {"momentum": 0.9, "nesterov": True}),
            },
        ),
        "adagrad": (
            PLAIN,
            ours("adagrad", 0.1),
            {"torch": ("Adagrad", {})},
        ),
        "adagrad, ε of no weight": (
            ["constant"],
            ours("adagrad", 0.1, epsilon=1e-300),
            {"optax": ("adagrad", {"initial_accumulator_value": 0.0, "eps": 0.0})},
        ),
        "adagrad of Keras": (
            PLAIN,
            ours("adagrad", 0.1, dialect="keras"),
            {"keras": ("Adagrad", {})},
        ),
        "adagrad of Optax": (
            PLAIN,
            ours("adagrad", 0.1, dialect="optax"),
            {"optax": ("adagrad", {})},
        ),
        "rmsprop": (
            PLAIN,
            ours("rmsprop", 0.02),
            {
                "torch": ("RMSprop", {"alpha": 0.9}),
                "optax": ("rmsprop", {"eps_in_sqrt": False}),
            },
        ),
        "rmsprop, large ε": (
            ["constant"],
            ours("rmsprop", 0.02, decay=0.5, epsilon=0.1),
            {
                "torch": ("RMSprop", {"alpha": 0.5, "eps": 0.1}),
                "optax": ("rmsprop", {"decay": 0.5, "eps": 0.1, "eps_in_sqrt": False}),
            },
        ),
        "rmsprop, centred": (
            ["constant"],
            ours("rmsprop", 0.02, centered=True, epsilon=1e-3),
            {
                "torch": ("RMSprop", {"alpha": 0.9, "centered": True, "eps": 1e-3}),
                "optax": ("rmsprop", {"centered": True, "eps": 1e-3, "eps_in_sqrt": False}),
            },
        ),
        "adam": (
            [*PLAIN, "l2"],
            ours("adam", 0.05),
            {"torch": ("Adam", {}), "optax": ("adam", {})},
        ),
        "adam, large ε": (
            ["constant"],
            ours("adam", 0.05, beta1=0.5, beta2=0.8, epsilon=0.1),
            {
                "torch": ("Adam", {"betas": (0.5, 0.8), "eps": 0.1}),
                "optax": ("adam", {"b1": 0.5, "b2": 0.8, "eps": 0.1}),
            },
        ),
        "adam of Keras": (PLAIN, ours("adam", 0.05, dialect="keras"), {"keras": ("Adam", {})}),
        "adam of scikit-learn": (
            PLAIN,
            ours("adam", 0.05, dialect="sklearn"),
            {"sklearn": ("AdamOptimizer", {}), "keras": ("Adam", {"epsilon": 1e-8})},
        ),
        "amsgrad": (
            PLAIN,
            ours("adam", 0.05, amsgrad=True),
            {"torch": ("Adam", {"amsgrad": True})},
        ),
        "amsgrad of Optax": (
            PLAIN,
            ours("adam", 0.05, amsgrad=True, dialect="optax"),
            {"optax": ("amsgrad", {})},
        ),
        "amsgrad of Keras": (
            PLAIN,
            ours("adam", 0.05, amsgrad=True, dialect="keras"),
            {"keras": ("Adam", {"amsgrad": True})},
        ),
        "amsgrad of the paper": (
            PLAIN,
            ours("adam", 0.05, amsgrad=True, dialect="paper"),
            {"optax": ("amsgrad", {"bias_correction_mu": False, "bias_correction_nu": False})},
        ),
        "adamw": (
            RATED,
            ours("adamw", 0.05, weight_decay=0.2),
            {
                "torch": ("AdamW", {"weight_decay": 0.2}),
                "optax": ("adamw", {"weight_decay": 0.2}),
            },
        ),
        "adamw of Keras": (
            RATED,
            ours("adamw", 0.05, dialect="keras"),
            {"keras": ("AdamW", {})},
        ),
        "adamw, amsgrad": (
            ["constant"],
            ours("adamw", 0.05, amsgrad=True),
            {"torch": ("AdamW", {"amsgrad": True})},
        ),
        "adamw, amsgrad, of Keras": (
            ["constant"],
            ours("adamw", 0.05, amsgrad=True, dialect="keras"),
            {"keras": ("AdamW", {"amsgrad": True})},
        ),
        "adamw of the paper": (
            RATED,  # λ there is ηλ elsewhere
            ours("adamw", 0.05, weight_decay=0.01, dialect="paper"),
            {"torch": ("AdamW", {"weight_decay": 0.2})},
        ),
        "nadam": (PLAIN, ours("nadam", 0.05), {"torch": ("NAdam", {})}),
        "nadam of Keras": (PLAIN, ours("nadam", 0.05, dialect="keras"), {"keras": ("Nadam", {})}),
        "nadam of Optax": (PLAIN, ours("nadam", 0.05, dialect="optax"), {"optax": ("nadam", {})}),
        "adadelta": (
            [*PLAIN, "falling rate"],
            ours("adadelta", 1.0, decay=0.9),
            {
                "torch": ("Adadelta", {}),
                "optax": ("adadelta", {}),
                "keras": ("Adadelta", {"rho": 0.9, "epsilon": 1e-6}),
            },
        ),
        "lion": (
            [*PLAIN, "falling rate"],
            ours("lion", 0.03),
            {"optax": ("lion", {"weight_decay": 0.0}), "keras": ("Lion", {})},
        ),
        "lion, decay": (
            RATED,
            ours("lion", 0.03, weight_decay=0.5),
            {
                "optax": ("lion", {"weight_decay": 0.5}),
                "keras": ("Lion", {"weight_decay": 0.5}),
            },
        ),
        "rprop": (PLAIN, ours("rprop", 0.02), {"torch": ("Rprop", {})}),
        "rprop, own settings": (
            ["constant"],
            ours("rprop", 0.5, shrink=0.3, grow=1.5, least=0.01, most=0.6),
            {"torch": ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (0.01, 0.6)})},
        ),
    }
    for nesterov in (False, True):  # the same, whether the rate stands inside or outside of it
        form = {"momentum": 0.9, "nesterov": nesterov}
        title = "sgd, Nesterov" if nesterov else "sgd, momentum"
        found[f"{title}, rate inside"] = (
            [*RATED, "zero gradients"],
            ours("sgd", 0.05, **form),
            {"keras": ("SGD", form), "sklearn": ("SGDOptimizer", form)},
        )
        for library, name in (("torch", "SGD"), ("optax", "sgd")):
            found[f"{title} of {library}"] = (
                [*RATED, "zero gradients"],
                ours("sgd", 0.05, dialect=library, **form),
                {library: (name, form)},
            )
    for centred in (False, True):
        title = "rmsprop, centred" if centred else "rmsprop"
        eps = {"epsilon": 1e-3} if centred else {}
        setting = ({"centered": True} | eps) if centred else {}
        found |= {
            f"{title} of Keras": (
                PLAIN,
                ours("rmsprop", 0.02, dialect="keras", **setting),
                {"keras": ("RMSprop", setting)},
            ),
            f"{title} of Optax": (
                PLAIN,
                ours("rmsprop", 0.02, dialect="optax", **setting),
                {"optax": ("rmsprop", _renamed(setting, epsilon="eps"))},
            ),
            f"{title}, momentum": (
                RATED,
                ours("rmsprop", 0.02, momentum=0.8, **setting),
                {
                    "optax": (
                        "rmsprop",
                        {"momentum": 0.8, "eps_in_sqrt": False, **_renamed(setting, epsilon="eps")},
                    )
                },
            ),
            f"{title}, momentum, of torch": (
                RATED,
                ours("rmsprop", 0.02, momentum=0.8, dialect="torch", **setting),
                {"torch": ("RMSprop", {"momentum": 0.8, **_renamed(setting, epsilon="eps")})},
            ),
            f"{title}, momentum, of Keras": (
                RATED,
                ours("rmsprop", 0.02, momentum=0.8, dialect="keras", **setting),
                {"keras": ("RMSprop", {"momentum": 0.8, **setting})},
            ),
            f"{title}, momentum, of Optax": (
                RATED,
                ours("rmsprop", 0.02, momentum=0.8, dialect="optax", **setting),
                {"optax": ("rmsprop", {"momentum": 0.8, **_renamed(setting, epsilon="eps")})},
            ),
        }
    found["rmsprop, centred, of the paper"] = (
        PLAIN,
        ours("rmsprop", 0.02, centered=True, momentum=0.9, dialect="paper"),
        {"optax": ("rmsprop", {"centered": True, "momentum": 0.9, "decay": 0.95, "eps": 1e-4})},
    )
    return found


def _renamed(settings: dict, **names: str) -> dict:
    return {names.get(key, key): value for key, value in settings.items()}


class Followed:
    """The gradients of a course, as a library asks for them."""

    def __init__(self, course: str) -> None:
        self.factor, self._silent, self._l2 = COURSES[course]

    def __call__(self, theta: np.ndarray, t: int) -> np.ndarray:
        slope = np.zeros_like(theta) if self._silent(t) else gradient(theta)
        return slope + self._l2 * theta


def with_torch(name: str, settings: dict, rate: float, course: str) -> list[np.ndarray]:
    import torch

    follow, decay = Followed(course), COURSES[course][2]
    theta = torch.tensor(START, dtype=torch.float64)
    coupled = {"weight_decay": decay} if decay else {}  # its own l2
    optimizer = getattr(torch.optim, name)([theta], lr=rate, **settings, **coupled)
    path = []
    for t in range(max(STEPS)):
        optimizer.param_groups[0]["lr"] = rate * follow.factor(t)
        slope = follow(theta.numpy(), t)
        theta.grad = torch.from_numpy(slope - decay * theta.numpy())
        optimizer.step()
        path.append(theta.numpy().copy())
    return path


def with_optax(name: str, settings: dict, rate: float, course: str) -> list[np.ndarray]:
    import jax
    import optax

    follow = Followed(course)
    theta = jax.numpy.array(START, jax.numpy.float64)
    table = jax.numpy.array([rate * follow.factor(t) for t in range(max(STEPS))])
    steady = course != "falling rate"
    given = rate if steady else table.__getitem__
    optimizer = getattr(optax, name)(learning_rate=given, **settings)
    state, path = optimizer.init(theta), []
    for t in range(max(STEPS)):
        slope = jax.numpy.array(follow(np.array(theta), t))
        updates, state = optimizer.update(slope, state, theta)
        theta = optax.apply_updates(theta, updates)
        path.append(np.array(theta))
    return path


def with_keras(name: str, settings: dict, rate: float, course: str) -> list[np.ndarray]:
    import keras

    follow = Followed(course)
    theta = keras.Variable(np.array(START), dtype="float64")
    optimizer = getattr(keras.optimizers, name)(learning_rate=rate, **settings)
    path = []
    for t in range(max(STEPS)):
        optimizer.learning_rate = rate * follow.factor(t)
        slope = keras.ops.convert_to_tensor(follow(np.array(theta.value), t))
        optimizer.apply([slope], [theta])
        path.append(np.array(theta.value))
    return path


def with_sklearn(name: str, settings: dict, rate: float, course: str) -> list[np.ndarray]:
    from sklearn.neural_network import _stochastic_optimizers

    follow, theta = Followed(course), np.array(START)
    optimizer = getattr(_stochastic_optimizers, name)([theta], learning_rate_init=rate, **settings)
    path = []
    for t in range(max(STEPS)):
        optimizer.learning_rate = rate * follow.factor(t)
        optimizer.update_params([theta], [follow(theta, t)])
        path.append(theta.copy())
    return path


RECORDERS = {
    "torch": with_torch,
    "optax": with_optax,
    "keras": with_keras,
    "sklearn": with_sklearn,
}


def called(library: str, name: str, settings: dict) -> str:
    written = "".join(f", {key}={value}" for key, value in settings.items())
    return f"{library}.{name}(rate{written})"


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras
    import optax
    import sklearn
    import torch

    keras.config.set_floatx("float64")
    torch.set_default_dtype(torch.float64)  # else it keeps NAdam's product of μ in float32
    rows = []
    for run, (courses, settings, calls) in runs().items():
        for course in courses:
            for library, (name, given) in calls.items():
                path = RECORDERS[library](name, given, settings["learning_rate"], course)
                after = {str(step): path[step - 1].tolist() for step in STEPS}
                rows.append(
                    {"run": run, "course": course, "settings": settings, "library": library}
                    | {"call": called(library, name, given), "theta": after}
                )
    modules = (torch, optax, keras, sklearn, jax, np)
    versions = {module.__name__: module.__version__ for module in modules}
    recorded = {"versions": versions, "start": START, "rows": rows}
    path = Path(__file__).with_name("optimizers.json")
    path.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {path}")


if __name__ == "__main__":
    main()
