"""Names of single parameters: one for each index of θ, and the errors of those that are none."""

import numpy as np
import pytest
from tests.networks import GRAPHS, network

from fallline.errors import SpecError
from fallline.spec.network import Network


@pytest.mark.parametrize("graph", GRAPHS)
def test_names_and_indices_are_one_to_one(graph):
    net = network(graph)
    names = [net.name(i) for i in range(net.size)]
    assert len(set(names)) == net.size
    assert [net.index(name) for name in names] == list(range(net.size))


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_name_is_that_of_the_entry_in_the_view(graph):
    """The row of W counts through the sources in their order; written here anew."""
    net = network(graph)
    views = net.views(np.arange(net.size))
    sizes = {layer.name: layer.size for layer in (*net.inputs, *net.layers)}
    for layer in net.layers:
        W, b = views[layer.name]
        units = [(source, i) for source in layer.sources for i in range(sizes[source])]
        for j in range(layer.size):
            for row, (source, i) in enumerate(units):
                assert net.index(f"w[{source}.{i}->{layer.name}.{j}]") == W[row, j]
            if b is not None:
                assert net.index(f"b[{layer.name}.{j}]") == b[j]


NET = Network.parse("2 -> hidden: 3 tanh nobias -> 1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("w[input.2->hidden.0]", "layer 'input' has units 0 to 1"),
        ("w[input.0->hidden.3]", "layer 'hidden' has units 0 to 2"),
        ("w[input.0->output.0]", "layer 'output' is fed by hidden, not by 'input'"),
        ("w[input.0->hiden.0]", "no layer 'hiden' holds parameters; did you mean 'hidden'"),
        ("b[hidden.0]", "layer 'hidden' has no biases"),
        ("b[output.1]", "layer 'output' has units 0 to 0"),
        ("b[input.0]", "no layer 'input' holds parameters"),
        ("w[0->1]", r"write w\[layer.i->layer.j\] or b\[layer.j\], counting from 0"),
        ("w[input.-1->hidden.0]", "names no parameter"),
        ("b[output.0] ", "names no parameter"),
        ("b[output." + "9" * 5000 + "]", "names no parameter"),
        ("", "names no parameter"),
    ],
    ids=lambda text: text[:30],
)
def test_what_names_no_parameter_is_refused(name, message):
    with pytest.raises(SpecError, match=message):
        NET.index(name)


@pytest.mark.parametrize("index", [-1, 10, 10**30])
def test_an_index_outside_theta_is_refused(index):
    with pytest.raises(SpecError, match="entries 0 to 9, so there is none at"):
        NET.name(index)
