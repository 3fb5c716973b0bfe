"""Networks in one line of text, there and back."""

import hypothesis
import pytest
from hypothesis import strategies as st
from tests.networks import GRAPHS, network

from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.spec.network import Input, Layer, Network

NAMES = st.from_regex(r"[a-z_é][a-z_é0-9]{0,6}", fullmatch=True).filter(
    lambda name: name not in ACTIVATIONS and name not in ("from", "nobias")
)


SET = [
    "leaky_relu(slope=0.2)",
    "elu(alpha=1e-05)",
    "ordered(groups=2)",
    "z*tanh(softplus(z))",
    "max(z, 0)",
]


@st.composite
def networks(draw) -> Network:
    """Return any network without patterns: each layer takes from some of those before it."""
    names = draw(st.lists(NAMES, min_size=3, max_size=8, unique=True))
    count = draw(st.integers(1, len(names) - 1))
    inputs = [Input(draw(st.integers(1, 10**8)), name) for name in names[:count]]
    layers: list[Layer] = []
    for name in names[count:]:
        sources = draw(st.lists(st.sampled_from([*names[:count], *(x.name for x in layers)]),
                                min_size=1, unique=True))  # fmt: skip
        activation = draw(st.sampled_from([*ACTIVATIONS, *SET]))
        size = draw(st.integers(1, 10**8)) * 2  # mean_variance takes pairs
        layers.append(Layer(size, activation, name, tuple(sources), draw(st.booleans())))
    used = {source for layer in layers for source in layer.sources}
    unused = [name for name in names[:-1] if name not in used | set(layers[-1].sources)]
    last = layers[-1]
    layers[-1] = Layer(last.size, last.activation, last.name, (*last.sources, *unused), last.bias)
    return Network(tuple(inputs), tuple(layers))


@hypothesis.given(networks())
def test_text_is_read_back(net):
    assert Network.parse(str(net)) == net


@pytest.mark.parametrize("graph", GRAPHS)
def test_texts_of_the_shared_graphs_are_read_back(graph):
    net = network(graph)
    again = Network.parse(str(net))
    shape = [(layer.name, layer.size, layer.activation, layer.sources) for layer in net.layers]
    assert shape == [(x.name, x.size, x.activation, x.sources) for x in again.layers]
    assert again.inputs == net.inputs


@pytest.mark.parametrize(
    "text",
    [
        "2 -> 3 sigmoid -> 1",
        "2->3 logistic->1 identity",
        "\n 2 -> 3 sigmoid\n 1 linear \n",
        "input: 2; hidden1: 3 sigmoid; output: 1",
        "2 -> 3 sigmoid from input -> 1 from hidden1",
    ],
)
def test_one_network_has_many_spellings(text):
    assert Network.parse(text) == Network.of(Input(2), Layer(3, "sigmoid"), Layer(1))


def test_inputs_in_text():
    net = Network.parse("x: 2 -> z: 1 input -> 1 nobias from z, x")
    assert net.inputs == (Input(2, "x"), Input(1, "z"))
    assert net.layers[0].sources == ("z", "x") and not net.layers[0].bias


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'like "8 -> 32 relu -> 1 identity"'),
        ("   ", "a network in text is like"),
        (None, "a network in text is like"),
        ("2 -> " * 30_000 + "1", "a network in text is like"),
        ("2", "at least one layer after its inputs"),
        ("2 ->", "cannot read '' in a network; each part is"),
        ("two -> 1", "cannot read 'two'"),
        ("2 -> 3.5 -> 1", "cannot read '3.5'"),
        ("2 -> -3 -> 1", "cannot read '-3'"),
        ("2 -> 1e3", "cannot read '1e3'"),
        ("2 -> 99999999999999999999", "cannot read '9999"),
        ("2 -> 0 relu -> 1", "size must be a whole number of units above 0, not 0"),
        ("2 -> 3 relu tanh -> 1", "one activation, but '3 relu tanh' has relu and tanh"),
        ("2 -> 3 rleu -> 1", "unknown activation 'rleu'; did you mean 'relu'"),
        ("2 relu -> 1", "an input layer has a size and nothing else, but it is '2 relu'"),
        ("2 -> 1 input nobias -> 1", "one activation|an input layer has a size"),
        ("2 -> 3 from -> 1", "cannot read '3 from'"),
        ("2 -> 3 from input, -> 1", "cannot read '3 from input,'"),
        ("2 -> a: b: 3", "cannot read"),
        ("__import__('os')", "cannot read"),
    ],
    ids=lambda text: str(text)[:30],
)
def test_what_is_no_network_is_refused_with_its_part(text, message):
    with pytest.raises(SpecError, match=message):
        Network.parse(text)


@hypothesis.given(st.text(alphabet="0129 ->;\n:,_abrelutanhfromnobiasinput", max_size=60))
def test_any_text_gives_a_network_or_one_kind_of_error(text):
    try:
        net = Network.parse(text)
    except SpecError:
        return
    assert Network.parse(str(net)) == net
