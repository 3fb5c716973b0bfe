"""Tabs: what they may say, what they get, and that none of them troubles the others."""

import json
import socket
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from fallline.studio.commands import LONGEST_MESSAGE, read_command
from fallline.studio.message import Message
from fallline.studio.web import MOST_TABS

from .conftest import header, until


def told(tab, kind):
    """Return the fields of the next message of this type."""
    while True:
        fields = header(tab.recv(timeout=60))
        if fields["type"] == kind:
            return fields


def say(tab, **command):
    tab.send(json.dumps(command))


# --- what is said --------------------------------------------------------------------------------


def test_a_tab_is_told_what_there_is_and_its_commands_are_answered(served):
    with served.tab() as tab:
        assert told(tab, "hello")["version"] == "0"
        assert told(tab, "frame")["step"] == 0
        say(tab, id=7, do="step", of="batch")
        assert told(tab, "frame")["step"] == 1
        reply = told(tab, "reply")
        assert (reply["id"], reply["error"]) == (7, None)
        assert served.session.commands == [{"id": 7, "do": "step", "of": "batch"}]


def test_what_cannot_be_done_is_a_sentence(served):
    with served.tab() as tab:
        say(tab, id=1, do="fly")
        assert told(tab, "reply")["error"] == "there is no command 'fly'"


def test_a_defect_is_answered_without_its_words(served):
    with served.tab() as tab:
        say(tab, id=1, do="break")
        reply = told(tab, "reply")
        assert "defect" in reply["error"] and "secret" not in reply["error"]
        assert len(served.defects) == 1
        say(tab, id=2, do="step", of="batch")
        assert told(tab, "reply") | {"arrays": 0} == {
            "type": "reply", "id": 2, "error": None, "arrays": 0,
        }  # fmt: skip


MALFORMED = [
    "", "nonsense", "[]", "1", "null", '"play"', "{", "{}", '{"do":"play"}', '{"id":1}',
    '{"id":"1","do":"play"}', '{"id":true,"do":"play"}', '{"id":-1,"do":"play"}',
    '{"id":1.5,"do":"play"}', '{"id":1,"do":null}', '{"id":1,"do":["play"]}',
    '{"id":1e999,"do":"play"}', '{"id":NaN,"do":"play"}', '{"id":1,"do":"place","x":Infinity}',
    '{"id":1,"do":"place","x":1e400}', '{"id":' + "9" * 5000 + ',"do":"play"}',
    "[" * 100_000, '{"a":' * 50_000, "\0", "\ud7ff", '{"id":99999999999999999999,"do":"play"}',
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_command_is_a_sentence(text):
    with pytest.raises(ValueError, match=r"^a (message|command) \w+") as caught:
        read_command(text)
    assert len(str(caught.value)) < 100


def test_what_is_no_command_leaves_the_tab_alive(served):
    with served.tab() as tab:
        for text in [*MALFORMED, b"\0\1\2", b'{"id":1,"do":"step"}']:
            tab.send(text)
            assert told(tab, "notice")["kind"] == "error"
        assert not served.session.commands and not served.defects
        say(tab, id=2, do="step", of="batch")
        assert told(tab, "reply")["error"] is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(VALUES | st.fixed_dictionaries({"id": VALUES, "do": VALUES}))
@settings(max_examples=200)
def test_any_json_is_a_command_or_a_sentence(value):
    try:
        command = read_command(json.dumps(value))
    except ValueError as error:
        assert str(error).startswith("a ")
    else:
        assert command == value and isinstance(command["do"], str) and command["id"] >= 0


def test_fifty_commands_at_once_have_fifty_replies(served):
    with served.tab() as tab:
        for id in range(50):
            say(tab, id=id, do="play")
        replies = [told(tab, "reply") for _ in range(50)]
    assert [reply["id"] for reply in replies] == list(range(50))
    assert {reply["error"] for reply in replies} == {None}


def test_who_is_too_quick_is_read_more_slowly_and_loses_nothing(served):
    with served.tab() as tab:
        for id in range(300):  # more than may come at once
            say(tab, id=id, do="play")
        assert [told(tab, "reply")["id"] for _ in range(300)] == list(range(300))


def test_a_message_that_is_too_long_ends_its_tab_only(served):
    with served.tab() as tab, served.tab() as other:
        tab.send("x" * (LONGEST_MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            told(tab, "notice")
        assert tab.close_code == 1009
        say(other, id=1, do="play")
        assert told(other, "reply")["error"] is None


def test_a_tab_that_reads_no_replies_is_closed(served):
    with served.tab(max_queue=1, close_timeout=0.2) as tab:
        told(tab, "hello")
        until(lambda: len(served.session.viewers) == 1)
        for slot in "abc":  # fills the way to it, so that replies wait
            served.session.viewers[0].offer(Message("x", {}, {"x": np.zeros(5_000_000)}), slot)
        for id in range(500):
            say(tab, id=id, do="fly")
        until(lambda: not served.session.viewers)
    assert not served.defects


# --- several of them -----------------------------------------------------------------------------


def test_two_tabs_see_the_same_and_both_steer(served):
    cookie = served.let_in()
    with served.tab(cookie=cookie) as one, served.tab(cookie=cookie) as two:
        told(one, "hello"), told(two, "hello")
        until(lambda: len(served.session.viewers) == 2)
        for step, steers, sees in [(1, one, two), (2, two, one)]:
            say(steers, id=step, do="step", of="batch")
            assert told(steers, "reply")["error"] is None
            while told(sees, "frame")["step"] < step:
                pass


def test_there_may_be_so_many_tabs(served):
    cookie = served.let_in()
    tabs = [served.tab(cookie=cookie) for _ in range(MOST_TABS)]
    opened = [tab.__enter__() for tab in tabs]
    for tab in opened:
        told(tab, "hello")
    with served.tab(cookie=cookie) as late:
        with pytest.raises(ConnectionClosed):
            told(late, "hello")
        assert late.close_code == 1013 and "close one of them" in late.close_reason
    tabs[0].__exit__(None, None, None)
    until(lambda: len(served.session.viewers) == MOST_TABS - 1)
    with served.tab(cookie=cookie) as tab:
        told(tab, "hello")
    for tab in tabs[1:]:
        tab.__exit__(None, None, None)


def test_tabs_that_vanish_in_a_frame_are_dropped(served):
    cookie, now = served.let_in(), struct.pack("ii", 1, 0)
    with served.tab(cookie=cookie) as staying:
        told(staying, "hello")
        for _ in range(10):
            with served.tab(cookie=cookie) as leaving:
                told(leaving, "hello")
                served.session.tell(1_000_000)
                # With a reset, as from a process that is killed.
                leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                leaving.socket.close()
                served.session.tell(1_000_000)
        until(lambda: len(served.session.viewers) == 1)
        say(staying, id=3, do="play")
        assert told(staying, "reply")["id"] == 3
    assert not served.defects


def test_a_slow_tab_slows_nobody_and_loses_no_point_of_a_curve(served):
    with served.tab(max_queue=1) as slow:
        told(slow, "hello")
        until(lambda: len(served.session.viewers) == 1)
        viewer = served.session.viewers[0]
        for _ in range(500):  # 400 kB each: far more than any buffer on the way
            served.session.step += 1
            served.session.tell(100_000)
            assert viewer.unread <= 2
        points = []
        while True:
            frame = told(slow, "frame")
            points += [point["step"] for point in frame["curves"]]
            if frame["step"] == 500:
                break
    assert points == list(range(501))


def test_lines_of_code_that_a_slow_tab_missed_are_joined(served):
    with served.tab(max_queue=1) as tab:
        told(tab, "hello")
        until(lambda: len(served.session.viewers) == 1)
        viewer, lines = served.session.viewers[0], []
        served.session.tell(5_000_000)
        for at, more in [(0, ["a", "b"]), (2, ["c"]), (1, ["d"]), (2, ["e", "f"])]:
            viewer.offer(Message("code", {"run": 1, "from": at, "lines": more}))
        viewer.offer(Message("notice", {"text": "end"}))
        while (fields := header(tab.recv(timeout=60)))["type"] != "notice":
            if fields["type"] == "code":
                lines[fields["from"] :] = fields["lines"]
    assert lines == ["a", "d", "e", "f"]


def test_the_whole_curves_and_later_points_are_not_doubled(served):
    with served.tab(max_queue=1) as tab:
        told(tab, "hello")
        until(lambda: len(served.session.viewers) == 1)
        viewer, points = served.session.viewers[0], []
        served.session.tell(5_000_000)

        def frame(step):
            viewer.offer(Message("frame", {"run": 1, "step": step, "curves": [{"step": step}]}))

        frame(1), frame(2)
        viewer.offer(Message("curves", {"run": 1, "points": [{"step": s} for s in (1, 2)]}))
        frame(3), frame(4)
        viewer.offer(Message("notice", {"text": "end"}))
        while (fields := header(tab.recv(timeout=60)))["type"] != "notice":
            if fields["type"] == "curves":
                points = [point["step"] for point in fields["points"]]
            elif fields["type"] == "frame":
                points += [point["step"] for point in fields["curves"]]
    assert points == [1, 2, 3, 4]


def test_numbers_that_are_not_finite_arrive(served):
    with served.tab() as tab:
        told(tab, "hello")
        until(lambda: len(served.session.viewers) == 1)
        values = np.array([[1.0, np.nan], [np.inf, -2.5]])
        served.session.viewers[0].offer(Message("surface", {"low": np.nan}, {"errors": values}))
        while (fields := header(message := tab.recv(timeout=60)))["type"] != "surface":
            pass
        length = int.from_bytes(message[:4], "little")
        start = 4 + length + -(4 + length) % 4
        assert fields["low"] is None and fields["arrays"]["errors"]["shape"] == [2, 2]
        np.testing.assert_array_equal(np.frombuffer(message[start:], "<f4"), values.ravel())
