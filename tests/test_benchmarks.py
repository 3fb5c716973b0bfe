"""The benchmarks run, and find out who computes something else. Times are not tested."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The JSON and the page of a quick run with no peer but NumPy."""
    out = tmp_path_factory.mktemp("benchmarks") / "speed"
    run = bench(
        *("--quick", "--workloads", "online", "tiny", "small", "--peers", "numpy"),
        *("--threads", "1", "--rounds", "1", "--out", str(out)),
    )
    assert run.returncode == 0, run.stderr
    results = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    return results, out.with_suffix(".md").read_text(encoding="utf-8")


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module(f"benchmarks.{name}")


def test_all_compute_the_same_descent(quick: tuple[dict[str, Any], str]) -> None:
    rows = quick[0]["steps"]
    who = {(row["workload"], row["who"]) for row in rows}
    for name in ("online", "tiny", "small"):
        assert {(name, "NumPy"), (name, "fallline reference")} <= who
    assert all(row["weights_differ"] < 1e-4 and row["errors_differ"] < 1e-4 for row in rows)
    assert all(row["agrees"] and row["microseconds"]["median"] > 0 for row in rows)


def test_fits_end_as_those_of_scikit_learn(quick: tuple[dict[str, Any], str]) -> None:
    for row in quick[0].get("fits", []):  # solvers of their own do not take the same way
        if "lbfgs" not in row["case"]:
            assert row["fallline"]["epochs"] == row["scikit-learn"]["epochs"] == 3
            assert row["fallline"]["error"] == pytest.approx(row["scikit-learn"]["error"], rel=1e-6)


def test_the_page_tells_machine_command_and_all_tables(quick: tuple[dict[str, Any], str]) -> None:
    results, page = quick
    assert results["machine"]["versions"]["numpy"] == np.__version__ and np.__version__ in page
    assert "python -m benchmarks --quick --workloads online tiny small --peers numpy" in page
    for heading in ("Microseconds a step", "One row", "Imports", "Every measurement"):
        assert f"## {heading}" in page
    assert {row["who"] for row in results["one_row"]} >= {
        "NumPy",
        "fallline reference",
        "fallline reference, prepared",
    }


def test_nets_at_once_have_the_same_weights_and_rows_are_not_copied(
    quick: tuple[dict[str, Any], str],
) -> None:
    results, page = quick
    assert all(row["agrees"] and row["least_seconds"] > 0 for row in results["many"])
    assert {row["optimizer"] for row in results["many"]} == {"adam", "lbfgs"}
    assert [row["rows"] for row in results["growth"]["rows"]] == [1_000, 4_000]
    where = [row["where"] for row in results["growth"]["mapped"]]
    assert where == 2 * ["memory", "mapped", "mapped, cold"]
    for heading in ("Many nets at once", "Rows", "Rows in a file"):
        assert f"## {heading}" in page


def test_the_page_names_no_path_of_the_machine(quick: tuple[dict[str, Any], str]) -> None:
    text = json.dumps(quick[0]) + quick[1]
    assert sys.prefix not in text and str(ROOT) not in text
    [command] = [line for line in quick[1].splitlines() if line.startswith("python -m")]
    assert "--rounds 1" in command and "--out" not in command


def test_who_skips_a_step_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    workloads, steps = module("workloads", monkeypatch), module("steps", monkeypatch)
    peer = module("peers.plain_numpy", monkeypatch)
    workloads.write(workloads.WORKLOADS["tiny"].quick(), tmp_path)
    honest, lazy = peer.Trainer(tmp_path, "float64"), peer.Trainer(tmp_path, "float32")
    lazy.task = lazy.task._replace(orders=lazy.task.orders[:, : -lazy.task.batch])
    honest.repeat(), lazy.repeat()
    differs = steps.differences(honest.task, lazy.theta(), honest.theta())
    told = steps.record("tiny", module("rounds", monkeypatch).Contestant("lazy", ""), {}, differs)
    assert told["agrees"] is False


def test_ratios_rank_at_the_best_threads_and_without_those_who_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = module("steps", monkeypatch)

    def row(who: str, threads: int, median: float, agrees: bool = True) -> dict[str, Any]:
        times = {"microseconds": {"median": median}, "agrees": agrees}
        return {"who": who, "threads": threads, **times}

    rows = [row("fallline", 1, 4.0), row("fallline", 2, 2.0), row("NumPy", 1, 20.0)]
    rows += [row("JAX scan", 2, 12.0), row("scikit-learn", 1, 1.0, agrees=False)]
    assert steps.ratio(rows, 1) == (5.0, "NumPy")
    assert steps.ratio(rows, 2) == (6.0, "JAX scan")
    assert steps.ratio(rows[2:], 2) is None


def test_a_peer_that_cannot_start_is_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rounds = module("rounds", monkeypatch)
    with rounds.started([rounds.Contestant("Nobody", "benchmarks.peers.nobody:Trainer")]) as pairs:
        assert pairs == []
    assert "left out: Nobody, threads 1: ModuleNotFoundError" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stepps",), "there is no stepps; choose from steps, fits"),
        (("--rounds", "0"), "--rounds and --threads must be at least 1"),
        (("--peer-python", "no/such/python"), "--peer-python: no/such/python cannot be run"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(words: tuple[str, ...], message: str) -> None:
    run = bench(*words)
    assert run.returncode == 2 and message in run.stderr
