"""Networks and plans in JSON, there and back; and nothing else from hostile JSON than our error."""

import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from tests.networks import GRAPHS, network
from tests.spec.test_text import networks

from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.losses import LOSSES
from fallline.formulas.metrics import METRICS
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adam
from fallline.formulas.schedules import SCHEDULES
from fallline.spec.codec import canonical_json, network_from_json, network_to_json, strict_json
from fallline.spec.network import Network
from fallline.spec.plan import Plan


def through_json(plain):
    return strict_json(canonical_json(plain))


@pytest.mark.parametrize("graph", GRAPHS)
def test_shared_graphs_come_back_with_masks_and_frozen_entries(graph):
    net = network(graph)
    again = network_from_json(through_json(network_to_json(net)))
    assert again == net
    np.testing.assert_array_equal(again.masked, net.masked)
    np.testing.assert_array_equal(again.frozen, net.frozen)


@hypothesis.given(networks())
def test_any_network_comes_back(net):
    assert network_from_json(through_json(network_to_json(net))) == net


OPTIMIZER_SETTINGS = st.one_of(
    *(
        st.builds(kind, learning_rate=st.floats(1e-9, 1e9))
        for kind in OPTIMIZERS.values()
    ),
    st.builds(Adam, dialect=st.sampled_from(["fallline", "keras", "sklearn"])),
    st.builds(SGD, momentum=st.floats(0.1, 0.9), dialect=st.sampled_from(["torch", "optax"])),
)  # fmt: skip
POSITIVE = st.integers(1, 10**12)
FINITE = st.floats(0, 1e300)
PLANS = st.builds(
    Plan,
    loss=st.sampled_from([*LOSSES, "log(cosh(yhat - y))"]),
    l2=FINITE,
    optimizer=OPTIMIZER_SETTINGS,
    schedule=st.sampled_from([*SCHEDULES, "step(every=3, per='epoch')", "cosine(length=9)"]),
    batch_size=st.none() | POSITIVE,
    epochs=st.integers(0, 10**12),
    shuffle=st.booleans(),
    seed=st.integers(0, 2**128),
    metrics=st.lists(st.sampled_from([*METRICS])),
    patience=st.none() | POSITIVE,
    min_improvement=FINITE,
    tolerance=st.none() | FINITE,
    tolerance_epochs=POSITIVE,
    target=st.none() | st.floats(-1e300, 1e300),
    time_budget=st.none() | FINITE,
    restore_best=st.booleans(),
)


@hypothesis.given(PLANS)
def test_any_plan_comes_back(plan):
    assert Plan.from_json(through_json(plan.to_json())) == plan


# Hostile JSON: any values at all, and sound ones with one place changed.

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, -1, 10**9, 10**30, 10**400, 1e308])
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["input", "output", "a", "relu", "softmax", "10", "cls", "self", "name"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["inputs", "layers", "name", "size", "cls", "self", "loss"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def _places(plain, path=()):
    """Return the path to every value within JSON data."""
    yield path
    children = plain.items() if isinstance(plain, dict) else ()
    if isinstance(plain, list):
        children = enumerate(plain)
    for key, child in children:
        yield from _places(child, (*path, key))


@st.composite
def damaged(draw, sound: list) -> object:
    """Return sound JSON with one value replaced, removed, or an entry added."""
    plain = json.loads(json.dumps(draw(st.sampled_from(sound))))
    *path, last = draw(st.sampled_from([place for place in _places(plain) if place]))
    parent = plain
    for key in path:
        parent = parent[key]
    how = draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "replace":
        parent[last] = draw(ANY_JSON)
    elif how == "remove":
        del parent[last]
    elif isinstance(parent, dict):
        parent[draw(st.text(max_size=5))] = draw(ANY_JSON)
    else:
        parent.append(draw(ANY_JSON))
    return plain


SOUND_NETWORKS = [network_to_json(network(graph)) for graph in ("branches", "masked", "frozen")]
SOUND_NETWORKS.append(network_to_json(Network.parse("2 -> 3 `z*tanh(softplus(z))` -> 1")))
SOUND_PLANS = [
    Plan().to_json(),
    Plan(loss="log(cosh(yhat - y))").to_json(),
    Plan(patience=3, tolerance=0.1, metrics=("r2",)).to_json(),
]


@hypothesis.settings(max_examples=400)
@hypothesis.given(ANY_JSON | damaged(SOUND_NETWORKS))
@hypothesis.example({"inputs": [], "layers": []})
@hypothesis.example({"inputs": [{"name": "x", "size": 10**400}], "layers": [{}]})
@hypothesis.example({"inputs": [{"name": [], "size": 1}], "layers": []})
@hypothesis.example({"inputs": {"name": "x"}, "layers": "ab"})
def test_hostile_networks_give_a_network_or_a_spec_error(plain):
    try:
        net = network_from_json(plain)
    except SpecError:
        return
    assert network_to_json(network_from_json(network_to_json(net))) == network_to_json(net)


@hypothesis.settings(max_examples=400)
@hypothesis.given(ANY_JSON | damaged(SOUND_PLANS))
@hypothesis.example({"cls": 1})
@hypothesis.example({"l2": 10**400})
@hypothesis.example({"optimizer": {"name": ["sgd"]}})
@hypothesis.example({"optimizer": {"name": "sgd", "learning_rate": 10**400}})
@hypothesis.example({"optimizer": 5})
@hypothesis.example({"metrics": 5})
@hypothesis.example({"metrics": [["r2"]]})
def test_hostile_plans_give_a_plan_or_a_spec_error(plain):
    try:
        plan = Plan.from_json(plain)
    except SpecError:
        return
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("frozen", [None, True])
def test_huge_sizes_allocate_nothing(frozen):
    """10⁹ units in and out: 10¹⁸ weights. A byte for each would end the process."""
    layer = {"name": "out", "size": 10**9, "activation": "relu", "sources": ["x"], "bias": True}
    plain = {"inputs": [{"name": "x", "size": 10**9}], "layers": [layer | {"frozen": frozen}]}
    assert network_from_json(plain).size == 10**18 + 10**9


def test_a_pattern_that_does_not_fit_a_huge_layer_is_refused_before_any_allocation():
    layer = {"name": "out", "size": 10**9, "activation": "relu", "sources": ["x"], "bias": True}
    plain = {"inputs": [{"name": "x", "size": 10**9}], "layers": [layer | {"mask": ["01"]}]}
    with pytest.raises(SpecError, match="layer 'out': mask must have shape"):
        network_from_json(plain)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.pop("inputs"), "a network lacks inputs"),
        (lambda p: p.update(extra=1), "a network has unknown entries: extra"),
        (lambda p: p.update(layers={}), "'layers' must be a list, not dict"),
        (lambda p: p["inputs"].append(3), "an input layer must be an object, not int"),
        (lambda p: p["layers"][0].pop("bias"), "a layer lacks bias"),
        (lambda p: p["layers"][0].update(callable="f"), "a layer has unknown entries: callable"),
        (lambda p: p["layers"][0].update(sources=[]), "sources must be a list of layer names"),
        (lambda p: p["layers"][0].update(sources=["x", 1]), "sources must be a list of layer"),
        (lambda p: p["layers"][0].update(mask=[1]), "mask must be a list of texts of 0 and 1"),
        (lambda p: p["layers"][0].update(mask=True), "mask must be a list of texts"),
        (lambda p: p["layers"][0].update(name=""), "must have a name"),
        (lambda p: p["layers"][0].update(activation=None), "an activation is stored as a name"),
    ],
)
def test_what_is_wrong_in_a_network_is_named(change, message):
    plain = network_to_json(Network.parse("x: 2 -> a: 3 tanh -> out: 1"))
    change(plain)
    with pytest.raises(SpecError, match=message):
        network_from_json(plain)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 1}}',
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "[-1e999]",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[1,]",
        "[1] [2]",
        "",
        b"\xff\xfe\x00",
        "[" + "1" * 5000 + "]",
    ],
    ids=lambda text: repr(text)[:20],
)
def test_json_that_is_not_strict_is_refused(text):
    with pytest.raises(ValueError):
        strict_json(text)


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": [1.0, True], "a": "é"}) == '{"a":"\\u00e9","b":[1.0,true]}'
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError):
            canonical_json([number])


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_bit_for_bit(number):
    again = through_json([number])[0]
    assert np.float64(again).tobytes() == np.float64(number).tobytes()


def test_activations_are_written_by_their_own_names():
    plain = network_to_json(Network.parse("2 -> 3 sigmoid -> 1 linear"))
    assert [layer["activation"] for layer in plain["layers"]] == ["logistic", "identity"]
    assert all(layer["activation"] in [*ACTIVATIONS] for layer in plain["layers"])
