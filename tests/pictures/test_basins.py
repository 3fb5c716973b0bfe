"""Basins of known error surfaces: two wells along each weight, and saddles between them."""

import sys
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array

import fallline as fl
from fallline.errors import InterruptWarning, SpecError
from fallline.pictures.basins import DIVERGED, NOT_THERE, Basins

WEIGHTS = ("w[input.0->output.0]", "w[input.1->output.0]")
X, Y = np.eye(2), np.ones(2)
WELLS = fl.Network.of(fl.Input(2), fl.Layer(1, "z**2", bias=False))  # E = Σ ½(1 − w²)²
TILTED = fl.Network.of(fl.Input(2), fl.Layer(1, "0.3*z - (z**2 - 1)**2", bias=False))


def found(net: fl.Network = WELLS, **options: object) -> Basins:
    settings = {"loss": "sse", "along": WEIGHTS, "span": (-1.5, 1.5), "size": 7, "epochs": 300}
    return fl.basins(net, [0.0, 0.0], X, Y, **{**settings, **options})  # type: ignore[arg-type]


def test_the_basins_of_even_wells_are_the_quadrants_and_saddles_are_no_minima() -> None:
    shown = found(entries=[fl.SGD(0.05)])
    assert shown.minima.round(8).tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    assert shown.errors == pytest.approx(0, abs=1e-12) and shown.is_global.all()
    xs, ys = np.meshgrid(shown.xs, shown.ys)
    on_axis = (xs == 0) | (ys == 0)  # where one weight stays at 0, a saddle
    expected = np.where(on_axis, NOT_THERE, 2 * (xs > 0) + (ys > 0))
    assert shown.maps[0].reached.tolist() == expected.tolist()
    assert np.isnan(shown.maps[0].epochs).tolist() == on_axis.tolist()
    assert shown.maps[0].share_global == pytest.approx(36 / 49)


def test_the_border_of_a_basin_lies_at_the_hill_between_the_wells() -> None:
    # 0.3 w - (w² - 1)² has its extremes where 0.3 - 4 w (w² - 1) = 0: two wells and a hill.
    left, hill, right = np.sort(np.roots([-4, 0, 4, 0.3]).real)
    span = (hill - 0.021, hill + 0.02)  # 0 is no border of its own here
    shown = found(TILTED, entries=[fl.SGD(0.01)], span=span, size=8, epochs=1000)
    assert np.sort(np.unique(shown.minima.round(6))) == pytest.approx([left, right], abs=1e-5)
    assert shown.is_global.tolist() == [True, False, False, False]
    to_right = shown.minima[shown.maps[0].reached][..., 0] > 0
    assert to_right.tolist() == np.broadcast_to(shown.xs > hill, (8, 8)).tolist()


def test_epochs_are_counted_until_the_error_is_near_the_minimums() -> None:
    shown = found(entries=[fl.SGD(0.05)], size=4)
    start = [shown.xs[0], shown.ys[1]]
    run = fl.descend(WELLS, X, Y, loss="sse", optimizer=fl.SGD(0.05), batch_size=None, epochs=300,
                     theta=start)  # fmt: skip
    errors = np.array(run.history.column("error"))
    assert shown.maps[0].epochs[1, 0] == int(np.argmax(errors <= shown.level))
    assert shown.level == pytest.approx(0.01 * np.median([
        fl.error_and_gradient(WELLS, [a, b], X, Y, loss="sse")[0]
        for a in shown.xs for b in shown.ys
    ]))  # fmt: skip


def test_momentum_is_a_map_of_its_own_and_too_large_a_rate_diverges() -> None:
    shown = found(size=4, entries={"small": fl.SGD(0.05), "large": fl.SGD(2.0)}, epochs=60)
    assert [one.label for one in shown.maps] == ["small", "large"]
    assert shown.maps[1].share(DIVERGED) > 0.5 and np.isnan(shown.maps[1].epochs).any()
    records = shown.to_records()
    assert records[0]["global"] == 1 and records[1]["diverged"] == shown.maps[1].share(DIVERGED)
    usual = found(size=2, epochs=5)
    assert [one.label for one in usual.maps] == ["SGD 0.1", "SGD 0.1, momentum 0.9"]


def test_others_are_held_or_descend_too() -> None:
    net = fl.Network.parse("1 -> 1")
    data = ([[0.0], [1.0]], [1.0, 3.0])  # ŷ = 2 x + 1
    names = ("w[input.0->output.0]", "b[output.0]")
    shown = fl.basins(net, [0, 0], *data, along=names, size=3, entries=[fl.SGD(0.5)], epochs=200)
    assert shown.minima == pytest.approx(np.array([[2.0, 1.0]]), abs=1e-6)
    deep = fl.Network.parse("1 -> 1 -> 1")
    pair = ("w[input.0->hidden1.0]", "b[hidden1.0]")
    held = fl.basins(deep, [0, 0, 0.5, 0], *data, along=pair, size=3, hold=True, epochs=400,
                     entries=[fl.SGD(0.5)])  # fmt: skip
    assert held.minima == pytest.approx(np.array([[4.0, 2.0, 0.5, 0.0]]), abs=1e-5)
    free = fl.basins(deep, [0, 0, 0.5, 0], *data, along=pair, size=3, epochs=400, alike="error",
                     entries=[fl.SGD(0.1)])  # fmt: skip
    assert len(free.minima) == 1 and free.errors[0] < 1e-10  # a valley: one by its error


def test_ctrl_c_ends_the_picture_and_not_one_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> tuple[()]:
        warnings.warn("it was interrupted", InterruptWarning, stacklevel=2)
        return ()

    monkeypatch.setattr(sys.modules[Basins.__module__], "descend_many", interrupted)
    with pytest.raises(KeyboardInterrupt, match="it was interrupted"):
        found(size=2)


def test_sparse_rows_weights_and_engines_give_the_same_basins() -> None:
    plain = found(entries=[fl.SGD(0.05)], size=4)
    twice = np.vstack([X, 7 * X])
    others = [
        {"X": csr_array(X), "Y": Y},
        {"X": X, "Y": Y, "engine": "reference", "epochs": 60},
        {"X": twice, "Y": np.r_[Y, Y], "sample_weight": [1, 1, 0, 0]},
    ]
    for other in others:
        data = (other.pop("X"), other.pop("Y"))
        settings = {"loss": "sse", "along": WEIGHTS, "span": (-1.5, 1.5), "size": 4, **other}
        shown = fl.basins(WELLS, [0, 0], *data, entries=[fl.SGD(0.05)], **settings)
        assert shown.maps[0].reached.tolist() == plain.maps[0].reached.tolist()


@pytest.mark.parametrize("style", ["light", "dark"])
def test_the_drawing_shows_each_map_and_its_minima(style: str) -> None:
    shown = found(size=5, epochs=80).plot(style=style)  # type: ignore[arg-type]
    assert len(shown.ax_) == 2 and "starts reach the least error" in shown.ax_[0].get_title()
    assert shown.ax_[0].get_xlabel() == "start of w[input.0->output.0]"
    pixels = shown.ax_[0].images[0].get_array()
    assert pixels.shape == (5, 5, 3)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert len(np.unique(corners.round(3), axis=0)) == 4  # a colour for each minimum
    assert len(shown.ax_[0].lines) == 4  # a dot for each


def test_drawing_on_given_axes() -> None:
    from matplotlib.figure import Figure

    shown = found(size=3, epochs=40, entries=["sgd"])
    figure = Figure()
    ax = figure.add_subplot()
    assert shown.plot(ax).ax_ is ax and shown.figure_ is figure
    with pytest.raises(SpecError, match="1 maps to draw, so ax must be 1 axes, not 2"):
        shown.plot([ax, ax])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"along": WEIGHTS[0]}, "along must name two parameters"),
        ({"along": (WEIGHTS[0],) * 2}, "twice"),
        ({"size": 1}, "size must be a whole number of at least 2, not 1"),
        ({"span": (1, 1)}, "from a lower to a higher"),
        ({"span": "wide"}, "span must be a pair"),
        ({"within": 2}, "within must be a share"),
        ({"alike": "colour"}, "alike must be 'weights' or 'error'"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"entries": []}, "at least one way"),
        ({"entries": "sgd"}, "entries must be a list"),
        ({"entries": [3]}, "an entry must be an optimizer"),
        ({"entries": [{}, {"l2": 0.1}]}, "one error with one penalty"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        found(**options)
