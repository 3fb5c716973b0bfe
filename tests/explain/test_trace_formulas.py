"""What a trace prints adds up: every formula, computed again from its printed digits alone.

The texts are read here as a person with a calculator would, by Python's own arithmetic, and not by
the code that printed them.
"""

import math
import re

import numpy as np
import pytest
from tests.engines.cases import covering_levels

import fallline as fl
from fallline.errors import SpecError
from fallline.explain.trace import trace, trace_step
from fallline.explain.trace_shown import Digits, worked
from fallline.formulas.optimizers import (
    DIALECTS,
    OPTIMIZERS,
    SGD,
    Adam,
    AdamW,
    Lion,
    RMSProp,
)

FUNCTIONS = {
    **{name: getattr(math, name) for name in ("exp", "sqrt", "tanh", "cosh", "sinh", "sin", "cos",
                                              "erf", "log1p", "expm1", "pi")},
    "ln": lambda u: math.log(u) if u else 0.0,  # 0·ln(0) is 0 in errors
    "arctan": math.atan,
    "max": max,
    "min": min,
    "σ": lambda u: 1 / (1 + math.exp(-u)),
    "softplus": lambda u: math.log1p(math.exp(u)),
    "logcosh": lambda u: math.log(math.cosh(u)),
    "relu": lambda u: max(u, 0.0),
    "sign": lambda u: float((u > 0) - (u < 0)),
    "clip": lambda u, low, high: min(max(u, low), high),
}  # fmt: skip
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def calculated(text: str, functions=FUNCTIONS) -> float:
    """Return the value of a printed formula."""
    plain = text.replace("−", "-").replace("·", "*").replace("√(", "sqrt(").replace("π", "pi")
    plain = plain.replace("½", "(1/2)").replace("^(", "**(")
    plain = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m[0].translate(SUPERSCRIPTS)})", plain)
    plain = re.sub(r"\|([^|]+)\|", r"abs(\1)", plain)
    while found := re.search(r"\{([^{}]*)\}", plain):
        cases = [part.strip() for part in found[1].split(";")]
        chosen = "".join(
            "({}) if {} else ".format(*case.split(" if ", 1)) for case in cases[:-1]
        ) + cases[-1].removeprefix("else")
        plain = f"{plain[: found.start()]}({chosen}){plain[found.end() :]}"
    return float(eval(plain, {"__builtins__": {}, "abs": abs}, dict(functions)))


def unit_of(value: float, digits: int) -> float:
    """Return one unit of the last of so many significant digits."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1) if value else 1e-12


def check(equation, digits: int, functions=FUNCTIONS) -> bool:
    """Check an equation, and return whether it is marked ≈."""
    sides = str(equation).split(" ← ")[-1] if "←" in str(equation) else str(equation)
    parts = re.split(" (=|≈) ", sides)
    *_, last = parts
    result = calculated(last)
    if len(parts) < 3 or not re.search(r"\d", parts[-3]):
        return False
    formula = parts[-3]
    if re.search(r"\[|[ηβερλδ∂Δ]", formula):  # names: no numbers are printed before the result
        return False
    found = calculated(formula, functions)
    if parts[-2] == "=":
        # Half a unit of the last digit, and a hair for a result that lies on the edge.
        allowed = 0.5 * unit_of(result, digits) * (1 + 1e-9) + 1e-12 * abs(result)
        assert abs(found - result) <= allowed, (str(equation), found)
    else:
        assert abs(found - result) <= 0.05 * max(abs(found), abs(result)) + 1e-9, str(equation)
    return parts[-2] == "≈"


def all_equations(found) -> list:
    units = [e for row in range(min(len(found.rows), 2)) for e in found.equations(row)]
    return units + [
        e for edge in found.edge_records() for e in found.weight_equations(edge["name"])
    ]


@pytest.mark.parametrize("digits", [3, 5, 9])
@pytest.mark.parametrize("case", covering_levels(), ids=str)
def test_all_printed_formulas_add_up_or_say_that_they_do_not(case, digits):
    net, objective, theta, rows = case.build()
    found = trace(
        *(net, theta, rows.X, rows.Y, objective.loss, 0.3), sample_weight=rows.weights,
        l2=objective.l2, l1=objective.l1, alpha=objective.alpha, digits=digits,
    )  # fmt: skip
    equations = all_equations(found)
    marked = sum(check(equation, digits) for equation in equations)
    assert marked <= 0.03 * len(equations) + 1
    numbers = [equation for equation in equations if len(equation.sides) > 2]
    assert len(numbers) > 0.8 * len(equations)  # most have a formula with numbers in it


@pytest.mark.parametrize("case", covering_levels()[::4], ids=str)
def test_the_printed_results_are_the_traced_numbers(case):
    net, objective, theta, rows = case.build()
    found = trace(net, theta, rows.X, rows.Y, objective.loss, 0.3, digits=6)
    known = {}
    first = found.rows[0]
    for unit in found.unit_records():
        if unit["row"] == first and unit["h"] is not None:
            name = unit["unit"]
            out = "ŷ" if name.startswith(f"{net.output.name}.") else "o"
            known |= {f"h[{name}]": unit["h"], f"{out}[{name}]": unit["o"],
                      f"∂E/∂{out}[{name}]": unit["dE_do"], f"∂E/∂h[{name}]": unit["dE_dh"],
                      f"δ[{name}]": unit["delta"]}  # fmt: skip
    for edge in found.edge_records():
        known |= {f"∂E/∂{edge['name']}": edge["dE_dw"], f"Δ{edge['name']}": edge["step"]}
        if net.trainable is None or net.trainable[net.index(edge["name"])]:  # else it stays
            known[edge["name"]] = edge["new"]
    told = {}
    for equation in [
        *found.equations(0),
        *(e for edge in found.edge_records() for e in found.weight_equations(edge["name"])),
    ]:
        told[str(equation.sides[0])] = calculated(str(equation.sides[-1]))
    told.pop("e"), [told.pop(name) for name in list(told) if name.startswith("t[")]
    assert set(told) == set(known)
    for name, value in told.items():
        unit = unit_of(known[name], 6)
        assert value == pytest.approx(known[name], abs=0.5001 * unit + 1e-15), name


def test_a_reader_sees_the_numbers_in_the_formula():
    net = fl.Network.parse("1 -> 1 logistic nobias")
    found = trace(net, [0.4], [1.0], [0.0], "sse", 0.5, digits=4)
    assert [str(equation) for equation in found.equations(0)] == [
        "h[output.0] = w[input.0->output.0]·x[input.0] = 0.4·1 = 0.4",
        "ŷ[output.0] = 1/(1 + exp(−h[output.0])) = 1/(1 + exp(−0.4)) = 0.5987",
        "e = ½·(y[output.0] − ŷ[output.0])² = ½·(0 − 0.5987)² = 0.1792",
        "∂E/∂ŷ[output.0] = −(y[output.0] − ŷ[output.0]) = −(0 − 0.5987) = 0.5987",
        "∂E/∂h[output.0] = ∂E/∂ŷ[output.0]·ŷ[output.0]·(1 − ŷ[output.0]) "
        "= 0.5987·0.5987·(1 − 0.5987) = 0.1438",
        "δ[output.0] = −∂E/∂h[output.0] = −0.1438",
    ]
    assert [str(equation) for equation in found.weight_equations("w[input.0->output.0]")] == [
        "∂E/∂w[input.0->output.0] = −δ[output.0]·x[input.0] = −(−0.1438)·1 = 0.1438",
        "Δw[input.0->output.0] = −η·∂E/∂w[input.0->output.0] = −0.5·0.14384 = −0.07192",
        "w[input.0->output.0] ← w[input.0->output.0] + Δw[input.0->output.0] "
        "= 0.4 − 0.07192 = 0.3281",
    ]


def test_a_batch_shows_the_sum_over_its_rows():
    net = fl.Network.parse("1 -> 1 nobias")
    found = trace(net, [1.0], [[1.0], [2.0], [3.0]], [2.0, 0.0, 3.0], "sse", 0.1)
    slope, *_ = found.weight_equations("w[input.0->output.0]")
    assert str(slope) == (
        "∂E/∂w[input.0->output.0] = −Σ_μ δ[output.0, μ]·x[input.0, μ] = −(1·1 + (−2)·2 + 0·3) = 3"
    )
    mean = trace(net, [1.0], [[1.0], [2.0], [3.0]], [2.0, 0.0, 3.0], "squared_error", 0.1)
    told = str(mean.equations(0)[3])
    assert told.startswith("∂E/∂ŷ[output.0] = −s/Σs·(y[output.0] − ŷ[output.0]) = −0.33333·(2 − 1)")


def test_of_many_terms_the_rest_is_one_number():
    net = fl.Network.parse("40 -> 1 logistic")
    rng = np.random.default_rng(0)
    found = trace(net, rng.normal(size=41), rng.normal(size=40), [1.0], "sse")
    h, *_ = found.equations(0)
    assert str(h.sides[1]).endswith(" + rest") and "w[input.6->output.0]" in str(h.sides[1])
    assert "w[input.7->output.0]" not in str(h.sides[1])
    assert not check(h, 5)


def test_digits_that_do_not_suffice_are_marked():
    a, b = fl_symbol("a"), fl_symbol("b")
    close = worked(fl_symbol("d"), a - b, {a: 1 / 3 + 1e-9, b: 1 / 3}, 1e-9, Digits(4))
    assert str(close) == "d = a − b = 0.333333334 − 0.333333333 = 1e−9"
    apart = worked(fl_symbol("d"), a - b, {a: 1 / 3 + 1e-13, b: 1 / 3}, 1.0003e-13, Digits(4))
    assert str(apart) == "d = a − b = 0.333333 − 0.333333 ≈ 1e−13"
    near = worked(fl_symbol("d"), a - b, {a: 0.333412, b: 0.333381}, 3.1e-5, Digits(4))
    assert str(near) == "d = a − b = 0.333412 − 0.333381 = 0.000031"


def fl_symbol(name):
    from fallline.explain.maths import symbol

    return symbol(name)


@pytest.mark.parametrize(
    "value, count, text",
    [
        (0.4, 4, "0.4"), (1 / 3, 4, "0.3333"), (2 / 3, 3, "0.667"), (-1234567.0, 4, "-1235000"),
        (0.00001234, 3, "0.0000123"), (0.000001234, 3, "1.23e-6"), (1e12, 4, "1e12"),
        (9.99996, 5, "10"), (0.099999, 3, "0.1"), (-0.0, 4, "0"), (math.inf, 4, "∞"),
        (123.0, 2, "120"), (5e-324, 5, "4.9407e-324"),
    ],
)  # fmt: skip
def test_digits(value, count, text):
    assert Digits(count).text(value) == text


# --- optimizers ----------------------------------------------------------------------------------


def speaking() -> list:
    """Return every optimizer in every dialect that it has, with the settings that tell them."""
    variants = [
        *((kind, {}) for kind in OPTIMIZERS.values()),
        (SGD, {"momentum": 0.9}), (SGD, {"momentum": 0.9, "nesterov": True}),
        (RMSProp, {"momentum": 0.8}), (RMSProp, {"centered": True}),
        (RMSProp, {"centered": True, "momentum": 0.8}), (Adam, {"amsgrad": True}),
        (AdamW, {"amsgrad": True}), (Lion, {"weight_decay": 0.1}),
    ]  # fmt: skip
    found = []
    for kind, given in variants:
        for dialect in DIALECTS:
            try:
                found.append(kind(dialect=dialect, **given))
            except SpecError:
                assert dialect != "fallline"
    return found


@pytest.mark.parametrize("optimizer", speaking(), ids=str)
def test_each_optimizers_own_formula_is_shown_with_its_numbers(optimizer):
    """Of a run's fourth step, with state in it, the printed statements lead to the new weight."""
    rng, net = np.random.default_rng(1), fl.Network.parse("2 -> 2 tanh -> 1")
    run = fl.Run(net, rng.normal(size=(6, 2)), rng.random(6), loss="squared_error", batch_size=2,
                 optimizer=optimizer, record="steps", engine="reference", epochs=4, l2=0.01,
                 theta=net.initial(seed=2))  # fmt: skip
    for _ in range(4):
        run.step()
    found = trace_step(run, digits=8)
    for edge in found.edge_records():
        equations = found.weight_equations(edge["name"])
        assert not any(check(equation, 8) for equation in equations)
        last = [e for e in equations if str(e.sides[0]) == edge["name"]][-1]
        new = calculated(str(last.sides[-1]))
        assert new == pytest.approx(edge["new"], rel=1e-7)
        assert f"Δ{edge['name']}" in str(equations[-1]) or len(equations) == 4


def test_penalties_clipping_and_limits_are_shown():
    net = fl.Network.parse("2 -> 1")
    found = trace(
        *(net, [0.5, -0.25, 0.1], [1.0, 2.0], [3.0], "sse", 0.1),
        l2=0.2, l1=0.1, clip_value=1.0, clip_norm=0.5, max_norm=0.4,
    )  # fmt: skip
    lines = [str(equation) for equation in found.weight_equations("w[input.0->output.0]")]
    assert "+ λ_1·sign(w[input.0->output.0])" in lines[1] and "0.1·sign(0.5)" in lines[1]
    assert lines[2].startswith("g = clip(∂J/∂w[input.0->output.0], −1, 1) = clip(")
    assert lines[3].startswith("g = g·(0.5/norm_g) = (−1)·(0.5/")
    assert lines[-1].startswith("w[input.0->output.0] ← ")
    assert found.moved.limited.any()
    norm = np.linalg.norm(found.theta_after[:2])
    assert norm == pytest.approx(0.4)


def test_functions_without_formula_stand_by_their_names():
    bell = fl.activation(
        lambda z: 1 / (1 + z**2), lambda z: -2 * z / (1 + z**2) ** 2, name="bell_traced"
    )
    quartic = fl.loss(
        lambda y, yhat: ((yhat - y) ** 4).sum(axis=-1),
        lambda y, yhat: 4 * (yhat - y) ** 3,
        name="quartic_traced",
    )
    net = fl.Network.of(fl.Input(1), fl.Layer(1, bell, "a"), fl.Layer(1, name="out"))
    found = trace(net, [1.5, 0.2, 0.7, 0.1], [0.5], [1.0], quartic, 0.1)
    lines = [str(equation) for equation in found.equations(0)]
    assert lines[1] == "o[a.0] = bell_traced(h[a.0]) = bell_traced(0.95) = 0.52562"
    assert any("·bell_traced′(0.95)" in line for line in lines)
    own = FUNCTIONS | {"bell_traced": lambda z: 1 / (1 + z**2)}
    assert not check(found.equations(0)[1], 5, own)


def test_without_sympy_the_numbers_are_there(monkeypatch):
    import sys

    from fallline.explain import derive_rules
    from fallline.formulas import calculus

    for cached in (calculus._functions, derive_rules._slope, derive_rules.error_rule):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, "sympy", None)
    net = fl.Network.parse("1 -> 1 silu -> 1")
    found = trace(net, [1.5, 0.2, 0.7, 0.1], [0.5], [1.0], "sse", 0.1)
    assert "silu′(0.95)" in found.text and "<svg" in found.html
    assert json_of(found)["edges"]


def json_of(found):
    import json

    return json.loads(found.json)


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
def test_the_joint_error_is_the_sum_of_what_is_shown(loss):
    from fallline.explain.maths import Equation

    net, rng = fl.Network.parse("2 -> 3 tanh -> 1"), np.random.default_rng(0)
    for n in (1, 3, 30):
        found = trace(
            *(net, net.initial(seed=0), rng.normal(size=(n, 2)), rng.normal(size=n), loss),
            sample_weight=rng.uniform(0.5, 2, n), l2=0.3,
        )  # fmt: skip
        told = [block for block in found.document.blocks if isinstance(block, Equation)]
        (E,) = [e for e in told if str(e).startswith("E = ")]
        (J,) = [e for e in told if str(e).startswith("J = ")]
        assert not check(E, 5) and not check(J, 5)
        assert calculated(str(E.sides[-1])) == pytest.approx(found.error, rel=1e-4)
        total = found.error + found.numbers.penalty
        assert calculated(str(J.sides[-1])) == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("loss", ["sse", "squared_error"])
def test_with_dropout_and_noise_the_formulas_add_up_too(loss):
    rng = np.random.default_rng(1)
    net = fl.Network.parse("3 -> a: 4 tanh -> b: 3 gelu -> 2 logistic from b, a")
    run = fl.Run(net, rng.normal(size=(6, 3)), rng.random((6, 2)), loss=loss, batch_size=3,
                 dropout={"input": 0.3, "a": 0.5}, input_noise=0.1, optimizer=fl.SGD(0.1),
                 record="steps", sample_weight=rng.uniform(0.5, 2, 6), seed=2)  # fmt: skip
    for _ in range(3):
        run.step()
        found = trace_step(run)
        equations = all_equations(found)
        assert not any(check(equation, 5) for equation in equations)
        told = " ".join(map(str, equations))
        assert "u[a.0] = o[a.0]·c[a.0] = " in told and "∂E/∂o[a.0] = c[a.0]·(" in told
        assert "w[a.0->b.0]·u[a.0]" in told
    assert "Dropout takes part in this step" in found.text


def test_a_step_in_float32_has_its_formulas_too():
    rng, net = np.random.default_rng(1), fl.Network.parse("3 -> 4 tanh -> 2 softmax")
    run = fl.Run(net, rng.normal(size=(6, 3)), np.eye(2)[rng.integers(0, 2, 6)], batch_size=1,
                 loss="cross_entropy", dtype=np.float32, record="steps")  # fmt: skip
    run.step()
    found = trace_step(run, digits=4)
    equations = all_equations(found)
    assert sum(check(equation, 4) for equation in equations) <= 0.05 * len(equations)
    assert sum(len(equation.sides) > 2 for equation in equations) > 0.9 * len(equations)
