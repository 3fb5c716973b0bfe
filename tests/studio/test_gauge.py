"""What is measured where a descent is, how fast it goes, and what is said of a divergence."""

import numpy as np
import pytest
from tests.studio.watching import setup

from fallline.descent import Run
from fallline.engines.protocol import Rows
from fallline.formulas.optimizers import SGD, Adam
from fallline.history import History
from fallline.spec.network import Network
from fallline.spec.plan import Plan
from fallline.studio.curves import Curves
from fallline.studio.diverged import divergence_fields, stable_rate
from fallline.studio.gauge import Gauge
from fallline.studio.pace import Pace
from fallline.studio.problem import Problem
from fallline.studio.words import change_words

# Errors.


def test_a_large_table_is_measured_on_a_fixed_sample_that_stands_for_all():
    problem = Problem.of(setup(data="moons", rows=6000, validation=0.1))
    gauge, other = Gauge(problem), Gauge(problem)
    assert gauge.of == f"a sample of 2,000 of {problem.train.n:,} rows"
    assert gauge.train.n == 2000
    assert gauge.train.weights.sum() == pytest.approx(problem.train.weights.sum())
    found = gauge.measure(problem.start, problem.plan)
    assert found == other.measure(problem.start, problem.plan)
    model = problem.model(problem.start)
    assert found.score == pytest.approx(
        model.evaluate(problem.tables["train"])["accuracy"], abs=0.05
    )


def test_a_sample_of_the_validation_rows_is_told_too():
    gauge = Gauge(Problem.of(setup(data="moons", rows=8000, validation=0.5)))
    assert gauge.of.endswith("; of validation 2,000 of 4,000")


def test_a_large_network_is_measured_on_fewer_rows():
    problem = Problem.of(setup(data="moons", rows=3000, net="200 tanh, 200 tanh, 200 tanh"))
    assert 100 <= Gauge(problem).train.n < 2000


def test_a_regression_is_scored_by_r2():
    problem = Problem.of(setup(data="sine", net="none"))
    gauge = Gauge(problem)
    found = gauge.measure(problem.start, problem.plan)
    truth, said = problem.train.Y, problem.model(problem.start).network_outputs(problem.train.X)
    expected = 1 - ((truth - said) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert gauge.score_name == "R²" and found.score == pytest.approx(expected, rel=1e-9)


def test_what_is_not_finite_is_measured_as_such():
    problem = Problem.of(setup(data="sine", net="none"))
    found = Gauge(problem).measure(np.full_like(problem.start, 1e200), problem.plan)
    assert not np.isfinite(found.error)


def test_without_validation_rows_there_is_no_validation_error():
    problem = Problem.of(setup(validation=0.0))
    found = Gauge(problem).measure(problem.start, problem.plan)
    assert found.validation_error is found.validation_score is None


# Divergence.

NET = Network.parse("2 -> 1 nobias")
ROWS = Rows(np.array([[1.0, 2.0], [2.0, -1.0], [0.0, 1.0]]), np.zeros((3, 1)), np.ones(3))


def test_the_stable_rate_is_that_of_the_hessian():
    """Against its eigenvalues: E = ½ θᵀXᵀXθ."""
    largest = np.linalg.eigvalsh(ROWS.X.T @ ROWS.X).max()
    for momentum, nesterov, factor in ((0.0, False, 2), (0.5, False, 3), (0.5, True, 1.5)):
        plan = Plan(loss="sse", optimizer=SGD(1.0, momentum, nesterov), batch_size=None)
        curvature, limit = stable_rate(NET, plan, np.array([0.3, -0.2]), ROWS)
        assert curvature == pytest.approx(largest, rel=1e-5)
        assert limit == pytest.approx(factor / largest, rel=1e-5)


def test_a_flat_place_has_no_such_rate():
    plan = Plan(loss="sse", optimizer=SGD(1.0), batch_size=None)
    flat = Rows(0 * ROWS.X, ROWS.Y, ROWS.weights)
    assert stable_rate(NET, plan, np.zeros(2), flat) is None


def diverged(**settings):
    start = np.array([0.3, -0.2])
    run = Run(NET, ROWS, ROWS.Y, theta=start, **{"loss": "sse", "epochs": 10**4, **settings})
    with pytest.warns(match="diverged"):
        run.advance()
    return divergence_fields(run, run.learning_rate, ROWS, 3, start, 0)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_the_rate_that_would_do_does(momentum):
    found = diverged(optimizer=SGD(0.8, momentum), batch_size=None)
    formula = "2(1 + β)/λmax" if momentum else "2/λmax"
    assert f"0.8 is above {formula} = " in found["help"]
    assert f"Take {found['rate']:g}." in found["help"]
    run = Run(NET, ROWS, ROWS.Y, theta=[0.3, -0.2], loss="sse", batch_size=None, epochs=200,
              optimizer=SGD(found["rate"], momentum))  # fmt: skip
    run.advance()
    assert run.divergence is None and run.error_at_end() < 1e-6


def test_the_limit_of_a_sum_of_errors_is_that_of_its_batch():
    """A batch of one row of three bends a third as much."""
    whole, single = (diverged(optimizer=SGD(9.0), batch_size=size) for size in (None, 1))
    limits = [float(each["help"].split("λmax = ")[1].split(" ")[0]) for each in (whole, single)]
    assert limits[1] == pytest.approx(3 * limits[0], rel=0.05)


def test_another_optimizer_gets_a_tenth_of_its_rate():
    found = diverged(optimizer=Adam(1e307), batch_size=None)
    assert "too large for these rows" in found["help"] and found["rate"] == 1e306


def test_a_run_that_did_not_diverge_has_nothing_to_tell():
    run = Run(NET, ROWS, ROWS.Y, loss="sse", optimizer="lbfgs", batch_size=None)
    run.advance()
    assert divergence_fields(run, 1.0, ROWS, 3, run.theta, 0) is None


# Speed.


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_steps_fall_due_at_the_speed_that_was_asked_for():
    clock = Clock()
    pace, taken = Pace(clock), 0
    pace.ask(10.0)
    for _ in range(400):
        due = pace.due()
        taken += due
        pace.count(due, taken) if due else None
        clock.now += 0.01
    assert 40 <= taken <= 41
    assert pace.steps_per_second == pytest.approx(10, rel=0.15)


def test_what_was_missed_is_made_up_for_in_part_only():
    clock = Clock()
    pace = Pace(clock)
    pace.ask(100.0)
    clock.now += 60
    assert pace.due() == 51  # half a second, and the one now


def test_slower_than_a_step_a_second():
    clock = Clock()
    pace = Pace(clock)
    pace.ask(0.1)
    assert pace.due() == 1
    pace.count(1, 1)
    assert pace.due() == 0 and pace.wait() == pytest.approx(10)
    clock.now += 10
    assert pace.due() == 1


def test_as_fast_as_can_be_never_waits():
    pace = Pace(Clock())
    assert pace.due() is None and pace.wait() == 0 and pace.steps_per_second == 0


# Curves.


def test_many_points_stay_few_and_say_when_older_ones_went():
    curves = Curves("all rows")
    thinned = [curves.add({"step": step}) for step in range(3000)]
    assert sum(thinned) >= 1 and len(curves.fields()["points"]) <= 1200
    assert curves.add({"step": 2999}) is None


def test_the_lowest_point_is_where_to_go_back_to():
    curves = Curves("all rows")
    for step, error in enumerate([3.0, 1.0, 2.0, float("inf"), float("nan")]):
        curves.add({"step": step, "train": error})
    assert curves.lowest == 1
    curves.cut(0, History())
    assert curves.lowest == 0


def test_a_mark_of_nothing_is_none():
    curves = Curves("all rows")
    curves.mark(3, "rate 1 → 2")
    curves.mark(5, "rate 2 → 3")
    curves.mark(5, "")
    assert curves.marks == [(3, "rate 1 → 2")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch 5 → all"),
        ({"l1": 0.5}, "L1 0 → 0.5"),
        ({"schedule": "cosine"}, "schedule constant → cosine"),
        ({"optimizer": {"name": "sgd", "learning_rate": 0.2, "momentum": 0.9}},
         "momentum 0.5 → 0.9"),
        ({"epochs": 7}, "epochs 2000 → 7"),
        ({}, ""),
    ],
)  # fmt: skip
def test_changes_in_words(changes, words):
    assert change_words(setup(), setup().changed(changes)) == words
