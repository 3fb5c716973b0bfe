"""Whatever the page says, and however often: the studio stays, and answers in sentences."""

import json
import random
import threading

import pytest

from fallline.studio.server import Server
from fallline.studio.session import Session
from fallline.studio.setup import Setup

from .conftest import Served, header

ODD = [
    None, True, False, 0, 1, -1, 2**53, -(2**53), 10**30, 0.5, -1e308, 1e308, "", "x", "own",
    "model", "moons", "../../etc/passwd", "__import__('os')", "a" * 5000, "\0", "𝛉", [], {}, [[]],
    [1, 2], ["a", "b"], {"name": "sgd"}, {"name": "sgd", "learning_rate": 1e300}, {"name": ["sgd"]},
    {"name": "sgd", "x": 1}, [[0, 0], [0, 0]], [[-1, 1], [-1, 1]], [["a", 1], [1, 2]], [{}] * 50,
    "4 tanh", "0 tanh", "999 tanh, 999 relu", "4 tanh" + ", 4 tanh" * 40, "step(every=0)",
    "w[input.0->x.1]", "b[output.0]", "hidden1.0", "pca", "random", "auto",
    {"optimizer": {"name": "adam"}},
]  # fmt: skip
SETUP = [*Setup().to_json(), "nonsense"]
FIELDS = {
    "play": {}, "pause": {}, "step": {"of": ["example", "batch", "epoch"]},
    "back": {"of": ["step", "epoch"]}, "seek": {"step": [0, 3, 10**9]}, "best": {}, "restart": {},
    "reseed": {}, "place": {"x": [0, 0.5], "y": [0, 1e9]}, "speed": {"steps_per_second": [1, 500]},
    "setup": {"changes": []}, "change": {"changes": []}, "columns": {},
    "surface": {"along": ["pca", "random", "auto"], "span": [None, [[-1, 1], [-1, 1]]]},
    "views": {"show": [["surface"], ["boundary", "units", "confusion", "predictions"]],
              "layer": [None, "hidden1"]},
    "watch": {"element": ["hidden1.0", "w[input.0->hidden1.0]"], "row": [None, 0]},
    "race": {"entries": [[], [{"optimizer": {"name": "adam"}}, {"optimizer": {"name": "sgd"}}]]},
    "lesson": {"name": [None, "momentum"]}, "upload": {}, "eval": {"code": ["1"]}, "": {},
}  # fmt: skip


def some_command(draw):
    """Return a command that is right, or nearly, or not at all."""
    name = draw.choice(list(FIELDS))
    command = {"id": 0, "do": name}
    for field, good in FIELDS[name].items():
        if draw.random() < 0.05:
            continue
        command[field] = draw.choice(good if good and draw.random() < 0.6 else ODD)
        if field == "changes" and draw.random() < 0.9:
            fields = draw.sample(SETUP, draw.randint(1, 2))
            command[field] = {each: draw.choice(ODD) for each in fields}
    if draw.random() < 0.05:
        command[draw.choice("xyz")] = draw.choice(ODD)
    return command


@pytest.fixture
def real():
    told, defects = [], []
    with Server(tell=told.append, defect=defects.append) as server:
        session = Session(Setup.from_json({"net": "2 tanh", "rows": 40, "epochs": 50}))
        server.serve(session)
        yield Served(server, session, told, defects)
    names = [thread.name for thread in threading.enumerate()]
    assert not {"studio", "descent", "painter"} & set(names)


def reply(tab, id):
    """Return the reply of a command; everything else is read and left."""
    while True:
        fields = header(tab.recv(timeout=60))
        if fields["type"] == "reply" and fields["id"] == id:
            return fields


def is_sentence(text):
    assert 10 < len(text) < 1000 and "Traceback" not in text and "/src/" not in text, text
    assert "0x" not in text and "object at" not in text and "defect" not in text, text


@pytest.mark.parametrize("seed", range(4))
def test_any_command_is_done_or_refused_in_a_sentence(real, seed):
    draw = random.Random(seed)
    refused = 0
    with real.tab() as tab:
        for id in range(150):
            command = some_command(draw) | {"id": id}
            tab.send(json.dumps(command))
            error = reply(tab, id)["error"]
            if error is not None:
                refused += 1
                is_sentence(error)
            assert not real.defects, (command, real.defects)
        tab.send('{"id": 1000, "do": "setup", "changes": {"data": "moons", "net": "2 tanh"}}')
        assert reply(tab, 1000)["error"] is None
    assert 20 < refused < 150


@pytest.mark.parametrize("name", ["play", "restart", "reseed", "step"])
def test_fifty_at_once_are_fifty_answers_and_one_descent(real, name):
    with real.tab() as tab:
        for id in range(50):
            tab.send(json.dumps({"id": id, "do": name, "of": "epoch"}))
        for id in range(50):
            error = reply(tab, id)["error"]
            if error is not None:
                is_sentence(error)
        tab.send('{"id": 99, "do": "pause"}')
        assert reply(tab, 99)["error"] is None
    assert [thread.name for thread in threading.enumerate()].count("descent") == 1
    assert not real.defects


def test_what_diverges_is_told_and_can_be_undone(real):
    with real.tab() as tab:
        changes = {
            "data": "sine",
            "net": "none",
            "optimizer": {"name": "sgd", "learning_rate": 1e9},
        }
        tab.send(json.dumps({"id": 1, "do": "setup", "changes": changes}))
        assert reply(tab, 1)["error"] is None
        tab.send('{"id": 2, "do": "play"}')
        while (fields := header(tab.recv(timeout=60)))["type"] != "frame" or not fields[
            "divergence"
        ]:
            pass
        is_sentence(fields["divergence"]["text"])
        is_sentence(fields["divergence"]["help"])
        assert not fields["running"]
        tab.send('{"id": 3, "do": "back", "of": "step"}')
        assert reply(tab, 3)["error"] is None
    assert not real.defects


def test_many_settings_while_it_runs(real):
    with real.tab() as tab:
        tab.send('{"id": 0, "do": "play"}')
        for id in range(1, 60):
            rate = 0.001 * id
            changes = {"optimizer": {"name": "sgd", "learning_rate": rate}, "batch_size": id}
            tab.send(json.dumps({"id": id, "do": "change", "changes": changes}))
        for id in range(60):
            assert reply(tab, id)["error"] is None
    assert not real.defects


def test_exports_while_it_runs(real):
    cookie = real.let_in()
    with real.tab(cookie=cookie) as tab:
        tab.send('{"id": 1, "do": "play"}')
        reply(tab, 1)
        code = real.ask("GET", "/export/code.py", cookie=cookie)
        model = real.ask("GET", "/export/model.fall", cookie=cookie)
        report = real.ask("GET", "/export/report.html", cookie=cookie)
    assert code.status == model.status == report.status == 200
    compile(code.text, "code.py", "exec")
    assert b'"__metadata__"' in model.body[:200] and "<html" in report.text[:300]
    for answer in (code, report):
        assert answer.headers["content-disposition"].startswith("attachment")
    assert not real.defects
