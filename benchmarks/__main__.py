"""How fast fallline is, beside its peers, in one run.

    python -m benchmarks                                  # everything, half an hour
    python -m benchmarks steps --workloads tiny small --peers jax numpy
    python -m benchmarks --quick                          # a smoke test: its times mean nothing
    python -m benchmarks --peer-python ../other/bin/python --out docs/benchmarks

Peers are those that this interpreter has (``pip install -e '.[bench]'``), or one given with
``--peer-python``. Close other programs: peers are measured in turn, so that noise hits all alike,
but a loaded machine still blurs the figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from . import fits, growth, imports, machine, many, one_row, report, steps
from .notes import notes
from .peers import PEERS
from .workloads import WORKLOADS

FAMILIES = ("steps", "fits", "one-row", "many", "growth", "imports")
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
    add("families", nargs="*", help=f"some of: {', '.join(FAMILIES)}; all if none")
    add("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    add("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="who else is measured")
    add("--threads", nargs="+", type=int, default=[1, 2], help="numbers of threads, each tried")
    add("--rounds", type=int, default=9, help="repetitions, of which medians are told")
    add("--peer-python", nargs="+", default=[], help="interpreters that have other peers")
    add("--data", type=Path, help="a table like fallline's houses.csv, to fit instead of it")
    add("--out", type=Path, help="write PATH.md and PATH.json")
    add("--quick", action="store_true", help="few steps and rounds: does everything run?")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.families) - set(FAMILIES))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; choose from {', '.join(FAMILIES)}")
    if min(chosen.rounds, *chosen.threads) < 1:
        parser.error("--rounds and --threads must be at least 1")
    for python in chosen.peer_python:
        if shutil.which(python) is None:
            parser.error(f"--peer-python: {python} cannot be run; give the path of a Python")
    if chosen.quick:
        chosen.rounds = min(chosen.rounds, 2)
    return chosen


def measured(chosen: argparse.Namespace, peers: dict[str, str]) -> dict[str, Any]:
    """Return the records of all families asked for, with the machine."""
    results: dict[str, Any] = {"machine": machine.facts(peers, chosen.rounds)}
    families, engines = chosen.families or FAMILIES, machine.engines()
    if "steps" in families:
        results["steps"] = [
            row
            for name in chosen.workloads
            for row in steps.measure(
                WORKLOADS[name].quick() if chosen.quick else WORKLOADS[name],
                peers,
                engines,
                chosen.threads,
                chosen.rounds,
            )
        ]
    if "fits" in families and fits.have_estimators():
        houses = chosen.data or fits.houses_path()
        epochs = QUICK_EPOCHS if chosen.quick else EPOCHS
        found = [fits.measure(case, houses, chosen.rounds, epochs) for case in fits.CASES]
        results["fits"] = [row for row in found if row is not None]
    if "one-row" in families:
        results["one_row"] = one_row.measure(peers, engines, chosen.rounds)
    if "many" in families:
        nets = many.QUICK_NETS if chosen.quick else many.NETS
        results["many"] = many.measure(chosen.threads, chosen.rounds, nets)
    if "growth" in families:
        results["growth"] = growth.measure(chosen.rounds, chosen.quick)
    if "imports" in families:
        results["imports"] = imports.measure(peers, chosen.rounds)
    return results | {"notes": list(notes)}


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
