"""A run that is resumed from its checkpoint ends with the same bits as one that never stopped."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.descent.checkpoint import Every, read_checkpoint
from fallline.errors import DataError, DivergenceWarning, ModelFileError, SpecError
from fallline.formulas.optimizers import OPTIMIZERS

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 1))
NET = fl.Network.parse("3 -> 4 tanh -> 1")
ROWS = {"X_val": X[:9] + 0.1, "y_val": Y[:9], "sample_weight": RNG.uniform(0.5, 2, 40)}
PLAN = {"batch_size": 7, "epochs": 6, "seed": 3, "metrics": ("r2",)}


class CrashError(Exception):
    """What stops a run in these tests."""


def crash_at(number: int) -> object:
    def callback(epoch: fl.Epoch) -> None:
        if epoch.epoch == number:
            raise CrashError

    return callback


def stepwise() -> list[str]:
    """Return the optimizers that take batches."""
    names = []
    for name, kind in OPTIMIZERS.items():
        try:
            fl.Run(NET, X, Y, optimizer=kind(), batch_size=7)
        except SpecError:
            continue
        names.append(name)
    return names


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", stepwise())
def test_resumed_is_uninterrupted_bit_for_bit(name: str, dtype: type, tmp_path: Path) -> None:
    plan = PLAN | {"optimizer": OPTIMIZERS[name]()}
    whole = fl.descend(NET, X, Y, **ROWS, **plan, dtype=dtype)
    path = tmp_path / "run.ckpt"
    with pytest.raises(CrashError):
        for _ in fl.Run(
            NET, X, Y, **ROWS, **plan, dtype=dtype, checkpoint=path, checkpoint_every=2,
            callbacks=[crash_at(5)],
        ):  # fmt: skip
            pass
    resumed = fl.resume(path, X, Y, **ROWS)
    assert len(resumed.history) == 4
    for _ in resumed:
        pass
    assert resumed.theta.tobytes() == whole.theta.tobytes()
    assert resumed.theta.dtype == dtype
    assert resumed.history == whole.history
    assert resumed.best_theta.tobytes() == whole.best_theta.tobytes()
    assert resumed.stopped == whole.stopped


def test_full_batch_solvers_resume_too(tmp_path: Path) -> None:
    for name in set(OPTIMIZERS) - set(stepwise()):
        plan = {"optimizer": OPTIMIZERS[name](), "epochs": 6}
        whole = fl.descend(NET, X, Y, **plan)
        run = fl.Run(NET, X, Y, **plan)
        for _ in range(3):
            next(run)
        run.save_checkpoint(tmp_path / "run.ckpt")
        resumed = fl.resume(tmp_path / "run.ckpt", X, Y)
        for _ in resumed:
            pass
        assert resumed.theta.tobytes() == whole.theta.tobytes()


def test_a_checkpoint_within_an_epoch(tmp_path: Path) -> None:
    whole = fl.descend(NET, X, Y, **PLAN)
    run = fl.Run(NET, X, Y, **PLAN)
    next(run)
    run.step()
    run.step(1)
    run.save_checkpoint(tmp_path / "run.ckpt")
    resumed = fl.resume(tmp_path / "run.ckpt", X, Y)
    assert resumed.position == run.position == (2, 8)
    for other in (run, resumed):
        for _ in other:
            pass
    assert resumed.theta.tobytes() == run.theta.tobytes()
    assert resumed.theta.tobytes() != whole.theta.tobytes()  # one step was of a single row


def test_checkpoints_by_time_come_within_an_epoch_and_change_no_bit(tmp_path: Path) -> None:
    path, slow = tmp_path / "run.ckpt", PLAN | {"engine": "reference"}  # longer than the interval
    run = fl.Run(NET, X, Y, **slow, checkpoint=path, checkpoint_every=Every(minutes=1e-9))
    for _ in run:
        assert path.exists()
    assert run.theta.tobytes() == fl.descend(NET, X, Y, **slow).theta.tobytes()


def test_more_epochs_can_be_asked_for_on_resuming(tmp_path: Path) -> None:
    run = fl.descend(NET, X, Y, **PLAN, checkpoint=tmp_path / "run.ckpt", checkpoint_every=6)
    assert len(run.history) == 6
    longer = fl.resume(tmp_path / "run.ckpt", X, Y, epochs=9)
    for _ in longer:
        pass
    whole = fl.descend(NET, X, Y, **PLAN | {"epochs": 9})
    assert longer.theta.tobytes() == whole.theta.tobytes()


def test_other_rows_are_refused(tmp_path: Path) -> None:
    run = fl.Run(NET, X, Y, **ROWS, **PLAN)
    run.save_checkpoint(tmp_path / "run.ckpt")
    for changed in ({**ROWS, "sample_weight": None}, {**ROWS, "X_val": X[:9]}):
        with pytest.raises(DataError, match="not the rows"):
            fl.resume(tmp_path / "run.ckpt", X, Y, **changed)
    with pytest.raises(DataError, match="not the rows"):
        fl.resume(tmp_path / "run.ckpt", X[::-1], Y, **ROWS)


# --- the last one, and what may be new ------------------------------------------------------------


def test_the_last_checkpoint_is_written_when_a_run_ends(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    whole = fl.descend(NET, X, Y, **PLAN | {"epochs": 9})
    for every, epochs in ((10, 3), (7, 8), ("5 minutes", 4)):
        run = fl.descend(
            NET, X, Y, **PLAN | {"epochs": epochs}, checkpoint=path, checkpoint_every=every
        )
        assert len(read_checkpoint(path).snapshot.progress.history) == epochs
        longer = fl.resume(path, X, Y, epochs=9)
        assert len(list(longer)) == 9 - epochs and len(run.history) == epochs
        np.testing.assert_array_equal(longer.theta, whole.theta)


@pytest.mark.parametrize("end", ["Ctrl-C", "finish", "StopIteration", "request_stop"])
def test_a_run_that_is_ended_goes_on_as_if_it_had_not_been(end: str, tmp_path: Path) -> None:
    path, whole = tmp_path / "run.ckpt", fl.descend(NET, X, Y, **ROWS, **PLAN)

    armed: list[bool] = []

    def hook(steps: object, order: object) -> None:
        if armed and end == "Ctrl-C":
            raise KeyboardInterrupt
        if armed and end == "StopIteration":
            raise StopIteration("enough")
        if armed and end == "request_stop":
            run.request_stop()

    run = fl.Run(NET, X, Y, **ROWS, **PLAN, checkpoint=path, on_steps=hook)
    next(run)
    run.step()
    armed.append(True)
    try:
        run.step()  # within an epoch, of which two steps are done
        run.finish() if end == "finish" else next(run)
    except (KeyboardInterrupt, StopIteration):
        run.finish()
    assert run.stopped and len(run.history) == 2
    resumed = fl.resume(path, X, Y, **ROWS)
    assert len(resumed.history) < 6
    for _ in resumed:
        pass
    np.testing.assert_array_equal(resumed.theta, whole.theta)
    assert resumed.history == whole.history


def test_a_run_that_diverged_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    with pytest.warns(DivergenceWarning):
        run = fl.descend(
            fl.Network.parse("3 -> 1"), X, Y, optimizer=fl.SGD(1e3), epochs=400, batch_size=None,
            checkpoint=path, checkpoint_every=2,
        )  # fmt: skip
    assert run.divergence is not None
    kept = read_checkpoint(path).snapshot.progress
    assert len(kept.history) == len(run.history) // 2 * 2 and kept.rows == 0


def test_a_time_budget_counts_from_where_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plan = tmp_path / "run.ckpt", {**PLAN, "epochs": 30, "engine": "reference"}
    whole = fl.descend(NET, X, Y, **plan)
    monkeypatch.setattr(time, "monotonic", itertools.count(time.monotonic(), 0.001).__next__)
    run = fl.descend(NET, X, Y, **plan, time_budget=0.1, checkpoint=path)
    assert "time budget" in str(run.stopped) and 0 < len(run.history) < 20
    again = fl.resume(path, X, Y, engine="reference")  # as long as before, once more
    list(again)
    assert "time budget" in str(again.stopped)
    assert len(run.history) + 2 < len(again.history) < 30
    for budget in (1e3, None):
        again = fl.resume(path, X, Y, time_budget=budget, engine="reference")
        list(again)
        assert again.stopped == "all 30 epochs are done" and again.plan.time_budget == budget
        np.testing.assert_array_equal(again.theta, whole.theta)


@pytest.mark.parametrize("name", ["patience", "l2", "optimizer", "plan", "seed"])
def test_what_a_run_was_made_with_cannot_be_new(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    fl.descend(NET, X, Y, **PLAN, checkpoint=path)
    with pytest.raises(SpecError, match=rf"made with its own {name}.*epochs and time_budget"):
        fl.resume(path, X, Y, **{name: 3})


def test_fewer_epochs_than_are_done_and_another_dtype_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    run = fl.descend(NET, X, Y, **PLAN, checkpoint=path)
    with pytest.raises(SpecError, match=r"has done 6 epochs, so epochs must be at least 6, not 4"):
        fl.resume(path, X, Y, epochs=4)
    assert list(fl.resume(path, X, Y, epochs=6)) == []
    with pytest.raises(SpecError, match="is of float64, not of float32"):
        fl.resume(path, X, Y, dtype="float32")
    np.testing.assert_array_equal(fl.resume(path, X, Y, dtype=np.float64).theta, run.theta)
    within = fl.Run(NET, X, Y, **PLAN)
    next(within)
    within.step()
    within.save_checkpoint(path)
    with pytest.raises(SpecError, match=r"has begun epoch 2, so epochs must be at least 2, not 1"):
        fl.resume(path, X, Y, epochs=1)


def test_a_model_is_no_checkpoint_and_a_checkpoint_no_model(tmp_path: Path) -> None:
    run = fl.descend(NET, X, Y, **PLAN, checkpoint=tmp_path / "run.ckpt", checkpoint_every=1)
    fl.Model.of(run).save(tmp_path / "m.fall")
    with pytest.raises(ModelFileError, match=r"fallline\.load"):
        fl.resume(tmp_path / "m.fall", X, Y)
    with pytest.raises(ModelFileError, match="parts"):
        fl.load(tmp_path / "run.ckpt")
    with pytest.raises(ModelFileError):
        fl.resume(tmp_path / "none.ckpt", X, Y)


def test_every_flipped_byte_is_an_error_or_the_same_run(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    run = fl.descend(NET, X, Y, **PLAN | {"epochs": 2})
    run.save_checkpoint(path)
    content = path.read_bytes()
    whole = read_checkpoint(path)
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        try:
            found = read_checkpoint(path)
        except ModelFileError:
            continue
        assert found.plan == whole.plan
        assert found.snapshot.arrays["theta"].tobytes() == whole.snapshot.arrays["theta"].tobytes()


def test_killed_it_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    script = (
        "import sys, os, signal, numpy as np, fallline as fl\n"
        "rng = np.random.default_rng(0); X = rng.normal(size=(40, 3))\n"
        "def kill(epoch):\n"
        "    if epoch.epoch == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "fl.descend(fl.Network.parse('3 -> 4 tanh -> 1'), X, X[:, :1], epochs=8, batch_size=7,\n"
        "           checkpoint=sys.argv[1], checkpoint_every='2 epochs', callbacks=[kill])\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)])
    assert killed.returncode == -9
    rows = np.random.default_rng(0).normal(size=(40, 3))
    resumed = fl.resume(path, rows, rows[:, :1])
    assert len(resumed.history) == 4
    for _ in resumed:
        pass
    whole = fl.descend(NET, rows, rows[:, :1], epochs=8, batch_size=7)
    assert resumed.theta.tobytes() == whole.theta.tobytes()


def test_killed_within_an_epoch_it_goes_on_from_the_last_steps(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    script = (
        "import sys, os, signal, numpy as np, fallline as fl\n"
        "rng = np.random.default_rng(0); X = rng.normal(size=(40, 3))\n"
        "run = fl.Run(fl.Network.parse('3 -> 4 tanh -> 1'), X, X[:, :1], epochs=8, batch_size=3,\n"
        "             checkpoint=sys.argv[1], checkpoint_every='10 steps')\n"
        "for _ in range(37): run.step()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)]).returncode == -9
    rows = np.random.default_rng(0).normal(size=(40, 3))
    resumed = fl.resume(path, rows, rows[:, :1], checkpoint=path, checkpoint_every="10 steps")
    assert resumed.snapshot().progress.step == 30 and resumed.position == (3, 6)
    for epoch in resumed:
        if epoch.epoch == 4:
            kept = read_checkpoint(path).snapshot.progress
            assert (kept.step, kept.rows) == (50, 24)  # of 14 steps an epoch, within epoch 4
    whole = fl.descend(NET, rows, rows[:, :1], epochs=8, batch_size=3)
    assert resumed.theta.tobytes() == whole.theta.tobytes()


@pytest.mark.parametrize("every", ["", "ten", "0 epochs", "1.5 epochs", "-3", 0, True, "5 hours"])
def test_bad_intervals_are_refused(every: object, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'10 epochs', '500 steps' or '5 minutes'"):
        fl.Run(NET, X, Y, checkpoint=tmp_path / "c", checkpoint_every=every)


def test_an_unwritable_place_is_refused_before_the_descent(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        fl.Run(NET, X, Y, checkpoint=tmp_path / "none" / "run.ckpt")


def test_callbacks_see_each_epoch_in_order() -> None:
    seen: list[object] = []
    run = fl.descend(NET, X, Y, **PLAN, callbacks=[seen.append, lambda e: seen.append(e.epoch)])
    assert seen == [item for epoch in run.history for item in (epoch, epoch.epoch)]


def test_stop_iteration_in_a_callback_ends_the_run_well() -> None:
    def enough(epoch: fl.Epoch) -> None:
        if epoch.epoch == 3:
            raise StopIteration

    run = fl.descend(NET, X, Y, **ROWS, **PLAN, callbacks=[enough])
    assert len(run.history) == 3
    assert run.stopped == "a callback ended it after epoch 3"
    assert run.theta.tobytes() == run.best_theta.tobytes()


def test_what_is_no_function_is_refused_as_a_callback() -> None:
    with pytest.raises(SpecError, match="callbacks must be functions"):
        fl.Run(NET, X, Y, callbacks=["print"])
