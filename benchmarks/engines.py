"""Which engine at which size: fallline's engines and PyTorch on one device.

They train on the workloads of ``steps``, in the same rounds. Where an accelerator is at hand, the
xla engine and PyTorch compute on it too, also with rounded products, and a net that is wide enough
to fill it is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .devices import Accelerator, accelerator, peak
from .rounds import Contestant
from .steps import ON_CPU, OURS, REFERENCE, XLA
from .workloads import Workload

TORCH = {"": "PyTorch eager", "compile": "torch.compile", "graphs": "PyTorch CUDA graphs"}
PRODUCTS = {"float32": "highest", "tf32": "default", "bfloat16": "bfloat16"}
"""What the xla engine calls each arithmetic."""

WIDER = Workload("wider", (1024, 4096, 4096, 4096, 10), 8192, 65_536, 4, floor=0, goal=0)
"""Trained on accelerators only: a step takes seconds on a processor."""

SHARED = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # several processes have the device at once


def accelerators(peers: Mapping[str, str]) -> list[Accelerator]:
    """Return the accelerator that JAX finds here, and PyTorch where it is."""
    found = [accelerator("jax")]
    if "torch" in peers:
        found.append(accelerator("torch", peers["torch"]))
    return [one for one in found if one is not None]


def contestants(folder: Path, threads: Sequence[int]) -> list[Contestant]:
    """Return the xla engine on this machine's processors."""
    return [_xla(folder, XLA, "highest", count, ON_CPU) for count in threads]


def on_accelerators(
    folder: Path, found: Sequence[Accelerator], peers: Mapping[str, str]
) -> list[Contestant]:
    """Return the xla engine and PyTorch on accelerators."""
    contestants = []
    for device in found:
        for arithmetic in device.arithmetics:
            if device.package == "jax":
                title = f"{XLA}, {device.name}, {arithmetic}"
                given = {"device": device.name, "arithmetic": arithmetic}
                contestants.append(_xla(folder, title, PRODUCTS[arithmetic], 1, SHARED, **given))
            else:
                contestants += _torch(folder, device.name, arithmetic, peers["torch"])
    return contestants


def _xla(
    folder: Path, title: str, products: str, threads: int, environment: dict[str, str], **told: Any
) -> Contestant:
    arguments = {"folder": str(folder), "variant": f"xla(products={products!r})"}
    make = "benchmarks.peers.ours:Trainer"
    return Contestant(title, make, threads, arguments, environment, **told)


def _torch(folder: Path, name: str, arithmetic: str, python: str) -> list[Contestant]:
    return [
        Contestant(
            f"{title}, {name}, {arithmetic}",
            "benchmarks.peers.pytorch:Trainer",
            1,
            {"folder": str(folder), "variant": f"cuda {arithmetic} {variant}".strip()},
            python=python,
            device=name,
            arithmetic=arithmetic,
        )
        for variant, title in TORCH.items()
    ]


# --- what the records say ----------------------------------------------------------------------


def ours(records: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return of each of fallline's engines on one workload its fastest record, in float32."""
    names = {OURS: "native", REFERENCE: "reference"}
    best: dict[str, Mapping[str, Any]] = {}
    for row in records:
        name = f"xla, {row['device']}" if row["device"] else names.get(row["who"], "xla")
        known = row["who"] in names or row["who"].startswith(XLA)
        if known and is_float32(row) and (name not in best or time(row) < time(best[name])):
            best[name] = row
    return best


def is_float32(row: Mapping[str, Any]) -> bool:
    """Return whether a record is of a descent in float32 throughout, whose weights agree."""
    return bool(row["agrees"] and row["arithmetic"] == "float32")


def time(row: Mapping[str, Any]) -> float:
    """Return the microseconds of a step."""
    return float(row["microseconds"]["median"])


def before(row: Mapping[str, Any]) -> float:
    """Return the seconds before the first step: importing, setting up, compiling."""
    return float(sum(row["startup_seconds"].values()))


def breaks_even(slow: Mapping[str, Any], fast: Mapping[str, Any]) -> int | None:
    """Return after how many steps the one that is faster a step has caught up; None for never."""
    saved = (time(slow) - time(fast)) / 1e6
    return None if saved <= 0 else max(0, round((before(fast) - before(slow)) / saved))


def share_of_peak(row: Mapping[str, Any], given: Mapping[str, float]) -> float | None:
    """Return the share of its device's peak that a record reaches; None where that is unknown."""
    most = peak(row["device"], row["arithmetic"], given)
    return None if most is None else float(row["gflops"]) / (1e3 * most)
