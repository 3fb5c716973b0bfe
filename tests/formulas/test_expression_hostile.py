"""Hostile formulas, as text and as trees: refused at once, with our error and no other."""

import gc
import time
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import strategies as st

from fallline.errors import SpecError
from fallline.formulas.expression import Expression
from fallline.formulas.expression_program import Program
from fallline.formulas.expression_text import read_expression
from fallline.spec.layers import Layer
from fallline.spec.plan import Plan


@pytest.fixture(scope="module", autouse=True)
def _uncollected() -> Iterator[None]:
    """Leave what other tests have left to be collected out of the times below."""
    gc.disable()
    yield
    gc.enable()


HOSTILE = {
    "attribute": "z.__class__",
    "attribute of a call": "exp(z).real",
    "dunder": "__import__('os').system('true') + z",
    "builtin": "eval(z)",
    "builtin with text": "open('/etc/passwd') + z",
    "call of a call": "exp(z)(z)",
    "call of a number": "1(z)",
    "call of the name": "z(z)",
    "lambda": "(lambda: z)()",
    "lambda with argument": "(lambda x: x)(z)",
    "list comprehension": "[z for z in (1, 2)]",
    "generator": "max(z for z in (1, 2))",
    "set": "{z}",
    "dict": "{z: 1}",
    "tuple": "z, z",
    "empty tuple": "() + z",
    "subscript": "z[0]",
    "text": "z + 'a'",
    "bytes": "z + b'a'",
    "f-string": "f'{z}'",
    "nested f-string": "f'{z!r:>{z}}'",
    "walrus": "(z := 3)",
    "starred": "max(*z)",
    "keyword": "exp(z, out=z)",
    "double starred": "max(**z)",
    "assignment": "z = 3",
    "statement": "import os; z",
    "two lines": "z\nz",
    "carriage return": "z +\r1",
    "form feed": "z +\f1",
    "comment": "z # os",
    "backslash": "z + \\\n1",
    "semicolon": "z; z",
    "and": "z and z",
    "not": "not z",
    "in": "z in z",
    "is": "z is z",
    "await": "await z",
    "yield": "(yield z)",
    "comparison": "z > 0",
    "chained comparison": "z if 0 < z < 1 else 0",
    "equality": "z if z == 1 else 0",
    "condition without comparison": "1 if z else 0",
    "bit": "z | 1",
    "shift": "z << 1000",
    "floor": "z // 1",
    "modulo": "z % 1",
    "matrix product": "z @ z",
    "inversion": "~z",
    "ellipsis": "z + ...",
    "True": "z + True",
    "None": "z + None",
    "complex": "z + 1j",
    "hexadecimal": "z + 0xff",
    "underscored": "z + 1_000",
    "leading zero": "z + 010",
    "glued": "1if z > 0else 2",
    "infinite": "z + 1e999",
    "huge number": "z + " + "9" * 900,
    "nan": "z + nan",
    "inf": "z*inf",
    "tower": "z + 9**9**9**9",
    "tower in brackets": "((9**9)**9)**9*z",
    "million digits": "z + 10**10**10",
    "negative tower": "z*(0.1**64)**64",
    "nested powers": "(((z**64)**64)**64)**64",
    "hidden powers": "exp((z**8)**9)",
    "large exponent": "z**65",
    "exponent in z": "2**z",
    "complex root": "z + (-8)**(1/3)",
    "division by zero": "z + 1/0",
    "log of zero": "z*log(0)",
    "overflowing constant": "z + exp(1000)",
    "no argument": "exp() + z",
    "too many arguments": "exp(z, z)",
    "too few arguments": "max(z)",
    "too many for max": "max(" + "z," * 8 + "z)",
    "function without argument": "exp*z",
    "unknown name": "z + x",
    "private name": "z + _",
    "long name": "z + " + "a" * 500,
    "unclosed": "exp(z",
    "unopened": "z)",
    "dangling": "z +",
    "juxtaposed": "2 z",
    "fullwidth z": "\uff5a + z",
    "mathematical z": "\U0001d467*z",
    "cyrillic": "\u0435xp(z)",
    "minus sign": "z \u2212 1",
    "superscript": "z\u00b2",
    "arabic digit": "z*\u0663",
    "combining": "z\u0301 + z",
    "zero width": "z\u200b + 1",
    "right to left": "z \u202e+ 1",
    "no-break space": "z\u00a0+ 1",
    "null": "z\x00",
    "null inside": "z + \x00 1",
    "surrogate": "z + \ud800",
    "deep brackets": "(" * 60 + "z" + ")" * 60,
    "deep signs": "-" * 900 + "z",
    "deep powers": "z" + "**1" * 300,
    "deep calls": "exp(" * 51 + "z" + ")" * 51,
    "long sum": "+".join("z" * 300),
    "megabyte of brackets": "(" * 500_000 + "z" + ")" * 500_000,
    "megabyte opened": "(" * 1_000_000 + " z",
    "megabyte of minus": "-" * 1_000_000 + " z",
    "megabyte of digits": "z*" + "9" * 1_000_000,
    "megabyte of spaces": "z" + " " * 1_000_000 + "q",
    "megabyte of names": "z + " + "a" * 1_000_000,
    "megabyte of sums": "z+" * 500_000 + "z",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_at_once(text):
    start = time.thread_time()
    with pytest.raises(SpecError) as caught:
        read_expression(text, ("z",))
    assert time.thread_time() - start < 0.1
    message = str(caught.value)
    assert message.startswith("cannot read the formula ") and len(message) < 500


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_as_activations_and_errors(text):
    start = time.thread_time()
    with pytest.raises(SpecError) as caught:
        Layer(1, text)
    assert len(str(caught.value)) < 1000
    with pytest.raises(SpecError) as caught:
        Plan(loss=text.replace("z", "yhat"))
    assert len(str(caught.value)) < 1000
    assert time.thread_time() - start < 0.2


@hypothesis.settings(max_examples=300)
@hypothesis.given(
    st.text(max_size=40)
    | st.text("z()+-*/.,0123456789e<> if else exp log max[]{}:='\"_", max_size=40)
)
def test_any_text_is_a_formula_or_refused(text):
    try:
        tree = read_expression(text, ("z",))
    except SpecError:
        return
    assert read_expression(str(tree), ("z",)) == tree


def test_the_message_says_where_and_what():
    with pytest.raises(SpecError, match=r"'\[' at character 2 .* numbers, names, functions"):
        read_expression("z[0]", ("z",))
    with pytest.raises(SpecError, match="'expp'; did you mean 'exp'"):
        read_expression("expp(z)", ("z",))
    with pytest.raises(SpecError, match="unknown name 'yhatt'; did you mean 'yhat'"):
        read_expression("yhatt - y", ("y", "yhat"))
    with pytest.raises(SpecError, match=r"write a\*\*b as exp\(b\*log\(a\)\)"):
        read_expression("2**z", ("z",))


def deep(levels: int) -> object:
    plain: object = "z"
    for _ in range(levels):
        plain = ["neg", ["exp", plain]]
    return plain


@pytest.mark.parametrize(
    "plain",
    [
        None, True, [], {}, "x", "", "exp", ["exp"], ["exp", "z", "z"], ["neg"], [["exp", "z"]],
        ["__import__", "os"], ["eval", "z"], [1, 2], ["exp", ["z"]], ["add", "z"], ["if", "z", 1],
        ["exp", float("nan")], ["mul", "z", float("inf")], ["mul", "z", 10**400], ["exp", None],
        ["pow", "z", "z"], ["pow", "z", 65], ["pow", ["pow", "z", 9], 9], ["pow", "z", ["log", 0]],
        ["exp", {"z": 1}], deep(60), ["add"] + ["z"] * 20_000, ["exp", "z", []], ["max", "z"],
    ],
    ids=lambda plain: repr(plain)[:40],
)  # fmt: skip
def test_hostile_trees_are_refused(plain):
    start = time.thread_time()
    with pytest.raises(SpecError) as caught:
        Program(Expression.from_json(plain, ("z",)))
    assert time.thread_time() - start < 0.1
    assert len(str(caught.value)) < 400


@hypothesis.given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["z", "exp"]),
        lambda inner: st.lists(inner, max_size=4) | st.builds(
            lambda head, rest: [head, *rest],
            st.sampled_from(["add", "pow", "div", "if", "log", "max", "neg"]),
            st.lists(inner, max_size=4),
        ),
        max_leaves=10,
    )
)  # fmt: skip
def test_any_data_is_a_tree_or_refused(plain):
    try:
        tree = Expression.from_json(plain, ("z",))
        Program(tree)
    except SpecError:
        return
    assert Expression.from_json(tree.to_json(), ("z",)) == tree


def test_a_formula_whose_derivatives_explode_is_refused():
    product = "*".join(f"sin({k}*z)" for k in range(2, 40))
    start = time.thread_time()
    with pytest.raises(SpecError, match="write a shorter one"):
        Layer(1, product)
    assert time.thread_time() - start < 10
