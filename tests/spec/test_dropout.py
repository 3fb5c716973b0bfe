"""Dropout rates and the layers that they are of."""

import pytest

import fallline as fl
from fallline.errors import SpecError
from fallline.spec.dropout import dropout_rates
from fallline.spec.network import Network


def test_a_rate_of_all_hidden_layers_needs_one():
    net = Network.parse("3 -> 1")
    with pytest.raises(SpecError, match=r"this network has none; .* \{'input': 0\.5\}"):
        dropout_rates(net, 0.5)
    with pytest.raises(SpecError, match="this network has none"):
        fl.descend(net, [[0.0, 1.0, 2.0]], [1.0], dropout=0.5)
    assert dropout_rates(net, 0.0) == {}
    assert dropout_rates(net, {"input": 0.5}) == {"input": 0.5}
