"""``report`` and ``plot``."""

import hashlib
import re
from html import unescape
from pathlib import Path

import pytest

import fallline as fl
from fallline.pictures.of_model import KINDS
from fallline.report.pictures import PICTURES

MARKS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def typed(page):
    """Return what the page says to type, and the run.toml that it shows."""
    return [unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]


# --- report -------------------------------------------------------------------------------------


def test_report_writes_a_page_and_says_where(fall, cars):
    ended = fall("report", cars, "cars.csv")
    assert ended.code == 0 and ended.err == ""
    page = Path("cars.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "<h1>cars.fall: a report</h1>" in page
    assert ended.out.startswith("cars.html (")
    assert fall("report", cars, "cars.csv", "-o", "-").out.rstrip("\n") == page.rstrip("\n")


def test_what_the_page_says_to_type_makes_model_and_page_again(fall, cars):
    assert fall("report", cars, "cars.csv", "--row", 5, "-o", "first.html").code == 0
    page = Path("first.html").read_text(encoding="utf-8")
    before = cars.read_bytes()
    config = next(text for text in typed(page) if "[training]" in text)
    train = next(text for text in typed(page) if text.startswith("fallline train"))
    again = next(text for text in typed(page) if text.startswith("fallline report"))
    trace = next(text for text in typed(page) if text.startswith("fallline trace"))
    Path("run.toml").write_text(config)
    cars.unlink()
    assert fall(*train.split()[1:], "--quiet").code == 0
    assert cars.read_bytes() == before
    assert fall(*again.split()[1:], "-o", "second.html").code == 0
    assert Path("second.html").read_text(encoding="utf-8") == page
    assert fall(*trace.split()[1:]).code == 0 and "row 5" in Path("trace.html").read_text("utf-8")


def test_the_files_are_told_by_their_fingerprints(fall, cars):
    page = fall("report", cars, "cars.csv", "-o", "-").out
    for path in (cars, Path("cars.csv")):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in page


def test_the_row_that_is_followed_is_the_one_to_trace(fall, cars):
    lines = Path("cars.csv").read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ","
    Path("gap.csv").write_text("\n".join(lines) + "\n")
    page = fall("report", cars, "gap.csv", "-o", "-").out
    assert "Row 2, step by step" in page
    assert any(text.startswith("fallline trace") and "--row 2" in text for text in typed(page))


def test_options_of_reading_are_typed_again(fall, cars):
    Path("cars2.csv").write_text(Path("cars.csv").read_text().replace(",", ";"))
    page = fall("report", cars, "cars2.csv", "--delimiter", ";", "-o", "-").out
    assert "fallline report cars.fall cars2.csv --delimiter &#x27;;&#x27;" in page


def test_what_report_cannot_write_is_one_message(fall, cars):
    before = cars.read_bytes()
    ended = fall("report", cars, "cars.csv", "-o", "cars.pdf")
    assert ended.code == 2 and "end in .html" in ended.err
    ended = fall("report", cars, "cars.csv", "-o", "nowhere/cars.html")
    assert ended.code == 2 and ended.err.count("\n") == 1
    ended = fall("report", cars, "cars.csv", "--row", 61)
    assert ended.code == 2 and "so there is no row 61" in ended.err
    assert cars.read_bytes() == before and not Path("cars.html").exists()
    Path("page.html").write_bytes(before)
    ended = fall("report", "page.html", "cars.csv", "-o", "page.html")
    assert ended.code == 2 and "is read, so it cannot be written" in ended.err


def test_models_of_numbers_and_tables_without_target_are_refused(fall, cars):
    run = fl.descend(fl.Network.parse("2 -> 1"), [[1, 2], [3, 5]], [1, 2], epochs=2)
    fl.Model.of(run).save("plain.fall")
    ended = fall("report", "plain.fall", "cars.csv")
    assert ended.code == 2 and "plain numbers" in ended.err
    Path("new.csv").write_text("wheels,max_speed,colour\n4,100,red\n")
    ended = fall("report", cars, "new.csv")
    assert ended.code == 2 and "lacks the target 'kind'" in ended.err


def test_a_quantile_model_has_a_page(fall, folder):
    assert fall("train", "houses.csv", "-t", "price", "--loss", "quantile(levels=[0.1, 0.9])",
                "--epochs", 3, "--l2", 0.01, "--quiet").code == 0  # fmt: skip
    ended = fall("report", "houses.fall", "houses.csv")
    assert ended.code == 0, ended.err
    assert "pinball" in Path("houses.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("loss", ["hinge", "cross_entropy"])
def test_other_errors_have_a_page(fall, folder, loss):
    target = "kind" if loss == "hinge" else "colour"
    assert fall("train", "cars.csv", "-t", target, "--loss", loss, "--epochs", 3, "--l2", 0.01,
                "--quiet").code == 0  # fmt: skip
    assert fall("report", "cars.fall", "cars.csv").code == 0


# --- plot ---------------------------------------------------------------------------------------


def test_plot_without_a_kind_lists_what_can_be(fall, cars):
    ended = fall("plot", cars)
    assert ended.code == 0 and "training" in ended.out


@pytest.mark.parametrize("ending", MARKS)
def test_plot_writes_each_format(fall, cars, ending):
    ended = fall("plot", cars, "--kind", "training", "-o", f"picture{ending}", "--dpi", 50)
    assert ended.code == 0 and ended.out == f"picture{ending}\n"
    assert Path(f"picture{ending}").read_bytes().startswith(MARKS[ending])


@pytest.mark.parametrize("kind", [p.name for p in PICTURES.values() if p.needs])
def test_plot_draws_every_kind_of_the_task_and_refuses_the_others(fall, cars, kind):
    ended = fall("plot", cars, "cars.csv", "-k", kind, "--dpi", 30)
    if "classification" in PICTURES[kind].tasks:
        assert ended.code == 0 and Path(f"cars-{kind}.png").is_file()
    else:
        assert ended.code == 2 and f"'{kind}' cannot be of this model" in ended.err


def test_plot_draws_the_pictures_of_numbers(fall, houses):
    for kind in ("predictions", "residuals"):
        assert fall("plot", houses, "houses.csv", "-k", kind, "--dpi", 30).code == 0
        assert Path(f"houses-{kind}.png").is_file()


def test_plot_knows_every_picture_of_a_model():
    assert set(PICTURES) == {*KINDS, "diagram", "surface"}


def test_plot_over_features_that_are_named(fall, houses):
    chosen = ["--feature", "living_area", "--feature", "age", "--dpi", 30]
    assert fall("plot", houses, "houses.csv", "-k", "decision", *chosen).code == 0
    picture = Path("houses-decision.png").read_bytes()
    assert fall("plot", houses, "houses.csv", "-k", "decision", "--dpi", 30).code == 0
    assert Path("houses-decision.png").read_bytes() != picture
    for kind in ("importance", "surface"):
        ended = fall("plot", houses, "houses.csv", "-k", kind, *chosen)
        assert ended.code == 2 and "has no option 'features'" in ended.err
    ended = fall("plot", houses, "houses.csv", "-k", "decision", "--feature", "lot")
    assert ended.code == 2 and ended.err.count("\n") == 1


def test_plot_writes_a_diagram_as_svg(fall, cars):
    assert fall("plot", cars, "-k", "diagram").out == "cars-diagram.svg\n"
    assert Path("cars-diagram.svg").read_text(encoding="utf-8").startswith("<svg")
    ended = fall("plot", cars, "-k", "diagram", "-o", "a.png")
    assert ended.code == 2 and "must end in .svg" in ended.err


def test_plot_without_rows_says_what_is_missing(fall, cars):
    ended = fall("plot", cars, "-k", "confusion")
    assert ended.code == 2 and "give a table" in ended.err


def test_names_with_signs_of_formulas_are_drawn_as_they_are(fall, folder):
    text = Path("cars.csv").read_text().replace("wheels", "$\\frac{$", 1)
    Path("odd.csv").write_text(text.replace("max_speed", "a_$1$^", 1))
    assert fall("train", "odd.csv", "-t", "kind", "--epochs", 2, "--l2", 0.1, "--quiet").code == 0
    for kind in ("importance", "decision", "dependence", "bending"):
        ended = fall("plot", "odd.fall", "odd.csv", "-k", kind, "-o", "odd.svg")
        assert ended.code == 0, (kind, ended.err)
    assert fall("plot", "odd.fall", "odd.csv", "-k", "importance", "-o", "odd.svg").code == 0
    assert "$\\frac{$" in Path("odd.svg").read_text(encoding="utf-8")


def test_plot_names_its_file_after_model_and_kind(fall, cars):
    assert fall("plot", cars, "-k", "training", "--style", "dark", "--dpi", 50).code == 0
    assert Path("cars-training.png").is_file()


def test_what_plot_cannot_do_is_one_message(fall, cars):
    ended = fall("plot", cars, "--kind", "trainings")
    assert ended.code == 2 and "did you mean 'training'" in ended.err
    ended = fall("plot", cars, "--kind", "training", "-o", "a.gif")
    assert ended.code == 2 and "must end in .png, .svg, .pdf" in ended.err
    ended = fall("plot", cars, "cars.csv", "--kind", "training", "-o", "nowhere/a.png")
    assert ended.code == 2 and ended.err.count("\n") == 1


def test_without_matplotlib_one_line_says_what_to_install(fall, cars, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    for arguments in (["plot", cars, "-k", "training"], ["report", cars, "cars.csv"]):
        ended = fall(*arguments)
        assert ended.code == 2 and ended.err.count("\n") == 1
        assert "pip install 'fallline[plots]'" in ended.err


def test_plot_of_one_of_several_targets(fall, folder):
    assert fall("train", "houses.csv", "-t", "price,age", "--epochs", 2, "--l2", 0.1, "--quiet",
                "-o", "two.fall").code == 0  # fmt: skip
    for kind in ("predictions", "residuals", "decision", "dependence"):
        pictures = []
        for of in ("price", "age"):
            ended = fall("plot", "two.fall", "houses.csv", "-k", kind, "--of", of, "-o", "a.svg")
            assert ended.code == 0, ended.err
            pictures.append(Path("a.svg").read_text(encoding="utf-8"))
            assert f"predicted {of}" in pictures[-1]
        assert pictures[0] != pictures[1]
    ended = fall("plot", "two.fall", "houses.csv", "-k", "predictions", "--of", "rooms")
    assert ended.code == 2 and "known: price, age" in ended.err
    ended = fall("plot", "two.fall", "houses.csv", "-k", "importance", "--of", "age")
    assert ended.code == 2 and "no option 'of'" in ended.err


def test_plot_of_the_surface_over_two_weights(fall, cars):
    names = ("w[input.0->hidden1.0]", "b[hidden1.0]")
    told = fall("plot", cars, "cars.csv", "-k", "surface", "--along", *names, "-o", "a.svg")
    assert told.code == 0, told.err
    drawn = Path("a.svg").read_text(encoding="utf-8")
    assert all(name.replace(">", "&gt;") in drawn for name in names) and "trained" in drawn
    ended = fall("plot", cars, "cars.csv", "-k", "surface", "--along", "w[a]", names[1])
    assert ended.code == 2 and ended.err.count("\n") == 1 and "w[a]" in ended.err
    ended = fall("plot", cars, "cars.csv", "-k", "decision", "--along", *names)
    assert ended.code == 2 and "no option 'along'" in ended.err
    ended = fall("plot", cars, "-k", "diagram", "--feature", "wheels")
    assert ended.code == 2 and "no option 'features'" in ended.err
