"""Formulas of the user in JSON and model files: bit for bit, without SymPy, none hostile."""

import copy
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

import fallline as fl
from fallline.errors import MissingExtraError, ModelFileError, SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.custom import activation_from_formula, name_from_json, name_to_json
from fallline.spec.codec import canonical_json, network_from_json, network_to_json, strict_json
from fallline.spec.network import Layer, Network
from fallline.spec.plan import Plan

MISH = "z*tanh(log(1 + exp(z)))"
H = np.random.default_rng(0).normal(0, 2, (7, 3)) + 1e-3


def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 2))
    return X, np.abs(np.sin(X[:, :1]) + X[:, 1:])


def trained() -> fl.Model:
    X, Y = data()
    net = Network.of(fl.Input(2), Layer(5, MISH), Layer(1, "log(1 + exp(z))"))
    return fl.Model.of(fl.descend(net, X, Y, loss="yhat - y*log(yhat)", epochs=5))


def test_networks_and_plans_come_back_through_json_text_and_pickle():
    model = trained()
    net, plan = model.network, model.plan
    assert network_from_json(strict_json(canonical_json(network_to_json(net)))) == net
    assert Plan.from_json(strict_json(canonical_json(plan.to_json()))) == plan
    assert Network.parse(str(net)) == net
    assert "5 `z*tanh(softplus(z))`" in str(net)
    for again in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert again == net
        row = ACTIVATIONS[again.layers[0].activation]
        assert row.f(np, H).tolist() == ACTIVATIONS[MISH].f(np, H).tolist()


def test_a_model_file_comes_back_bit_for_bit(tmp_path):
    model, X = trained(), data()[0]
    model.save(tmp_path / "a.fall")
    again = fl.load(tmp_path / "a.fall")
    assert again.network == model.network and again.plan == model.plan
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    again.save(tmp_path / "b.fall")
    assert (tmp_path / "a.fall").read_bytes() == (tmp_path / "b.fall").read_bytes()


WITHOUT_SYMPY = """
import sys
sys.modules["sympy"] = None  # import raises ImportError
import numpy as np
import fallline as fl
model = fl.load(sys.argv[1])
X = np.load(sys.argv[2])
run = fl.Run(model.network, X, np.ones((len(X), 1)), plan=model.plan, theta=model.theta)
for _ in run: pass
model.save(sys.argv[3])
np.save(sys.argv[4], np.concatenate([model.predict(X).ravel(), run.theta]))
try:
    fl.Layer(2, "z*sin(z)")
except fl.errors.MissingExtraError as error:
    print(error)
"""


def test_without_sympy_a_stored_formula_loads_predicts_and_trains(tmp_path):
    model, X = trained(), data()[0]
    model.save(tmp_path / "a.fall")
    np.save(tmp_path / "x.npy", X)
    names = ["a.fall", "x.npy", "b.fall", "out.npy"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SYMPY, *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "sympy" in done.stdout and "pip install 'fallline[explain]'" in done.stdout
    assert (tmp_path / "a.fall").read_bytes() == (tmp_path / "b.fall").read_bytes()
    run = fl.descend(model.network, X, np.ones((len(X), 1)), plan=model.plan, theta=model.theta)
    expected = np.concatenate([model.predict(X).ravel(), run.theta])
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


def test_sympy_missing_names_the_extra(monkeypatch):
    from fallline.formulas import calculus

    calculus._functions.cache_clear()
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingExtraError, match="slope of a formula needs the package 'sympy'"):
        activation_from_formula("z*sin(z) + 1")


def stored(**changes: object) -> dict:
    plain = name_to_json(activation_from_formula("z**2").name)
    assert isinstance(plain, dict)
    return {key: value for key, value in (plain | changes).items() if value != "gone"}


@pytest.mark.parametrize(
    "plain",
    [
        "z**2", "z", 3, None, [], ["mul", "z", "z"], {}, {"formula": "z"},
        stored(slope="gone"), stored(more=1), stored(formula="z*z"), stored(slope=["mul", 3, "z"]),
        stored(slope="z"), stored(curvature=0), stored(curvature=["mul", 2, "y"]),
        stored(slope=["log", 0]), stored(formula=["exp", "z"]), stored(formula=["open", "z"]),
        stored(formula=["sign", "z"], slope=0, curvature=0), stored(formula=float("nan")),
        stored(slope=["add", ["mul", 2, "z"], ["mul", 0.001, ["sin", "z"]]]),
    ],
    ids=lambda plain: repr(plain)[:60],
)  # fmt: skip
def test_hostile_rows_in_files_are_refused(plain):
    start = time.thread_time()
    with pytest.raises(SpecError) as caught:
        name_from_json("activation", plain)
    assert time.thread_time() - start < 0.5
    assert len(str(caught.value)) < 500
    network = network_to_json(Network.parse("2 -> 3 tanh -> 1"))
    network["layers"][0]["activation"] = plain
    with pytest.raises(SpecError):
        network_from_json(network)
    with pytest.raises(SpecError):
        Plan.from_json({"loss": plain})


def test_what_overflows_in_float32_alone_is_read_from_a_file_for_float64():
    trees = (["pow", "z", 13], ["mul", 13, ["pow", "z", 12]], ["mul", 156, ["pow", "z", 11]])
    plain = dict(zip(("formula", "slope", "curvature"), trees, strict=True))
    assert name_from_json("activation", plain) == "z**13"
    with pytest.raises(SpecError, match="in float32"):
        Layer(1, "z**13")


def test_a_narrow_pole_in_a_stored_slope_is_found():
    pole = ["div", 1e-30, ["pow", ["add", "z", -3.217], 2]]
    with pytest.raises(SpecError, match=r"inf at z = 3\.217"):
        name_from_json("activation", stored(slope=["add", ["mul", 2, "z"], pole]))


def test_a_slope_from_a_file_changes_no_other_network():
    """Each name carries its own row: what one file says of z**2 is not what others compute."""
    odd = stored(slope=["mul", 2, "z", ["add", 1, ["mul", 1e-9, ["sin", "z"]]]])
    name = name_from_json("activation", odd)
    assert name == "z**2"
    at = np.array([[1.0]])
    assert ACTIVATIONS[name].slope(np, at, None) != 2
    assert ACTIVATIONS["z**2"].slope(np, at, None) == 2
    assert ACTIVATIONS[Layer(1, "z**2").activation].slope(np, at, None) == 2


def test_a_damaged_model_file_is_a_model_file_error(tmp_path, monkeypatch):
    model = trained()
    object.__setattr__(model.network.layers[0], "activation", "z*z")  # text, where trees belong
    model.save(tmp_path / "a.fall")
    with pytest.raises(ModelFileError, match="stored as a name, or as an object"):
        fl.load(tmp_path / "a.fall")
