"""The public one-off computations: what they take, and what they refuse."""

import numpy as np
import pytest
from tests.networks import network, rows, start

from fallline.engines.calls import error_and_gradient, predict
from fallline.engines.protocol import Rows
from fallline.engines.registry import ENGINES, get_engine
from fallline.errors import DataError, SpecError
from fallline.spec.network import Network
from fallline.spec.plan import Objective

NET = Network.parse("2 -> 3 tanh -> 1")
X, Y = np.array([[0.5, 1.0], [1.5, -1.0]]), np.array([1.0, 2.0])
THETA = start(NET)


def test_it_is_the_engines_own():
    given = Rows(X, Y[:, None], np.array([1.0, 3.0]))
    expected = get_engine().error_and_gradient(NET, Objective("sse", 0.1), THETA, given)
    error, gradient = error_and_gradient(NET, THETA, X, Y, loss="sse", l2=0.1, sample_weight=[1, 3])
    assert error == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    np.testing.assert_array_equal(predict(NET, THETA, X), get_engine().predict(NET, THETA, X))


def test_lists_whole_numbers_and_single_columns_are_taken():
    expected = error_and_gradient(NET, THETA, [[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.0]])
    for X_given, Y_given in (
        ([[1, 2], [3, 4]], [1, 0]),
        (np.array([[1, 2], [3, 4]], "u1"), np.array([True, False])),
        (np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]), [[1], [0]]),
        (np.array([[1, 9, 2], [3, 9, 4]], float)[:, ::2], [1.0, 0.0]),
    ):
        error, gradient = error_and_gradient(NET, THETA, X_given, Y_given)
        assert error == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_thetas_dtype_decides_the_arithmetic():
    single = THETA.astype(np.float32)
    assert error_and_gradient(NET, single, X, Y)[1].dtype == np.float32
    assert predict(NET, single, X).dtype == np.float32
    assert predict(NET, THETA, X.astype(np.float32)).dtype == np.float64


@pytest.mark.parametrize("engine", ENGINES)
def test_arguments_are_never_changed(engine):
    net = network("frozen")
    theta, given = start(net), rows(net, "sse")
    copies = [theta.copy(), *(array.copy() for array in given)]
    for array in (theta, *given):
        array.flags.writeable = False
    error_and_gradient(net, theta, given.X, given.Y, loss="sse", l2=0.1, engine=engine)
    predict(net, theta, given.X, engine=engine)
    for array, copy in zip((theta, *given), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"X": [[1, 2, 3]]}, DataError, "X must have 2 columns, one for each unit .* has 3"),
        ({"X": [1, 2]}, DataError, r"X must be a matrix of shape \(n rows, 2\).*reshape"),
        ({"X": [[1, np.nan], [0, 0]]}, DataError, "X must be finite, but row 0, column 1"),
        ({"Y": [1.0]}, DataError, "X has 2 rows but Y has 1; they must be the same"),
        ({"Y": [[1, 2], [3, 4]]}, DataError, "Y must have 1 column, .* has 2"),
        ({"Y": ["a", "b"]}, DataError, "Y must hold numbers only .*encode text"),
        ({"theta": THETA[:-1]}, SpecError, r"θ must have shape \(13,\)"),
        ({"loss": "ssee"}, SpecError, "unknown loss 'ssee'; did you mean 'sse'"),
        ({"loss": "cross_entropy"}, SpecError, "computed from the net inputs of a softmax output"),
        ({"l2": -1}, SpecError, "l2 must be a finite number of at least 0, not -1"),
        ({"sample_weight": [1, -1]}, DataError, "must not be negative, but row 1 has -1"),
        ({"engine": "nativ"}, SpecError, "unknown engine 'nativ'"),
    ],
)
def test_what_does_not_fit_is_refused(change, kind, message):
    given = {"theta": THETA, "X": X, "Y": Y} | change
    with pytest.raises(kind, match=message):
        error_and_gradient(NET, given.pop("theta"), given.pop("X"), given.pop("Y"), **given)


def test_targets_outside_the_loss_are_refused():
    net = Network.parse("2 -> 1 sigmoid")
    with pytest.raises(DataError, match=r"from 0 to 1, but row 1, column 0 is 2\.0"):
        error_and_gradient(net, start(net), X, Y, loss="binary_cross_entropy")
