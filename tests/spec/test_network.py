"""Networks: names, sources, θ and its views, and what is refused with which words."""

import numpy as np
import pytest
from tests.networks import GRAPHS, network

from fallline.errors import SpecError
from fallline.spec.network import Input, Layer, Network

every_graph = pytest.mark.parametrize("graph", GRAPHS)


@every_graph
def test_views_are_views_and_cover_theta_once(graph):
    net = network(graph)
    theta = np.arange(net.size, dtype=float)
    parts = [part for view in net.views(theta).values() for part in view if part is not None]
    assert all(np.shares_memory(part, theta) for part in parts)
    assert np.array_equal(np.concatenate([part.ravel() for part in parts]), np.arange(net.size))
    parts[0][...] = -1
    assert (theta < 0).sum() == parts[0].size


@every_graph
def test_shapes_are_those_of_the_sources(graph):
    net = network(graph)
    views = net.views(np.zeros(net.size))
    sizes = {layer.name: layer.size for layer in (*net.inputs, *net.layers)}
    for layer in net.layers:
        fan_in = sum(sizes[source] for source in layer.sources)
        assert views[layer.name].weights.shape == (fan_in, layer.size)
        biases = views[layer.name].biases
        assert (biases is None) if not layer.bias else biases.shape == (layer.size,)
    assert (net.n_inputs, net.n_outputs) == (3, net.layers[-1].size)


@every_graph
def test_penalties_are_for_weights_only(graph):
    net = network(graph)
    for view in net.views(net.penalized).values():
        assert view.weights.all()
        assert view.biases is None or not view.biases.any()


def test_masked_and_frozen_entries_are_where_the_layers_say():
    net = Network.of(
        Input(2),
        Layer(2, "tanh", "a", mask=[[1, 0], [1, 1]], frozen=[[True, False], [False, False]]),
        Layer(1, name="out", frozen=[[0], [0], [1]]),
    )
    assert [net.name(i) for i in np.flatnonzero(net.masked)] == ["w[input.0->a.1]"]
    assert [net.name(i) for i in np.flatnonzero(net.frozen)] == ["w[input.0->a.0]", "b[out.0]"]
    assert [net.name(i) for i in np.flatnonzero(~net.trainable)] == [
        "w[input.0->a.0]",
        "w[input.0->a.1]",
        "b[out.0]",
    ]
    assert network("chain").trainable is None


def test_a_frozen_layer_is_frozen_whole():
    net = Network.of(Input(2), Layer(2, "tanh", "a", frozen=True), Layer(1, bias=False))
    assert net.frozen.tolist() == [True] * 6 + [False] * 2


def test_freeze_and_disconnect_mark_what_they_name():
    net = Network.parse("2 -> a: 2 tanh -> 1").freeze("a", "b[output.0]")
    assert net.frozen.tolist() == [True] * 6 + [False, False, True]
    net = net.disconnect("w[a.1->output.0]", "w[input.0->a.0]")
    assert np.flatnonzero(net.masked).tolist() == [0, 7]
    assert net.frozen.sum() == 7
    with pytest.raises(SpecError, match=r"only weights .* 'b\[output.0\]'"):
        net.disconnect("b[output.0]")
    with pytest.raises(SpecError, match="names no parameter"):
        net.freeze("nowhere")


def test_unnamed_layers_are_counted_also_where_one_record_stands_twice():
    same = Layer(4, "relu")
    net = Network.of(Input(2), same, same, same)
    assert [layer.name for layer in net.layers] == ["hidden1", "hidden2", "output"]
    assert [layer.sources for layer in net.layers] == [("input",), ("hidden1",), ("hidden2",)]


def test_the_first_layer_takes_all_inputs_unless_told():
    net = Network.of(Input(2, "x"), Input(1, "z"), Layer(3, name="a"), Layer(1))
    assert net.layers[0].sources == ("x", "z")


REFUSED = {
    "no layers at all": (lambda: Network.of(), "needs an input layer: start it with Input"),
    "no output": (lambda: Network.of(Input(2)), "at least one layer after its inputs"),
    "not a layer": (lambda: Network.of(Input(2), "3 relu"), "made of Input.*not '3 relu'"),
    "twice one name": (
        lambda: Network.of(Input(2), Layer(2, name="a"), Layer(1, name="a")),
        "two layers are named 'a'; give each its own",
    ),
    "unknown source": (
        lambda: Network.of(Input(2), Layer(2, name="first"), Layer(1, sources="frist")),
        "layer 'output' takes from 'frist', which is no layer; did you mean 'first'",
    ),
    "a source twice": (
        lambda: Network.of(Input(2), Layer(1, sources=("input", "input"))),
        "layer 'output' names a source twice",
    ),
    "itself": (
        lambda: Network.of(Input(2), Layer(2, name="a", sources=("a",)), Layer(1)),
        "form a cycle, a -> a; feed-forward graphs have none",
    ),
    "a cycle": (
        lambda: Network.of(
            Input(2),
            Layer(2, name="a", sources=("input", "b")),
            Layer(2, name="b", sources="a"),
            Layer(1),
        ),
        "form a cycle, (a -> b -> a|b -> a -> b)",
    ),
    "listed too early": (
        lambda: Network.of(
            Input(2), Layer(2, name="a", sources="b"), Layer(2, name="b", sources="input"),
            Layer(1, sources=("a", "b")),
        ),
        "layer 'a' takes from 'b', which is listed after it; list 'b' first",
    ),
    "two outputs": (
        lambda: Network.of(Input(2), Layer(2, name="a"), Layer(1, sources="input")),
        "layer 'a' feeds no other; only the last layer may be an output, so name 'a' in",
    ),
    "an input left out": (
        lambda: Network.of(Input(2, "x"), Input(1, "z"), Layer(1, sources="x")),
        "layer 'z' feeds no other",
    ),
    "softmax of one": (
        lambda: Network.parse("2 -> p: 1 softmax"),
        "layer 'p': softmax of one unit is always 1",
    ),
    "no such activation": (
        lambda: Layer(3, "sigmid", name="a"),
        "layer 'a': unknown activation 'sigmid'; did you mean 'sigmoid'",
    ),
    "no activation": (lambda: Layer(3, None, name="a"), "layer 'a': unknown activation None"),
    "size 0": (lambda: Layer(0, name="a"), "layer 'a': the size must be .* above 0, not 0"),
    "size 2.0": (lambda: Layer(2.0, name="a"), "layer 'a': the size must be .* not 2.0"),
    "size True": (lambda: Input(True), "input layer 'input': the size must be .* not True"),
    "size -1": (lambda: Input(-1), "above 0, not -1"),
    "a word for a name": (lambda: Layer(1, name="relu"), "cannot be named 'relu'"),
    "reserved": (lambda: Layer(1, name="nobias"), "cannot be named 'nobias'"),
    "a sentence": (lambda: Layer(1, name="my layer"), "must be a letter followed.*'my layer'"),
    "a digit first": (lambda: Input(1, "2x"), "must be a letter followed.*'2x'"),
    "too long": (lambda: Input(1, "x" * 101), "must be a letter followed"),
    "no text": (lambda: Input(1, 7), "must be a letter followed .* not 7"),
    "bias 1": (lambda: Layer(1, name="a", bias=1), "layer 'a': bias must be True or False, not 1"),
    "sources 3": (lambda: Layer(1, name="a", sources=3), "layer 'a': sources must be names"),
    "sources [3]": (lambda: Layer(1, name="a", sources=[3]), "layer 'a': sources must be names"),
    "mask of a shape": (
        lambda: Network.of(Input(2), Layer(3, name="a", mask=np.ones((3, 2)))),
        r"layer 'a': mask must have shape \(2, 3\) \(a row for each source unit.*\(3, 2\)",
    ),
    "frozen of a shape": (
        lambda: Network.of(Input(2), Layer(3, name="a", frozen=np.ones((4, 3)))),
        r"layer 'a': frozen must have shape \(3, 3\)",
    ),
    "frozen biases that are not": (
        lambda: Network.of(Input(2), Layer(3, name="a", bias=False, frozen=np.ones((3, 3)))),
        r"layer 'a': frozen must have shape \(2, 3\)",
    ),
    "mask of twos": (lambda: Layer(2, name="a", mask=[[2, 0]]), "layer 'a': mask and frozen must"),
    "mask of words": (lambda: Layer(2, name="a", mask=["x0"]), "layer 'a': .* only the characters"),
    "a ragged mask": (lambda: Layer(2, name="a", mask=[[1], [1, 0]]), "layer 'a': mask and frozen"),
    "a single bool": (lambda: Layer(2, name="a", mask=False), "layer 'a': mask must be a matrix"),
    "a flat mask": (lambda: Layer(2, name="a", mask=[1, 0]), r"layer 'a': .* of shape \(2,\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_by_name(case):
    make, message = REFUSED[case]
    with pytest.raises(SpecError, match=message):
        make()


def test_numpy_sizes_become_plain():
    net = Network.of(Input(np.int64(2)), Layer(np.int32(3)))
    assert type(net.inputs[0].size) is type(net.layers[0].size) is int


def test_frozen_false_is_not_frozen():
    assert Layer(2, frozen=False) == Layer(2)


def test_a_huge_network_costs_nothing_to_state():
    """No array is made before it is asked for, frozen layers included."""
    net = Network.of(Input(10**9), Layer(10**9, "relu", frozen=True), Layer(10**9))
    assert net.size == 2 * (10**18 + 10**9)
    assert net.name(10**18) == "b[hidden1.0]"


def test_many_layers_are_checked_in_linear_time():
    """6,000 nodes: looking through a list for each of them would take minutes."""
    net = Network.of(Input(1), *[Layer(1, "tanh")] * 6000)
    assert net.size == 12000 and net.layers[-2].name == "hidden5999"


def test_a_network_is_shown_as_the_text_that_makes_it():
    net = Network.of(Input(2), Layer(2, "tanh", mask=[[True, False], [True, True]]), Layer(1))
    text = "input: 2 -> hidden1: 2 tanh -> output: 1 identity"
    assert repr(Network.parse("2 -> 2 tanh -> 1")) == f"Network({text!r})"
    assert repr(net) == f"Network({text!r}, 1 absent)"
    assert repr(net.freeze("hidden1")) == f"Network({text!r}, 1 absent, 5 frozen)"
    assert len(repr(Network.parse("->".join(["2"] * 99)))) < 350
