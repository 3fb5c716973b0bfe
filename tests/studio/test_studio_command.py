"""``fallline studio`` as a process: its link, its end, what it reads, and what it refuses."""

import http.client
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

import fallline as fl
from fallline.cli.main import run
from fallline.cli.writing import write_table
from fallline.data import samples

from .conftest import header

COMMAND = [sys.executable, "-m", "fallline.cli.main", "studio", "--no-browser"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_table(samples.load("cars_and_bikes", n=60), "cars.csv")
    return tmp_path


@contextmanager
def started(*arguments, **options):
    """Start the command; yield it and its link."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"stdin": subprocess.DEVNULL} | options,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("The studio is at http://127.0.0.1:"), process.communicate()
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


def let_in(link):
    """Open a link; return where it leads and the cookie."""
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 303, answer.read()
    return parts.netloc, answer.getheader("set-cookie").partition(";")[0]


@contextmanager
def tab(link):
    where, cookie = let_in(link)
    with connect(
        f"ws://{where}/socket",
        origin=f"http://{where}",
        additional_headers={"Cookie": cookie},
        proxy=None,
        open_timeout=60,
    ) as socket:
        yield socket


def told(socket, kind):
    while (fields := header(socket.recv(timeout=30)))["type"] != kind:
        pass
    return fields


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_it_while_it_descends(folder, number, code, word):
    with started("--play") as (process, link), tab(link) as socket:
        while told(socket, "frame")["step"] < 3:
            pass
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (code, f"{word}: the studio has ended\n")


def test_a_signal_before_anyone_came_ends_it(folder):
    with started("cars.csv") as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143


@pytest.mark.parametrize(
    ("words", "data"), [([], "moons"), (["--sample", "xor"], "xor"), (["cars.csv"], "own")]
)
def test_it_runs_by_itself_unless_it_is_told_not_to(folder, words, data):
    with started(*words) as (_, link), tab(link) as socket:
        assert told(socket, "problem")["setup"]["data"] == data
        while told(socket, "frame")["step"] == 0:
            pass
    with started(*words, "--no-play") as (_, link), tab(link) as socket:
        frame = told(socket, "frame")
        assert (frame["step"], frame["running"]) == (0, False)


def test_options_are_the_setup(folder):
    words = ["cars.csv", "-t", "max_speed", "--net", "3 relu", "--optimizer", "adam",
             "--learning-rate", "0.02", "--batch-size", "full", "--l2", "0.1", "--seed", "7",
             "--epochs", "9", "--validation", "0", "--test", "0.5"]  # fmt: skip
    with started(*words) as (_, link), tab(link) as socket:
        setup = told(socket, "problem")["setup"]
    assert setup["optimizer"]["name"] == "adam" and setup["optimizer"]["learning_rate"] == 0.02
    wanted = {"data": "own", "target": "max_speed", "net": "3 relu", "batch_size": 0, "l2": 0.1,
              "seed": 7, "epochs": 9, "validation": 0, "test": 0.5}  # fmt: skip
    assert {name: setup[name] for name in wanted} == wanted


@pytest.mark.parametrize("words", [["-t", "max_speed,wheels"], ["-t", "max_speed", "-t", "wheels"]])
def test_several_targets_are_outputs_of_one_network(folder, words):
    with started("cars.csv", *words) as (_, link), tab(link) as socket:
        problem = told(socket, "problem")
    assert problem["setup"]["target"] == "max_speed, wheels"
    assert problem["network"]["layers"][-1]["labels"] == ["max_speed", "wheels"]


def test_a_model_is_opened_with_its_table(folder):
    model = fl.train("cars.csv", "kind", epochs=2, l2=0.01).model
    model.save("cars.fall")
    with started("cars.fall", "cars.csv") as (_, link), tab(link) as socket:
        problem = told(socket, "problem")
        assert problem["origin"] == "model" and problem["setup"]["target"] == "kind"
        # It waits, with the weights that it has.
        frame = socket
        while (fields := header(message := frame.recv(timeout=30)))["type"] != "frame":
            pass
        start = 4 + int.from_bytes(message[:4], "little")
        start += -start % 4 + 4 * fields["arrays"]["theta"]["at"]
        import numpy as np

        theta = np.frombuffer(message, "<f4", len(model.theta), start)
        np.testing.assert_array_equal(theta, model.theta.astype("f4"))


def test_a_lesson_is_in_the_link(folder):
    from fallline.studio.lessons import LESSONS

    name = next(iter(LESSONS))
    with started("--lesson", name) as (_, link):
        assert link.endswith(f"#lesson={name}")


@pytest.mark.parametrize("link", ["http://127.0.0.1:8123/#s=eyJh_-4", "#s=eyJh_-4"])
def test_the_settings_of_a_copied_link_are_in_the_link(folder, link):
    with started("--at", link) as (_, printed):
        assert printed.endswith("#s=eyJh_-4") and printed.count("#") == 1


def test_the_table_of_a_person_comes_before_the_link(folder):
    ended = subprocess.run(
        [*COMMAND, "cars.csv", "-t", "kind of"], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (2, "") and "kind of" in ended.stderr


def test_enter_prints_another_link(folder):
    main, side = pty.openpty()
    code = "import os; os.setsid(); import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    code += "from fallline.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "studio", "--no-browser"],
        stdin=side, stdout=side, stderr=side,
    )  # fmt: skip
    os.close(side)
    text, links = "", []

    def read(count):
        nonlocal text, links
        while len(links) < count or not text.endswith("\n"):
            text += os.read(main, 4096).decode()
            links = re.findall(r"http://\S+", text)

    try:
        read(1)
        while "Enter prints another" not in text:
            text += os.read(main, 4096).decode()
        os.write(main, b"\n")
        read(2)
        assert links[0] != links[1]
        let_in(links[1]), let_in(links[0])
        os.write(main, b"\x03")  # Ctrl-C, as typed
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        os.close(main)


def test_a_port_in_use_is_a_message(folder):
    with started() as (_, link):
        port = urlsplit(link).port
        ended = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True)
        assert ended.returncode == 2 and ended.stderr.startswith(f"error: port {port} of 127.0.0.1")


@pytest.fixture
def served(monkeypatch):
    """Run the command in this process; the server ends at once."""
    from fallline.studio.server import Server

    monkeypatch.setattr(Server, "running", property(lambda self: False))
    opened = []
    monkeypatch.setattr(
        "fallline.studio.browser.open_browser", lambda link: not opened.append(link)
    )
    return opened


def test_the_browser_gets_a_link_of_its_own(folder, served, capsys):
    assert run(["studio"]) == 0
    out = capsys.readouterr().out
    printed = re.findall(r"http://\S+", out)
    assert len(served) == len(printed) == 1 and served != printed
    assert "A browser is being opened." in out
    assert run(["studio", "--no-browser"]) == 0 and len(served) == 1


def test_another_host_is_warned_of(folder, served, capsys):
    assert run(["studio", "--host", "0.0.0.0", "--browsers", "30", "--no-browser"]) == 0
    said = capsys.readouterr()
    assert (
        said.err.startswith("warning: the studio listens on 0.0.0.0") and "30 browsers" in said.out
    )
    assert "unencrypted" in said.err and "//0.0.0.0" not in said.out
    assert run(["studio", "--no-browser"]) == 0
    assert capsys.readouterr().err == ""


def test_a_page_that_is_missing_is_told_at_once(folder, served, capsys, monkeypatch):
    monkeypatch.setattr("fallline.studio.bundle.PAGE", folder)
    assert run(["studio", "--no-browser"]) == 0
    assert "warning: the studio's page was not built" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cars.csv", "cars.csv"], "'cars.csv' is no model"),
        (["cars.csv", "cars.fall"], "write: fallline studio cars.fall cars.csv"),
        (["cars.fall", "cars.fall"], "is a model, but a table is expected"),
        (["cars.fall"], "name it after the model"),
        (["cars.fall", "cars.csv", "-t", "kind"], "leave --target out"),
        (["cars.csv", "--sample", "moons"], "not both"),
        (["--host", "192.0.2.1"], "no address of this machine"),
        (["--host", "a b"], "--host must be an address"),
        (["--lesson", "nothing"], "--lesson must be one of"),
        (["--momentum", "0.5", "--optimizer", "adam"], "--momentum is for"),
        (["no.csv"], "no.csv"),
        (["--lesson", "momentum", "--at", "#lesson=momentum"], "not both"),
    ],
)
def test_what_cannot_be_is_one_message(folder, served, capsys, words, said):
    if "cars.fall" in words:
        fl.train("cars.csv", "kind", epochs=1, l2=0.01).model.save("cars.fall")
    assert run(["studio", "--no-browser", *words]) == 2
    ended = capsys.readouterr()
    assert said in ended.err and ended.err.count("\n") == 1 and not ended.out
    assert "studio" not in [thread.name for thread in threading.enumerate()]


def test_the_library_opens_a_server_too(folder, capsys):
    page = fl.studio("spiral", net="8 tanh", browser=False, notebook=False)
    link = re.findall(r"http://\S+", capsys.readouterr().out)[0]
    with tab(link) as socket:
        setup = told(socket, "problem")["setup"]
        assert (setup["data"], setup["net"]) == ("spiral", "8 tanh")
        socket.send(json.dumps({"id": 1, "do": "pause"}))
        assert told(socket, "reply")["error"] is None
    page.close()
    assert not page.running


def test_the_library_takes_tables_models_and_samples(folder):
    from fallline.studio.door import _source

    model = fl.train("cars.csv", "kind", epochs=1, l2=0.01).model
    model.save("cars.fall")
    table = fl.read_table("cars.csv")
    assert _source("moons", None) is None and _source(None, None) is None
    for data in ("cars.csv", table, {name: table[name].values for name in table.names}):
        assert _source(data, None).kind == "own" and _source(data, None).table.n == 60
        for opened in (model, "cars.fall"):
            source = _source(data, opened)
            assert source.kind == "model" and source.model.theta.tobytes() == model.theta.tobytes()
    with pytest.raises(fl.errors.DataError, match="give a model by its name"):
        _source(model, None)
    with pytest.raises(fl.errors.DataError, match="together with a table"):
        _source(None, model)


def test_the_docs_list_every_lesson():
    from fallline.studio.lessons import LESSONS

    page = (Path(__file__).parents[2] / "docs" / "studio.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \| (.+) \|$", page, re.MULTILINE)
    assert listed == [(name, lesson.title) for name, lesson in LESSONS.items()]
