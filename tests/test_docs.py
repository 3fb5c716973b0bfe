"""What the README and the docs show is what fallline shows.

Every ``>>>`` is run. What stands between ``<!-- shown by: EXPRESSION -->`` and
``<!-- up to here -->`` is the Markdown of what the expression gives. After a change,
``python tests/test_docs.py`` writes these parts anew.
"""

import doctest
import re
from pathlib import Path

import pytest

import fallline

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
SHOWN = re.compile(r"(<!-- shown by: ([^\n]+) -->\n)(.*?)(?=<!-- up to here -->)", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_print_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testfile(
        str(page),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert failed == 0


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


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(refreshed(each.read_text(encoding="utf-8")), encoding="utf-8")
