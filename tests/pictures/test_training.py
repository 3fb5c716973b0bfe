"""The curves are those of the history; norms, ratios and histograms are those of the weights."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import fallline as fl
from fallline.errors import DataError, SpecError
from fallline.explain.trace import trace
from fallline.pictures.layers import cut_at, layer_outputs
from fallline.pictures.training import layer_history, training_curves

RNG = np.random.default_rng(3)
X = RNG.normal(size=(24, 3))
Y = np.sin(X[:, :1]) + X[:, 1:2]
NET = fl.Network.parse("3 -> 5 tanh -> 4 relu -> 1")
SETTINGS = {"optimizer": "adam", "epochs": 6, "seed": 2, "l2": 0.1}


def made(batch_size=8, **more):
    return fl.Run(NET, X, Y, batch_size=batch_size, **SETTINGS, **more)


def finished(batch_size=8, **more):
    return fl.descend(NET, X, Y, batch_size=batch_size, **SETTINGS, **more)


def test_curves_are_the_history():
    history = finished(X_val=X[:5], y_val=Y[:5]).history
    curves = training_curves(history)
    assert curves.error.tolist() == history.column("error")
    assert curves.validation_error.tolist() == history.column("validation_error")
    assert curves.best == history.best.epoch and curves.validated
    assert not training_curves(finished().history).validated


def test_the_curves_are_drawn_with_the_best_epoch_marked():
    history = finished(X_val=X[:5], y_val=Y[:5]).history
    drawn = history.plot()
    upper, lower = drawn.ax_
    lines = {line.get_label(): line.get_xydata() for line in upper.get_lines()}
    best = history.best
    assert np.array_equal(lines["training (during the epoch)"][:, 1], history.column("error"))
    validation = lines["validation (at its end)"][:, 1]
    assert np.array_equal(validation, history.column("validation_error"))
    marked = next(xy for label, xy in lines.items() if label.startswith("best"))
    assert marked.tolist() == [[best.epoch, best.validation_error]]
    assert upper.get_yscale() == "log"
    assert lower.get_lines()[0].get_ydata().tolist() == history.column("learning_rate")
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_curves_go_on_the_axes_that_are_given():
    ax = Figure().add_subplot()
    drawn = finished().history.plot(ax=ax, log=False)
    assert drawn.ax_ is ax and drawn.figure_ is ax.figure and ax.get_yscale() == "linear"


def test_an_error_of_zero_has_no_logarithm():
    net = fl.Network.parse("1 -> 1 nobias")
    history = fl.descend(net, [[1.0]], [0.0], theta=[0.0], epochs=2).history
    assert history.plot().ax_[0].get_yscale() == "linear"


def test_errors_that_are_no_numbers_are_passed_over(tmp_path):
    nothing = fl.Epoch(1, 4, 8, float("nan"), float("inf"), {}, 0.1, 1.0, 0.01)
    fl.History([nothing]).plot().save(tmp_path / "nothing.png")
    some = [fl.Epoch(k, 4, 8, 0.5 / k, None, {}, 0.1, 1.0, 0.01) for k in (1, 2)]
    drawn = fl.History([*some, nothing]).plot()
    assert drawn.ax_[0].get_yscale() == "log" and drawn.best == 2


def test_a_single_epoch_is_seen():
    run = fl.descend(NET, X, Y, **SETTINGS | {"epochs": 1})
    upper, lower = run.history.plot().ax_
    assert upper.get_yscale() == "linear"
    assert [axes.lines[0].get_marker() for axes in (upper, lower)] == ["o", "o"]


def test_an_empty_history_has_no_curves():
    with pytest.raises(DataError, match="no epoch yet"):
        fl.History().plot()


@pytest.mark.parametrize("batch_size", [8, 7, None])
def test_watching_layers_changes_nothing(batch_size):
    run = made(batch_size)
    layer_history(run, X, Y)
    plain = finished(batch_size)
    assert np.array_equal(run.theta, plain.theta) and run.history == plain.history


def test_norms_are_those_of_the_gradient_and_ratios_those_of_single_steps():
    found = layer_history(made(), X, Y)
    other = made(record="epochs")
    for k in range(6):
        before = NET.views(other.theta)
        other.step()
        after = NET.views(other.theta)
        next(other)
        _, gradient = fl.error_and_gradient(NET, other.theta, X, Y, l2=0.1)
        for i, block in enumerate(NET.blocks):
            W = before[block.name].weights
            moved = np.linalg.norm(after[block.name].weights - W) / np.linalg.norm(W)
            assert found.update_ratios[k, i] == pytest.approx(moved, rel=1e-12)
            own = np.linalg.norm(gradient[block.weights.start : block.stop])
            assert found.gradient_norms[k, i] == pytest.approx(own, rel=1e-12)


def test_what_is_frozen_has_no_gradient():
    net = NET.freeze("hidden1")
    found = layer_history(fl.Run(net, X, Y, epochs=2), X, Y)
    assert (found.gradient_norms[:, 0] == 0).all() and (found.gradient_norms[:, 1:] > 0).all()
    assert (found.update_ratios[:, 0] == 0).all()
    assert found.plot().ax_[0].get_yscale() == "linear"


def test_histograms_count_every_weight_and_output():
    run = made()
    start = run.theta
    found = layer_history(run, X, Y, most_rows=10)
    assert found.rows == 10 and found.kept.tolist() == list(range(7))
    for i, block in enumerate(NET.blocks):
        spread = found.weights[i]
        assert np.allclose(spread.shares.sum(axis=1), 1)
        assert spread.medians[0] == np.median(start[block.weights])
        counts = np.histogram(start[block.weights], spread.edges)[0] / block.shape[0]
        assert np.allclose(spread.shares[0] * block.shape[1], counts)
        outputs = layer_outputs(NET, run.theta, X[:10], block.name)
        assert found.activations[i].medians[-1] == np.median(outputs)


def test_few_epochs_are_kept_and_the_last_always():
    run = fl.Run(NET, X, Y, epochs=23, batch_size=None)
    found = layer_history(run, X, Y, most_kept=6)
    assert found.kept.tolist() == [0, 8, 16, 23] and len(found.epochs) == 23


def test_a_run_that_ended_and_small_bounds_are_refused():
    run = finished()
    with pytest.raises(SpecError, match="has ended already"):
        layer_history(run, X, Y)
    with pytest.raises(SpecError, match="at least 2"):
        layer_history(made(), X, Y, most_kept=1)


def test_layers_are_drawn_by_kind():
    found = layer_history(made(), X, Y)
    for kind in ("gradients", "updates", "weights", "activations"):
        assert found.plot(kind=kind).figure_ is not None
    assert len(found.plot().ax_) == 2 and len(found.plot(kind="weights").ax_) == 3
    ax = Figure().add_subplot()
    assert found.plot(ax, kind="activations", layer="hidden2", style="dark").ax_ is ax
    values = found.plot(kind="gradients").ax_.get_lines()[1].get_ydata()
    assert np.array_equal(values, found.gradient_norms[:, 1])
    with pytest.raises(SpecError, match="takes one picture"):
        found.plot(ax)
    with pytest.raises(SpecError, match="'gradients'"):
        found.plot(kind="gradient")
    with pytest.raises(SpecError, match="did you mean 'hidden2'"):
        found.plot(kind="weights", layer="hidden3")


GRAPHS = [
    "3 -> 5 tanh -> 4 relu -> 1",
    "3 -> a: 5 tanh -> b: 4 relu nobias from a, input -> 2 softmax from a, b",
    "p: 1 input; q: 2 input; a: 3 tanh from q; b: 2 logistic from p, a; 1 from a, b",
]


@pytest.mark.parametrize("text", GRAPHS)
def test_outputs_of_layers_are_those_of_a_trace(text):
    net = fl.Network.parse(text)
    theta = net.initial(seed=4)
    traced = trace(net, theta, X, np.zeros((len(X), net.n_outputs)), loss="squared_error")
    for layer in net.layers:
        found = layer_outputs(net, theta, X, layer.name)
        assert np.allclose(found, traced.numbers.layers[layer.name].o, rtol=1e-12, atol=1e-15)


def test_a_cut_needs_only_what_leads_to_the_layer():
    net = fl.Network.parse(GRAPHS[2])
    cut = cut_at(net, "a")
    assert cut.columns.tolist() == [1, 2] and cut.network.n_inputs == 2
    with pytest.raises(SpecError, match="no layer 'q' that computes"):
        cut_at(net, "q")
