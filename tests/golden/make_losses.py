"""Errors and slopes of PyTorch, and terms of Optax, written to ``losses.json``.

    JAX_ENABLE_X64=1 python tests/golden/make_losses.py

Run it where torch 2.13.0 and optax are installed.

The numbers are those of its losses on fixed targets and outputs (5 rows, 3 outputs), with its
default reduction. ``test_factors.py`` compares them with ours, times the factor in the docs.
"""

import json
from pathlib import Path

import numpy as np
import optax
import torch
from torch import nn

N, K = 5, 3


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    classes = np.array([0, 2, 1, 1, 0])
    return {
        "number": rng.normal(0, 1.5, (N, K)),
        "count": rng.poisson(2.0, (N, K)).astype(float),
        "binary": (rng.uniform(size=(N, K)) < 0.5).astype(float),
        "one_hot": np.eye(K)[classes],
        "h": rng.normal(0, 1.2, (N, K)),
        "variance": rng.uniform(0.3, 2.0, (N, K)),
    }


LOSSES = {
    "MSELoss": (nn.MSELoss(), "number"),
    "MSELoss(sum)": (nn.MSELoss(reduction="sum"), "number"),
    "L1Loss": (nn.L1Loss(), "number"),
    "HuberLoss(0.5)": (nn.HuberLoss(delta=0.5), "number"),
    "SmoothL1Loss(0.5)": (nn.SmoothL1Loss(beta=0.5), "number"),
    "PoissonNLLLoss": (nn.PoissonNLLLoss(log_input=True), "count"),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), "binary"),
    "CrossEntropyLoss": (nn.CrossEntropyLoss(), "one_hot"),
    "CrossEntropyLoss(smoothing 0.1)": (nn.CrossEntropyLoss(label_smoothing=0.1), "one_hot"),
}


def optax_terms(given: dict[str, np.ndarray]) -> dict[str, list]:
    """Return Optax's terms, one for each row and output, or for each row, by our name."""
    y, h = given["number"], given["h"]
    smoothed = optax.smooth_labels(given["one_hot"], 0.1)
    terms = {
        "squared_error": optax.l2_loss(h, y),
        "huber(delta=0.5)": optax.huber_loss(h, y, delta=0.5),
        "log_cosh": optax.log_cosh(h, y),
        "hinge": optax.hinge_loss(h, np.where(y < 0, -1.0, 1.0)),
        "cross_entropy(smoothing=0.1)": optax.softmax_cross_entropy(h, smoothed),
    }
    return {name: np.asarray(term, np.float64).tolist() for name, term in terms.items()}


def main() -> None:
    given = arrays()
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in given.items()}
    results = {}
    for name, (loss, target) in LOSSES.items():
        h = tensors["h"].clone().requires_grad_()
        first = (h, tensors[target])
        value = loss(*first)
        value.backward()
        results[name] = {"value": value.item(), "slope": h.grad.tolist()}
    for name, full in (("GaussianNLLLoss", False), ("GaussianNLLLoss(full)", True)):
        mean = tensors["h"].clone().requires_grad_()
        variance = tensors["variance"].clone().requires_grad_()
        value = nn.GaussianNLLLoss(full=full)(mean, tensors["number"], variance)
        value.backward()
        slope = torch.stack([mean.grad, variance.grad], dim=-1).reshape(N, -1)
        results[name] = {"value": value.item(), "slope": slope.tolist()}
    document = {
        "torch": torch.__version__,
        "optax": optax.__version__,
        "arrays": {name: array.tolist() for name, array in given.items()},
        "losses": results,
        "optax terms": optax_terms(given),
    }
    text = json.dumps(document, indent=1)
    Path(__file__).with_name("losses.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
