"""A model as the document and tensors of its file, and back, with every part checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, Floats
from ..data.encoders import TableEncoder
from ..data.targets import TargetEncoder
from ..engines.calls import predict
from ..engines.threads import one_thread
from ..errors import FalllineError, ModelFileError
from ..history_matrix import history_columns, history_from_matrix, history_matrix
from ..spec.codec import network_from_json, network_to_json
from ..spec.fits import target_count
from ..spec.network import Network
from ..spec.plan import Plan

if TYPE_CHECKING:
    from .model import Model

__all__ = ["from_document", "to_document"]

_PARTS = {"network", "plan", "encoder", "target", "facts", "history", "test"}
# The test vector is recomputed on the reader's machine, whose sums may run in another order.
_AGREEMENT = {np.dtype(np.float32): 1e-3, np.dtype(np.float64): 1e-9}


def to_document(model: Model) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return a model's document (plain data) and tensors."""
    columns = history_columns(model.history)
    x = np.random.default_rng(0).standard_normal((1, model.network.n_inputs))
    with one_thread():  # the same bytes for any number of threads
        outputs = predict(model.network, model.theta, x)
    document = {
        "network": network_to_json(model.network),
        "plan": model.plan.to_json(),
        "encoder": None if model.encoder is None else model.encoder.to_json(),
        "target": None if model.target is None else model.target.to_json(),
        "facts": dict(model.facts),
        "history": columns,
        "test": {"x": x[0].tolist(), "y": [float(value) for value in outputs[0]]},
    }
    return document, {"history": history_matrix(model.history, columns), "theta": model.theta}


def from_document(document: Mapping[str, Any], tensors: Mapping[str, Array]) -> dict[str, Any]:
    """Return the fields of a `Model`.

    Raises
    ------
    ModelFileError
        When any part is missing, unknown, or does not fit the others.
    """
    if set(document) != _PARTS or set(tensors) != {"history", "theta"}:
        raise ModelFileError("it does not have the parts that a model has")
    try:
        network = network_from_json(document["network"])
        theta = _theta(network, tensors["theta"])
        plain = document["encoder"]
        encoder = None if plain is None else TableEncoder.from_json(plain)
        plain = document["target"]
        target = None if plain is None else TargetEncoder.from_json(plain)
        plan = _plan(document["plan"], network)
        _check_fit(network, plan, encoder, target)
        _check_test(network, theta, _object(document["test"], "test"))
        return {
            "network": network,
            "theta": theta,
            "plan": plan,
            "encoder": encoder,
            "target": target,
            "history": history_from_matrix(document["history"], tensors["history"]),
            "facts": _object(document["facts"], "facts"),
        }
    except ModelFileError:
        raise
    except (FalllineError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ModelFileError(f"its description cannot be: {error}") from None


def _theta(network: Network, theta: Array) -> Floats:
    if theta.shape != (network.size,):
        raise ModelFileError(
            f"it holds {theta.size} parameters, but its network has {network.size}"
        )
    if not np.isfinite(theta).all() or theta[network.masked].any():
        raise ModelFileError("its parameters are not finite, or not 0 at absent connections")
    return theta


def _plan(plain: Any, network: Network) -> Plan:
    plan = Plan.from_json(_object(plain, "plan"))
    plan.check(network)
    return plan


def _check_fit(
    network: Network, plan: Plan, encoder: TableEncoder | None, target: TargetEncoder | None
) -> None:
    if encoder is not None and encoder.d != network.n_inputs:
        raise ModelFileError("its columns do not fit its network's inputs")
    if target is not None and target.k != target_count(plan.objective.error, network):
        raise ModelFileError("its target does not fit its network's outputs")


def _check_test(network: Network, theta: Floats, test: Mapping[str, Any]) -> None:
    """Compare the stored prediction with the one that this machine computes."""
    if set(test) != {"x", "y"}:
        raise ModelFileError("its test vector is incomplete")
    x, y = np.array(test["x"], np.float64), np.array(test["y"], np.float64)
    if x.shape != (network.n_inputs,) or y.shape != (network.n_outputs,):
        raise ModelFileError("its test vector does not fit its network")
    computed = predict(network, theta, x[None, :])[0].astype(np.float64)
    scale = np.abs(y).max(initial=1.0)
    if not np.abs(computed - y).max() <= _AGREEMENT[theta.dtype] * scale:
        raise ModelFileError("its network does not give the prediction that was stored with it")


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelFileError(f"its {place} must be an object")
    return value
