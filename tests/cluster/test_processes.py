"""Two real processes: the numbers of one, whatever happens to them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from tests.cluster.jobs import SOON, folder, job, run

import fallline as fl
from fallline.descent.checkpoint import read_checkpoint

pytest.importorskip("jax")


def test_killed_resumed_and_on_other_numbers_of_processes_and_devices(tmp_path: Path) -> None:
    data, kept = folder(tmp_path / "data"), tmp_path / "run.ckpt"
    with job(data, kept, "--processes", "2", "-o", str(tmp_path / "no.fall")) as killed:
        killed.written()
        workers = [killed.worker(rank) for rank in range(2)]
        os.kill(workers[1], signal.SIGKILL)
        code, out, err = killed.ended()
    assert (code, out) == (75, "")
    found = read_checkpoint(kept).snapshot.progress
    assert "another process was lost" in err and f"step {found.step}; go on with" in err
    assert found.step % 7 == 0 and not (tmp_path / "no.fall").exists()
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)

    epochs = ("--epochs", str(len(found.history) + 3))
    (tmp_path / "apart").mkdir()
    models = {}
    for name, options, more in (
        ("resumed", ("--processes", "2", "--resume", str(kept)), {}),
        ("alone", ("--processes", "1", "--resume", str(kept)), {}),
        ("straight", ("--processes", "2"), {}),
        ("devices", ("--processes", "1"), {"JAX_NUM_CPU_DEVICES": "2"}),
    ):
        before = set(tmp_path.iterdir())
        model = tmp_path / f"{name}.fall"
        done = run(data, *epochs, *options, "-o", str(model), **more)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") == 1 and done.stdout.startswith("r2 ")
        assert done.stderr == ""
        assert set(tmp_path.iterdir()) - before == {model}  # process 0 writes, and no other
        models[name] = fl.load(model)
    straight = models["straight"]
    for name in ("resumed", "devices"):
        assert models[name].theta.tobytes() == straight.theta.tobytes()
        errors = [epoch.validation_error for epoch in models[name].history]
        assert errors == [epoch.validation_error for epoch in straight.history]
    np.testing.assert_allclose(models["alone"].theta, straight.theta, rtol=1e-4, atol=1e-6)
    assert models["alone"].encoder == straight.encoder


@pytest.mark.slow
def test_a_solver_takes_the_same_iterations_in_two_processes(tmp_path: Path) -> None:
    data, found = folder(tmp_path / "data"), {}
    for name, more in (("2", {}), ("1", {"JAX_NUM_CPU_DEVICES": "2"})):
        model = tmp_path / f"{name}.fall"
        options = ("--processes", name, "--optimizer", "lbfgs", "--epochs", "9", "-o", str(model))
        done = run(data, *options, **more)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        found[name] = fl.load(model)
    assert found["1"].theta.tobytes() == found["2"].theta.tobytes()
    errors = [epoch.error for epoch in found["2"].history]
    assert len(errors) == 9 and errors == sorted(errors, reverse=True)


def test_a_lost_coordinator_is_started_again_and_sigterm_keeps_the_model(tmp_path: Path) -> None:
    data, kept = folder(tmp_path / "data"), tmp_path / "run.ckpt"
    model = tmp_path / "m.fall"
    with job(data, kept, "--processes", "2", "--relaunch", "1", "-o", str(model)) as lost:
        lost.written()
        os.kill(lost.worker(0), signal.SIGKILL)
        lost.written(lost.written().step + 100)  # several epochs of those started again
        lost.launcher.terminate()
        code, out, err = lost.ended()
    assert code == 143, err
    assert "process 0 was ended by SIGKILL" in err
    assert "starting all processes again (0 more times at most)" in err
    assert "terminated in epoch" in err and out.startswith("r2 ")
    assert len(fl.load(model).history) >= 1


@pytest.mark.parametrize("rank", [1])
def test_a_frozen_process_is_found_out(rank: int, tmp_path: Path) -> None:
    data, kept = folder(tmp_path / "data"), tmp_path / "run.ckpt"
    given = ("--processes", "2", "-o", str(tmp_path / "m.fall"))
    with job(data, kept, *given, timeouts=SOON) as frozen:
        frozen.written(frozen.written().step + 100)
        code, out, err = frozen.ended(freeze=frozen.worker(rank))
    assert (code, out) == (76, "")
    assert "froze" in err and "the checkpoint" in err


def test_an_error_of_the_user_is_told_once(tmp_path: Path) -> None:
    data = folder(tmp_path / "data")
    done = run(data, "--processes", "2", "--target", "nothing", "-o", str(tmp_path / "m.fall"))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("error:") == 1 and "there is no column 'nothing'" in done.stderr


def test_a_process_without_rows_takes_part(tmp_path: Path) -> None:
    data, model = folder(tmp_path / "data", known=400), tmp_path / "m.fall"
    done = run(data, "--processes", "2", "--epochs", "2", "-o", str(model))
    assert done.returncode == 0, done.stderr
    found = fl.load(model)
    assert found.facts["rows"]["train"] == found.history[0].rows
    assert sum(found.facts["rows"].values()) == 400 and len(found.history) == 2
