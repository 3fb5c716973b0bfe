"""Ctrl-C and SIGTERM: what is kept, what is said, and how the command ends."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fallline as fl
from fallline.cli.progress import Progress

ENDLESS = ["train", "houses.csv", "-t", "price", "--l2", "0.01", "--epochs", "100000"]
BOTH = pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)


@pytest.fixture
def send(monkeypatch):
    """Let a signal come at the end of an epoch of a stage."""

    def prepare(number, name, epoch):
        watch = Progress.__call__

        def watch_and_kill(self, stage):
            watch(self, stage)
            if stage.name == name and stage.done == epoch:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(Progress, "__call__", watch_and_kill)

    return prepare


@BOTH
def test_in_the_last_training_the_model_is_kept(fall, send, number, code, word):
    send(number, "training", 4)
    ended = fall(*ENDLESS, "--history", "h.jsonl")
    assert ended.code == code
    assert f"{word} in epoch 5: the model of epoch 4 is kept in 'houses.fall'" in ended.err
    model = fl.load("houses.fall")
    assert len(model.history) == 4 and "interrupted" in model.facts["stopped"]
    assert len(Path("h.jsonl").read_text().splitlines()) == 4
    same = fl.train("houses.csv", "price", l2=0.01, epochs=4)
    assert model.theta.tobytes() == same.model.theta.tobytes()


def test_with_validation_the_best_epoch_is_kept(fall, send):
    send(signal.SIGINT, "training", 30)
    ended = fall(*ENDLESS, "--validation", 0.3, "--learning-rate", 0.05, "--json")
    assert ended.code == 130 and ended.json["interrupted"] is True
    model = fl.load("houses.fall")
    best = model.history.best.epoch
    assert best < 30 and f"the model of epoch {best} is kept" in ended.err


def test_within_an_epoch_the_rows_done_are_kept(fall, monkeypatch):
    from fallline.engines.reference import ReferenceEngine

    steps, step = [], ReferenceEngine._step

    def step_and_kill(self, *arguments):
        steps.append(1)
        if len(steps) == 8:  # three make an epoch
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(ReferenceEngine, "_step", step_and_kill)
    ended = fall(*ENDLESS, "--test", 0, "--engine", "reference", "--batch-size", 40)
    told = "interrupted in epoch 3: the model of epoch 3, which had 40 of its 120 rows, is kept in"
    assert ended.code == 130 and f"{told} 'houses.fall'" in ended.err
    model = fl.load("houses.fall")
    assert [epoch.rows for epoch in model.history] == [120, 120, 40]


@BOTH
def test_while_choosing_nothing_is_kept(fall, send, folder, number, code, word):
    before = sorted(Path().iterdir())
    send(number, "choosing", 2)
    ended = fall("train", "houses.csv", "-t", "price")
    assert ended.code == code
    assert f"{word} while choosing penalty and epochs: nothing is kept" in ended.err
    assert sorted(Path().iterdir()) == before


def test_before_anything(fall, monkeypatch, folder):
    def interrupted(*arguments, **named):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    before = sorted(Path().iterdir())
    monkeypatch.setattr("fallline.cli.train.read_data", interrupted)
    ended = fall("train", "houses.csv", "-t", "price")
    assert (ended.code, ended.err) == (130, "interrupted: nothing was written\n")
    assert sorted(Path().iterdir()) == before


def test_in_the_first_epoch_nothing_is_kept(fall, monkeypatch, folder):
    from fallline.descent import Run

    def interrupted(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(Run, "_finish_rows", interrupted)
    ended = fall(*ENDLESS)
    assert ended.code == 130 and "in the first epoch: nothing is kept" in ended.err
    assert not list(Path().glob("*.fall"))


def test_a_second_one_leaves_at_once_and_leaves_no_litter(fall, send, monkeypatch, folder):
    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    before = sorted(Path().iterdir())
    send(signal.SIGINT, "training", 2)
    monkeypatch.setattr("fallline.files.os.fsync", interrupted)
    ended = fall(*ENDLESS, "--quiet")
    assert ended.code == 130 and "nothing was written" in ended.err
    assert sorted(Path().iterdir()) == before


def test_after_saving_it_says_that_the_model_is_there(fall, monkeypatch, folder):
    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr("fallline.cli.telling.show_result", interrupted)
    ended = fall("train", "houses.csv", "-t", "price", "--l2", "0.01", "--epochs", "2")
    assert ended.code == 130 and "the model is kept in 'houses.fall'" in ended.err
    assert fl.load("houses.fall")


def test_the_handlers_are_put_back(fall):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    fall("--version")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def worked(process: int) -> float:
    """Return the seconds that a process has used processors for."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK")


def worked_by_ended_ones() -> float:
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_process_ends_within_two_seconds(folder):
    """Of its own work: what else the machine does is not its own."""
    script = (
        "from fallline.cli import progress; progress._SECONDS = 0\n"
        "from fallline.cli.main import main; main()"
    )
    others = worked_by_ended_ones()
    process = subprocess.Popen(
        [sys.executable, "-c", script, *ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("training: 3"):
            break
    before = worked(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert worked_by_ended_ones() - others - before < 2
    assert process.returncode == 130 and "is kept in 'houses.fall'" in err
    assert fl.load("houses.fall") and "Saved" in out
