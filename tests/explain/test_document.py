"""Documents in their formats: what is shown, and that nothing of a user's can do more than show."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from fallline.explain.document import (
    Block,
    Bullets,
    Code,
    Document,
    Note,
    Paragraph,
    Svg,
    Table,
    Title,
)
from fallline.explain.latex_escape import escaped as latex_escaped
from fallline.explain.maths import (
    Apply,
    Call,
    Cases,
    Dot,
    Equation,
    Maths,
    Negative,
    Number,
    Same,
    Sum,
    Symbol,
    product,
    same,
    slope,
    sum_over,
    symbol,
    total,
)
from fallline.explain.maths_mathml import mathml_of, mathml_of_equation
from fallline.explain.render_markdown import escaped as markdown_escaped
from fallline.explain.render_text import width_of  # fmt: skip

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"' onload='alert(1)",
    "a & b &amp; c",
    "$\\input{/etc/passwd}$ \\write18{rm} {%}~^#_",
    "*bold* _it_ `code` [a](http://b) | bar | ![x](y)",
    "# no heading",
    "- no item",
    "1. no item",
    "line\nbreak\r\n\n# heading",
    "\x1b[31mred\x07\x00",
    "```\n$$",
    "]]> --> <!--",
    "名前 é ŷ δ ∂",
]
w, x, y, o = symbol("w", "in", 0, "out", "j"), symbol("x"), symbol("y"), symbol("ŷ")

NODES: list[tuple[Maths, str, str]] = [
    (Number(0.25), "0.25", "0.25"),
    (Number(-3), "−3", "-3"),
    (Number(1e-8), "1e−8", r"1 \cdot 10^{-8}"),
    (Number(1 / 3, "0.333"), "0.333", "0.333"),
    (w, "w[in.0->out.j]", r"w_{\mathrm{in}.0 \to \mathrm{out}.j}"),
    (symbol("s", row="μ"), "s_μ", r"s_{\mu}"),
    (symbol("x", "in", "i", row="μ"), "x[in.i, μ]", r"x_{\mathrm{in}.i}^{(\mu)}"),
    (symbol("w", "", "i+1"), "w_(i+1)", "w_{i+1}"),
    (slope(symbol("E"), x), "∂E/∂x", r"\frac{\partial E}{\partial x}"),
    (Apply("f", x, 1), "f′(x)", r"f'\left(x\right)"),
    (y - (x - o), "y − (x − ŷ)", r"y - \left(x - \hat{y}\right)"),
    (y + Number(-1), "y − 1", "y - 1"),
    (-(y - o) * x, "−(y − ŷ)·x", r"-\left(y - \hat{y}\right) \, x"),
    (x * -2, "x·(−2)", r"x \, \left(-2\right)"),
    ((y - o) ** 2, "(y − ŷ)²", r"\left(y - \hat{y}\right)^{2}"),
    (x ** symbol("t"), "xᵗ", "x^{t}"),
    (x ** (symbol("t") + 1), "x^(t + 1)", "x^{t + 1}"),
    (x / 2 * y, "(x/2)·y", r"\frac{x}{2} \, y"),
    (x / (y * o), "x/(y·ŷ)", r"\frac{x}{y \, \hat{y}}"),
    (Number(1) / 2 * x, "½·x", r"\frac{1}{2} \, x"),
    (sum_over("j", "out", -x), "−Σⱼ x", r"-\sum_{j} x"),
    (sum_over("i", "in", x) * y, "(Σᵢ x)·y", r"\left(\sum_{i} x\right) \, y"),
    (y * sum_over("i", "in", x + 1), "y·Σᵢ (x + 1)", r"y \, \sum_{i} \left(x + 1\right)"),
    (same("i", "j"), "[i = j]", r"\left[i = j\right]"),
    (Dot(x, y), "xᵀy", r"x^{\top} y"),
    (Call("exp", (-x,)), "exp(−x)", "e^{-x}"),
    (Call("sqrt", (x,)), "√(x)", r"\sqrt{x}"),
    (Call("abs", (x,)), "|x|", r"\left|x\right|"),
    (Call("max", (x, Number(0))), "max(x, 0)", r"\max\left(x, 0\right)"),
    (
        Cases(((Number(1), x, ">", Number(0)),), Number(0)),
        "{1 if x > 0; else 0}",
        r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    ),
]


@pytest.mark.parametrize(("node", "text", "latex"), NODES)
def test_a_formula_as_text_latex_and_mathml(node: Maths, text: str, latex: str) -> None:
    assert str(node) == text
    assert node.latex == latex
    ElementTree.fromstring(mathml_of(node))  # well-formed


def test_formulas_are_put_together_in_their_one_form() -> None:
    assert total() == Number(0) and total(x) == x
    assert product(x, Number(1)) == x and product(x, Number(0), y) == Number(0)
    assert -Negative(x) == x and same(1, 1) == Number(1) and same(1, 2) == Number(0)
    assert same("i", 1) == Same("i", 1)
    assert str(2 - x) == "2 − x" and str(1 / x) == "1/x"


def test_an_equation_has_a_sign_between_each_two_sides() -> None:
    assert str(Equation(x, y, 2, signs=("=", "≈"))) == "x = y ≈ 2"
    for sides, signs in (((x,), "="), ((x, y), ("=", "="))):
        with pytest.raises(ValueError, match="signs"):
            Equation(*sides, signs=signs)


def page(text: str) -> Document:
    """Return a document that has a text everywhere where one can stand."""
    named = Symbol(text[:5], (symbol("w", text, 0).places[0],), row=text)
    return Document(
        text,
        [
            Title(text), Title(text, 3), Paragraph(text, named, text), Note(text),
            Bullets([text, (named, text)]), Bullets([text], numbered=True),
            Table([text, "n"], [[text, named], [text, 1.5]], caption=text), Code(text),
            Equation(named, Apply("f", named, 1), slope(named, named)), Svg("<svg></svg>", text),
        ],
    )  # fmt: skip


class Tags(HTMLParser):
    """What stands in a page: tags, attributes, and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def tags(markup: str) -> Tags:
    parser = Tags()
    parser.feed(markup)
    parser.close()
    return parser


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_any_text_and_runs_none(text: str) -> None:
    found, plain = tags(page(text).html), tags(page("plain").html)
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in plain.tags]
    assert [set(attributes) for _, attributes in found.tags] == [
        set(attributes) for _, attributes in plain.tags
    ]
    assert text.strip("\x00").replace("\r\n", "\n") in found.said.replace("\r\n", "\n")


def test_fractions_are_large_in_tables_and_small_in_a_line_of_text() -> None:
    dw = slope(symbol("E"), w)
    made = Document("T", [Table([dw], [[dw]]), Bullets([(dw,)]), Paragraph(dw)]).html
    assert [part.split(">")[0].split(" alt")[0] for part in made.split("<math")[1:]] == [
        *[' displaystyle="true"'] * 3, "",
    ]  # fmt: skip


def test_html_needs_no_network() -> None:
    markup = page("x").html
    assert "default-src 'none'" in markup and "prefers-color-scheme: dark" in markup
    assert "@media print" in markup and 'charset="utf-8"' in markup
    assert not re.search(r"(?:https?:)?//|@import|url\(|<script|<link", markup)


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_shows_any_text_and_runs_none(text: str) -> None:
    found, plain = page(text).latex, page("plain").latex
    commands = set(re.findall(r"\\[A-Za-z]+", found)) - set(re.findall(r"\\[A-Za-z]+", plain))
    assert not commands & {r"\input", r"\write", r"\alert"}
    assert found.count(r"\begin{") == plain.count(r"\begin{")
    for sign, opposite in ("{}", "[]"):
        if sign not in text and opposite not in text:
            assert found.count(sign) == found.count(opposite)
    bare = re.sub(r"\\.", "", latex_escaped(text))  # without what has a backslash before it
    assert not re.search(r"[&#%_~]", bare)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_any_text_and_marks_none(text: str) -> None:
    bare = re.sub(r"\\.", "", markdown_escaped(text))
    assert not re.search(r"[*_`<>|$\[\]#~&\n\r]", bare)
    assert marks(page(text).markdown) == marks(page("plain").markdown)


def marks(shown: str) -> list[int]:
    """Return how many lines of each kind stand in Markdown outside of code."""
    lines = re.sub(r"^(`{3,})text\n.*?^\1$", "", shown, flags=re.DOTALL | re.MULTILINE).splitlines()
    kinds = ("# ", "## ", "### ", "- ", "1. ", "> ", "| ", "$$", "![", "```")
    return [sum(line.startswith(kind) for line in lines) for kind in kinds]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_cannot_steer_a_terminal(text: str) -> None:
    shown = page(text).text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_text_fits_into_a_terminal(width: int) -> None:
    words = "the error falls where the weight grows " * 5
    blocks: list[Block] = [
        Paragraph(words), Note(words), Bullets([words]), Title(words),
        Equation(y, total(*(symbol("x", "input", i) for i in range(20)))),
        Table(["a column", "another one"], [[words, words]]),
    ]  # fmt: skip
    lines = Document("A page", blocks).to_text(width).splitlines()
    assert max(map(width_of, lines)) <= width


def test_a_long_equation_is_cut_at_its_signs() -> None:
    long = Equation(y, total(*(symbol("x", "input", i) for i in range(8))), Number(3))
    assert Document("T", [long]).to_text(60).splitlines()[3:] == [
        "    y = x[input.0] + x[input.1] + x[input.2] + x[input.3]",
        "        + x[input.4] + x[input.5] + x[input.6] + x[input.7]",
        "      = 3",
    ]


def test_what_is_long_in_brackets_is_cut_between_terms_and_fractions() -> None:
    terms = [symbol("w", "output", i) * symbol("x", "input", i) for i in range(4)]
    inside = Equation(y, symbol("η") * total(*terms))
    assert Document("T", [inside]).to_text(66).splitlines()[3:] == [
        "    y = η·(w[output.0]·x[input.0] + w[output.1]·x[input.1]",
        "          + w[output.2]·x[input.2] + w[output.3]·x[input.3])",
    ]
    above, below = total(*terms[:2]), total(*terms[2:])
    assert Document("T", [Equation(y, above / below)]).to_text(66).splitlines()[3:] == [
        "    y = (w[output.0]·x[input.0] + w[output.1]·x[input.1])",
        "          /(w[output.2]·x[input.2] + w[output.3]·x[input.3])",
    ]


def test_tables_set_numbers_flush_right() -> None:
    table = Table(["weight", "value"], [[w, Number(0.5)], ["b", "≈ −1.25"]], caption="All")
    assert table.numeric == (False, True)
    assert Document("T", [table]).text.splitlines()[3:] == [
        "All",
        "weight            value",
        "──────────────  ───────",
        "w[in.0->out.j]      0.5",
        "b               ≈ −1.25",
    ]
    with pytest.raises(ValueError, match="as many cells"):
        Table(["one"], [["a", "b"]])


def test_a_value_stands_behind_its_formula() -> None:
    equation = Equation(y, x, o, Number(2), signs=("=", "=", "≈"))
    assert len(equation.lines) == 2
    rows = ElementTree.fromstring(mathml_of_equation(equation)).findall("mtr")
    assert ["".join(row.itertext()) for row in rows] == ["y=x", "=y^≈2"]
    shown = Document("", [equation]).latex
    assert "y &= x \\\\\n&= \\hat{y} \\approx 2\n" in shown


def test_a_notebook_gets_each_format() -> None:
    shown = page("x")
    assert shown._repr_html_() in shown.html and "<html" not in shown._repr_html_()
    assert shown._repr_markdown_() == shown.markdown
    assert shown._repr_latex_() in shown.latex and "documentclass" not in shown._repr_latex_()
    assert str(shown) == shown.text


def test_a_table_in_markdown_holds_bars_in_formulas() -> None:
    shown = Document("", [Table(["a"], [[Call("abs", (x,))]])]).markdown
    assert shown.splitlines()[-1] == r"| $\lvert x \rvert $ |"


def test_a_long_sum_goes_on_in_the_next_line():
    terms = [symbol("x", "input", i) for i in range(9)]
    made = mathml_of_equation(Equation(symbol("h"), Sum(tuple(terms))))
    lines = re.findall(r'<mtd class="right">(.*?)</mtd>', made)
    assert [line.count("<msub>") for line in lines] == [4, 4, 1]
    assert [line.startswith("<mrow><mo>+</mo>") for line in lines] == [False, True, True]
    short = mathml_of_equation(Equation(symbol("h"), Sum(tuple(terms[:5]))))
    assert short.count("<mtr>") == 1
