"""``fallline formulas``: every row of every table, and LaTeX that is well formed."""

import re

import pytest

from fallline.cli.formulas import TABLES
from fallline.cli.latex import latex

ROWS = [(table, name) for table, rows in TABLES.items() for name in rows]


def test_every_row_is_told(fall, folder):
    ended = fall("formulas")
    assert ended.code == 0
    for _, name in ROWS:
        assert re.search(rf"^  {name} ", ended.out, re.MULTILINE), name
    assert all(len(line) <= 80 for line in ended.out.splitlines())


@pytest.mark.parametrize("table", TABLES)
def test_json_has_formula_latex_source_and_settings(fall, folder, table):
    told = fall("formulas", table, "--json").json
    assert list(told) == [table]
    assert [row["name"] for row in told[table]] == list(TABLES[table])
    for row in told[table]:
        assert row["formula"] and row["latex"] and isinstance(row["settings"], dict)
        if table == "losses":
            assert row["reduction"] in ("sum", "mean") and row["factor"] and row["source"]
        if table in ("activations", "optimizers", "initializers"):
            assert row["source"]


@pytest.mark.parametrize("name", ["adamw", "lion"])
def test_that_decay_leaves_biases_out_is_told(fall, folder, name):
    row = next(r for r in fall("formulas", "optimizers", "--json").json["optimizers"]
               if r["name"] == name)  # fmt: skip
    assert "lam*d*w" in row["formula"] and "0 for biases" in row["factor"]


def test_latex_alone(fall, folder):
    lines = fall("formulas", "losses", "--latex").out.splitlines()
    assert r"  squared_error: \frac{\left(y - \hat{y}\right)^{2}}{2}" in lines


@pytest.mark.parametrize(("table", "name"), ROWS)
def test_latex_is_well_formed(table, name):
    row = TABLES[table][name]
    text = getattr(row, "formula", "") if table == "metrics" else row.text
    written = latex(text)
    depth = 0
    for mark in re.sub(r"\\[{}]", "", written):
        depth += (mark == "{") - (mark == "}")
        assert depth >= 0
    assert depth == 0
    assert written.count(r"\left") == written.count(r"\right")
    assert written.count(r"\begin") == written.count(r"\end")
    assert "**" not in written and "*" not in written


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(a + b)*c", r"\left(a + b\right) c"),
        ("a*(b - c)**2", r"a \left(b - c\right)^{2}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a - (b + c)*2", r"a - \left(b + c\right) \cdot 2"),
        ("-(a + b)", r"-\left(a + b\right)"),
        ("(-a)**2", r"\left(-a\right)^{2}"),
        ("-a**2", r"-a^{2}"),
        ("exp(z)**2", r"\left(e^{z}\right)^{2}"),
        ("a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
        ("(a/b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("2*3", r"2 \cdot 3"),
        ("1e-06*x", r"1 \cdot 10^{-6} x"),
        ("beta1**t", r"\beta_{1}^{t}"),
        ("yhat_2", r"\hat{y}_{2}"),
        ("(y > 1/2) == (p > q)", r"\left(y > \frac{1}{2}\right) = \left(p > q\right)"),
        ("a = b; c = d", r"a = b;\quad c = d"),
        ("f(x, y), a = 1", r"\operatorname{f}\left(x, y\right),\; a = 1"),
        ("no formula_at all", r"\text{no formula\_at all}"),
        ("x = y = z = 1 of 5 %", r"\text{x = y = z = 1 of 5 \%}"),
    ],
)
def test_brackets_stand_where_they_must(text, wanted):
    assert latex(text) == wanted


def test_an_unknown_table_gets_a_suggestion(fall, folder):
    ended = fall("formulas", "loses")
    assert ended.code == 2 and "did you mean 'losses'?" in ended.err
