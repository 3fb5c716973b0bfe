"""The exported program, run in a fresh interpreter, ends in the session's weights bit for bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.data import samples
from fallline.descent import Run
from fallline.errors import SpecError
from fallline.studio.code_text import call_lines, code_of, list_lines, method_text
from fallline.studio.opened import Source, first_setup
from fallline.studio.problem import Problem
from fallline.studio.program import Program
from fallline.studio.setup import HOT, Setup
from fallline.studio.timeline import Changed, Timeline, Took

CARS = "wheels,speed,kind\n" + "".join(
    f"{2 + i % 3},{80 + i * 7 % 90},{('car', 'bike', 'van')[i % 5 % 3]}\n" for i in range(60)
)


def fresh_theta(program: str, folder: Path, after: str = "") -> np.ndarray[Any, Any]:
    """Return run.theta after a program in an interpreter of its own."""
    (folder / "export.py").write_text(program, "utf-8")
    tail = "import sys; sys.stdout.buffer.write(run.theta.tobytes())"
    code = (
        f"exec(compile(open('export.py', encoding='utf-8').read(), 'export.py', 'exec'))\n{after}\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + tail],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout)


@dataclass
class Both:
    """A descent that is done and told: as the studio's session does it, and as its program."""

    problem: Problem
    past: Timeline
    program: Program

    @classmethod
    def of(cls, problem: Problem) -> Both:
        held = problem.validation
        run = Run(
            problem.network,
            problem.train.X,
            problem.train.Y,
            X_val=None if held is None else held.X,
            y_val=None if held is None else held.Y,
            theta=problem.start,
            plan=problem.plan,
        )
        return cls(problem, Timeline(run), Program(problem))

    def go(self, steps: int) -> None:
        self.program.steps(self.past.go(steps=steps))

    def batch(self) -> None:
        assert self.past.take() is not None
        self.program.steps(1)

    def example(self) -> None:
        assert self.past.take(rows=1) is not None
        self.program.example()

    def change(self, **changes: Any) -> None:
        self.problem = self.problem.with_setup(self.problem.setup.changed(changes))
        self.past.change(self.problem.plan)
        self.program.changed(self.problem.setup)

    def agree(self, folder: Path) -> None:
        theta = fresh_theta(self.program.text, folder)
        assert theta.tobytes() == self.past.run.theta.tobytes(), self.program.text
        assert np.isfinite(theta).all() and not np.array_equal(theta, self.problem.start)


def sgd(learning_rate: float, momentum: float = 0.0) -> dict[str, Any]:
    return {"name": "sgd", "learning_rate": learning_rate, "momentum": momentum}


SETUPS: dict[str, Setup] = {
    "first": Setup(),
    "crossed": Setup(data="circles", crossed=True, net="none", rows=60, noise=0.1),
    "raw": Setup(data="houses", features=("age", "rooms"), rows=80, standardize=False,
                 optimizer="rprop", batch_size=0, validation=0.0, test=0.0, bias=False),
    "several": Setup(data="houses", target="price, age", rows=80, net="5 relu, 3 tanh nobias"),
    "words": Setup(data="cars_and_bikes", loss="hinge", l2=0.01, l1=0.001, schedule="cosine",
                   initializer="normal(std=0.3)", epochs=30, seed=5, optimizer="adamw"),
    "placed": Setup(net="2 tanh", start=tuple(np.linspace(-1, 1, 9).tolist())),
}  # fmt: skip


@pytest.mark.parametrize("name", SETUPS)
def test_the_program_of_any_setup(name: str, tmp_path: Path) -> None:
    both = Both.of(Problem.of(SETUPS[name]))
    both.go(37)
    both.agree(tmp_path)


def test_the_program_of_all_that_a_person_does(tmp_path: Path) -> None:
    both = Both.of(Problem.of(Setup(net="3 tanh", batch_size=16, rows=90)))
    both.batch()
    both.go(20)
    both.example()
    both.example()
    both.go(3)  # from amid an epoch
    both.change(optimizer=sgd(0.05))
    both.change(optimizer=sgd(0.1))  # as a slider does on its way
    both.change(batch_size=5, l2=0.01)
    both.go(7)
    both.change(optimizer=sgd(0.1, 0.9))
    both.go(11)
    both.change(optimizer=sgd(0.1))  # the velocity is forgotten ...
    both.change(optimizer=sgd(0.1, 0.9))  # ... and begins anew
    both.go(5)
    both.change(optimizer={"name": "adam", "learning_rate": 0.01, "beta1": 0.8})
    both.change(schedule={"name": "step", "every": 2, "factor": 0.5}, epochs=40, l1=0.001)
    both.go(13)
    both.example()
    both.change(batch_size=0)
    both.go(4)
    both.agree(tmp_path)


def test_the_program_to_the_end_of_the_descent(tmp_path: Path) -> None:
    both = Both.of(Problem.of(Setup(net="2 tanh", rows=40, epochs=4, batch_size=7)))
    both.go(10_000)
    assert both.past.run.stopped == "all 4 epochs are done"
    both.agree(tmp_path)


def test_what_was_gone_back_on_is_not_in_the_program(tmp_path: Path) -> None:
    """As the session does: after a seek its program is told anew from what led there."""
    both = Both.of(Problem.of(Setup(net="2 tanh", rows=60)))
    first = both.problem
    both.go(12)
    both.example()
    both.go(8)
    both.change(batch_size=4)
    both.go(9)
    for step in (25, 13, 5):
        both.past.seek(step)
        program, at = Program(first), 0
        setup = first.setup
        for event in both.past.journal:
            program.steps(event.step - at - isinstance(event, Took))
            at = event.step
            if isinstance(event, Took):
                program.example()
            if isinstance(event, Changed):
                setup = setup.changed({"batch_size": event.plan.batch_size or 0})
                program.changed(setup)
        program.steps(both.past.step - at)
        theta = fresh_theta(program.text, tmp_path)
        assert theta.tobytes() == both.past.run.theta.tobytes(), step


def test_a_few_placed_weights_are_told_by_name(tmp_path: Path) -> None:
    drawn = Problem.of(Setup(net="4 tanh"))
    theta = drawn.start.copy()
    theta[[2, 13]] = 0.1 + 0.2, -0.0
    both = Both.of(drawn.started(theta))
    assert 'theta[net.index("w[input.0->hidden1.2]")] = 0.30000000000000004' in both.program.lines
    assert len(both.program.lines) < 18
    both.go(3)
    both.agree(tmp_path)


def test_many_placed_weights_are_told_in_bytes(tmp_path: Path) -> None:
    drawn = Problem.of(Setup(net="40 tanh, 60 tanh"))
    both = Both.of(drawn.started(drawn.start + 1 / 3))
    assert "import base64" in both.program.lines
    both.go(3)
    both.agree(tmp_path)


def test_the_program_of_a_dropped_table(tmp_path: Path) -> None:
    (tmp_path / "my cars.csv").write_text(CARS)
    source = Source.of_path(tmp_path / "my cars.csv")
    both = Both.of(Problem.of(first_setup(source, rows=50, net="3 tanh"), source))
    assert 'table = fl.read_table("my cars.csv")' in both.program.lines
    both.go(21)
    both.agree(tmp_path)


@pytest.mark.parametrize("net", ["model", "3 tanh"])
def test_the_program_of_an_opened_model(tmp_path: Path, net: str) -> None:
    (tmp_path / "cars.csv").write_text(CARS)
    model = fl.train(tmp_path / "cars.csv", "kind", net="2 tanh", l2=0.1, epochs=5, seed=3).model
    model.save(tmp_path / "cars.fall")
    source = Source.of_model(tmp_path / "cars.fall", tmp_path / "cars.csv")
    both = Both.of(Problem.of(first_setup(source, net=net, validation=0.2), source))
    both.go(9)
    both.agree(tmp_path)


def test_the_program_of_an_opened_model_with_a_placed_start(tmp_path: Path) -> None:
    fl.train(samples.load("moons"), "label", net="2 tanh", l2=0.1, epochs=5).model.save(
        tmp_path / "moons.fall"
    )
    source = Source.of_model(tmp_path / "moons.fall")
    problem = Problem.of(first_setup(source), source)
    theta = problem.start.copy()
    theta[0] += 1.0
    both = Both.of(problem.started(theta))
    assert 'theta = model.theta.astype("float64")' in both.program.lines
    both.go(9)
    both.agree(tmp_path)


def test_a_race_stands_at_the_end_and_changes_nothing(tmp_path: Path) -> None:
    both = Both.of(Problem.of(Setup(data="sine", net="2 tanh", rows=40, batch_size=0, l2=0.1)))
    both.go(5)
    without = both.program.lines
    entries = [{"label": 'the "heavy" one', "optimizer": sgd(0.1, 0.9)}, {"optimizer": sgd(0.1)}]
    both.program.race(entries, epochs=4)
    assert both.program.lines[: len(without)] == without
    check = (
        "import numpy as np\n"
        "assert [lane.label for lane in race.lanes] == ['the \"heavy\" one', '2: SGD']\n"
        "assert np.array_equal(race.theta, net.initial())"
    )
    theta = fresh_theta(both.program.text.replace("race.plot()", ""), tmp_path, check)
    assert theta.tobytes() == both.past.run.theta.tobytes()
    both.program.race([])
    assert both.program.lines == without


def test_steps_join_into_one_line() -> None:
    program = Program(Problem.of(Setup()))
    head = len(program.lines)
    told: Callable[[], list[str]] = lambda: program.lines[head:]  # noqa: E731
    assert told() == []
    program.steps(0)
    assert told() == []
    program.steps(1)
    assert told() == ["run.step()"]
    program.steps(249)
    assert told() == ["run.advance(steps=250)"]
    program.example()
    program.example(2)
    assert told()[1:] == ["for _ in range(3):", "    run.step(rows=1)"]


def test_changes_join_where_no_memory_is_lost() -> None:
    problem = Problem.of(Setup(optimizer="sgd(learning_rate=0.1)"))
    program, setup = Program(problem), problem.setup
    head = len(program.lines)
    for rate in (0.2, 0.3, 0.4):
        setup = setup.changed({"optimizer": sgd(rate)})
        program.changed(setup)
    assert program.lines[head:] == ["run = run.changed(learning_rate=0.4)"]
    program.changed(setup.changed({"optimizer": sgd(0.1)}))
    assert program.lines[head:] == []  # there and back
    for momentum in (0.5, 0.9):
        setup = setup.changed({"optimizer": sgd(0.1, momentum)})
        program.changed(setup)
    assert program.lines[-2:] == [
        "run = run.changed(optimizer=fl.SGD(learning_rate=0.1, momentum=0.5))",
        "run = run.changed(optimizer=fl.SGD(learning_rate=0.1, momentum=0.9))",
    ]


def test_every_hot_field_can_be_told() -> None:
    problem = Problem.of(Setup())
    new = {
        "optimizer": sgd(0.01), "schedule": "cosine", "batch_size": 3, "l1": 0.5, "l2": 0.25,
        "epochs": 9,
    }  # fmt: skip
    assert set(new) == HOT
    for name, value in new.items():
        program = Program(problem)
        program.changed(problem.setup.changed({name: value}))
        told = "learning_rate" if name == "optimizer" else name
        assert program.lines[-1].startswith(f"run = run.changed({told}=")


def test_code_reads_back_as_what_it_was() -> None:
    for value in ["a", "it's", 'say "a"', "a\nb", "\\", "\ud800", "", 3, 0.1, None, True,
                  ["x", 'y"'], "é→", "{x}"]:  # fmt: skip
        assert eval(code_of(value)) == value
    numbers = np.random.default_rng(0).normal(size=200)
    numbers[:3] = 5e-324, -0.0, 1e308
    lines = list_lines("theta", numbers)
    scope: dict[str, Any] = {}
    exec("\n".join(lines), scope)
    assert np.array(scope["theta"]).tobytes() == numbers.tobytes()
    assert max(map(len, lines)) <= 92 and len(list_lines("theta", numbers[:2])) == 1
    assert call_lines("f", ["a"] * 60, {"b": "1"})[-1] == ")"


@pytest.mark.parametrize(
    "method",
    [
        fl.SGD(0.1),
        fl.SGD(0.01, momentum=0.9, nesterov=True),
        fl.SGD(0.01, momentum=0.9, dialect="torch"),
        fl.Adam(0.5, epsilon=1e-7, amsgrad=True),
        fl.Adam(dialect="keras", learning_rate=0.2),
        fl.Rprop(),
        fl.Lion(),
    ],
)
def test_optimizers_as_code(method: Any) -> None:
    assert eval(method_text(method)) == method
    assert "learning_rate=" in method_text(method)


def test_a_solver_has_no_place_in_the_studio() -> None:
    with pytest.raises(SpecError, match="no single steps to watch"):
        Setup(optimizer="lbfgs")  # type: ignore[arg-type]
