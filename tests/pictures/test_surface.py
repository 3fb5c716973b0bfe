"""The numbers of error surfaces: against the engine, and against cases known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

import fallline as fl
from fallline.descent.recorded import recorded_path
from fallline.errors import DataError, DataWarning, MissingExtraError, SpecError
from fallline.pictures import style
from fallline.pictures.landscape import landscape
from fallline.pictures.levels import levels_of
from fallline.pictures.plane import pca_plane, plane_through, random_plane, slice_plane
from fallline.pictures.surface import Surface, surface

RNG = np.random.default_rng(5)
X = RNG.uniform(-2, 2, (30, 1))
Y = 2 * X - 1 + 0.5 * RNG.normal(size=(30, 1))
LINE = fl.Network.parse("1 -> 1")
NET = fl.Network.parse("2 -> 3 tanh -> 1")
X2 = RNG.normal(size=(40, 2))
Y2 = np.sin(X2[:, :1]) - X2[:, 1:]
NAMES = ("w[input.1->hidden1.2]", "b[output.0]")


def line_run(steps: int = 12) -> fl.Run:
    run = fl.Run(
        LINE, X, Y, optimizer=fl.SGD(0.2), batch_size=None, epochs=steps, theta=[-1.0, 2.0],
        record="steps",
    )  # fmt: skip
    list(run)
    return run


def net_run(record: Any = "epochs") -> fl.Run:
    run = fl.Run(
        NET, X2, Y2, optimizer=fl.SGD(0.3), batch_size=None, epochs=25, seed=1, record=record
    )
    list(run)
    return run


# --- against the engine --------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("loss, extra", [("squared_error", {"l2": 0.1}), ("sse", {"l1": 0.02})])
def test_a_slice_is_what_the_engine_computes(engine: str, loss: str, extra: dict[str, Any]) -> None:
    theta = NET.initial(seed=3)
    found = surface(
        NET, theta, X2, Y2, along=NAMES, loss=loss, points=5, engine=engine, critical=False, **extra
    )
    for j, b in enumerate(found.grid.y):
        for i, w in enumerate(found.grid.x):
            at = theta.copy()
            at[NET.index(NAMES[0])], at[NET.index(NAMES[1])] = w, b
            expected, _ = fl.error_and_gradient(NET, at, X2, Y2, loss=loss, engine=engine, **extra)
            assert found.errors[j, i] == pytest.approx(expected, rel=1e-12)


def test_every_point_of_a_path_in_the_slice_has_the_error_of_the_engine() -> None:
    run = line_run()
    path = surface(LINE, run.theta, X, Y, path=run, points=5).path
    assert path is not None and len(path.points) == 13 and path.explained == 1.0
    np.testing.assert_array_equal(path.distances, 0.0)
    np.testing.assert_array_equal(path.points[0], [-1.0, 2.0])
    for point, true, shown in zip(path.points, path.errors, path.on_plane, strict=True):
        expected, _ = fl.error_and_gradient(LINE, point, X, Y)
        assert true == pytest.approx(expected, rel=1e-12)
        assert shown == pytest.approx(expected, rel=1e-12)


def test_off_the_plane_the_true_error_stands_beside_the_planes() -> None:
    run = net_run()
    theta = run.theta
    thetas = recorded_path(run)
    with pytest.warns(DataWarning, match="explains only"):
        found = surface(NET, theta, X2, Y2, along=NAMES, path=run, points=5)
    assert found.path is not None
    places = [NET.index(name) for name in NAMES]
    others = np.delete(thetas - theta, places, axis=1)
    np.testing.assert_allclose(found.path.distances, np.linalg.norm(others, axis=1), atol=1e-12)
    np.testing.assert_array_equal(found.path.points, thetas[:, places])
    for at, true, shown in zip(thetas, found.path.errors, found.path.on_plane, strict=True):
        assert true == pytest.approx(fl.error_and_gradient(NET, at, X2, Y2)[0], rel=1e-12)
        near = theta.copy()
        near[places] = at[places]
        assert shown == pytest.approx(fl.error_and_gradient(NET, near, X2, Y2)[0], rel=1e-12)
    assert any("explains only" in note for note in found.notes)


def test_the_slope_on_a_plane_is_a_central_difference() -> None:
    run = net_run()
    found = surface(NET, run.theta, X2, Y2, along="pca", path=run, points=5)
    h, (x, y) = 1e-5, (0.3, -0.2)
    error, slope = found.slope(x, y)
    across = (found.slope(x + h, y)[0] - found.slope(x - h, y)[0]) / (2 * h)
    along = (found.slope(x, y + h)[0] - found.slope(x, y - h)[0]) / (2 * h)
    np.testing.assert_allclose(slope, [across, along], rtol=1e-7)
    assert error == pytest.approx(found.slope(x, y)[0])


def test_many_points_at_once_are_the_same_bits_for_any_engine_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thetas = RNG.normal(size=(7, NET.size))
    found = fl.errors_at(NET, thetas, X2, Y2, loss="sse", l2=0.3)
    alone = [fl.error_and_gradient(NET, theta, X2, Y2, loss="sse", l2=0.3)[0] for theta in thetas]
    np.testing.assert_allclose(found, alone, rtol=1e-12)
    monkeypatch.setattr("fallline.engines.calls.allowed_threads", lambda: 3)
    np.testing.assert_array_equal(found, fl.errors_at(NET, thetas, X2, Y2, loss="sse", l2=0.3))


@pytest.mark.parametrize(
    "thetas, message",
    [
        (np.zeros(13), "shape"),
        (np.zeros((2, 3)), "shape"),
        (np.zeros((0, 13)), "shape"),
        ([[np.nan] * 13], "finite"),
        ([["a"] * 13], "numbers"),
    ],
)
def test_points_that_are_none_are_refused(thetas: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        fl.errors_at(NET, thetas, X2, Y2)


# --- cases known in closed form ------------------------------------------------------------------


def test_the_minimum_of_a_linear_unit_is_that_of_least_squares() -> None:
    found = surface(LINE, [0.0, 0.0], X, Y, points=15, span=((0, 4), (-3, 1)))
    exact, residual, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(30)]), Y[:, 0])
    assert found.minimum.kind == "minimum"
    np.testing.assert_allclose([found.minimum.x, found.minimum.y], exact, atol=1e-9)
    assert found.minimum.error == pytest.approx(residual[0] / 60, rel=1e-12)
    (only,) = found.critical
    assert only.kind == "minimum"


def test_a_quadratic_s_grid_is_its_formula() -> None:
    found = surface(LINE, [0.0, 0.0], [[1.0], [0.0]], [2.0, 3.0], loss="sse", points=9)
    w, b = np.meshgrid(*found.grid)
    expected = 0.5 * (2 - w - b) ** 2 + 0.5 * (3 - b) ** 2
    np.testing.assert_allclose(found.errors, expected, rtol=1e-12, atol=1e-12)


def test_a_minimum_outside_is_the_lowest_in_view() -> None:
    found = surface(LINE, [0.0, 0.0], X, Y, points=9, span=((-3, 0), (-3, 1)))
    assert found.minimum.kind == "lowest in view" and found.minimum.x == pytest.approx(0.0)
    errors = fl.errors_at(LINE, [[0.0, b] for b in np.linspace(-3, 1, 2001)], X, Y)
    assert found.minimum.error == pytest.approx(errors.min(), abs=1e-5)
    assert found.minimum.error <= found.errors.min()


def test_two_weights_in_a_row_have_two_minima_and_a_saddle() -> None:
    # ŷ = v·tanh(w x) and data made with (1.5, 1.2): (−1.5, −1.2) serves as well, and 0 is a saddle.
    net = fl.Network.parse("1 -> 1 tanh nobias -> 1 nobias")
    x = np.linspace(-2, 2, 15)[:, None]
    found = surface(
        net, [1.0, 1.0], x, 1.2 * np.tanh(1.5 * x), loss="sse", points=41, span=((-3, 3),) * 2
    )
    kinds = [point.kind for point in found.critical]
    assert kinds == ["minimum", "minimum", "saddle"]
    places = sorted((round(p.x, 8), round(p.y, 8)) for p in found.critical[:2])
    assert places == [(-1.5, -1.2), (1.5, 1.2)]
    saddle = found.critical[2]
    np.testing.assert_allclose([saddle.x, saddle.y], 0.0, atol=1e-9)


def test_flat_ground_has_no_critical_points() -> None:
    net = fl.Network.parse("1 -> 1 relu -> 1")
    names = ("w[input.0->hidden1.0]", "b[hidden1.0]")
    found = surface(
        net, [-5.0, -5.0, 1.0, 0.0], [[1.0], [2.0]], [1.0, 3.0], along=names, points=9,
        span=((-6, -4), (-6, -4)),
    )  # fmt: skip
    assert np.ptp(found.errors) == 0.0 and found.critical == ()
    found.plot()


# --- planes --------------------------------------------------------------------------------------


def test_the_principal_plane_is_that_of_scikit_learn() -> None:
    moves = RNG.normal(size=(9, NET.size)) * np.geomspace(10, 0.01, NET.size)
    theta = RNG.normal(size=NET.size)
    path = theta + np.vstack([moves, -moves])  # its mean is θ, about which scikit-learn takes it
    plane = pca_plane(NET, theta, path)
    other = PCA(2).fit(path)
    for own, theirs in zip(plane.axes, other.components_, strict=True):
        assert abs(own @ theirs) == pytest.approx(1.0, abs=1e-10)
    assert plane.explained(path) == pytest.approx(other.explained_variance_ratio_.sum(), rel=1e-10)
    assert f"{100 * other.explained_variance_ratio_[0]:.3g} %" in plane.labels[0]


def test_random_directions_have_the_norms_of_the_weights_unit_by_unit() -> None:
    net = NET.freeze("b[hidden1.1]").disconnect("w[input.0->hidden1.0]")
    theta = net.initial(seed=4) + 0.1
    theta[net.masked] = 0.0
    plane = random_plane(net, theta, seed=7)
    for axis in plane.axes:
        assert axis[net.index("b[hidden1.1]")] == 0.0
        assert axis[net.index("w[input.0->hidden1.0]")] == 0.0
        for name, view in net.views(axis).items():
            own = net.views(np.where(net.frozen, 0.0, theta))[name]
            both = np.vstack([own.weights, own.biases])
            drawn = np.vstack([view.weights, view.biases])
            np.testing.assert_allclose(
                np.linalg.norm(drawn, axis=0), np.linalg.norm(both, axis=0), rtol=1e-12
            )
    again = random_plane(net, theta, seed=7)
    np.testing.assert_array_equal(plane.axes, again.axes)
    assert not np.array_equal(plane.axes, random_plane(net, theta, seed=8).axes)


def test_a_plane_goes_through_three_points_and_keeps_distances() -> None:
    three = RNG.normal(size=(3, NET.size))
    plane = plane_through(NET, three)
    np.testing.assert_allclose(plane.thetas(plane.marks), three, atol=1e-12)
    apart = np.linalg.norm(plane.marks[1] - plane.marks[2])
    assert apart == pytest.approx(np.linalg.norm(three[1] - three[2]), rel=1e-12)
    found = surface(NET, None, X2, Y2, along=three, points=5, critical=False)
    assert found.plane.kind == "three" and found.grid.x[0] < plane.marks[:, 0].min()


def test_a_slice_is_exact() -> None:
    theta = NET.initial(seed=3)
    plane = slice_plane(NET, theta, NAMES)
    point = np.array([[0.1, 0.7]])
    at = plane.thetas(point)[0]
    assert at[NET.index(NAMES[0])] == 0.1 and at[NET.index(NAMES[1])] == 0.7
    np.testing.assert_array_equal(plane.coordinates(at[None]), point)
    assert (np.delete(at, [NET.index(n) for n in NAMES]) == np.delete(
        theta, [NET.index(n) for n in NAMES])).all()  # fmt: skip


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
def test_a_sample_of_rows_is_stated_and_stands_for_all(loss: str) -> None:
    weights = RNG.uniform(0.5, 2.0, 40)
    penalty = {"l2": 0.2} if loss == "sse" else {"alpha": 0.2}
    of = landscape(NET, X2, Y2, loss=loss, sample_weight=weights, rows=13, seed=2, **penalty)
    assert of.rows.n == 13 and of.rows_text == "13 of 40 rows"
    assert of.rows.weights.sum() == pytest.approx(weights.sum(), rel=1e-12)
    # Without an error the penalty is left: the same as with all rows.
    theta = np.where(NET.penalized, 1.0, 0.0)
    whole = landscape(NET, X2, Y2, loss=loss, sample_weight=weights, **penalty)
    bare = landscape(NET, X2, Y2, loss=loss, sample_weight=weights, rows=13, seed=2)
    all_bare = landscape(NET, X2, Y2, loss=loss, sample_weight=weights)
    own = of.errors(theta[None]) - bare.errors(theta[None])
    np.testing.assert_allclose(own, whole.errors(theta[None]) - all_bare.errors(theta[None]))
    found = surface(NET, theta, X2, Y2, along=NAMES, rows=13, points=4, critical=False)
    assert "13 of 40 rows" in found.notes[0] and "squared_error" in found.notes[0]


def test_rows_without_weight_do_not_count() -> None:
    weights = np.r_[np.ones(30), np.zeros(10)]
    of = landscape(NET, X2, Y2, sample_weight=weights)
    assert of.rows_text == "30 rows"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"along": "pcca"}, "along must be"),
        ({"along": ("w[input.1->hidden1.2]",)}, "along must be"),
        ({"along": (NAMES[0], NAMES[0])}, "two different weights"),
        ({"along": (NAMES[0], "b[hiden1.0]")}, "did you mean 'hidden1'"),
        ({"along": "pca"}, "give path="),
        ({"theta": np.zeros(13), "along": "pca", "path": np.ones((2, 13))}, "straight line"),
        ({"along": [np.zeros(13), np.ones(13), 2 * np.ones(13)]}, "one line"),
        ({"along": [np.zeros(13), np.ones(12), np.ones(13)]}, "shape"),
        ({"path": []}, "empty"),
        ({"path": fl.History()}, "holds errors but no weights"),
        ({"points": 2}, "points must be"),
        ({"rows": 0}, "rows must be"),
        ({"span": ((1, 0), (0, 1))}, "span must be"),
        ({"span": 3}, "span must be"),
        ({"theta": None}, "theta may be None only"),
        ({"loss": "squared_eror"}, "did you mean"),
        ({"theta": np.zeros(13), "along": "random"}, "too few weights"),
        ({"path": "w"}, "numbers"),
        ({"path": 3}, "path must be a run"),
        ({"along": 3}, "along must be"),
        ({"along": 3, "theta": None}, "theta may be None only"),
    ],
)
def test_what_makes_no_surface_is_refused(wrong: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"theta": NET.initial(seed=0), "along": NAMES, "points": 4} | wrong
    theta = given.pop("theta")
    with pytest.raises((SpecError, DataError), match=message):
        surface(NET, theta, X2, Y2, **given)


def test_a_run_without_record_is_refused() -> None:
    run = net_run(record=None)
    with pytest.raises(SpecError, match="record='steps'"):
        surface(NET, run.theta, X2, Y2, path=run)


@pytest.mark.parametrize("record", ["steps", "epochs"])
def test_the_path_of_a_run_is_where_it_was(record: Any) -> None:
    run = fl.Run(NET, X2, Y2, optimizer=fl.Adam(0.1), batch_size=16, epochs=3, record=record)
    seen = [run.theta]
    while run.step() is not None:
        seen.append(run.theta)
    path = recorded_path(run)
    np.testing.assert_array_equal(path, seen if record == "steps" else seen[::3])


def test_an_absent_connection_is_no_direction() -> None:
    net = NET.disconnect("w[input.0->hidden1.0]")
    with pytest.raises(SpecError, match="absent connection"):
        slice_plane(net, net.initial(), ("w[input.0->hidden1.0]", "b[output.0]"))


# --- drawing -------------------------------------------------------------------------------------


def drawn() -> Surface:
    run = line_run()
    return surface(LINE, run.theta, X, Y, path=run, points=21)


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_a_surface_draws_itself_as_a_display_does(kind: Any, look: Any, tmp_path: Any) -> None:
    found = drawn()
    assert found.plot(kind=kind, style=look) is found
    assert found.ax_.figure is found.figure_
    assert found.ax_.get_xlabel() == "w[input.0->output.0]"
    assert found.ax_.get_title(loc="left") == "squared_error of 30 rows"
    for suffix in ("png", "svg"):
        found.save(tmp_path / f"map.{suffix}")
        assert (tmp_path / f"map.{suffix}").stat().st_size > 5000
    assert found._repr_png_() is not None


def test_it_draws_where_it_is_told() -> None:
    ax = style.new_figure().add_subplot()
    found = drawn().plot(ax, arrows=True, steepest_at=(0.0, 1.0))
    assert found.ax_ is ax
    assert len(ax.get_legend_handles_labels()[1]) == 4
    with pytest.raises(SpecError, match="projection='3d'"):
        found.plot(ax, kind="3d")
    with pytest.raises(SpecError, match="kind must be"):
        found.plot(kind="4d")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="steepest_at"):
        found.plot(steepest_at=(0.0, np.nan))
    with pytest.raises(SpecError, match="steepest_at"):
        found.plot(steepest_at=("w", 1.0))  # type: ignore[arg-type]


def test_larger_is_darker() -> None:
    colours = style.error_map()(np.linspace(0, 1, 64))[:, :3]
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()


def test_the_arrow_of_steepest_descent_is_the_negative_slope() -> None:
    found = drawn().plot(steepest_at=(0.0, 1.0))
    (arrow,) = [c for c in found.ax_.collections if type(c).__name__ == "Quiver"]
    way = np.array([arrow.U[0], arrow.V[0]])
    slope = found.slope(0.0, 1.0)[1]
    np.testing.assert_allclose(way / np.linalg.norm(way), -slope / np.linalg.norm(slope))


@pytest.mark.parametrize("scale", ["linear", "square", "log", "auto"])
def test_levels_lie_within_and_rise(scale: Any) -> None:
    for errors in (np.geomspace(1e-8, 50, 999), 1000 + np.linspace(0, 0.01, 99) ** 2):
        lines = levels_of(errors, 10, scale)
        assert 2 <= len(lines) <= 14 and (np.diff(lines) > 0).all()
        assert errors.min() < lines[0] and lines[-1] < errors.max()


def test_levels_refuse_what_they_cannot_do() -> None:
    with pytest.raises(SpecError, match="above 0"):
        levels_of(np.array([-1.0, 1.0]), 5, "log")
    with pytest.raises(SpecError, match="scale must be"):
        levels_of(np.array([0.0, 1.0]), 5, "cubic")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="levels must be"):
        levels_of(np.array([0.0, 1.0]), 1)


def test_infinite_errors_leave_a_hole() -> None:
    net = fl.Network.parse("1 -> 1 exp nobias -> 1 nobias")
    found = surface(
        net, [1.0, 1.0], [[500.0]], [1.0], points=11, span=((-1, 2), (-1, 2)), critical=False
    )
    assert not np.isfinite(found.errors).all() and np.isfinite(found.minimum.error)
    found.plot()


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    found = drawn()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"fallline\[plots\]"):
        found.plot()


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(SpecError, match="did you mean 'light'"):
        drawn().plot(style="ligth")  # type: ignore[arg-type]


def test_the_numbers_need_no_matplotlib() -> None:
    import subprocess
    import sys

    code = (
        "import sys, fallline as fl; net = fl.Network.parse('1 -> 1'); "
        "fl.surface(net, [0.0, 0.0], [[1.0], [2.0]], [1.0, 0.0], points=5); "
        "fl.bowl(net, [0.0, 0.0], [[1.0], [2.0]], [1.0, 0.0], 'b[output.0]', points=5); "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
