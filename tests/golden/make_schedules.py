"""Record in schedules.json the learning rates of PyTorch's, Optax's and scikit-learn's schedules.

The tests need none of them. To record anew, in the environment of make_optimizers.py:

    /tmp/recording/bin/python tests/golden/make_schedules.py

RUNS names our schedule and, for each library, the call that gives the same rates at time 0, 1, ...
"""

import json
import warnings
from pathlib import Path

ETA, TIMES = 0.5, 40
ERRORS = [5, 4, 4, 4, 4, 3.9999, 3, 3, 3, 3, 3, 3, 2.5, 2.6, 2.6, 2.6, 2.6, 2, 1.9, 1.8]
ERRORS = [*ERRORS, *[1.8] * 12, 1.79995, 1.7, *[1.75] * 6]

# Our schedule -> the calls of PyTorch and Optax.
RUNS = {
    "constant": {"torch": ("ConstantLR", {"factor": 1.0}), "optax": ("constant_schedule", {})},
    "step(every=7, factor=0.5)": {"torch": ("StepLR", {"step_size": 7, "gamma": 0.5})},
    "exponential(factor=0.9)": {
        "torch": ("ExponentialLR", {"gamma": 0.9}),
        "optax": ("exponential_decay", {"transition_steps": 1, "decay_rate": 0.9}),
    },
    "polynomial(length=30, power=2.0)": {
        "torch": ("PolynomialLR", {"total_iters": 30, "power": 2.0}),
        "optax": ("polynomial_schedule", {"end_value": 0.0, "power": 2.0, "transition_steps": 30}),
    },
    "polynomial(length=25, end=0.1)": {
        "optax": ("polynomial_schedule", {"end_value": 0.05, "power": 1.0, "transition_steps": 25})
    },
    "cosine(length=40)": {
        "torch": ("CosineAnnealingLR", {"T_max": 40}),
        "optax": ("cosine_decay_schedule", {"decay_steps": 40}),
    },
    "cosine(length=20, end=0.2)": {
        "optax": ("cosine_decay_schedule", {"decay_steps": 20, "alpha": 0.2})
    },
    "warmup(length=8, start=0.25)": {
        "torch": ("LinearLR", {"start_factor": 0.25, "end_factor": 1.0, "total_iters": 8})
    },
    "warmup(length=10, then='cosine(length=25, end=0.1)')": {
        "optax": (
            "warmup_cosine_decay_schedule",
            {"init_value": 0.0, "warmup_steps": 10, "decay_steps": 35, "end_value": 0.05},
        )
    },
    "one_cycle(length=40)": {"torch": ("OneCycleLR", {"total_steps": 40})},
    "one_cycle(length=40, peak=0.5, start=0.1, end=0.001)": {
        "torch": (
            "OneCycleLR",
            {"total_steps": 40, "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0},
        )
    },
    "plateau(patience=2)": {"torch": ("ReduceLROnPlateau", {"patience": 2})},
    "plateau(factor=0.5, patience=1, threshold=0.01, cooldown=2, least=0.1)": {
        "torch": (
            "ReduceLROnPlateau",
            {"factor": 0.5, "patience": 1, "threshold": 0.01, "cooldown": 2, "min_lr": 0.05},
        )
    },
    "adaptive(patience=2)": {"sklearn": ("adaptive", {"n_iter_no_change": 2, "tol": 1e-4})},
    "adaptive(patience=3, tolerance=0.05)": {
        "sklearn": ("adaptive", {"n_iter_no_change": 3, "tol": 0.05})
    },
    "inverse_scaling(power=0.5, per='row')": {"sklearn": ("invscaling", {"power_t": 0.5})},
}
ROWS = 8  # of an epoch, for scikit-learn's count of rows


def with_torch(name: str, settings: dict) -> list[float]:
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=ETA)
    first = {"max_lr": ETA} if name == "OneCycleLR" else {}
    if name == "OneCycleLR":
        settings = settings | {"cycle_momentum": False}
    schedule = getattr(torch.optim.lr_scheduler, name)(optimizer, **first, **settings)
    rates = []
    for t in range(TIMES):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if t < TIMES - 1:
            schedule.step(ERRORS[t]) if name == "ReduceLROnPlateau" else schedule.step()
    return rates


def with_optax(name: str, settings: dict) -> list[float]:
    import optax

    first = {"warmup_cosine_decay_schedule": "peak_value", "constant_schedule": "value"}
    key = first.get(name, "init_value")
    settings = settings | {key: ETA} if name not in first or key != "init_value" else settings
    schedule = getattr(optax, name)(**settings)
    return [float(schedule(t)) for t in range(TIMES)]


def with_sklearn(name: str, settings: dict) -> list[float]:
    """As BaseMultilayerPerceptron does at the end of its epochs, with its own methods."""
    from sklearn.neural_network import MLPRegressor
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    power = {"power_t": settings["power_t"]} if name == "invscaling" else {}
    optimizer = SGDOptimizer([], ETA, name, **power)
    model = MLPRegressor(**{k: v for k, v in settings.items() if k != "power_t"})
    model.best_loss_, model._no_improvement_count, model.loss_curve_ = float("inf"), 0, []
    rates = []
    for t in range(TIMES):
        rates.append(float(optimizer.learning_rate))
        model.loss_curve_.append(ERRORS[t])
        model._update_no_improvement_count(False, None, None, None)
        optimizer.iteration_ends((t + 1) * ROWS)
        if name == "adaptive" and model._no_improvement_count > model.n_iter_no_change:
            if optimizer.trigger_stopping("", False):
                break
            model._no_improvement_count = 0
    return rates


def main() -> None:
    import jax
    import optax
    import sklearn
    import torch

    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("ignore")
    recorders = {"torch": with_torch, "optax": with_optax, "sklearn": with_sklearn}
    rows = [
        {"schedule": name, "library": library, "call": called, "rates": recorders[library](*call)}
        for name, calls in RUNS.items()
        for library, call in calls.items()
        for called in [f"{library}.{call[0]}({call[1]})"]
    ]
    versions = {module.__name__: module.__version__ for module in (torch, optax, sklearn, jax)}
    recorded = {"versions": versions, "eta": ETA, "errors": ERRORS, "rows": rows}
    path = Path(__file__).with_name("schedules.json")
    path.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {path}")


if __name__ == "__main__":
    main()
