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
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fallline

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
GALLERY = [page for page in PAGES if page.parent.name == "gallery" and page.name != "README.md"]
DRAWN = re.compile(r"!\[[^\]]+\]\(images/([^)]+)\)")
TOLERANCE = 0.03  # root mean square over pixels and colours, each from 0 to 1
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
    """Return the root mean square over the pixels and colours of two pictures of one size.

    Of moving pictures it is of the last frames; SVG is the same text or not.
    """
    if first.suffix == ".svg":
        return float(first.read_text(encoding="utf-8") != second.read_text(encoding="utf-8"))
    one, two = pixels(first), pixels(second)
    assert one.shape == two.shape
    return float(np.sqrt(np.mean((one - two) ** 2)))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        return np.asarray(image.convert("RGB")) / 255


def test_a_picture_that_differs_is_noticed(tmp_path: Path) -> None:
    from matplotlib.image import imsave

    paper = np.ones((60, 80, 3))
    line = paper.copy()
    line[30:33] = 0.0
    for name, picture in (("paper.png", paper), ("line.png", line)):
        imsave(tmp_path / name, picture)
    assert difference(tmp_path / "paper.png", tmp_path / "paper.png") == 0
    assert difference(tmp_path / "paper.png", tmp_path / "line.png") > TOLERANCE


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
