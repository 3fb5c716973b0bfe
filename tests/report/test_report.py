"""A model's page: its numbers are the model's, it needs nothing else, and it is the same twice."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

import fallline as fl
from fallline.data import samples
from fallline.errors import DataError, EngineWarning, SpecError
from fallline.report.pictures import PICTURES
from fallline.report.report import model_report
from fallline.report.words import number

VOID = {"meta", "br", "img", "link", "hr"}


class Page(HTMLParser):
    """A page's tags, checked to be closed in order, and its text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def houses():
    table = samples.load("houses")
    return fl.train(table, "price", epochs=3, l2=0.01).model, table


@pytest.fixture(scope="module")
def cars():
    table = samples.load("cars_and_bikes", n=60)
    return fl.train(table, "kind", epochs=3, l2=0.01).model, table


@pytest.fixture(scope="module")
def page(houses):
    return model_report(*houses, name="houses.fall").html


def test_it_is_one_file_that_loads_and_runs_nothing(page):
    read = Page(page)
    assert not {"script", "link", "iframe", "object", "embed", "audio", "video"} & set(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "data"):
            assert value.startswith(("#", "data:image/png"))
    assert "default-src 'none'" in page
    assert not re.search(r"url\((?!#)|@import", page)


def test_it_is_of_the_size_of_a_page(page):
    assert 100_000 < len(page.encode()) < 300_000


def test_it_is_the_same_twice_and_turns_dark_and_prints(houses, page):
    assert model_report(*houses, name="houses.fall").html == page
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_every_picture_that_can_be_is_there(houses, page):
    wanted = [p for p in PICTURES.values() if p.page is not None and not p.unfit(houses[0])]
    assert len(wanted) > 3 and "There is no picture" not in page
    assert page.count('class="fl-plot"') == len(wanted)
    for picture in wanted:
        assert f"<h2>{picture.title}</h2>" in page


def test_pictures_are_chosen_by_name(cars):
    page = model_report(*cars, pictures=["roc"]).html
    assert page.count('class="fl-plot"') == 1 and "<h2>ROC curve</h2>" in page
    with pytest.raises(SpecError, match="there is no picture 'rock'; did you mean 'roc'"):
        model_report(*cars, pictures=["rock"])


def test_what_cannot_be_drawn_is_said_and_the_page_goes_on(cars):
    model, table = cars
    one = table.take(np.flatnonzero(table["kind"].values == "car"))
    words = Page(model_report(model, one, pictures=["roc", "confusion"]).html).text
    assert "There is no picture: all rows are of one class" in words and "Confusion matrix" in words


def test_no_two_parts_have_one_name(page):
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))


def test_the_scores_are_the_models(houses, page):
    model, table = houses
    words = Page(page).text
    for name, value in model.evaluate(table).items():
        assert f"{name} " in words and f" {number(value)} " in words
    test = model.facts["scores"]["test"]
    assert f" {number(test['r2'])} " in words


def test_the_worst_row_is_the_largest_miss(houses, page):
    model, table = houses
    misses = model.predict(table) - table["price"].values
    worst = int(np.argmax(np.abs(misses)))
    cells = f"{worst + 1:,} {number(float(table['price'].values[worst]))}"
    assert cells in Page(page).text


def test_the_classes_are_counted(cars):
    model, table = cars
    words = Page(model_report(model, table, pictures=()).html).text
    taken, truth = model.predict(table), table["kind"].values
    rows = [[int(((truth == a) & (taken == b)).sum()) for b in model.target.labels]
            for a in model.target.labels]  # fmt: skip
    for label, counts in zip(model.target.labels, rows, strict=True):
        assert f"{label} {' '.join(map(str, counts))} " in words


def test_the_row_is_the_one_asked_for(cars):
    model, table = cars
    told = model_report(model, table, row=7, pictures=()).text
    assert "Row 7, step by step" in told
    x = model.encoder.encode(table.take(np.array([6])))[0]
    assert all(f"{value:.4g}".replace("-", "−") in told for value in x)


def test_a_row_without_a_target_is_left_out_and_not_followed(cars):
    model, table = cars
    missing = np.zeros(table.n, bool)
    missing[:2] = True
    column = table["kind"]
    holes = fl.Table([*(c for c in table if c.name != "kind"), replace(column, missing=missing)])
    told = model_report(model, holes, pictures=()).text
    assert "Row 3, step by step" in told and "2 rows without a known target are left out" in told
    with pytest.raises(DataError, match="target of row 2 is not known"):
        model_report(model, holes, row=2)


@pytest.mark.parametrize("row", [0, -1, 61])
def test_a_row_that_is_not_there_is_said(cars, row):
    with pytest.raises(DataError, match="rows 1 to 60"):
        model_report(*cars, row=row)


def test_a_small_network_shows_every_number():
    table = samples.load("cars_and_bikes", n=60)
    model = fl.train(table, "kind", net="none", epochs=3, l2=0.01).model
    told = model_report(model, table, pictures=()).text
    edges = model.network.size
    assert edges <= 30
    assert all(told.count(model.network.name(i)) for i in range(edges))


def test_names_from_the_table_are_only_words(cars):
    table = cars[1]
    evil = '<script>alert("1")</script>$x_1$ &'
    named = fl.Table([replace(c, name=evil) if c.name == "colour" else c for c in table])
    learnt = fl.train(named, "kind", epochs=3, l2=0.01).model
    html = model_report(learnt, named, name=evil).html
    read = Page(html)
    assert "script" not in read.tags and evil in unescape(" ".join(read.words))


def test_a_model_of_plain_numbers_is_refused():
    run = fl.descend(fl.Network.parse("2 -> 1"), [[1, 2], [3, 5]], [1, 2], epochs=2)
    with pytest.raises(DataError, match="knows no columns"):
        model_report(fl.Model.of(run), {"a": [1.0], "b": [2.0]})


def test_a_network_of_the_users_own_function_has_no_rule_but_a_page():
    own = fl.activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2, name="bent")
    table = samples.load("xor", n=40)
    with pytest.warns(EngineWarning):
        model = fl.train(table, "label", net=f"3 {own}", epochs=2, l2=0.01).model
        words = Page(model_report(model, table, pictures=()).html).text
    assert "The rule of this network cannot be derived" in words
    assert "Row 1, step by step" in words


def test_every_target_has_its_picture_and_numbers_have_minus_signs():
    X = np.random.default_rng(0).normal(size=(40, 2))
    table = {"a": X[:, 0], "b": X[:, 1], "up": X[:, 0], "down": -X[:, 1]}
    model = fl.train(table, ["up", "down"], net="none", epochs=2).model
    page = model_report(model, table, pictures=["predictions"]).html
    assert "true up" in page and "true down" in page and page.count('class="fl-plot"') == 2
    cells = re.findall(r"<td class=number>([^<]*)</td>", page.partition("<h2>Row")[0])
    assert cells and not [cell for cell in cells if cell.startswith("-")]
    assert any(cell.startswith("−") for cell in cells)
