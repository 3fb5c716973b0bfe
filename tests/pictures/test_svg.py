"""Figures as SVG for a page: small, the same each time, true to the figure, light and dark."""

import re
from base64 import b64decode
from io import BytesIO, StringIO
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from fallline.errors import SpecError
from fallline.pictures.saving import save_figure
from fallline.pictures.style import DARK, LIGHT, dress, new_figure
from fallline.pictures.svg import save_for_page, svg_of

SVG = "{http://www.w3.org/2000/svg}"
MARKS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
PART = re.compile(r"([A-Za-z])([^A-Za-z]*)")
NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)")


@pytest.fixture
def figure():
    figure = new_figure()
    axes, other = (dress(ax) for ax in figure.subplots(1, 2))
    x = np.linspace(0, 1, 400)
    axes.plot(x, np.sin(40 * x), color=LIGHT.colours[0])
    axes.scatter(x[::20], x[::20], color=LIGHT.colours[1])
    other.contourf(*np.meshgrid(x[::40], x[::40]), np.outer(x[::40], x[::40]))
    other.text(0.5, 0.5, "on the map", color=LIGHT.ink)
    axes.set_yscale("symlog")
    axes.set_title("a <b> & c")
    return figure


def plain_svg(figure):
    import matplotlib

    file = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "x"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def paths(markup):
    """Return the coordinates of every path that is drawn in place."""
    root = ElementTree.fromstring(markup)
    inside = {id(e) for defs in root.iter(f"{SVG}defs") for e in defs.iter()}
    found = (e.get("d") for e in root.iter(f"{SVG}path") if id(e) not in inside)
    return [places(d) for d in found]


def places(data):
    """Return the places (n, 2) of a path, as a browser reads it."""
    found, start = [], np.zeros(2)
    for letter, numbers in PART.findall(data):
        own = np.array(NUMBER.findall(numbers), float).reshape(-1, 2)
        if letter in "zZ":
            found.append([start])
            continue
        if letter == letter.lower():
            here, one = found[-1][-1], {"l": 1, "q": 2, "c": 3}[letter]
            for part in own.reshape(-1, one, 2):  # each but the last is a difference to the same
                found.append(here + part)
                here = found[-1][-1]
            continue
        if letter == "M":
            start = own[0]
        found.append(own)
    return np.concatenate(found)


def test_the_places_are_those_of_the_figure_to_a_tenth_of_a_point(figure):
    ours, theirs = paths(svg_of(figure, "one")), paths(plain_svg(figure))
    assert len(ours) == len(theirs) > 10
    for mine, given in zip(ours, theirs, strict=True):
        if len(mine) == len(given):  # a curve with hundreds of points is thinned out
            assert np.abs(mine - given).max() <= 0.05 + 1e-9
        else:
            assert abs(mine.max() - given.max()) < 0.5 and abs(mine.min() - given.min()) < 0.5


def test_it_is_smaller_and_the_same_each_time(figure):
    first = svg_of(figure, "one")
    assert len(first) < 0.6 * len(plain_svg(figure))
    assert svg_of(figure, "one") == first
    assert not re.search(r"\d{4}-\d\d-\d\dT", first)  # no date


def test_two_pictures_in_a_page_share_no_name(figure):
    one, two = svg_of(figure, "one"), svg_of(figure, "two")
    names = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (one, two)]
    assert names[0] and not names[0] & names[1]
    for markup, own in zip((one, two), names, strict=True):
        assert set(re.findall(r"#([mpC][\w-]{8,})", markup)) <= own


def test_letters_stay_letters(figure):
    markup = svg_of(figure, "one")
    assert "a &lt;b&gt; &amp; c" in markup and "<b>" not in markup
    assert markup.count("DejaVu Sans") == 1  # the style of the picture names it for all


def test_ink_and_lines_turn_with_the_page_and_maps_do_not(figure):
    markup = svg_of(figure, "one")
    body = markup.partition("</style>")[2]
    assert LIGHT.colours[0] not in body and "var(--fl-0)" in body
    inked = [text for text in re.findall(r"<text[^>]*>[^<]*", body) if LIGHT.ink in text]
    assert [text.rpartition(">")[2] for text in inked] == ["on the map"]
    assert f"--fl-0:{LIGHT.ink}" in markup and f"--fl-0:{DARK.ink}" in markup
    map_colours = set(re.findall(r"fill:(#\w{6})", body))
    assert len(map_colours) > 5


def test_a_cloud_of_points_is_pixels():
    figure = new_figure()
    axes = dress(figure.add_subplot())
    places = np.random.default_rng(0).normal(size=(3000, 2))
    axes.scatter(*places.T)
    markup = svg_of(figure, "cloud")
    assert markup.count("<image") == 1 and "data:image/png;base64," in markup
    assert len(markup) < 0.3 * len(plain_svg(figure)) and markup == svg_of(figure, "cloud")


def test_a_cloud_of_one_colour_turns_with_the_page():
    figure = new_figure()
    axes = dress(figure.add_subplot())
    places = np.random.default_rng(0).normal(size=(3000, 2))
    axes.scatter(*places.T, color=LIGHT.colours[0], alpha=0.4, linewidths=0)
    markup = svg_of(figure, "cloud")
    root = ElementTree.fromstring(markup)
    masks = {mask.get("id"): mask for mask in root.iter(f"{SVG}mask")}
    (cover,) = [e for e in root.iter(f"{SVG}rect") if e.get("mask")]
    assert cover.get("style", "").startswith("fill:var(")
    name = cover.get("style")[9:-1]
    assert f"{name}:{LIGHT.colours[0]}" in markup and f"{name}:{DARK.colours[0]}" in markup
    (image,) = masks[cover.get("mask")[5:-1]]
    pixels = np.asarray(picture(image), float) / 255
    assert pixels.ndim == 2 and pixels.min() == 0 and 0.4 < pixels.max() <= 1
    axes.scatter(*places.T, color=LIGHT.colours[1])  # two colours stay as they are
    assert "<mask" not in svg_of(figure, "cloud")


def picture(image):
    link = image.get("{http://www.w3.org/1999/xlink}href")
    return Image.open(BytesIO(b64decode(link.partition(",")[2])))


def test_a_legend_has_the_colours_of_its_map():
    figure = new_figure()
    axes = dress(figure.add_subplot())
    axes.imshow(np.eye(3))
    for colour in LIGHT.colours[:3]:
        axes.scatter([0, 1, 2], [1, 1, 0], color=colour, label=colour)
    legend = axes.legend(labelcolor=LIGHT.ink)
    figure.legend(loc="outside lower center", labelcolor=LIGHT.ink)
    axes.annotate("beneath", (0, -0.3), xycoords="axes fraction", color=LIGHT.ink)
    body = plain_styles(svg_of(figure, "map"))
    assert all(body.count(colour) >= 3 for colour in LIGHT.colours[:3])  # points and two legends
    assert legend.get_gid() is None
    for colour in LIGHT.colours[:3]:
        inks = re.findall(f'fill:([^;"]+)[^>]*>{colour}<', body)
        assert sorted(inks) == [LIGHT.ink, "var(--fl-0)"]  # on the map, and on the page
    assert re.findall(r'fill:([^;"]+)[^>]*>beneath<', body) == ["var(--fl-0)"]


def test_black_letters_on_paper_are_ink():
    figure = new_figure()
    dress(figure.add_subplot()).plot([0, 1], label="a line")
    figure.axes[0].legend()  # whose letters are black unless told otherwise
    assert re.search(r'fill:var\(--fl-0\)"[^>]*>a line<', plain_styles(svg_of(figure, "one")))


def plain_styles(markup):
    """Return markup after its style sheet, with each class told in place."""
    sheet, _, body = markup.partition("</style>")
    told = dict(re.findall(r"\.([\w-]+-s\d+)\{([^}]*)\}", sheet))
    return re.sub(r'class="([^"]+)"', lambda found: f'style="{told[found[1]]}"', body)


def test_styles_that_come_often_are_told_once(figure):
    markup = svg_of(figure, "one")
    called = set(re.findall(r'class="(one-s\d+)"', markup))
    told = dict(re.findall(r"\.(one-s\d+)\{([^}]*)\}", markup))
    assert called == set(told) and len(set(told.values())) == len(told)
    assert not set(re.findall(r'style="([^"]*)"', markup)) & set(told.values())


def test_many_small_clouds_are_pixels_too():
    figure = new_figure()
    places = np.random.default_rng(0).normal(size=(300, 2))
    for axes in figure.subplots(3, 3).ravel():
        axes.scatter(*places.T)
    assert svg_of(figure, "clouds").count("<image") == 9


def test_a_file_for_a_page_has_paper_of_its_own(figure, tmp_path):
    save_for_page(figure, tmp_path / "one.svg")
    markup = (tmp_path / "one.svg").read_text(encoding="utf-8")
    name = re.search(r"background:var\((--fl-\d)\)", markup)[1]
    assert f"{name}:{LIGHT.background}" in markup and f"{name}:{DARK.background}" in markup
    with pytest.raises(SpecError, match=r"end the file's name in \.svg"):
        save_for_page(figure, tmp_path / "one.png")


def test_the_figure_stays_as_it_was(figure):
    before = plain_svg(figure)
    svg_of(figure, "one")
    assert plain_svg(figure) == before


@pytest.mark.parametrize(("form", "mark"), MARKS.items())
def test_files_are_the_same_each_time(figure, tmp_path, form, mark):
    for name in ("a", "b"):
        save_figure(figure, tmp_path / name, format=form, dpi=60)
    first = (tmp_path / "a").read_bytes()
    assert first.startswith(mark) and (tmp_path / "b").read_bytes() == first
