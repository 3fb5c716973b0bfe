"""What an epoch records, by its definition, and what a run refuses."""

import numpy as np
import pytest
from tests.descent.runs import NET, SETTINGS, TRAINING, VALIDATED, VALIDATION, finished, make

from fallline.descent import Run
from fallline.engines.calls import error_and_gradient, predict
from fallline.engines.registry import ENGINES, get_engine
from fallline.errors import DataError, SpecError
from fallline.formulas.metrics import METRICS
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan

every_engine = pytest.mark.parametrize("engine", ENGINES)


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_an_epochs_error_joins_those_of_its_steps(engine, loss):
    """The row-weighted mean of J_B while θ moved; for the sum error their sum."""
    run, whole = make(engine=engine, loss=loss), make(engine=engine, loss=loss)
    steps = [run.step() for _ in range(4)]
    errors = np.array([step.error for step in steps])
    weights = np.array([TRAINING.weights[step.order].sum() for step in steps])
    epoch = next(whole)
    expected = errors.sum() if loss == "sse" else errors @ weights / weights.sum()
    assert epoch.error == pytest.approx(expected, rel=1e-14)
    assert epoch.gradient_norm == pytest.approx(np.mean([s.gradient_norm for s in steps]))
    assert (epoch.epoch, epoch.steps, epoch.rows, epoch.learning_rate) == (1, 4, 10, 0.05)
    assert next(whole).steps == 8
    assert epoch.seconds > 0


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
def test_a_steps_error_and_gradient_are_those_before_it_of_its_rows_alone(loss):
    run = make(loss=loss)
    theta, step = run.theta, run.step()
    rows = TRAINING.take(step.order)
    share = rows.weights.sum() / TRAINING.weights.sum() if loss == "sse" else 1
    error, gradient = error_and_gradient(
        NET, theta, rows.X, rows.Y, loss=loss, l2=SETTINGS["l2"] * share,
        sample_weight=rows.weights,
    )  # fmt: skip
    assert step.error == pytest.approx(error, rel=1e-14)
    assert step.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-14)


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
@every_engine
def test_the_validation_error_has_no_penalty(engine, loss):
    run = make(engine=engine, loss=loss, **VALIDATED)
    epoch = next(run)
    each = ((VALIDATION.Y - predict(NET, run.theta, VALIDATION.X)) ** 2).sum(axis=1) / 2
    expected = VALIDATION.weights @ each / (1 if loss == "sse" else VALIDATION.weights.sum())
    assert epoch.validation_error == pytest.approx(expected, rel=1e-13)
    assert next(make(engine=engine)).validation_error is None


@every_engine
def test_the_error_at_the_end_is_j_of_all_rows_at_the_weights_kept(engine):
    run = make(engine=engine, error_at_end=True)
    for epoch in run:
        expected = get_engine(engine).error(
            NET, Objective("squared_error", SETTINGS["l2"]), run.theta, TRAINING
        )
        assert epoch.error_at_end == expected == run.error_at_end() != epoch.error
    assert next(make(engine=engine)).error_at_end is None


@every_engine
def test_metrics_are_of_the_validation_rows_else_of_the_training_rows(engine):
    names = ("r2", "rmse", "mae")
    for given, rows in (({}, TRAINING), (VALIDATED, VALIDATION)):
        run = make(engine=engine, metrics=names, **given)
        epoch = next(run)
        outputs = predict(NET, run.theta, rows.X)
        assert tuple(epoch.metrics) == names
        for name, value in epoch.metrics.items():
            expected = float(METRICS[name].value(np, rows.Y, outputs, rows.weights))
            assert value == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("asked", "reads"),
    [
        ({}, 0),
        ({"patience": 9, **VALIDATED}, 1),
        ({"metrics": ("r2",)}, 1),
        ({"error_at_end": True}, 1),
        ({"record": "epochs"}, 1),
        ({"record": "steps"}, 4),
    ],
    ids=str,
)
@every_engine
def test_an_epoch_reads_the_engines_state_only_for_what_is_asked(engine, asked, reads, monkeypatch):
    """To read it is a copy of all weights and moments, which costs more than a small epoch."""
    run, seen = make(engine=engine, **asked), []
    kind = type(get_engine(engine))
    snapshot = kind.snapshot
    monkeypatch.setattr(kind, "snapshot", lambda *given: seen.append(1) or snapshot(*given))
    next(run)
    assert len(seen) == reads


@every_engine
def test_rows_without_weight_change_nothing(engine):
    """A batch of them takes no step, and the epoch's error is that of the others."""
    weights = np.array([1.0, 1, 1, 0, 0, 0, 1, 1, 1, 0])
    run = make(engine=engine, sample_weight=weights, shuffle=False)
    first = next(run)
    kept = [0, 1, 2, 6, 7, 8]
    alone = Run(
        NET, TRAINING.X[kept], TRAINING.Y[kept], theta=make().theta, engine=engine,
        **SETTINGS | {"shuffle": False},
    )  # fmt: skip
    assert first.error == pytest.approx(next(alone).error, rel=1e-14)
    np.testing.assert_allclose(run.theta, alone.theta, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_engine
def test_the_dtype_asked_for_is_the_one_of_the_weights(engine, dtype):
    run = finished(make(engine=engine, dtype=dtype, theta=None, **VALIDATED))
    assert run.theta.dtype == run.best_theta.dtype == dtype
    given = make(engine=engine).theta.astype(dtype)
    assert finished(make(engine=engine, theta=given)).theta.dtype == dtype
    assert make(engine=engine, theta=given.astype(np.float16)).theta.dtype == np.float64


def test_start_weights_are_drawn_from_the_seed_unless_given():
    np.testing.assert_array_equal(make(theta=None).theta, NET.initial("auto", seed=5))
    np.testing.assert_array_equal(
        make(theta=None, initializer="uniform").theta, NET.initial("uniform", seed=5)
    )


def test_theta_is_a_copy():
    run = finished(make())
    run.theta[:] = np.nan
    run.best_theta[:] = np.nan
    assert np.isfinite(run.theta).all()


def test_a_plan_is_taken_whole():
    plan = Plan(**SETTINGS)
    run = Run(NET, TRAINING.X, TRAINING.Y, plan=plan)
    assert run.plan is plan
    assert Run(NET, TRAINING.X, TRAINING.Y, **SETTINGS).plan == plan


REFUSED = [
    ({"epoch": 3}, SpecError, "no setting 'epoch'; did you mean 'epochs'"),
    ({"plan": Plan()}, SpecError, "give a plan or its settings"),
    ({"record": "all"}, SpecError, "record must be 'steps', 'epochs' or None, not 'all'"),
    ({"keep": 0}, SpecError, "keep must be a whole number of at least 1, not 0"),
    ({"keep": None}, SpecError, "keep must be a whole number"),
    ({"dtype": "float16"}, SpecError, "dtype must be float32 or float64, not 'float16'"),
    ({"dtype": "number"}, SpecError, "dtype must be float32 or float64"),
    ({"dtype": int}, SpecError, "dtype must be float32 or float64"),
    ({"engine": "fast"}, SpecError, "unknown engine 'fast'"),
    ({"initializer": "hee", "theta": None}, SpecError, "unknown initializer 'hee'"),
    ({"initializer": 3, "theta": None}, SpecError, "θ must have shape"),
    ({"theta": [1.0]}, SpecError, "θ must have shape"),
    ({"loss": "cross_entropy"}, SpecError, "make it softmax, or take another"),
    ({"patience": 3}, SpecError, "patience watches the validation error: give X_val and y_val"),
    ({"X_val": VALIDATION.X}, SpecError, "give X_val and y_val together"),
    ({"y_val": VALIDATION.Y}, SpecError, "give X_val and y_val together"),
    ({"sample_weight_val": [1.0]}, SpecError, "give X_val and y_val together"),
    ({"sample_weight": np.ones(9)}, DataError, r"sample_weight must have shape \(10,\)"),
    ({"sample_weight": np.zeros(10)}, DataError, "is 0 for every row"),
    ({**VALIDATED, "X_val": VALIDATION.X[:, :2]}, DataError, "must have 3 columns"),
    ({**VALIDATED, "y_val": VALIDATION.Y[:2]}, DataError, "6 rows but Y has 2"),
    ({**VALIDATED, "y_val": VALIDATION.Y * np.nan}, DataError, "must be finite"),
]


@pytest.mark.parametrize(("change", "kind", "message"), REFUSED)
def test_what_does_not_fit_is_refused_before_any_step(change, kind, message):
    with pytest.raises(kind, match=message):
        make(**change)


def test_what_is_no_plan_is_refused():
    with pytest.raises(SpecError, match="plan must be a Plan, not 'fast'"):
        Run(NET, TRAINING.X, TRAINING.Y, plan="fast")


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_targets_outside_the_loss_are_refused(loss):
    output = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}[loss]
    net = Network.parse(f"3 -> 2 {output}")
    with pytest.raises(DataError, match="from 0 to 1"):
        Run(net, TRAINING.X, 5 * TRAINING.Y, loss=loss)
    with pytest.raises(DataError, match="from 0 to 1"):
        Run(net, TRAINING.X, np.eye(2)[[0, 1] * 5], loss=loss,
            X_val=VALIDATION.X, y_val=5 * VALIDATION.Y)  # fmt: skip
