"""What the README and the docs show is what fallline shows.

Every ``>>>`` is run. What stands between ``<!-- shown by: EXPRESSION -->`` and
``<!-- up to here -->`` is the Markdown of what the expression gives. The pictures of the gallery
are those that the code on their pages draws. After a change, ``python tests/test_docs.py`` writes
these parts and pictures anew.
"""

import doctest
import re
import shutil
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import chdir
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from PIL import Image

import fallline
from fallline.pictures.style import new_figure
from fallline.pictures.svg import save_for_page

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
GALLERY = [page for page in PAGES if page.parent.name == "gallery" and page.name != "README.md"]
DRAWN = re.compile(r"!\[[^\]]+\]\(images/([^)]+)\)")
SVG = "{http://www.w3.org/2000/svg}"
TOLERANCE = 0.05  # of the ink that lies elsewhere, or of the colours of pixels
SHOWN = re.compile(r"(<!-- shown by: ([^\n]+) -->\n)(.*?)(?=<!-- up to here -->)", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert failures(page) == 0
    if page in GALLERY:
        names = DRAWN.findall(page.read_text(encoding="utf-8"))
        assert names, "a page of the gallery shows what its code draws"
        for name in names:
            assert difference(tmp_path / name, page.parent / "images" / name) < TOLERANCE, name


def failures(page: Path) -> int:
    """Run what a page shows; return how often it printed something else."""
    found = doctest.testfile(
        str(page),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    return found.failed


def difference(first: Path, second: Path) -> float:
    """Return by how much two pictures differ, from 0 to 1: 1 where they say other words.

    Words are compared without their digits, images by their pixels, and lines by how much of them
    lies where. A processor that rounds otherwise moves them by a little.
    """
    one, two = (ElementTree.parse(path).getroot() for path in (first, second))
    if words(one) != words(two) or len(images(one)) != len(images(two)):
        return 1.0
    pairs = zip(images(one), images(two), strict=True)
    far = [float(np.abs(a - b).mean()) if a.shape == b.shape else 1.0 for a, b in pairs]
    ours, theirs = ink(one), ink(two)
    lines = float(np.abs(ours - theirs).sum() / max(ours.sum(), theirs.sum()))
    return max([lines, *far])


def words(root: Element) -> list[str]:
    return [
        re.sub(r"[−\d.,e]+", "", text) for e in root.iter(f"{SVG}text") for text in e.itertext()
    ]


def images(root: Element) -> list[np.ndarray]:
    found = []
    for image in root.iter(f"{SVG}image"):
        data = image.attrib["{http://www.w3.org/1999/xlink}href"].partition(",")[2]
        with Image.open(BytesIO(b64decode(data))) as picture:
            found.append(np.asarray(picture.convert("RGBA").resize((96, 72))) / 255)
    return found


def ink(root: Element) -> np.ndarray:
    """Return how much of a picture's lines and marks lies in each of 24 by 18 parts of it."""
    inside = {id(e) for defs in root.iter(f"{SVG}defs") for e in defs.iter()}
    wide, high = map(float, root.attrib["viewBox"].split()[2:])
    found = [
        np.array([[float(e.attrib["x"]), float(e.attrib["y"])]]) for e in root.iter(f"{SVG}use")
    ]
    for path in root.iter(f"{SVG}path"):
        if id(path) not in inside:
            found += [fine(corners) for corners in lines_of(path.attrib["d"])]
    places = np.concatenate(found or [np.zeros((0, 2))])
    sides = (np.linspace(0, wide, 25), np.linspace(0, high, 19))
    return np.histogram2d(places[:, 0], places[:, 1], sides)[0]


def lines_of(data: str) -> Iterator[np.ndarray]:
    """Yield the corners (n, 2) of each line of a path, curves by the corners that they bend to."""
    here: list[np.ndarray] = []
    for letter, text in re.findall(r"([MlqcLz])([^A-Za-z]*)", data):
        own = np.array(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text), float).reshape(-1, 2)
        if letter == "M" and here:
            yield np.array(here)
        if letter == "M":
            here = [own[0]]
        elif letter == "z":
            here.append(here[0])
        elif letter == "L":
            here += [*own]
        else:
            for part in own.reshape(-1, {"l": 1, "q": 2, "c": 3}[letter], 2):
                here += [*(here[-1] + part)]
    if here:
        yield np.array(here)


def fine(corners: np.ndarray) -> np.ndarray:
    """Return places on a line, about three points from one to the next."""
    parts = [corners[:1]]
    for start, end in pairwise(corners):
        count = 1 + int(np.hypot(*(end - start)) / 3)
        parts.append(start + (end - start) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(parts)


def test_a_picture_that_differs_is_noticed(tmp_path: Path) -> None:
    x = np.linspace(0, 1, 50)
    names = ("same", "again", "line", "word", "map")
    for name in names:
        figure = new_figure()
        ax = figure.add_subplot()
        ax.plot(x, x**2 if name == "line" else x)
        ax.imshow(np.eye(9) if name == "map" else np.ones((9, 9)), extent=(0, 1, 0, 1))
        ax.set_title("error" if name == "word" else "price")
        save_for_page(figure, tmp_path / f"{name}.svg")
    found = {name: difference(tmp_path / "same.svg", tmp_path / f"{name}.svg") for name in names}
    assert found["same"] == found["again"] == 0 and found["word"] == 1
    assert found["line"] > TOLERANCE and found["map"] > TOLERANCE


def test_the_gallery_shows_every_page() -> None:
    index = (ROOT / "docs" / "gallery" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in GALLERY if f"({page.name})" not in index] == []
    used = {name for page in GALLERY for name in DRAWN.findall(page.read_text(encoding="utf-8"))}
    kept = {path.name for path in (ROOT / "docs" / "gallery" / "images").iterdir()}
    assert kept == used


def test_the_readme_has_examples_to_run() -> None:
    parser = doctest.DocTestParser()
    assert parser.get_examples((ROOT / "README.md").read_text(encoding="utf-8"))


def refreshed(text: str) -> str:
    """Return a page with what it shows written anew, its headings two levels down."""

    def shown(found: re.Match[str]) -> str:
        markdown = eval(found[2], {"fl": fallline}).markdown
        markdown = re.sub(r"!\[.*\n\n", "", markdown)  # pictures do not show on a page's host
        return f"{found[1]}\n{re.sub('^#', '###', markdown, flags=re.MULTILINE)}\n"

    return SHOWN.sub(shown, text)


@pytest.mark.parametrize("page", [page for page in PAGES if "<!-- shown by" in page.read_text()])
def test_parts_of_a_page_are_what_fallline_shows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- shown by:") == len(SHOWN.findall(text))
    assert refreshed(text) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def redraw(page: Path) -> None:
    """Run a page of the gallery, and keep the pictures that it draws."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        failures(page)
        for name in DRAWN.findall(page.read_text(encoding="utf-8")):
            shutil.copy(name, page.parent / "images" / name)


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(refreshed(each.read_text(encoding="utf-8")), encoding="utf-8")
    for each in GALLERY:
        redraw(each)
