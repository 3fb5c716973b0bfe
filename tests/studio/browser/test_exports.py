"""What is taken along: program, model, report, link; each does what was done on the page."""

import os
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .hand import LONG


def _saved(hand, item):
    """Return the file that an item of the menu downloads."""
    hand.button("Export").click()
    with hand.page.expect_download(timeout=60_000) as waiting:
        hand.page.locator("#export-menu button", has_text=item).click()
    path = hand.folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def _theta(program):
    """Return the parameters in which a program ends, run by itself."""
    return runpy.run_path(str(program))["run"].theta


def test_the_program_ends_in_the_weights_of_the_model_file(hand):
    hand.press("e", "ArrowRight", "x", "ArrowRight", "ArrowLeft")
    hand.at_step(15)
    hand.type("Learning rate η", 0.05)
    hand.page.locator("h1").click()
    hand.press("e")
    hand.at_step(27)
    hand.field("Optimizer").select_option("adam")
    hand.page.locator("h1").click()
    hand.press("e")
    expect(hand.counter("Epoch")).to_have_text(re.compile("[34]"), timeout=LONG)
    program, model = _saved(hand, "Python program"), _saved(hand, "Model file")
    assert (program.name, model.name) == ("code.py", "model.fall")
    assert np.array_equal(_theta(program), fl.load(model).theta)
    hand.page.get_by_role("tab", name="Python").click()
    shown = "\n".join(hand.code()).strip()
    assert shown in program.read_text("utf-8").replace("\u00a0", " ")


def test_a_program_after_a_click_on_the_map_starts_there(hand):
    hand.page.locator(".map[data-state=fine]").wait_for(timeout=LONG)
    pad = hand.page.locator(".map-pad")
    before = hand.model().theta
    box = pad.bounding_box()
    pad.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.4})
    hand.page.get_by_role("tab", name="Python").click()
    expect(hand.page.locator(".code-lines")).to_contain_text("theta", timeout=LONG)
    hand.page.locator("h1").click()
    hand.press("e")
    hand.at_step(13)
    model = fl.load(_saved(hand, "Model file"))
    assert np.array_equal(_theta(_saved(hand, "Python program")), model.theta)
    assert not np.array_equal(model.theta, before)


def test_the_saved_model_predicts_on_the_command_line(hand):
    hand.press("e")
    hand.at_step(13)
    model = _saved(hand, "Model file")
    (hand.folder / "rows.csv").write_text("x,y\n0.5,0.1\n-1,1\n2,-0.4\n")
    done = subprocess.run(
        [sys.executable, "-m", "fallline.cli.main", "predict", model.name, "rows.csv"],
        cwd=hand.folder, capture_output=True, text=True, timeout=120, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = fl.load(model)
    said = loaded.predict({"x": [0.5, -1.0, 2.0], "y": [0.1, 1.0, -0.4]})
    for value in np.ravel(said):
        assert str(value) in done.stdout


def test_the_report_is_that_of_the_library(hand):
    pytest.importorskip("matplotlib")
    hand.press("e")
    hand.at_step(13)
    report = _saved(hand, "Report")
    text = report.read_text("utf-8")
    assert report.name == "report.html" and text.lstrip().lower().startswith("<!doctype html>")
    assert "label" in text and "17" in text


def test_a_copied_link_opens_the_same_descent_elsewhere(hand, start, tmp_path):
    hand.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hand.type("Learning rate η", 0.07)
    hand.field("Hidden layer 1: activation").select_option("relu")
    hand.at_step(0)
    hand.button("Export").click()
    hand.page.locator("#export-menu button", has_text="Link").click()
    assert "fallline studio --at" in hand.notice("The link is in the clipboard")
    copied = hand.page.evaluate("navigator.clipboard.readText()")
    elsewhere = start("--at", copied)
    tab = elsewhere.open()
    for label, value in (("Learning rate η", "0.07"), ("Seed", str(hand.seed))):
        expect(tab.page.get_by_label(label, exact=True)).to_have_value(value, timeout=LONG)
    body = tab.page.context.request.get(f"{elsewhere.origin}/export/model.fall").body()
    (tmp_path / "other.fall").write_bytes(body)
    assert np.array_equal(fl.load(tmp_path / "other.fall").theta, hand.model().theta)


def test_every_click_has_its_line(hand):
    lines = hand.page.locator(".code-lines")
    hand.page.get_by_role("tab", name="Python").click()
    hand.page.locator("h1").click()
    for key, line in (
        ("ArrowRight", "run.step()"),
        ("ArrowRight", "run.advance(steps=2)"),
        ("x", "run.step(rows=1)"),
        ("ArrowLeft", "run.advance(steps=2)"),
    ):
        hand.press(key)
        expect(lines).to_contain_text(line, timeout=LONG)
    expect(lines).not_to_contain_text("rows=1")  # what was undone is no longer there


def test_an_opened_model_goes_on(start, hand, tmp_path):
    hand.press("e")
    hand.at_step(13)
    (tmp_path / "model.fall").write_bytes(hand.export("model.fall"))
    before = fl.load(tmp_path / "model.fall").theta
    table = fl.data.samples.load("moons")
    rows = zip(*(table[name].values.tolist() for name in table.names), strict=True)
    text = "".join(",".join(map(str, row)) + "\n" for row in [table.names, *rows])
    (tmp_path / "moons.csv").write_text(text)
    studio = start("model.fall", "moons.csv")
    tab = studio.open()
    body = tab.page.context.request.get(f"{studio.origin}/export/model.fall").body()
    (tmp_path / "again.fall").write_bytes(body)
    assert np.array_equal(fl.load(tmp_path / "again.fall").theta, before)
    tab.page.keyboard.press("ArrowRight")
    step = tab.page.locator(".counter", has=tab.page.locator("dt", has_text="Step")).locator("dd")
    expect(step).to_have_text("1", timeout=LONG)
