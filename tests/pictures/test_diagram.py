"""A diagram shows the network: its units, its weights by thickness and sign, its names."""

import os
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, SpecError
from fallline.pictures.diagram import diagram

SVG = "{http://www.w3.org/2000/svg}"
NET = fl.Network.parse("2 -> a: 3 tanh -> 1 logistic from a, input")
THETA = NET.initial(seed=3)


def paths(picture):
    """Return each edge's class, thickness and words, by its name."""
    found = {}
    for path in ElementTree.fromstring(picture.svg).iter(f"{SVG}path"):
        title = path.find(f"{SVG}title")
        if title is not None:
            name = re.match(r"w\[[^]]*\]", title.text)[0]
            found[name] = path.get("class"), float(path.get("stroke-width")), title.text
    return found


def texts(picture):
    return [text.text for text in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def test_every_weight_is_an_edge_by_size_and_sign():
    found = paths(diagram(NET, THETA, digits=6))
    weights = {NET.name(i): w for i, w in enumerate(THETA) if NET.penalized[i]}
    assert found.keys() == weights.keys()
    largest = max(map(abs, weights.values()))
    for name, (kind, thick, told) in found.items():
        w = weights[name]
        assert kind == ("b p" if w > 0 else "b n")
        assert thick == pytest.approx(1 + 5 * abs(w) / largest, abs=0.006)
        assert float(told.split(" = ")[1].replace("−", "-")) == pytest.approx(w, rel=1e-5)


def test_biases_stand_at_their_units():
    theta = THETA.copy()
    theta[NET.index("b[a.1]")] = -0.25
    assert "a.1 · b = −0.25" in texts(diagram(NET, theta))


def test_absent_connections_are_not_drawn():
    net = NET.disconnect("w[input.0->a.1]")
    found = paths(diagram(net, net.initial(seed=0)))
    assert len(found) == 10 and "w[input.0->a.1]" not in found


def test_values_are_shown_on_demand():
    def edges(**options):
        return diagram(NET, THETA, **options).svg.count('<rect class="k"')

    assert edges() == 11 and edges(values=False) == 0
    wide = fl.Network.parse("7 -> 8 -> 1")
    assert diagram(wide, wide.initial()).svg.count("<rect") == 0
    assert diagram(wide, wide.initial(), values=True).svg.count("<rect") == 64


@pytest.mark.parametrize(
    "text", ["2 -> 3 -> 1", "2 -> a: 3 tanh -> 1 from a, input", "4 -> 4 -> 2"]
)
def test_no_value_hides_another(text):
    net = fl.Network.parse(text)
    picture = diagram(net, net.initial(seed=3))
    boxes = [
        [float(rect.get(name)) for name in ("x", "y", "width", "height")]
        for rect in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect")
    ]
    assert len(boxes) == net.penalized.sum()
    for i, (x, y, wide, high) in enumerate(boxes):
        for u, v, w, h in boxes[:i]:
            assert (
                x + wide <= u + 0.2 or u + w <= x + 0.2 or y + high <= v + 0.2 or v + h <= y + 0.2
            )


def test_without_weights_edges_look_alike():
    found = paths(diagram(NET))
    assert len(found) == 11 and {each[:2] for each in found.values()} == {("b z", 1.2)}
    assert "b =" not in diagram(NET).svg and "w above 0" not in diagram(NET).svg


def test_a_row_is_shown_in_the_units():
    x = np.array([0.5, -1.0])
    shown = texts(diagram(NET, THETA, x, digits=5, values=False))
    hidden = np.tanh(x @ NET.views(THETA)["a"].weights + NET.views(THETA)["a"].biases)
    every = [*x, *hidden, *fl.predict(NET, THETA, x[None])[0]]
    for value in every:
        assert f"{value:.5g}".rstrip("0").replace("-", "−") in [t and t.rstrip("0") for t in shown]


def test_large_layers_are_abbreviated():
    net = fl.Network.parse("784 -> 100 relu -> 10 softmax")
    picture = diagram(net, net.initial(seed=0))
    assert picture.svg.count("<circle") == 21 and len(picture.svg) < 60_000
    assert {"777 more", "93 more", "3 more"} <= set(texts(picture))


def test_a_model_names_its_inputs_and_outputs():
    table = samples.load("cars_and_bikes")
    model = fl.train(table, "kind", epochs=2).model
    picture = model.plot("diagram", table.take(np.arange(1)))
    assert {"wheels", "max_speed", "car"} <= set(texts(picture))
    X = np.asarray(model.inputs(table.take(np.arange(1))))
    output = fl.predict(model.network, model.theta, X)[0, 0]
    assert f"{output:.3g}" in texts(picture)


def test_it_is_saved_and_shown(tmp_path):
    picture = diagram(NET, THETA)
    picture.save(tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text("utf-8") == picture.svg == picture._repr_svg_()
    dark = diagram(NET, THETA, style="dark").svg
    assert "prefers-color-scheme" in picture.svg and "prefers-color-scheme" not in dark
    with pytest.raises(SpecError, match=r"end the file's name in \.svg"):
        picture.save(tmp_path / "net.png")


def test_what_does_not_fit_is_refused():
    with pytest.raises(SpecError, match="15"):
        diagram(NET, THETA[:3])
    with pytest.raises(SpecError, match="give theta too"):
        diagram(NET, row=[1.0, 2.0])
    with pytest.raises(DataError):
        diagram(NET, THETA, [1.0, 2.0, 3.0])
    with pytest.raises(SpecError, match="one row, but 2 came"):
        diagram(NET, THETA, [[1.0, 2.0], [3.0, 4.0]])
    run = fl.Run(NET, [[1.0, 2.0]], [1.0])
    with pytest.raises(SpecError, match="leave theta away"):
        diagram(run, THETA)
    with pytest.raises(SpecError, match="neither ax nor y"):
        fl.Model.of(run).plot("diagram", ax=object())
    with pytest.raises(SpecError, match="digits"):
        diagram(NET, THETA, digits=0)
    with pytest.raises(SpecError, match="'light' or 'dark'"):
        diagram(NET, THETA, style="blue")


@pytest.mark.parametrize("style", ["light", "dark"])
def test_it_looks_as_it_did(style):
    theta = np.linspace(-1.5, 2, NET.size)
    found = diagram(NET, theta, row=[0.5, -1.0], style=style).svg
    path = Path(__file__).with_name("thumbnails") / f"diagram_{style}.svg"
    if os.environ.get("FALLLINE_NEW_LOOKS"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
