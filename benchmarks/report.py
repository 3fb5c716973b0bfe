"""The page of results: Markdown for people, from the same plain data that goes into the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import growth, imports, many, one_row, report_engines, steps, studio
from .peers import PEERS
from .tables import NONE, number, quartiles, table
from .workloads import WORKLOADS

COLUMNS = (steps.OURS, *(peer.title for peer in PEERS.values()), steps.REFERENCE)

HEAD = """# Speed

fallline and its peers, measured in one run by `python -m benchmarks`. This page is written by that
command; nothing in it is typed by hand. To repeat it, install the peers with
`pip install -e '.[bench]'`, leave the machine to it for a quarter of an hour, and run the command
below with `--out docs/benchmarks`; `python -m benchmarks --help` tells how to measure a part of it.
"""

STEPS = """
## Microseconds a step

A step is one mini-batch: gather its rows, forward, error, backward, Adam. All in float32, with the
squared error, relu in the hidden layers and the identity at the output; all peers start from the
same weights and take the same batches. Who ends with other weights, or another error, than NumPy in
float64 is not ranked. Each entry is the median at the better number of threads, which stands in
parentheses. Start-up and compilation are not in it; they are in the last table.
"""

RATIOS = """
**The best peer's time over fallline's**, both at their best with up to so many threads:
"""

FITS = """
## Whole fits

`fallline.MLPRegressor` and `MLPClassifier` beside scikit-learn's of the same name: the same
parameters (the defaults, but for the solver where one is named), the same `random_state`, float64,
one thread each. "To the same error": until the training error is as low as the one that
scikit-learn ends with. houses: its numeric columns, standardised.
"""

ONE_ROW = f"""
## One row

Predicting one row with 30-64-64-4 through Python, float32, one thread; goal {one_row.GOAL} µs.
fallline: `fallline.predict`.
"""

MANY = f"""
## Many nets at once

`fallline.descend_many` from as many seeds as nets, a thread to each run; the least seconds of the
rounds. Goal with two threads on two cores: {many.GOAL}x the nets a second of one.
"""

GROWTH = f"""
## Rows

An epoch of {growth.NET} (batches of {growth.BATCH}, float32, shuffled) on more and more rows in
memory; the least seconds of the rounds. "Beyond": what the run needs beside the rows themselves, at
its peak.
"""

MAPPED = f"""
## Rows in a file

An epoch of {growth.WIDE_NET} on rows in memory and in a file that is mapped (`numpy.memmap`), in a
process that may have a quarter of its size as memory of its own. "Cold": the file's pages are
dropped from memory before each epoch. Goal: {growth.GOAL:.0%} of the speed in memory.
"""

IMPORTS = f"""
## Imports

Seconds, less those of an interpreter that imports nothing; goal for `import fallline`
{imports.GOAL} s.
"""

DETAILS = """
## Every measurement

Medians and quartiles over the rounds. "Before": seconds before the first step: importing, setting
up, and what the first repetition took beyond the median, which is compiling. "Apart": how far the
final weights are from those in float64, relative to the way that they went.
"""


def page(results: dict[str, Any], command: str) -> str:
    """Return the page of the results that `__main__` gathers."""
    parts = [HEAD, machine(results["machine"], command)]
    if "steps" in results["families"] and results.get("steps"):
        by = _by_workload([row for row in results["steps"] if not row["device"]])
        parts += [STEPS, step_table(by), RATIOS, ratio_table(by), variants(by)]
    if results.get("engines"):
        parts += report_engines.parts(results)
    if results.get("fits"):
        parts += [FITS, fit_table(results["fits"])]
    if results.get("one_row"):
        parts += [ONE_ROW, one_row_table(results["one_row"])]
    if results.get("many"):
        parts += [MANY, many_table(results["many"])]
    if results.get("growth"):
        found = results["growth"]
        parts += [GROWTH, growth_table(found["rows"]), MAPPED, mapped_table(found["mapped"])]
    if results.get("imports"):
        parts += [IMPORTS, import_table(results["imports"])]
    if results.get("studio"):
        parts += [studio.report(results["studio"])]
    if results.get("notes"):
        parts += ["\n## Left out\n", "\n".join(f"- {text}" for text in results["notes"])]
    if results.get("steps"):
        parts += [DETAILS, detail_table(results["steps"])]
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)


def machine(facts: dict[str, Any], command: str) -> str:
    """Return the paragraph on machine, versions and command."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    level = facts["instruction_set"] or "no C++ core"
    return (
        f"{facts['date']}, {facts['processor']}, {facts['processors']} processors, {level}, "
        f"{facts['system']}; load at the start {facts['load_at_start']}; "
        f"{facts['rounds']} rounds.\n"
        f"{versions}.\n\n```sh\n{command}\n```\n"
    )


def step_table(by: dict[str, list[dict[str, Any]]]) -> str:
    """Return the median of each competitor on each workload."""
    there = {row["who"] for rows in by.values() for row in rows}
    columns = [who for who in COLUMNS if who in there]
    lines = []
    for name, rows in by.items():
        best = steps.ranked(rows, max(row["threads"] for row in rows))
        cells = [_cell(best.get(who)) for who in columns]
        lines.append([name, WORKLOADS[name].layers, str(WORKLOADS[name].batch), *cells])
    return table(["workload", "layers", "batch", *columns], lines)


def ratio_table(by: dict[str, list[dict[str, Any]]]) -> str:
    """Return the ratios to the best peer, beside what they are to be."""
    counts = sorted({row["threads"] for rows in by.values() for row in rows})
    lines = []
    for name, rows in by.items():
        found = [steps.ratio(rows, count) for count in counts]
        cells = [NONE if r is None else f"{number(r[0])}x {r[1]}" for r in found]
        lines.append([name, *cells, f"{WORKLOADS[name].floor:g}x", f"{WORKLOADS[name].goal:g}x"])
    return table(["workload", *map(_threads, counts), "at least", "goal"], lines)


def variants(by: dict[str, list[dict[str, Any]]]) -> str:
    """Return how much slower fallline is in float64, and held to AVX2."""
    goals = {steps.OURS64: 2.1, steps.OURS_V3: 1.7}
    lines = []
    for who, goal in goals.items():
        ratios = [steps.variant_ratio(rows, who) for rows in by.values()]
        if any(ratios):
            cells = [NONE if r is None else f"{number(r)}x" for r in ratios]
            lines.append([who, *cells, f"at most {goal:g}x"])
    if not lines:
        return ""
    head = "**The time of variants over that of fallline**, one thread:\n\n"
    return head + table(["variant", *by, "goal"], lines)


def fit_table(records: Sequence[dict[str, Any]]) -> str:
    """Return the seconds of whole fits, and their ratios."""
    lines = []
    for row in records:
        ours, theirs = row["fallline"], row["scikit-learn"]
        whole = theirs["seconds"]["median"] / ours["seconds"]["median"]
        reached, goal = ours["seconds_to_goal"], theirs["seconds_to_goal"]
        same = "not reached" if not reached else f"{number(goal / reached)}x"
        lines.append(
            [
                row["case"],
                str(row["rows"]),
                f"{ours['seconds']['median']:.3f}, {theirs['seconds']['median']:.3f}",
                f"{ours['epochs']}, {theirs['epochs']}",
                f"{ours['error']:.6g}, {theirs['error']:.6g}",
                f"{number(whole)}x",
                same,
                f"{row['floor']:g}x" if row["floor"] else NONE,
            ]
        )
    pair = "fallline, scikit-learn"
    pairs = [f"{what}: {pair}" for what in ("seconds", "epochs", "final error")]
    return table(
        ["table", "rows", *pairs, "whole fit", "to the same error", "at least"],
        lines,
    )


def one_row_table(records: Sequence[dict[str, Any]]) -> str:
    """Return the microseconds of one prediction."""
    lines = [[r["who"], *quartiles(r["microseconds"])] for r in records if r["agrees"]]
    return table(["who", "µs", "quartiles"], lines)


def many_table(records: Sequence[dict[str, Any]]) -> str:
    """Return how many nets are trained a second, beside those of the first number of threads."""
    lines, first = [], 1.0
    for row in records:
        each = row["least_seconds"] / row["nets"]
        if row["threads"] == records[0]["threads"]:
            first = each
        cells = [row["optimizer"], str(row["rows"]), str(row["epochs"]), str(row["threads"])]
        same = "" if row["agrees"] else ", other weights"
        times = [number(1 / each), f"{number(first / each)}x{same}"]
        lines.append([row["net"], *cells, *times])
    head = ["net", "optimizer", "rows", "epochs", "threads", "nets a second", "times the first"]
    return table(head, lines)


GROWING = {
    "nanoseconds": "ns a row",
    "processor_nanoseconds": "of the processor",
    "seconds_before": "s before the first epoch",
    "bytes_beyond": "bytes a row beyond",
}
"""What is told of growing rows, by its name in the records."""


def growth_table(records: Sequence[dict[str, Any]]) -> str:
    """Return the nanoseconds and bytes of a row."""
    lines = [[f"{row['rows']:,}", *(number(row[name]) for name in GROWING)] for row in records]
    return table(["rows", *GROWING.values()], lines)


def mapped_table(records: Sequence[dict[str, Any]]) -> str:
    """Return the nanoseconds of a row, and the speed beside that of rows in memory."""
    lines, memory = [], 1.0
    for r in records:
        if r["where"] == "memory":
            memory = r["nanoseconds"]
        order = "shuffled" if r["shuffle"] else "as they lie"
        size = f"{r['bytes'] / 2**30:.2f} GiB, {r['own_bytes'] / 2**30:.2f} GiB"
        speed = f"{memory / r['nanoseconds']:.0%}"
        times = [number(r["nanoseconds"]), number(r["processor_nanoseconds"])]
        lines.append([r["where"], order, size, *times, speed])
    head = ["rows in", "order", "size, own memory at most", "ns a row", "of the processor", "speed"]
    return table(head, lines)


def import_table(records: Sequence[dict[str, Any]]) -> str:
    """Return the seconds of imports."""
    lines = [[f"`{r['import']}`", *quartiles(r["seconds"])] for r in records]
    return table(["statement", "s", "quartiles"], lines)


def detail_table(records: Sequence[dict[str, Any]]) -> str:
    """Return every record of the steps."""
    lines = []
    for row in records:
        lines.append(
            [
                row["workload"],
                row["who"],
                str(row["threads"]),
                *quartiles(row["microseconds"]),
                f"{row['gflops']:.3g}",
                f"{sum(row['startup_seconds'].values()):.2f}",
                f"{row['weights_differ']:.0e}" + ("" if row["agrees"] else ", not ranked"),
            ]
        )
    head = ["workload", "who", "threads", "µs a step", "quartiles", "GFLOP/s", "before, s", "apart"]
    return table(head, lines)


def _by_workload(records: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by: dict[str, list[dict[str, Any]]] = {}
    for row in records:
        by.setdefault(row["workload"], []).append(row)
    return by


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return NONE
    return f"{number(row['microseconds']['median'])} ({row['threads']})"


def _threads(count: int) -> str:
    return f"{count} thread" + "s" * (count > 1)
