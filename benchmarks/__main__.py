"""How fast fallline is, beside its peers, in one run.

    python -m benchmarks                                  # everything, half an hour
    python -m benchmarks steps --workloads tiny small --peers jax numpy
    python -m benchmarks engines                          # which engine at which size
    python -m benchmarks --quick                          # a smoke test: its times mean nothing
    python -m benchmarks --peer-python ../other/bin/python --out docs/benchmarks

``engines`` also computes on an accelerator, where JAX or PyTorch finds one. Peers are those that
this interpreter has (``pip install -e '.[bench]'``), or one given with ``--peer-python``. Close
other programs: peers are measured in turn, so that noise hits all alike, but a loaded machine still
blurs the figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import (
    devices,
    engines,
    fits,
    growth,
    imports,
    machine,
    many,
    one_row,
    processes,
    report,
    steps,
    studio,
)
from .devices import Accelerator
from .notes import notes
from .peers import PEERS
from .rounds import Contestant
from .workloads import WORKLOADS

FAMILIES = ("steps", "engines", "fits", "one-row", "many", "growth", "imports")
BY_NAME = ("studio",)  # measured only where asked for: it needs a browser
EPOCHS, QUICK_EPOCHS = 200, 3


def main() -> None:
    """Measure, print the page, and write it where asked."""
    chosen = options()
    peers = machine.interpreters(chosen.peers, chosen.peer_python)
    results = measured(chosen, peers)
    page = report.page(results, command(chosen))
    print(page)
    if chosen.out:
        chosen.out.with_suffix(".md").write_text(page, encoding="utf-8")
        text = json.dumps(results, indent=1) + "\n"
        chosen.out.with_suffix(".json").write_text(text, encoding="utf-8")


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("families", nargs="*", help=f"some of: {', '.join(FAMILIES)}; all if none; or studio")
    add("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="who else is measured")
    add("--threads", nargs="+", type=int, default=[1, 2], help="numbers of threads, each tried")
    add("--rounds", type=int, default=9, help="repetitions, of which medians are told")
    add("--peer-python", nargs="+", default=[], help="interpreters that have other peers")
    add("--data", type=Path, help="a table like fallline's houses.csv, to fit instead of it")
    add("--peak", nargs="+", default=[], help="TFLOP/s of the accelerator: tf32=494 bfloat16=989")
    add("--out", type=Path, help="write PATH.md and PATH.json")
    add("--quick", action="store_true", help="few steps and rounds: does everything run?")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.families) - {*FAMILIES, *BY_NAME})
    if unknown:
        parser.error(
            f"there is no {', '.join(unknown)}; choose from {', '.join(FAMILIES + BY_NAME)}"
        )
    if min(chosen.rounds, *chosen.threads) < 1:
        parser.error("--rounds and --threads must be at least 1")
    try:
        chosen.peak = devices.peaks_of(chosen.peak)
    except ValueError as error:
        parser.error(f"--peak: {error}")
    for python in chosen.peer_python:
        if shutil.which(python) is None:
            parser.error(f"--peer-python: {python} cannot be run; give the path of a Python")
    if chosen.quick:
        chosen.rounds = min(chosen.rounds, 2)
    return chosen


def measured(chosen: argparse.Namespace, peers: dict[str, str]) -> dict[str, Any]:
    """Return the records of all families asked for, with the machine."""
    families = chosen.families or list(FAMILIES)
    facts = machine.facts(peers, chosen.rounds)
    results: dict[str, Any] = {"machine": facts, "families": families}
    if "steps" in families or "engines" in families:
        results |= of_steps(chosen, peers, families)
    if "fits" in families and fits.have_estimators():
        houses = chosen.data or fits.houses_path()
        epochs = QUICK_EPOCHS if chosen.quick else EPOCHS
        found = [fits.measure(case, houses, chosen.rounds, epochs) for case in fits.CASES]
        results["fits"] = [row for row in found if row is not None]
    if "one-row" in families:
        results["one_row"] = one_row.measure(peers, machine.engines(), chosen.rounds)
    if "many" in families:
        nets = many.QUICK_NETS if chosen.quick else many.NETS
        results["many"] = many.measure(chosen.threads, chosen.rounds, nets)
    if "growth" in families:
        results["growth"] = growth.measure(chosen.rounds, chosen.quick)
    if "imports" in families:
        results["imports"] = imports.measure(peers, chosen.rounds)
    if "studio" in families:
        results["studio"] = studio.measure(0.5 if chosen.quick else 5.0)
    return results | {"notes": list(notes)}


def of_steps(
    chosen: argparse.Namespace, peers: dict[str, str], families: Sequence[str]
) -> dict[str, Any]:
    """Return the records of steps; with the engines, those of accelerators and of processes."""
    both, own = "engines" in families, machine.engines()
    if "steps" not in families:
        peers = {name: python for name, python in peers.items() if PEERS[name].package == "torch"}
    found: list[Accelerator] = engines.accelerators(peers) if both else []

    def contestants(folder: Path) -> list[Contestant]:
        known = steps.contestants(folder, peers, own, chosen.threads)
        if both and "xla" in own:
            known += engines.contestants(folder, chosen.threads)
        return known + engines.on_accelerators(folder, found, peers)

    sizes = [WORKLOADS[name] for name in chosen.workloads]
    sizes = [size.quick() for size in sizes] if chosen.quick else sizes
    results: dict[str, Any] = {
        "steps": [row for size in sizes for row in steps.measure(size, contestants, chosen.rounds)]
    }
    if not both:
        return results
    if found:
        size = engines.WIDER.quick() if chosen.quick else engines.WIDER

        def wide(folder: Path) -> list[Contestant]:
            return engines.on_accelerators(folder, found, peers)

        results["steps"] += steps.measure(size, wide, chosen.rounds, judge="jax")
    if "xla" in own:
        results["processes"] = [
            row for size in sizes for row in processes.measure(size, chosen.rounds)
        ]
    accelerators = [asdict(one) for one in found]
    return results | {"engines": {"accelerators": accelerators, "peaks": chosen.peak}}


def command(chosen: argparse.Namespace) -> str:
    """Return the command as given, but for where interpreters and files lie on this machine."""
    words = iter(sys.argv[1:])
    told, skip = [], False
    for word in words:
        if word.startswith("-"):
            skip = word.partition("=")[0] in ("--peer-python", "--data", "--out")
        if not skip:
            told.append(word)
    return " ".join(["python -m benchmarks", *told])


if __name__ == "__main__":
    main()
