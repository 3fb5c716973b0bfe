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
from tests.conftest import WITHOUT_CORE

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
        *("steps", "fits", "one-row", "many", "growth", "imports"),
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
    assert "imports --quick --workloads online tiny small --peers numpy" in page
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
        (("stepps",), "there is no stepps; choose from steps, engines, fits"),
        (("--rounds", "0"), "--rounds and --threads must be at least 1"),
        (("--peak", "fp8=1"), "a peak is one of float32, tf32, bfloat16"),
        (("--peer-python", "no/such/python"), "--peer-python: no/such/python cannot be run"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(words: tuple[str, ...], message: str) -> None:
    run = bench(*words)
    assert run.returncode == 2 and message in run.stderr


# --- engines, devices and processes ------------------------------------------------------------


@pytest.fixture(scope="module")
def engines_told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The JSON and the page of a quick run of the engines, with no peer."""
    out = tmp_path_factory.mktemp("benchmarks") / "engines"
    words = ("--quick", "--workloads", "tiny", "--peers", "--threads", "1", "--rounds", "1")
    run = bench("engines", *words, "--peak", "float32=2", "--out", str(out))
    assert run.returncode == 0, run.stderr
    results = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    return results, out.with_suffix(".md").read_text(encoding="utf-8")


def test_engines_compute_the_same_descent(engines_told: tuple[dict[str, Any], str]) -> None:
    results, page = engines_told
    rows = results["steps"]
    own = {"fallline xla", "fallline reference", *([] if WITHOUT_CORE else ["fallline"])}
    assert own <= {row["who"] for row in rows}
    assert all(row["agrees"] and row["weights_differ"] < 1e-4 for row in rows)
    assert "## Which engine" in page and "## Microseconds a step" not in page
    assert results["engines"]["peaks"] == {"float32": 2.0}


def test_processes_compute_the_same_descent(engines_told: tuple[dict[str, Any], str]) -> None:
    results, page = engines_told
    rows, able = results["processes"], results["machine"]["processors"]
    assert [row["processes"] for row in rows] == [1, 2][:able]
    assert all(row["agrees"] and row["weights_differ"] < 1e-4 for row in rows)
    assert "One batch shared among processes" in page


def test_what_an_accelerator_would_be_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What runs there runs here, on the processor, under the name of a device that is not here."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    engines, steps = module("engines", monkeypatch), module("steps", monkeypatch)
    device = module("devices", monkeypatch).Accelerator("jax", "NVIDIA H200", "gpu")
    tiny = module("workloads", monkeypatch).WORKLOADS["tiny"].quick()
    rows = steps.measure(tiny, lambda f: engines.on_accelerators(f, [device], {}), 1, "jax")
    assert [row["arithmetic"] for row in rows] == ["float32", "tf32", "bfloat16"]
    assert all(row["agrees"] and row["device"] == "NVIDIA H200" for row in rows)
    # float32 on this machine, whatever the name; bfloat16 is another sum everywhere.
    assert rows[0]["weights_differ"] < 1e-4 < rows[2]["weights_differ"]
    told = {"peaks": {"tf32": 1e-3}, "accelerators": []}
    parts = module("report_engines", monkeypatch).parts({"steps": rows, "engines": told})
    text = "".join(parts)
    assert "as given: tf32 0.001 TFLOP/s" in text and "xla engine on NVIDIA H200" in text


def test_accelerators_are_found_and_their_peaks_known(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = module("devices", monkeypatch)
    monkeypatch.setattr(
        devices, "ASK", {"here": "found = ['NVIDIA A10', 'gpu']", "none": "found = False"}
    )
    found = devices.accelerator("here")
    assert (found.name, found.platform, len(found.arithmetics)) == ("NVIDIA A10", "gpu", 3)
    assert devices.accelerator("none") is None
    assert devices.Accelerator("jax", "TPU v4", "tpu").arithmetics == ("float32", "bfloat16")
    known = {
        ("NVIDIA H200", "bfloat16"): 989,
        ("NVIDIA H100 80GB HBM3", "tf32"): 494,
        ("NVIDIA H100 PCIe", "float32"): 51,
        ("NVIDIA A100-SXM4-40GB", "float32"): 19.5,
        ("NVIDIA A10G", "float32"): None,  # another card than the A10
        ("TPU v5 lite", "bfloat16"): 197,
        ("TPU v5", "bfloat16"): 459,
        ("TPU v4", "float32"): None,
        ("Another", "float32"): None,
    }
    assert {key: devices.peak(*key) for key in known} == known
    assert devices.peak("Another", "tf32", {"tf32": 3.0}) == 3.0


def test_the_engine_that_is_told_is_the_fastest_that_agrees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engines, report = module("engines", monkeypatch), module("report_engines", monkeypatch)

    def row(workload: str, who: str, median: float, first: float, **more: Any) -> dict[str, Any]:
        known = {"workload": workload, "who": who, "threads": 1, "device": "", "agrees": True}
        times = {"microseconds": {"median": median}, "startup_seconds": {"first": first}}
        return known | times | {"arithmetic": "float32", "processes": 1} | more

    rows = [
        *(row("tiny", "fallline", 2.0, 0.1), row("tiny", "fallline xla", 8.0, 1.1)),
        *(row("wide", "fallline", 30.0, 0.1), row("wide", "fallline xla", 10.0, 1.1)),
        row("wide", "fallline reference", 1.0, 0.1, agrees=False),
        row("wide", "fallline xla, GPU, bfloat16", 1.0, 0.1, device="GPU", arithmetic="bfloat16"),
        *(row("wide", "torch.compile", 9.0, 20.0), row("wide", "NumPy", 5.0, 0.1)),
    ]
    table = report.engine_table(rows)
    assert "| tiny | 2 (0.1 s) | 8 (1.1 s) | – | native | at once |" in table
    assert "| 10 (1.1 s) | 9 (20.0 s) torch.compile | xla | 50,000 steps |" in table
    assert "native engine on tiny; the xla engine on wide" in report.advice(rows)
    assert engines.share_of_peak(rows[5] | {"gflops": 500.0}, {"bfloat16": 1.0}) == 0.5


def test_two_processes_are_compared_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = module("processes", monkeypatch)
    one = {"processes": 1, "agrees": True, "microseconds": {"median": 8.0}}
    two = {"processes": 2, "agrees": True, "microseconds": {"median": 5.0}}
    assert processes.speed([one, two]) == 1.6
    assert processes.speed([one, two | {"agrees": False}]) is None
