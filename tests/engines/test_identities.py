"""What textbooks say of back-propagation, computed by hand, and what row weights mean."""

import numpy as np
import pytest
from tests.networks import GRAPHS, LOSSES_AND_OUTPUTS, network, rows, start

from fallline.engines.calls import error_and_gradient, predict
from fallline.engines.protocol import Rows
from fallline.engines.reference import backward, forward
from fallline.engines.registry import ENGINES, get_engine
from fallline.formulas.losses import LOSSES
from fallline.spec.network import Network
from fallline.spec.plan import Objective

every_engine = pytest.mark.parametrize("engine", ENGINES)
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_graph = pytest.mark.parametrize("graph", GRAPHS)
OUTPUT_OF = dict(reversed(LOSSES_AND_OUTPUTS))  # one output activation that each loss takes


def together(given: Rows, other: Rows) -> Rows:
    return Rows(*(np.concatenate(pair) for pair in zip(given, other, strict=True)))


@every_engine
def test_one_linear_unit(engine):
    """E = ½(y − wx − b)², dE/dw = −(y − ŷ)x, dE/db = −(y − ŷ): 5 − (2·3 + 1) = −2."""
    error, gradient = error_and_gradient(
        Network.parse("1 -> 1"), [2.0, 1.0], [[3.0]], [[5.0]], loss="sse", engine=engine
    )
    assert error == 2.0 and gradient.tolist() == [6.0, 2.0]


@every_engine
def test_one_logistic_unit(engine):
    """δ = (y − o) o (1 − o), dE/dw_i = −δ x_i."""
    w, b, x, y = np.array([0.5, -1.0]), 0.25, np.array([2.0, 3.0]), 1.0
    o = 1 / (1 + np.exp(-(w @ x + b)))
    delta = (y - o) * o * (1 - o)
    error, gradient = error_and_gradient(
        Network.parse("2 -> 1 sigmoid"), [*w, b], [x], [y], loss="sse", engine=engine
    )
    assert error == pytest.approx((y - o) ** 2 / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [*(-delta * x), -delta], rtol=1e-14)


@every_engine
def test_cross_entropy_with_its_own_output_has_delta_y_minus_o(engine):
    for text, loss in (
        ("2 -> 3 softmax", "cross_entropy"),
        ("2 -> 3 sigmoid", "binary_cross_entropy"),
    ):
        net = Network.parse(text)
        theta, given = start(net), rows(net, loss, n=1)
        o = predict(net, theta, given.X, engine=engine)
        _, gradient = error_and_gradient(net, theta, given.X, given.Y, loss=loss, engine=engine)
        np.testing.assert_allclose(
            net.views(gradient)["output"].weights, -np.outer(given.X, given.Y - o), rtol=1e-12
        )


@every_engine
def test_a_unit_sums_over_all_units_that_it_feeds(engine):
    """u feeds v and, past it, the output twice: δ_u = f'(h_u)(w_uv δ_v + w_ua δ_a + w_ub δ_b)."""
    net = Network.parse("x: 1 -> u: 1 tanh -> v: 1 tanh -> out: 2 from v, u")
    theta = np.random.default_rng(0).normal(size=net.size)
    value = {net.name(i): theta[i] for i in range(net.size)}
    x, y = 0.7, np.array([0.3, -0.4])
    u = np.tanh(value["w[x.0->u.0]"] * x + value["b[u.0]"])
    v = np.tanh(value["w[u.0->v.0]"] * u + value["b[v.0]"])
    to_v = np.array([value["w[v.0->out.0]"], value["w[v.0->out.1]"]])
    to_u = np.array([value["w[u.0->out.0]"], value["w[u.0->out.1]"]])
    delta = y - (to_v * v + to_u * u + [value["b[out.0]"], value["b[out.1]"]])
    delta_v = (1 - v * v) * (to_v @ delta)
    delta_u = (1 - u * u) * (value["w[u.0->v.0]"] * delta_v + to_u @ delta)
    _, gradient = error_and_gradient(net, theta, [[x]], [y], loss="sse", engine=engine)
    assert gradient[net.index("w[x.0->u.0]")] == pytest.approx(-delta_u * x, rel=1e-13)
    assert gradient[net.index("b[u.0]")] == pytest.approx(-delta_u, rel=1e-13)
    assert gradient[net.index("w[u.0->v.0]")] == pytest.approx(-delta_v * u, rel=1e-13)


@every_graph
def test_error_terms_of_the_reference_engine_give_its_gradient(graph):
    """∂J/∂w_ij = −Σ δ_j o_i and ∂J/∂b_j = −Σ δ_j, of the public forward and backward passes."""
    net = network(graph)
    theta, given = start(net), rows(net, "sse", weighted=True)
    passes = forward(net, theta, given.X)
    deltas = backward(net, Objective("sse"), theta, passes, given)
    _, gradient = get_engine("reference").error_and_gradient(net, Objective("sse"), theta, given)
    absent = net.views(net.masked)
    for layer, view in net.views(gradient).items():
        expected = -np.einsum("ni,nj->ij", passes[layer].sources, deltas[layer])
        expected[absent[layer].weights] = 0
        np.testing.assert_allclose(view.weights, expected, rtol=1e-12, atol=1e-15)
        if view.biases is not None:
            np.testing.assert_allclose(view.biases, -deltas[layer].sum(axis=0), rtol=1e-12)


@every_loss
@every_engine
def test_whole_weights_are_repeated_rows_and_weight_zero_is_an_absent_row(engine, loss):
    net = network("skip", output=OUTPUT_OF[loss])
    theta, given = start(net), rows(net, loss, n=5)
    counts = np.array([2, 0, 1, 3, 0])
    repeated = given.take(np.repeat(np.arange(5), counts))
    weighted = given._replace(weights=counts.astype(float))
    of = get_engine(engine).error_and_gradient
    error, gradient = of(net, Objective(loss, 0.1), theta, weighted)
    expected, slopes = of(net, Objective(loss, 0.1), theta, repeated)
    assert error == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)


@every_loss
@every_engine
def test_scaling_all_weights_scales_sums_and_leaves_means(engine, loss):
    net = network("skip", output=OUTPUT_OF[loss])
    theta, given = start(net), rows(net, loss, weighted=True)
    of, objective = get_engine(engine).error_and_gradient, Objective(loss)
    error, gradient = of(net, objective, theta, given)
    tenfold, steeper = of(net, objective, theta, given._replace(weights=10 * given.weights))
    factor = 10 if LOSSES[loss].reduction == "sum" else 1
    assert tenfold == pytest.approx(factor * error, rel=1e-14)
    np.testing.assert_allclose(steeper, factor * gradient, rtol=1e-12, atol=1e-15)


@every_loss
@every_engine
def test_parts_of_the_rows_join_as_the_reduction_says(engine, loss):
    """A sum adds up; a mean is the mean of the parts, weighted by theirs."""
    net = network("branches", output=OUTPUT_OF[loss])
    theta = start(net)
    parts = [rows(net, loss, n, seed=n, weighted=True) for n in (4, 7)]
    of, objective = get_engine(engine).error_and_gradient, Objective(loss)
    shares = np.array([part.weights.sum() for part in parts])
    shares = np.ones(2) if LOSSES[loss].reduction == "sum" else shares / shares.sum()
    errors, gradients = zip(*(of(net, objective, theta, part) for part in parts), strict=True)
    error, gradient = of(net, objective, theta, together(*parts))
    assert error == pytest.approx(shares @ errors, rel=1e-13)
    np.testing.assert_allclose(gradient, shares @ np.array(gradients), rtol=1e-11, atol=1e-14)


@every_graph
@every_engine
def test_the_penalty_is_half_lambda_times_the_squared_weights_without_biases(engine, graph):
    net = network(graph)
    theta, given = start(net), rows(net, "squared_error")
    of = get_engine(engine).error_and_gradient
    plain, slopes = of(net, Objective("squared_error"), theta, given)
    error, gradient = of(net, Objective("squared_error", 0.8), theta, given)
    squares = sum((view.weights**2).sum() for view in net.views(theta).values())
    assert error - plain == pytest.approx(0.4 * squares, rel=1e-12)
    expected = np.where(net.penalized, 0.8 * theta, 0)
    np.testing.assert_allclose(gradient - slopes, expected, rtol=1e-12, atol=1e-14)


@every_graph
@every_engine
def test_float32_is_within_1e_minus_5_of_float64(engine, graph):
    get = get_engine(engine)
    for loss, output in LOSSES_AND_OUTPUTS:
        net = network(graph, output=output)
        objective = Objective(loss, 0.1)
        theta, given = start(net, dtype=np.float32), rows(net, loss, dtype=np.float32)
        error, gradient = get.error_and_gradient(net, objective, theta, given)
        outputs = get.predict(net, theta, given.X)
        assert gradient.dtype == outputs.dtype == np.float32
        wide = Rows(*(array.astype(np.float64) for array in given))
        exact, slopes = get.error_and_gradient(net, objective, theta.astype(np.float64), wide)
        assert error == pytest.approx(exact, rel=1e-5)
        assert np.linalg.norm(gradient - slopes) <= 1e-5 * np.linalg.norm(slopes)


@every_engine
def test_weights_whose_squares_overflow_do_not_spoil_an_error_without_penalty(engine):
    """λ = 0 takes nothing from the weights: 0·∞ would be NaN."""
    net = Network.parse("1 -> 1 nobias")
    given = Rows(np.array([[1e-200]]), np.array([[1.0]]), np.ones(1))
    theta, objective = np.array([1e200]), Objective("sse")
    assert get_engine(engine).error(net, objective, theta, given) == 0.0
    assert get_engine(engine).error_and_gradient(net, objective, theta, given)[0] == 0.0
