"""A run that is resumed from its checkpoint ends with the same bits as one that never stopped."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.descent.checkpoint import Every, read_checkpoint
from fallline.errors import DataError, ModelFileError, SpecError
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


@pytest.mark.parametrize("every", ["", "ten", "0 epochs", "1.5 epochs", "-3", 0, True, "5 hours"])
def test_bad_intervals_are_refused(every: object, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'10 epochs' or '5 minutes'"):
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
