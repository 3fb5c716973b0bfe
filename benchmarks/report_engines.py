"""The part of the page that tells which engine to take, at which size, and what sharing brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from . import engines, processes
from .tables import NONE, number, table

Record = Mapping[str, Any]

ENGINES = """
## Which engine

`engine="auto"` is the native engine, which is there at once. `engine="xla"` compiles first, for
some seconds, and is for accelerators, and for batches that several devices or processes share.

The same steps by fallline's engines in float32, each at its best number of threads: microseconds a
step, and in parentheses the seconds before the first one, which are importing, setting up and
compiling. "Pays after": the steps after which the engine that is the fastest a step has made up for
what it takes longer to begin than the native one.
"""

DEVICES = """
**On accelerators**, float32 weights; matrices multiplied as float32, or rounded first to tf32 or
bfloat16. "Of the peak": of what the maker says that the device can do in this arithmetic{given}.
"Apart": the final weights from those in float64, relative to the way that they went.
"""

PROCESSES = """
**One batch shared among processes** (`devices="all"`), each with a processor of its own, on this
machine: microseconds a step. Two machines have a network between them, and take longer. Small nets
get slower when they are shared: a step then is mostly waiting for the other's sums.
"""


def parts(results: dict[str, Any]) -> list[str]:
    """Return the parts of the page that the results of the family tell."""
    rows, about = results["steps"], results["engines"]
    here = [row for row in rows if row["workload"] != engines.WIDER.name]
    found = [ENGINES, engine_table(here), advice(here)]
    devices = [row for row in rows if row["device"]]
    if devices:
        told = [f"{kind} {value:g} TFLOP/s" for kind, value in about["peaks"].items()]
        given = f" (as given: {', '.join(told)})" if told else ""
        found += [DEVICES.format(given=given), device_table(devices, about["peaks"])]
    if results.get("processes"):
        found += [PROCESSES, process_table(results["processes"])]
    return found


def by_workload(rows: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the records of each workload, in the order in which they came."""
    return {name: list(own) for name, own in groupby(rows, lambda row: row["workload"])}


def engine_table(rows: Sequence[Record]) -> str:
    """Return the engines side by side, and the best of PyTorch's."""
    best = {name: engines.ours(own) for name, own in by_workload(rows).items()}
    names = list(dict.fromkeys(engine for own in best.values() for engine in own))
    lines = []
    for name, own in best.items():
        known = by_workload(rows)[name]
        rivals = [row for row in known if engines.is_float32(row) and _is_torch(row)]
        torch = min(rivals, key=engines.time, default=None)
        fastest = min(own, key=lambda engine: engines.time(own[engine]), default="")
        cells = [_cell(own.get(engine)) for engine in names]
        other = NONE if torch is None else f"{_cell(torch)} {torch['who']}"
        lines.append([name, *cells, other, fastest or NONE, _pays(own, fastest)])
    return table(["workload", *names, "PyTorch's best", "fastest engine", "pays after"], lines)


def _is_torch(row: Record) -> bool:
    return bool(row["who"].startswith(tuple(engines.TORCH.values())))


def _cell(row: Record | None) -> str:
    if row is None:
        return NONE
    return f"{number(engines.time(row))} ({engines.before(row):.1f} s)"


def _pays(own: Mapping[str, Record], fastest: str) -> str:
    """Return after how many steps the fastest has caught up with the native one."""
    if not {fastest, "native"} <= own.keys():
        return NONE
    steps = engines.breaks_even(own["native"], own[fastest])
    return "at once" if not steps else f"{steps:,} steps"


def advice(rows: Sequence[Record]) -> str:
    """Return in words which engine is the fastest where."""
    fastest: dict[str, list[str]] = {}
    for name, own in by_workload(rows).items():
        best = engines.ours(own)
        if best:
            chosen = min(best, key=lambda engine: engines.time(best[engine]))
            fastest.setdefault(chosen, []).append(name)
    if not fastest:
        return ""
    if len(fastest) == 1:
        [(engine, names)] = fastest.items()
        size = "these sizes" if len(names) > 1 else "this size"
        return f"\nHere the {_told(engine)} is the fastest of fallline's at all of {size}.\n"
    texts = [f"the {_told(engine)} on {', '.join(names)}" for engine, names in fastest.items()]
    return f"\nThe fastest of fallline's here: {'; '.join(texts)}.\n"


def _told(engine: str) -> str:
    name, _, device = engine.partition(", ")
    return f"{name} engine" + (f" on {device}" if device else "")


def device_table(rows: Sequence[Record], peaks: Mapping[str, float]) -> str:
    """Return every record of an accelerator."""
    lines = []
    for row in rows:
        share = engines.share_of_peak(row, peaks)
        lines.append(
            [
                row["workload"],
                row["who"],
                number(engines.time(row)),
                f"{row['gflops'] / 1e3:.3g}",
                NONE if share is None else f"{share:.0%}",
                f"{engines.before(row):.1f}",
                f"{row['weights_differ']:.0e}" + ("" if row["agrees"] else ", not ranked"),
            ]
        )
    head = ["workload", "who", "µs a step", "TFLOP/s", "of the peak", "before, s", "apart"]
    return table(head, lines)


def process_table(rows: Sequence[Record]) -> str:
    """Return the steps of each number of processes, and how they compare."""
    lines = []
    for name, own in by_workload(rows).items():
        by = {row["processes"]: row for row in own if row["agrees"]}
        times = processes.speed(own)
        cells = [_cell(by.get(count)) for count in processes.COUNTS]
        lines.append([name, *cells, NONE if times is None else f"{times:.2f}x"])
    head = [f"{count} process" + "es" * (count > 1) for count in processes.COUNTS]
    return table(["workload", *head, "as fast"], lines)
