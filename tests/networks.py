"""Small networks of every shape that the graph of layers allows, and rows for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from fallline.engines.protocol import Rows
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.spec.fits import target_count
from fallline.spec.network import Input, Layer, Network

D = 3  # inputs of every network here


def _mask(fan_in: int, size: int) -> np.ndarray:
    """Return a pattern with about a third of the entries False, and none of a column all False."""
    return (np.add.outer(np.arange(fan_in), 2 * np.arange(size)) % 3) > 0


def _chain(hidden: str, output: str, k: int) -> Network:
    return Network.of(Input(D), Layer(4, hidden), Layer(3, hidden), Layer(k, output))


def _no_hidden_layer(hidden: str, output: str, k: int) -> Network:
    return Network.of(Input(D), Layer(k, output))


def _skip(hidden: str, output: str, k: int) -> Network:
    return Network.of(
        Input(D), Layer(4, hidden, "a"), Layer(k, output, "out", sources=("a", "input"))
    )


def _branches(hidden: str, output: str, k: int) -> Network:
    return Network.of(
        Input(D),
        Layer(3, hidden, "a", sources="input"),
        Layer(2, hidden, "b", sources="input"),
        Layer(2, hidden, "c", sources=("b", "a")),
        Layer(k, output, "out", sources=("c", "input", "a")),
    )


def _several_inputs(hidden: str, output: str, k: int) -> Network:
    return Network.of(
        Input(2, "x"),
        Input(1, "z"),
        Layer(3, hidden, "a", sources="x"),
        Layer(2, hidden, "b", sources=("z", "a", "x")),
        Layer(k, output, "out", sources=("b", "z")),
    )


def _units(hidden: str, output: str, k: int) -> Network:
    """Unit by unit: layers of size 1, each fed by some of those before it."""
    alone = "tanh" if ACTIVATIONS[hidden].coupled else hidden  # softmax of one unit is constant
    return Network.of(
        *(Input(1, f"x{i}") for i in range(D)),
        Layer(1, alone, "u", sources=("x0", "x2")),
        Layer(1, alone, "v", sources=("u", "x1"), bias=False),
        Layer(1, alone, "t", sources=("x1", "v", "u")),
        Layer(k, output, "out", sources=("t", "u", "x0")),
    )


def _no_bias(hidden: str, output: str, k: int) -> Network:
    return Network.of(Input(D), Layer(4, hidden, bias=False), Layer(k, output, bias=False))


def _masked(hidden: str, output: str, k: int) -> Network:
    return Network.of(
        Input(D), Layer(4, hidden, mask=_mask(D, 4)), Layer(k, output, mask=_mask(4, k))
    )


def _frozen(hidden: str, output: str, k: int) -> Network:
    return Network.of(
        Input(D),
        Layer(4, hidden, "a", frozen=~_mask(D + 1, 4)),
        Layer(2, hidden, "b", frozen=True, mask=_mask(4, 2)),
        Layer(k, output, "out", frozen=~_mask(2, k)),
    )


GRAPHS: dict[str, Callable[[str, str, int], Network]] = {
    function.__name__.strip("_"): function
    for function in (
        _chain,
        _no_hidden_layer,
        _skip,
        _branches,
        _several_inputs,
        _units,
        _no_bias,
        _masked,
        _frozen,
    )
}

SET = [
    "huber(delta=0.3)",
    "quantile(levels=[0.2, 0.5, 0.9])",
    "squared_error(output_weights=[2.0, 0.5])",
    "gaussian_likelihood(output_weights=[0.5])",
    "binary_cross_entropy(smoothing=0.1, clip=1e-12)",
    "cross_entropy(smoothing=0.1, output_weights=[1.0, 2.0, 0.5], clip=1e-12)",
]
ALL_LOSSES = [*LOSSES, *SET]
"""Every loss, some also with other settings than the default ones."""

OUTPUTS = [*(name for name, row in ACTIVATIONS.items() if not row.untrainable), "elu(alpha=0.5)"]
"""Every activation that can be trained."""

HIDDEN = [name for name in OUTPUTS if ACTIVATIONS[name].group == 1]
"""Those that a layer of any size can have."""


def takes(loss: str, output: str) -> bool:
    """Return whether the loss can judge `network`'s outputs of this activation."""
    row, width = LOSSES[loss], _outputs(output)
    weights = row.settings.get("output_weights")
    fits = weights is None or len(weights) * row.outputs_each == width
    return row.takes(ACTIVATIONS[output].family) and fits


def _outputs(output: str) -> int:
    return 3 if ACTIVATIONS[output].coupled else 2


LOSSES_AND_OUTPUTS = [
    (loss, output) for loss in ALL_LOSSES for output in OUTPUTS if takes(loss, output)
]
"""Every loss with every output activation that it takes."""


OUTPUTS_OF = {
    loss: [output for taken, output in LOSSES_AND_OUTPUTS if taken == loss] for loss in ALL_LOSSES
}
"""The output activations that each loss takes."""


@contextmanager
def case(*what: object) -> Iterator[None]:
    """Say which of many cases of a test it was that failed."""
    try:
        yield
    except Exception as error:
        error.add_note(f"the case: {', '.join(map(str, what))}")
        raise


def network(graph: str, hidden: str = "tanh", output: str = "identity") -> Network:
    return GRAPHS[graph](hidden, output, _outputs(output))


def start(net: Network, seed: int = 0, dtype: type = np.float64) -> np.ndarray:
    """Return weights and biases of about the size that training gives, 0 at absent ones."""
    theta = np.random.default_rng([seed, 1]).normal(0, 0.7, net.size)
    theta[net.masked] = 0
    return theta.astype(dtype)


def rows(
    net: Network, loss: str, n: int = 6, seed: int = 0, weighted: bool = False, dtype=np.float64
) -> Rows:
    """Return rows whose targets the loss takes; weighted ones have a 0 among their weights."""
    rng, row = np.random.default_rng([seed, 2]), LOSSES[loss]
    X = rng.normal(0, 1, (n, net.n_inputs))
    Y = rng.uniform(0.05, 0.95, (n, target_count(row, net)))
    if row.targets == "distribution":
        Y /= Y.sum(axis=1, keepdims=True)
    if row.targets == "sign":
        Y = np.where(Y < 0.5, -1.0, 1.0)
    if row.targets == "nonnegative":
        Y = np.floor(4 * Y)
    weights = rng.integers(0, 4, n) + 0.5 if weighted else np.ones(n)
    if weighted:
        weights[1] = 0
    return Rows(*(array.astype(dtype) for array in (X, Y, weights)))
