"""Start weights that the user gives: θ as a vector, or W and b by layer."""

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SpecError
from fallline.spec.initial import given_theta
from fallline.spec.network import Input, Layer, Network

NET = Network.of(Input(2), Layer(3, "tanh", "a", mask=[[1, 1, 0], [1, 1, 1]]), Layer(1, bias=False))
W = np.arange(6.0).reshape(2, 3)


def test_weights_by_layer_are_laid_into_theta():
    theta = NET.initial({"a": (W, [7, 8, 9])}, seed=4)
    views = NET.views(theta)
    np.testing.assert_array_equal(views["a"].weights, [[0, 1, 0], [3, 4, 5]])  # masked: 0
    np.testing.assert_array_equal(views["a"].biases, [7, 8, 9])


def test_layers_left_out_are_drawn_as_they_would_be():
    drawn, given = NET.views(NET.initial(seed=4)), NET.views(NET.initial({"a": W}, seed=4))
    np.testing.assert_array_equal(given["output"].weights, drawn["output"].weights)
    assert not given["a"].biases.any()


def test_a_vector_is_taken_as_it_is_and_copied():
    theta = np.array([1, 2, 0, 4, 5, 6, 7, 8, 9, 1, 2, 3])
    made = NET.initial(theta, dtype=np.float32)
    assert made.dtype == np.float32 and made.tolist() == theta.tolist()
    same = given_theta(NET, theta.astype(float))
    same[0] = -1
    assert theta[0] == 1


@pytest.mark.parametrize(
    ("dtype", "kept"), [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("u1", "f8")]
)
def test_a_vector_keeps_its_float_type_and_whole_numbers_become_float64(dtype, kept):
    assert given_theta(NET, np.zeros(NET.size, dtype)).dtype == np.dtype(kept)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros(11), r"θ must have shape \(12,\), .* input: 2 -> a: 3 tanh.* but it has \(11,\)"),
        (np.zeros((12, 1)), r"θ must have shape \(12,\)"),
        (5.0, r"θ must have shape \(12,\)"),
        ([1, [2, 3]], "θ must be a vector of numbers"),
        (["x"] * 12, "θ must hold numbers, but its dtype is <U1"),
        ([None] * 12, "θ must hold numbers, but its dtype is object"),
        (np.zeros(12, complex), "θ must hold numbers, but its dtype is complex128"),
        (np.r_[np.zeros(4), np.nan, np.zeros(7)], r"finite, but w\[input.1->a.1\] is nan"),
        (np.r_[np.zeros(11), -np.inf], r"finite, but w\[a.2->output.0\] is -inf"),
        (np.ones(12), r"θ must be 0 at absent connections, but w\[input.0->a.2\] is not"),
        ({"b": W}, "start weights for an unknown layer 'b'; did you mean|known: a, output"),
        ({"a": W.T}, r"W of layer 'a' must have shape \(2, 3\), but it has \(3, 2\)"),
        ({"a": (W, [1, 2])}, r"b of layer 'a' must have shape \(3,\), but it has \(2,\)"),
        ({"a": (W, [1], 3)}, r"start weights of layer 'a' must be W or a pair \(W, b\)"),
        ({"a": [W, [1]]}, "W of layer 'a' must hold numbers only"),
        ({"a": [["x"] * 3] * 2}, "W of layer 'a' must hold numbers only"),
        ({"a": W * np.nan}, "W of layer 'a' must be finite"),
        ({"output": (np.ones((3, 1)), [0])}, r"layer 'output' has no biases \(bias=False\)"),
        ("glorot_unifrm", "unknown initializer 'glorot_unifrm'; did you mean 'glorot_uniform'"),
    ],
)
def test_what_does_not_fit_is_refused(given, message):
    with pytest.raises(SpecError, match=message):
        NET.initial(given)


def test_what_float32_cannot_hold_is_refused():
    theta = np.zeros(12)
    theta[8] = 1e39
    with pytest.raises(SpecError, match=r"θ must fit into float32, but b\[a.2\] does not"):
        given_theta(NET, theta, np.float32)


@pytest.mark.parametrize("call", [
    lambda net: fl.error_and_gradient(net, [1.0, 2.0], [[1.0]], [1.0]),
    lambda net: fl.descend(net, [[1.0]], [1.0]),
    lambda net: fl.derive(net, "sse"),
    lambda net: fl.trace(net, [1.0, 2.0], [1.0], [1.0]),
    lambda net: fl.certify(net, [1.0, 2.0], [[1.0]], [1.0]),
])  # fmt: skip
def test_what_is_no_network_is_told_how_to_become_one(call) -> None:
    with pytest.raises(SpecError, match=r"make one with Network.parse\('1 -> 1'\)"):
        call("1 -> 1")
    with pytest.raises(SpecError, match="not a list"):
        call([fl.Input(1), fl.Layer(1)])
