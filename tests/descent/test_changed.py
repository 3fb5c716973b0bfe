"""A run that goes on with other settings."""

from dataclasses import replace

import numpy as np
import pytest
from tests.descent.runs import NET, TRAINING, VALIDATED, assert_same, finished, make

from fallline.descent import Run
from fallline.descent.changing import gone_back
from fallline.descent.recorded import recorded_between, recorded_step
from fallline.engines.calls import error_and_gradient
from fallline.errors import SpecError
from fallline.explain.trace import trace_recorded, trace_step
from fallline.formulas.optimizers import SGD, Adam


def after(steps=5, **changes):
    run = make(**{"epochs": 9, **changes})
    assert run.advance(steps) == steps
    return run


def test_it_keeps_weights_history_place_and_settings_that_stay():
    run = after()
    changed = run.changed(batch_size=2)
    assert changed.theta.tobytes() == run.theta.tobytes()
    assert changed.history == run.history and len(run.history) == 1
    assert (changed.position, changed.steps_taken) == (run.position, 5)
    assert changed.plan == replace(run.plan, batch_size=2)
    assert run.plan.batch_size == 3


def test_the_run_that_it_came_from_stays_as_it_was():
    run, other = after(), after()
    changed = run.changed(learning_rate=0.5, l2=1.0)
    changed.advance(8)
    assert_same(run, other)
    finished(run), finished(other)
    assert_same(run, other)


def test_nothing_changed_is_the_same_descent():
    run, other = after(), finished(after())
    assert_same(finished(run.changed()), other)


def test_the_next_step_is_that_of_plain_descent_at_the_new_rate():
    """Against the rule itself: Δθ = −η ∂J/∂θ of the batch."""
    run = after(optimizer=SGD(0.05)).changed(learning_rate=0.2, l2=0.3)
    theta, step = run.theta, run.step()
    batch = TRAINING.take(step.order)
    gradient = error_and_gradient(NET, theta, batch.X, batch.Y, l2=0.3,
                                  sample_weight=batch.weights)[1]  # fmt: skip
    np.testing.assert_allclose(run.theta - theta, -0.2 * gradient, rtol=1e-9, atol=1e-12)
    assert step.learning_rate == 0.2


def test_momentum_goes_on_where_the_optimizer_is_of_the_same_kind():
    run = after(optimizer=SGD(0.05, momentum=0.9))
    kept = run.snapshot().arrays
    changed = run.changed(learning_rate=0.01, momentum=0.5).snapshot().arrays
    assert {name: a.tobytes() for name, a in changed.items()} == {
        name: a.tobytes() for name, a in kept.items()
    }
    assert any(name.startswith("optimizer.") for name in kept)


@pytest.mark.parametrize("to", [Adam(0.01), SGD(0.05)])
def test_another_optimizer_begins_anew(to):
    run = after(optimizer=SGD(0.05, momentum=0.9))
    changed = run.changed(optimizer=to)
    fresh = make(optimizer=to, theta=run.theta).snapshot().arrays
    arrays = changed.snapshot().arrays
    assert arrays["step"] == run.snapshot().arrays["step"] > 0  # noise goes on
    for name in fresh:
        if name != "step":
            assert arrays[name].tobytes() == fresh[name].tobytes(), name


def test_it_goes_on_past_the_epochs_that_were_asked_for():
    run = finished(make(epochs=2))
    longer = run.changed(epochs=4)
    assert run.stopped and longer.stopped is None
    assert_same(finished(longer), finished(make(epochs=4)))


def test_a_run_that_diverged_can_go_on_from_before():
    run = make(optimizer=SGD(1e60), epochs=50)
    first = run.snapshot()
    with pytest.warns(match="diverged"):
        finished(run)
    calmer = run.changed(learning_rate=0.01)
    assert run.divergence and run.stopped
    assert calmer.divergence is calmer.stopped is None
    calmer.restore(first)
    assert_same(finished(calmer), finished(make(optimizer=SGD(0.01), epochs=50)))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"loss": "sse"}, "keeps its loss"),
        ({"seed": 7}, "seed can change between two epochs only"),
        ({"shuffle": False}, "shuffle can change between two epochs only"),
        ({"optimizer": "lbfgs", "batch_size": None}, "optimizer can change between two epochs"),
        ({"learning_rat": 0.1}, "did you mean 'learning_rate'"),
        ({"momentum": 2.0}, "momentum"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"patience": 3}, "X_val"),
        ({"dropout": {"nowhere": 0.5}}, "nowhere"),
    ],
)
def test_what_cannot_be_is_refused(settings, told):
    run, other = after(), after()
    with pytest.raises(SpecError, match=told):
        run.changed(**settings)
    assert_same(run, other)


def test_between_epochs_another_order_of_rows_may_come_and_a_solver():
    run = after(4)
    assert run.position == (2, 0)
    seeded = run.changed(seed=7)
    seeded.advance(1)
    assert seeded.step().order.tolist() == make(seed=7)._order.epoch(2)[3:6].tolist()
    solving = run.changed(optimizer="lbfgs", batch_size=None)
    assert solving.advance(2) == 2
    back = solving.changed(optimizer=SGD(0.1), batch_size=4)
    assert back.advance(3) == 3


def test_a_solver_forgets_errors_of_another_objective():
    solving = make(optimizer="lbfgs", batch_size=None)
    solving.advance(2)
    kept, begun = solving.changed(epochs=7), solving.changed(l2=0.5)
    assert kept.snapshot().arrays["optimizer.evaluations"] > 0
    assert begun.snapshot().arrays["optimizer.evaluations"] == 0


def test_a_run_goes_back_to_before_it_was_changed():
    run = after()
    snapshot = run.snapshot()
    changed = run.changed(optimizer=Adam(0.01), batch_size=2)
    changed.advance(6)
    assert_same(finished(gone_back(changed, snapshot)), finished(after()))


def test_validation_goes_on():
    run = after(**VALIDATED).changed(learning_rate=0.01)
    finished(run)
    assert all(epoch.validation_error is not None for epoch in run.history)
    assert run.best_theta.tobytes() == run.theta.tobytes()


# One step, told without recording all.


@pytest.mark.parametrize("rows", [None, 1])
@pytest.mark.parametrize("kind", [{}, {"optimizer": "adam"}, {"dropout": 0.3, "input_noise": 0.1}])
def test_a_step_between_two_snapshots_is_the_recorded_one(rows, kind):
    plain, recording = after(**kind), after(**kind, record="steps")
    before, step = plain.snapshot(), plain.step(rows)
    found = recorded_between(plain, before, plain.snapshot())
    recording.step(rows)
    expected = recorded_step(recording)
    assert (found.step, found.epoch, found.rate) == (step.step, step.epoch, expected.rate)
    assert found.order.tolist() == step.order.tolist() == expected.order.tolist()
    assert found.theta_after.tobytes() == expected.theta_after.tobytes()
    assert trace_recorded(found).text == trace_step(recording).text


def test_it_is_told_with_the_plan_that_it_was_taken_by():
    run = after(optimizer=SGD(0.05))
    before = run.snapshot()
    run.step()
    found = recorded_between(run.changed(learning_rate=0.9), before, run.snapshot())
    assert found.rate == 0.05
    np.testing.assert_allclose(trace_recorded(found).theta_after, run.theta, rtol=1e-9)


def test_snapshots_farther_apart_are_no_step():
    run = after()
    before = run.snapshot()
    run.advance(2)
    with pytest.raises(SpecError, match="one step apart, but were taken after 5 and 7 steps"):
        recorded_between(run, before, run.snapshot())


def test_an_order_of_ones_own_goes_on():
    class Backwards:
        def epoch(self, k):
            return np.arange(10)[::-1]

    run = Run(NET, TRAINING.X, TRAINING.Y, order=Backwards(), batch_size=3, epochs=3, seed=1)
    run.advance(2)
    assert run.changed(learning_rate=0.1).step().order.tolist() == [3, 2, 1]
