"""The widget: what it and the notebook say to one another, without a notebook."""

import threading

import comm
import pytest
from comm.base_comm import BaseComm

import fallline as fl
from fallline.errors import FalllineError, MissingExtraError
from fallline.studio.notebook import Notebook
from fallline.studio.wire import Wire

from .conftest import header, until
from .stand_in import StandIn


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A page whose widget is two short files."""
    (tmp_path / "widget.js").write_text("export default { render() {} };")
    (tmp_path / "widget.css").write_text(".fallline-studio {}")
    monkeypatch.setattr("fallline.studio.notebook.PAGE", tmp_path)


@pytest.fixture
def sent(monkeypatch):
    """What goes to the notebook: data and buffers of each message."""
    messages = []

    class Kept(BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **more):
            messages.append((msg_type, data, buffers or []))

    monkeypatch.setattr(comm, "create_comm", Kept)
    return messages


def shown(sent):
    """Return the fields of the studio's messages so far."""
    ours = [b for kind, data, b in sent if kind == "comm_msg" and data.get("method") == "custom"]
    return [header(bytes(buffers[0])) for buffers in ours]


def say(widget, **content):
    """Let the notebook say something, as ipywidgets hands it on."""
    widget.comm.handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
    )


def test_the_widget_brings_its_script_and_joins_when_it_is_seen(built, sent):
    session = StandIn()
    widget = Notebook(session)
    opened = [data["state"] for kind, data, _ in sent if kind == "comm_open"]
    (state,) = [each for each in opened if "_esm" in each]
    assert "export default" in state["_esm"] and ".fallline-studio" in state["_css"]
    assert not session.viewers
    say(widget, type="open")
    until(lambda: len(shown(sent)) == 2)
    assert [fields["type"] for fields in shown(sent)] == ["hello", "frame"]
    say(widget, type="command", text='{"id": 4, "do": "step", "of": "batch"}')
    until(lambda: len(shown(sent)) == 4)
    assert {"frame", "reply"} == {fields["type"] for fields in shown(sent)[2:]}
    assert session.commands == [{"id": 4, "do": "step", "of": "batch"}]
    say(widget, type="close")
    assert not session.viewers
    widget.close()
    assert session.closed and "studio-notebook" not in [t.name for t in threading.enumerate()]


@pytest.mark.parametrize(
    "content",
    [{}, {"type": "nothing"}, {"type": "command"}, {"type": "command", "text": "x"},
     {"type": "command", "text": {"id": 1, "do": "play"}}, {"type": ["ack"]}, {"type": None}],
)  # fmt: skip
def test_what_is_no_command_is_a_sentence(built, sent, content):
    session = StandIn()
    widget = Notebook(session)
    say(widget, type="open")
    say(widget, **content)
    until(lambda: len(shown(sent)) == 3)
    assert shown(sent)[-1]["type"] == "notice" and not session.commands
    widget.close()


def wired():
    session, got, defects = StandIn(), [], []
    wire = Wire(session, lambda _, buffers: got.append(header(buffers[0])), defects.append)
    return session, wire, got, defects


def test_what_is_sent_while_a_view_still_opens_counts():
    session, wire, got, _ = wired()
    join = session.join

    def slowly(viewer):
        join(viewer)
        until(lambda: len(got) == 2)  # hello and frame are on their way before it is done

    session.join = slowly
    wire.take({"type": "open"})
    for number in range(2, 8):
        session.tell()
        until(lambda n=number: len(got) > n)
    for _ in range(3):
        session.tell()
        threading.Event().wait(0.01)
    assert len(got) == 8
    wire.close()


def test_only_so_many_are_on_their_way_and_no_point_of_a_curve_is_lost():
    session, wire, got, _ = wired()
    wire.take({"type": "open"})
    while len(got) < 8 or session.step < 200:
        session.step += 1
        session.tell()
        threading.Event().wait(0.001)
    threading.Event().wait(0.05)
    assert len(got) == 8  # the rest waits, joined
    while got[-1].get("step") != session.step:
        before = len(got)
        wire.take({"type": "ack"})
        until(lambda n=before: len(got) > n)
    points = [
        point["step"] for fields in got if fields["type"] == "frame" for point in fields["curves"]
    ]
    assert points == list(range(session.step + 1))
    wire.close()


def test_a_page_that_is_loaded_anew_gets_everything_again():
    session, wire, got, _ = wired()
    for number in range(1, 7):  # without a word that it had gone
        wire.take({"type": "open"})
        until(lambda n=number: [fields["type"] for fields in got].count("hello") == n)
        for _ in range(20):  # never acknowledged
            session.tell()
        assert len(session.viewers) == 1
    wire.close()
    assert not session.viewers


def test_a_way_that_is_closed_does_not_end_the_studio():
    def broken(content, buffers):
        raise OSError("the kernel's socket is closed")

    defects = []
    wire = Wire(StandIn(), broken, defects.append)
    wire.take({"type": "open"})
    until(lambda: len(defects) == 2)
    wire.close()


def test_without_a_page_it_says_how_to_build_it(built, sent, tmp_path):
    (tmp_path / "widget.js").unlink()
    with pytest.raises(FalllineError, match="npm run build"):
        Notebook(StandIn())


def test_a_notebook_without_anywidget_says_what_to_install(monkeypatch):
    monkeypatch.setattr("fallline.studio.door.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fallline\[notebook\]'"):
        fl.studio("moons", notebook=True)


def test_the_door_opens_a_widget_with_the_real_session(built, sent):
    table = {"x": [1.0, 2.0, 3.0] * 20, "y": [2.0, 4.0, 6.0] * 20, "z": [5.0, 4.0, 3.0] * 20}
    widget = fl.studio(table, ["y", "z"], notebook=True)
    say(widget, type="open")
    until(lambda: any(fields["type"] == "frame" for fields in shown(sent)))
    (problem,) = [fields for fields in shown(sent) if fields["type"] == "problem"]
    assert problem["setup"]["target"] == "y, z" and problem["origin"] == "own"
    assert problem["network"]["layers"][-1]["labels"] == ["y", "z"]
    widget.close()
