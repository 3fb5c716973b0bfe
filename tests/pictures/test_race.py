"""Races down known surfaces: the paths, their errors and costs are those of descents alone."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.sparse import csr_array

import fallline as fl
from fallline.errors import SpecError
from fallline.pictures.curvature_rates import largest_curvature
from fallline.pictures.entrants import entrants, label_of, varied

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 2, size=(12, 1))
Y = 1.5 * X[:, 0] - 0.5 + RNG.normal(0, 0.3, 12)
LINE = fl.Network.parse("1 -> 1")
START = [-2.0, 2.5]
DEEP = fl.Network.parse("1 -> 3 tanh -> 1")


def found(*entries: object, **options: object):  # type: ignore[no-untyped-def]
    settings = {"epochs": 6, "map_points": 9, **options}
    return fl.race(LINE, START, X, Y, *entries, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [None, 5, 1])
def test_a_lane_is_the_path_of_the_descent_alone(size: int | None) -> None:
    one = found(batch_sizes=[size], seed=3).lanes[0]
    run = fl.Run(LINE, X, Y, theta=START, optimizer="sgd", batch_size=size, epochs=6, seed=3,
                 record="steps", keep=100)  # fmt: skip
    path = [np.array(START)]
    while run.step() is not None:
        path.append(run.theta)
    assert one.thetas.tobytes() == np.array(path).tobytes()
    assert one.steps.tolist() == list(range(len(path)))
    assert one.passes[-1] == 6 and (np.diff(one.passes) > 0).all()
    for theta, error in zip(one.thetas, one.errors, strict=True):
        assert error == pytest.approx(fl.error_and_gradient(LINE, theta, X, Y)[0], rel=1e-12)


def test_in_a_bowl_each_step_follows_the_closed_form() -> None:
    # E = 5/2 (w1² + w2²), so that each step multiplies θ by 1 - 5η, and E by its square.
    net = fl.Network.parse("2 -> 1 nobias")
    rates = [0.01, 0.2, 0.39, 0.41]
    bowl = fl.race(net, [1, 2], [[1, 2], [2, -1]], [0, 0], loss="sse", epochs=8, map_points=9,
                   learning_rates=rates)  # fmt: skip
    for rate, lane in zip(rates, bowl.lanes, strict=True):
        factor = 1 - 5 * rate
        assert lane.errors == pytest.approx(12.5 * factor ** (2 * np.arange(9)), abs=1e-12)
    outcomes = [row["outcome"] for row in bowl.to_records()]
    assert outcomes == ["on its way", "there", "on its way", "rose"]
    assert bowl.to_records()[1]["steps until there"] == 1
    assert bowl.surface.minimum.error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", [fl.SGD(), fl.SGD(momentum=0.5), fl.SGD(0.1, 0.5, True)])
def test_rates_found_by_curvature_are_too_small_right_and_too_large(method: fl.SGD) -> None:
    curvature = np.linalg.eigvalsh(np.column_stack([X, np.ones(12)]).T @ np.column_stack(
        [X, np.ones(12)]) / 12)[-1]  # fmt: skip
    β = method.momentum
    stable = 2 * (1 + β) / (1 + 2 * β * method.nesterov) / curvature
    slow, right, wild = found(learning_rates="auto", optimizer=method, epochs=80).lanes
    rates = [lane.plan.optimizer.learning_rate for lane in (slow, right, wild)]
    assert rates == pytest.approx([0.01 * stable, 0.5 * stable, 1.1 * stable], rel=0.005)
    assert wild.errors[-1] > 100 * wild.errors[0]
    assert right.errors[-1] - right.errors.min() < 1e-3 < slow.errors[-1] - right.errors.min()
    assert [lane.label for lane in (slow, right, wild)] == [
        "small: " + label_of(slow.plan, False),
        "right: " + label_of(right.plan, False),
        "above the limit: " + label_of(wild.plan, False),
    ]


def test_curvature_is_that_of_free_weights_in_any_network() -> None:
    theta = DEEP.initial(seed=1)
    given = {"loss": "squared_error", "l2": 0.01}
    slopes = [[fl.error_and_gradient(DEEP, theta + sign * 1e-5 * e, X, Y, **given)[1]
               for sign in (1, -1)] for e in np.eye(DEEP.size)]  # fmt: skip
    hessian = np.array([(ahead - behind) / 2e-5 for ahead, behind in slopes])
    largest = np.abs(np.linalg.eigvalsh((hessian + hessian.T) / 2)).max()
    assert largest_curvature(DEEP, theta, X, Y, **given) == pytest.approx(largest, rel=1e-3)


def test_who_was_there_but_does_not_stay_is_told_apart() -> None:
    records = found({"small": fl.SGD(0.3), "large": fl.SGD(0.3, momentum=0.95)}, epochs=40)
    small, large = records.to_records()
    assert small["outcome"] == "there" and large["outcome"] == "left again"
    assert large["least error"] <= records.level < large["error"]


def test_solvers_count_their_evaluations() -> None:
    lane = found([fl.LBFGS()], epochs=20).lanes[0]
    run = fl.descend(LINE, X, Y, theta=START, optimizer=fl.LBFGS(), epochs=20)
    assert lane.passes[-1] == run.history[-1].evaluations > lane.steps[-1]
    assert lane.thetas[-1].tobytes() == run.theta.tobytes()


def test_a_lane_that_diverges_says_so_and_has_no_time() -> None:
    shown = found([fl.SGD(0.1), fl.SGD(1e200)])
    sound, lost = shown.lanes
    assert lost.diverged and np.isnan(lost.seconds[1:]).all() and not sound.diverged
    assert (np.diff(sound.seconds) > 0).all()
    assert [row["outcome"] for row in shown.to_records()][1] == "diverged"
    shown.plot()
    assert np.isfinite(shown.surface.grid.points).all()


def test_the_map_leaves_out_what_is_thrown_away() -> None:
    calm, wild = found([fl.SGD(0.3), fl.SGD(2.0)], epochs=30).lanes
    assert calm.in_view == slice(len(calm.errors))
    assert 1 <= wild.in_view.stop < len(wild.errors)
    assert (wild.errors[wild.in_view.stop :] > 1.5 * wild.errors[0]).all()


def test_a_long_path_is_thinned_but_keeps_both_ends() -> None:
    lane = found(batch_sizes=[1], epochs=30, points=20).lanes[0]
    assert lane.steps[0] == 0 and lane.steps[-1] == 360 and 10 <= len(lane.steps) <= 21
    assert lane.steps[1] == 1  # the beginning is looked at closely


def test_sparse_rows_and_weights_race_alike() -> None:
    plain = found(["sgd"]).lanes[0]
    sparse = fl.race(LINE, START, csr_array(X), Y, ["sgd"], epochs=6, map_points=9).lanes[0]
    assert sparse.errors == pytest.approx(plain.errors, rel=1e-12)
    more, weights = np.vstack([X, X + 5]), np.r_[np.ones(12), np.zeros(12)]
    absent = fl.race(LINE, START, more, np.r_[Y, Y], ["sgd"], epochs=6, map_points=9,
                     sample_weight=weights).lanes[0]  # fmt: skip
    assert absent.errors == pytest.approx(plain.errors, rel=1e-12)


def test_deeper_networks_race_over_the_plane_of_their_paths() -> None:
    shown = fl.race(DEEP, DEEP.initial(seed=0), X, Y, ["sgd", fl.Adam(0.1)], epochs=9,
                    map_points=9)  # fmt: skip
    assert shown.surface.plane.kind == "pca"
    title = shown.plot(kind="map").ax_.get_title()
    assert "% of the paths" in title and "squared_error of 12 rows" in title


@pytest.mark.parametrize("style", ["light", "dark"])
def test_the_drawing_has_a_line_for_each_lane(style: str) -> None:
    shown = found({"slow": fl.SGD(0.01), "fast": fl.SGD(0.3)}).plot(style=style)  # type: ignore
    assert len(shown.ax_) == 4
    for ax, cost in zip(shown.ax_[1:], ["steps", "passes", "seconds"], strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        for lane in shown.lanes:
            assert lines[lane.label].get_ydata() == pytest.approx(lane.errors)
            scaled = lines[lane.label].get_xdata() / lines[lane.label].get_xdata()[-1]
            assert scaled == pytest.approx(getattr(lane, cost) / getattr(lane, cost)[-1])
    paths = {line.get_label(): line for line in shown.ax_[0].lines}
    assert np.column_stack(paths["fast"].get_data()) == pytest.approx(shown.lanes[1].thetas)


def test_one_kind_on_given_axes() -> None:
    shown, ax = found(["sgd"]), Figure().add_subplot()
    assert shown.plot(ax, kind="steps").ax_ is ax and ax.get_xlabel() == "steps"
    with pytest.raises(SpecError, match="kind must be one of"):
        shown.plot(kind="stpes")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="four axes"):
        shown.plot(ax)


def test_labels_tell_what_was_set() -> None:
    plans = {
        "SGD 0.1, momentum 0.9, nesterov": {"optimizer": fl.SGD(0.1, 0.9, True)},
        "Adam 0.001": {"optimizer": "adam", "batch_size": 4},
        "LBFGS": {"optimizer": "lbfgs", "batch_size": None},
    }
    for label, settings in plans.items():
        [one] = entrants([settings], {})
        size = one.plan.batch_size
        batch = "full batch" if size is None else f"batch {size}"
        assert one.label == label and label_of(one.plan) == f"{label}, {batch}"
    together = [one.label for one in entrants(list(plans.values()), {})]
    assert together[1:] == ["Adam 0.001, batch 4", "LBFGS, full batch"]
    twice = entrants(["sgd", "sgd"], {"batch_size": None})
    assert [one.label for one in twice] == ["SGD 0.01", "SGD 0.01 (2)"]
    assert [one["batch_size"] for one in varied("adam", {"batch_size": [1, None]})] == [1, None]


@pytest.mark.parametrize(
    ("entries", "options", "message"),
    [
        ((), {}, "to race"),
        ((["sgd"],), {"momenta": [0.9]}, "not both"),
        ((), {"momenta": [0.9], "batch_sizes": [1]}, "one of learning_rate, momentum, batch_size"),
        ((), {"momenta": [0.9], "optimizer": "adam"}, "Adam has no momentum"),
        ((), {"learning_rates": 0.1}, "must be a list"),
        ((), {"learning_rates": "fast"}, "must be a list, or 'auto'"),
        ((), {"learning_rates": "auto", "momenta": [0.5]}, "at a time"),
        ((), {"learning_rates": "auto", "batch_size": 4}, "is for the full batch"),
        ((), {"learning_rates": "auto", "optimizer": "adam"}, "is for plain descent"),
        ((["sgd"],), {"points": 1}, "points must be"),
        ((["sgd"],), {"epochs": 0}, "epochs must be at least 1"),
        ((["sgd"],), {"epoch": 3}, "no setting 'epoch'"),
    ],
)
def test_what_cannot_be_is_refused(entries: tuple, options: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(SpecError, match=message):
        found(*entries, **options)
