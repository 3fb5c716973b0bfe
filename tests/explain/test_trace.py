"""Traced numbers are the engines' numbers, and the step is the one that a run takes."""

import itertools
import json
import math
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.engines.cases import covering_levels

import fallline as fl
from fallline.descent.recorded import recorded_steps
from fallline.engines.protocol import Rows
from fallline.engines.reference import backward, forward
from fallline.engines.registry import ENGINES
from fallline.errors import DataError, SpecError
from fallline.explain.trace import trace, trace_step
from fallline.explain.trace_numbers import numbers_of
from fallline.explain.trace_shown import Digits
from fallline.explain.trace_weights import WeightFormulas
from fallline.formulas.optimizers import OPTIMIZERS, optimizer_from
from fallline.spec.plan import Objective

CASES = covering_levels()
SIGNS = {"rprop", "lion"}


def settings(objective) -> dict:
    return {name: getattr(objective, name) for name in ("loss", "l2", "l1", "alpha")}


def close(one, other, tolerance=1e-12) -> bool:
    size = max(np.abs(one).max(initial=0), np.abs(other).max(initial=0))
    return bool(np.abs(np.asarray(one) - other).max(initial=0) <= tolerance * size)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_numbers_are_those_of_the_engines(case):
    net, objective, theta, rows = case.build()
    found = trace(*(net, theta, rows.X, rows.Y), **settings(objective), sample_weight=rows.weights)
    for engine in ENGINES:
        error, gradient = fl.error_and_gradient(
            *(net, theta, rows.X, rows.Y), **settings(objective.unclipped),
            sample_weight=rows.weights, engine=engine,
        )  # fmt: skip
        assert close(found.gradient, gradient)
        assert found.error + found.numbers.penalty == pytest.approx(error, rel=1e-12)
    present = rows.present()
    passes = forward(net, theta, present.X)
    deltas = backward(net, objective.unclipped, theta, passes, present)
    for layer in net.layers:
        own = found.numbers.layers[layer.name]
        assert close(own.h, passes[layer.name].h) and close(own.o, passes[layer.name].o)
        assert close(own.delta, deltas[layer.name])


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_the_slope_in_an_output_is_the_difference_of_the_error_there(case):
    """∂E/∂o of a unit: what E gains when its output alone is moved, by differences."""
    net, objective, theta, rows = case.build()
    if objective.error.settings.get("clip"):
        return  # its reported error is another
    found = trace(*(net, theta, rows.X, rows.Y), loss=objective.loss)
    target = net.layers[0]
    if len(net.layers) == 1:
        return
    own = found.numbers.layers[target.name]
    added = {}
    for j in range(target.size):
        bumped = []
        for sign in (1, -1):
            o = own.o.copy()
            o[:, j] += sign * 1e-5
            bumped.append(error_from(net, objective, theta, found, target.name, o))
        added[j] = (bumped[0] - bumped[1]) / 2e-5
        assert added[j] == pytest.approx(own.dE_do[:, j].sum(), rel=1e-4, abs=1e-7)


def error_from(net, objective, theta, found, name, o) -> float:
    """Return E where one layer's outputs are given: from the definition, layer by layer."""
    from fallline.formulas.activations import ACTIVATIONS

    fed, views = dict(found.numbers.inputs), net.views(theta)
    for layer in net.layers:
        W, b = views[layer.name]
        h = np.hstack([fed[source] for source in layer.sources]) @ W + (0 if b is None else b)
        fed[layer.name] = o if layer.name == name else ACTIVATIONS[layer.activation].f(np, h)
    each = objective.error.value(np, found.numbers.rows.Y, fed[net.output.name])
    return float(found.numbers.share @ each)


@pytest.mark.parametrize("case", CASES[::2], ids=str)
def test_what_rows_add_are_the_gradients_of_examples(case):
    net, objective, theta, rows = case.build()
    found = trace(*(net, theta, rows.X, rows.Y), loss=objective.loss, sample_weight=rows.weights)
    kept = rows.present()
    each = fl.example_gradients(net, theta, kept.X, kept.Y, loss=objective.unclipped.loss)
    for index in range(net.size):
        assert close(found.numbers.by_row(index), each[:, index] * found.numbers.share, 1e-10)
        records = found.example_records(net.name(index))
        slopes = [record["dE_dw"] for record in records]
        assert sum(slopes) == pytest.approx(found.numbers.of_error[index], abs=1e-12)
        sizes = np.abs(slopes)
        assert (np.diff(sizes) <= 0).all()
        assert sum(r["share"] for r in records) == pytest.approx(1.0 if sizes.any() else 0.0)


# --- steps of runs -------------------------------------------------------------------------------

PLANS = {
    "plain": {},
    "penalties": {"l2": 0.1, "l1": 0.05},
    "alpha": {"alpha": 0.5, "loss": "squared_error"},
    "clip": {"clip_value": 0.05, "clip_norm": 0.08},
    "norm": {"max_norm": 0.4},
    "dropout": {"dropout": {"a": 0.5, "input": 0.2}, "input_noise": 0.1},
    "schedule": {"schedule": "step(every=1, factor=0.5)"},
    "single": {"batch_size": 1, "loss": "squared_error"},
}


def graph():
    return fl.Network.of(
        fl.Input(2),
        fl.Layer(4, "tanh", "a", frozen=np.arange(12).reshape(3, 4) % 5 == 0),
        fl.Layer(3, "gelu", "b", mask=np.arange(12).reshape(4, 3) % 4 > 0),
        fl.Layer(2, "logistic", "out", sources=("b", "a", "input")),
    )


def runs(optimizer, engine="reference", **plan):
    rng, net = np.random.default_rng(3), graph()
    plan = {"loss": "sse", "batch_size": 4, "epochs": 3, "seed": 5} | plan
    return fl.Run(
        *(net, rng.normal(size=(10, 2)), rng.random((10, 2))),
        sample_weight=rng.choice([0.0, 1.0, 2.5], 10),
        theta=net.initial(seed=7), optimizer=optimizer, engine=engine, record="steps", **plan,
    )  # fmt: skip


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_traced_step_is_the_step_of_the_run(name, plan):
    run = runs(optimizer_from(name), **PLANS[plan])
    compared = 0
    for _ in range(7):
        before = run.theta
        assert run.step() is not None
        try:
            found = trace_step(run)
        except DataError:
            assert (run.theta == before).all()  # a batch without weight
            continue
        assert (found.theta == before).all()
        assert close(found.theta_after, run.theta, 1e-13)
        assert close(found.moved.step, run.theta - before, 1e-9)
        compared += 1
    assert compared >= 4


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - SIGNS))
def test_a_step_of_the_native_engine_is_traced_too(name):
    run = runs(optimizer_from(name), "native", l2=0.1, dropout=0.3)
    for _ in run:
        pass
    for number in recorded_steps(run):
        try:
            found = trace_step(run, number)
        except DataError:
            continue
        assert close(found.theta_after, run_theta_after(run, number), 1e-12)


def run_theta_after(run, number):
    """Return θ after a step, by stepping a copy of the run."""
    again = runs(run.plan.optimizer, "native", l2=0.1, dropout=0.3)
    for _ in range(number):
        again.step()
    return again.theta


def test_a_solver_is_traced_too():
    run = runs(fl.LBFGS(), batch_size=None, l2=0.01)
    for _ in range(3):
        before = run.theta
        run.step()
        found = trace_step(run)
        assert (found.theta == before).all() and close(found.theta_after, run.theta, 1e-12)
        assert close(found.moved.asked, run.theta - before, 1e-9)
        assert found.moved.evaluations > 0
    assert "its line search found α" in found.text


def test_float32_runs_keep_their_numbers():
    rng, net = np.random.default_rng(3), graph()
    run = fl.Run(net, rng.normal(size=(6, 2)), rng.random((6, 2)), loss="sse", dtype=np.float32,
                 record="steps", engine="reference", optimizer=fl.Adam(), epochs=2)  # fmt: skip
    run.step()
    assert trace_step(run).theta_after.dtype == np.float32
    assert close(trace_step(run).theta_after, run.theta, 1e-7)


def test_looking_back_leaves_the_run_as_it_was():
    run, other = runs(fl.Adam()), runs(fl.Adam())
    for _ in range(5):
        run.step()
        other.step()
        for number in recorded_steps(run):
            assert "step" in trace_step(run, number).json
    assert (run.theta == other.theta).all()
    assert run.step_back() and other.step_back() and (run.theta == other.theta).all()
    assert trace_step(run).step == 4
    for _ in run:
        pass
    assert trace_step(run, -1).step == recorded_steps(run)[-1]
    assert close(trace_step(run, -1).theta_after, run.theta, 1e-13)


def test_steps_of_other_sizes_and_a_run_that_is_finished_within_an_epoch():
    rng, net = np.random.default_rng(3), graph()
    run = fl.Run(net, rng.normal(size=(10, 2)), rng.random((10, 2)), batch_size=4, loss="sse",
                 optimizer=fl.SGD(0.1), record="steps")  # fmt: skip
    sizes = []
    for rows in (1, 3, None, 2):
        record = run.step(rows=rows)
        assert trace_step(run).rows == record.order.tolist()
        sizes.append(len(record.order))
    assert sizes == [1, 3, 4, 2]
    run.step(rows=1)
    run.finish("enough")
    assert close(trace_step(run).theta_after, run.snapshot().arrays["theta"], 1e-13)


class Drawn:
    """An order that draws from a state of its own, and so must not be asked twice."""

    def __init__(self, n: int) -> None:
        self.rng, self.n, self.asked = np.random.default_rng(0), n, []

    def epoch(self, k: int):
        self.asked.append(k)
        return self.rng.permutation(self.n)


def test_an_order_with_a_state_is_not_asked_again():
    rng, net, order = np.random.default_rng(3), fl.Network.parse("2 -> 1"), Drawn(6)
    run = fl.Run(net, rng.normal(size=(6, 2)), rng.random(6), batch_size=2, record="steps",
                 order=order, optimizer=fl.SGD(0.1), engine="reference")  # fmt: skip
    for _ in range(4):
        run.step()
        assert close(trace_step(run).theta_after, run.theta, 1e-13)
    with pytest.raises(SpecError, match="step 2 was taken in epoch 1, whose order of rows is gone"):
        trace_step(run, 2)
    run.step()
    assert order.asked == [1, 2] and trace_step(run, 4).step == 4


def test_the_ring_is_bounded():
    rng = np.random.default_rng(0)
    run = fl.Run(fl.Network.parse("2 -> 1"), rng.normal(size=(4, 2)), rng.random(4), batch_size=1,
                 record="steps", keep=3, epochs=3)  # fmt: skip
    with pytest.raises(SpecError, match="no step yet"):
        trace_step(run)
    for _ in run:
        pass
    assert recorded_steps(run) == range(10, 13)
    assert trace_step(run, -3).step == 10 == trace_step(run, 10).step
    for step in (9, 13, -4, 0):
        with pytest.raises(SpecError, match="steps 10 to 12"):
            trace_step(run, step)
    plain = fl.Run(fl.Network.parse("2 -> 1"), np.ones((4, 2)), np.ones(4))
    with pytest.raises(SpecError, match="record='steps'"):
        trace_step(plain)


# --- a trace without a run -----------------------------------------------------------------------

NET = fl.Network.parse("2 -> 2 logistic -> 2 logistic")
THETA = [0.15, 0.25, 0.2, 0.3, 0.35, 0.35, 0.4, 0.5, 0.45, 0.55, 0.6, 0.6]


def mazur(**more):
    return trace(NET, THETA, [0.05, 0.1], [0.01, 0.99], "sse", 0.5, **more)


def test_the_widely_taught_network():
    """Matt Mazur, A Step by Step Backpropagation Example (2015), to the digits that it prints."""
    edges = {edge["name"]: edge for edge in mazur().edge_records()}
    assert edges["w[hidden1.0->output.0]"]["dE_dw"] == pytest.approx(0.082167041, abs=5e-10)
    news = {
        "w[hidden1.0->output.0]": 0.35891648, "w[hidden1.1->output.0]": 0.408666186,
        "w[hidden1.0->output.1]": 0.511301270, "w[hidden1.1->output.1]": 0.561370121,
        "w[input.0->hidden1.0]": 0.149780716, "w[input.1->hidden1.0]": 0.19956143,
        "w[input.0->hidden1.1]": 0.24975114, "w[input.1->hidden1.1]": 0.29950229,
    }  # fmt: skip
    for name, new in news.items():
        assert edges[name]["new"] == pytest.approx(new, abs=5e-9)
    assert mazur().error == pytest.approx(0.298371109, abs=5e-10)


def test_tables_are_frames_and_without_pandas_lists(monkeypatch):
    found = mazur()
    assert list(found.units.columns) == ["row", "unit", "h", "o", "dE_do", "dE_dh", "delta"]
    assert len(found.units) == 6 and len(found.edges) == 12
    biases = found.edges[found.edges["source"].isna()]
    assert list(biases["target"]) == ["hidden1.0", "hidden1.1", "output.0", "output.1"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert found.units == found.unit_records() and found.edges == found.edge_records()
    assert found.units[0] == {"row": 0, "unit": "input.0", "h": None, "o": 0.05, "dE_do": None,
                              "dE_dh": None, "delta": None}  # fmt: skip


def test_json_holds_everything_and_no_nan():
    plain = json.loads(mazur().json)
    assert plain["error"] == pytest.approx(0.298371109) and plain["learning_rate"] == 0.5
    assert len(plain["units"]) == 6 and len(plain["edges"]) == 12
    net = fl.Network.parse("1 -> 1 exp")
    broken = trace(net, [1.0, 1e4], [1.0], [1.0], "sse", 0.1)
    assert json.loads(broken.json)["error"] is None
    assert "∞" in broken.text and "<svg" in broken.html


def test_one_example_and_a_batch_of_one_are_the_same():
    one, batch = mazur(), trace(NET, THETA, [[0.05, 0.1]], [[0.01, 0.99]], "sse", 0.5)
    assert one.json == batch.json
    single = fl.Network.parse("1 -> 1")
    many = trace(single, [1.0, 0.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert many.rows == [0, 1, 2]
    assert trace(single, [1.0, 0.0], [2.0], [3.0]).rows == [0]


def test_rows_without_weight_are_left_out():
    found = trace(NET, THETA, [[0.05, 0.1], [1e300, 1], [1, 0]], [[0.01, 0.99]] * 3, "sse", 0.5,
                  sample_weight=[1, 0, 2])  # fmt: skip
    assert found.rows == [0, 2] and math.isfinite(found.error)
    assert found.examples("b[output.0]")["row"].tolist() in ([2, 0], [0, 2])


@pytest.mark.parametrize("loss", ["squared_error", "sse"])
def test_parts_of_a_batch_add_up_to_it(loss):
    net, rng = fl.Network.parse("3 -> 4 tanh -> 2"), np.random.default_rng(8)
    rows = Rows(rng.normal(size=(9, 3)), rng.normal(size=(9, 2)), rng.uniform(0.5, 2, 9))
    theta, objective = net.initial(seed=1), Objective(loss, l2=0.1)
    whole = numbers_of(net, objective, theta, rows, total_weight=20.0)
    parts = [
        numbers_of(
            net, objective, theta, rows.take(np.arange(*ends)), total_weight=20.0,
            batch_weight=float(rows.weights.sum()),
        )
        for ends in ((0, 4), (4, 9))
    ]  # fmt: skip
    assert close(sum(part.of_error for part in parts), whole.of_error)
    assert sum(part.error for part in parts) == pytest.approx(whole.error, rel=1e-12)
    assert all(close(part.of_penalty, whole.of_penalty) for part in parts)
    assert close(parts[0].layers["hidden1"].dE_dh, whole.layers["hidden1"].dE_dh[:4])


def test_rows_that_are_not_held_are_a_rest_in_the_sum():
    net, rng = fl.Network.parse("2 -> 3 tanh -> 1"), np.random.default_rng(8)
    theta, X, Y = net.initial(seed=1), rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    whole = trace(net, theta, X, Y)
    first = numbers_of(
        net, whole.numbers.objective, theta, Rows(X[:8], Y[:8], np.ones(8)), batch_weight=30.0
    )
    held = replace(first, of_error=whole.numbers.of_error, more=22)
    for name in ("w[input.1->hidden1.2]", "b[output.0]"):
        told = WeightFormulas(held, whole.moved, Digits(5)).equations(net.index(name))
        assert [str(e) for e in told] == [str(e) for e in whole.weight_equations(name)]


def test_absent_and_frozen_weights():
    net = graph()
    found = trace(net, net.initial(seed=1), [0.5, -1.0], [0.0, 1.0], "sse", 0.3)
    names = [edge["name"] for edge in found.edge_records()]
    absent = [net.name(int(i)) for i in net.masked.nonzero()[0]]
    assert absent and not set(absent) & set(names)
    frozen = next(net.name(int(i)) for i in net.frozen.nonzero()[0])
    step = next(edge["step"] for edge in found.edge_records() if edge["name"] == frozen)
    assert step == 0
    assert str(found.weight_equations(frozen)[-1]) == f"Δ{frozen} = 0"
    assert "Frozen weights and biases keep their values" in found.text
    assert absent[0] not in found.text


def test_sparse_inputs_are_traced():
    from scipy.sparse import csr_array

    dense = trace(NET, THETA, [[0.0, 0.1], [1.0, 0.0]], [[0.0, 1.0]] * 2)
    sparse = trace(NET, THETA, csr_array([[0.0, 0.1], [1.0, 0.0]]), [[0.0, 1.0]] * 2)
    assert dense.json == sparse.json


def test_what_cannot_be_is_refused():
    with pytest.raises(SpecError, match="has no setting 'momentum'"):
        mazur(momentum=0.9)
    with pytest.raises(SpecError, match="digits must be"):
        mazur(digits=1)
    with pytest.raises(SpecError, match="leave learning_rate out"):
        mazur(optimizer="lbfgs")
    with pytest.raises(DataError, match="2 columns"):
        trace(NET, THETA, [[1.0, 2.0, 3.0]], [[0.0, 1.0]])
    with pytest.raises(DataError, match="rows 0 to 0"):
        mazur().equations(1)
    with pytest.raises(SpecError, match="no layer 'hidden7'"):
        mazur().weight_equations("b[hidden7.0]")


def test_the_learning_rate_is_that_of_the_optimizer_unless_given():
    assert trace(NET, THETA, [0.05, 0.1], [0.01, 0.99], optimizer="adam").moved.rate == 0.001
    found = mazur(optimizer="adam")
    assert found.moved.rate == 0.5 and type(found.moved.plan.optimizer).__name__ == "Adam"
    assert trace(NET, THETA, [0.05, 0.1], [0.01, 0.99]).moved.rate == 0.1


# --- the picture ---------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def picture(found) -> ElementTree.Element:
    return ElementTree.fromstring(found.svg)


def test_the_picture_has_every_unit_and_edge():
    root = picture(mazur())
    assert len(root.findall(f"{SVG}circle")) == 6
    edges = root.findall(f"{SVG}path")
    assert len(edges) == 8
    told = [edge.find(f"{SVG}title").text for edge in edges]
    assert "w[hidden1.0->output.0] = 0.4; ∂E/∂w = 0.08217; Δw = −0.04108" in told
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for shown in ("0.05", "0.5933", "h = 0.3775", "δ = −0.1385", "hidden1.0 · b = 0.35", "0.45"):
        assert shown in texts


def test_edges_tell_sign_and_size_in_two_ways():
    net = fl.Network.parse("3 -> 1")
    root = picture(trace(net, [2.0, -1.0, 0.0, 0.5], [1.0, 1.0, 1.0], [1.0]))
    edges = root.findall(f"{SVG}path")
    assert [edge.get("class") for edge in edges] == ["b p", "b n", "b z"]
    assert [float(edge.get("stroke-width")) for edge in edges] == [6.0, 3.5, 1.0]
    style = root.find(f"{SVG}style").text
    assert ".n{stroke:#d55e00;stroke-dasharray" in style and "prefers-color-scheme:dark" in style


def test_no_weight_in_the_picture_covers_another():
    net = fl.Network.parse("3 -> 4 tanh -> 3 softmax")
    found = trace(net, net.initial(seed=1), [0.1, -0.1, 0.6], [1, 0, 0], "cross_entropy")
    boxes = [
        [float(rect.get(key)) for key in ("x", "y", "width", "height")]
        for rect in picture(found).findall(f"{SVG}rect")
    ]
    assert len(boxes) == 24
    for (x, y, wide, high), (left, top, across, down) in itertools.combinations(boxes, 2):
        beside = x + wide <= left or left + across <= x
        assert beside or y + high <= top or top + down <= y


def test_large_layers_are_abbreviated():
    net = fl.Network.parse("50 -> 30 relu -> 2")
    found = trace(net, net.initial(seed=0), np.ones(50), [1.0, 2.0])
    root = picture(found)
    assert len(root.findall(f"{SVG}circle")) == 7 + 7 + 2
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "43 more" in texts and "23 more" in texts
    assert len(found.text.splitlines()) < 700 and "hidden1.4 to hidden1.29" in found.text
    assert len(found.html) < 1_000_000


def test_pictures_of_all_graphs_are_well_formed():
    for case in CASES:
        net, objective, theta, rows = case.build()
        found = trace(net, theta, rows.X, rows.Y, loss=objective.loss)
        root = picture(found)
        left, top, width, height = map(float, root.get("viewBox").split())
        for circle in root.findall(f"{SVG}circle"):
            assert left < float(circle.get("cx")) < left + width
            assert top < float(circle.get("cy")) < top + height


def test_hostile_names_are_escaped_everywhere():
    joined = "z if z > 0 else 0.25*z"
    net = fl.Network.of(fl.Input(1, "größe_ü"), fl.Layer(2, joined, "Schicht"), fl.Layer(1))
    found = trace(net, [0.5, -0.5, 0.1, 0.2, 0.3, 0.4, 0.5], [0.7], [1.0], "abs(yhat - y)*2 + y*0")
    ElementTree.fromstring(found.svg)
    for page in (found.html, found._repr_html_()):
        assert "z > 0 else" not in page and "z &gt; 0 else" in page
    assert "größe_ü.0" in found.svg
