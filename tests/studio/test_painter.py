"""The painter: who gets which picture, in which order, and what happens when one fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.studio.moments import Tab, at_theta, descended, moment

from fallline.errors import SpecError
from fallline.studio import painter as module
from fallline.studio.instant import Instant
from fallline.studio.painter import VIEWS, Painter

PAIR = ["w[input.0->hidden1.0]", "b[hidden1.1]"]


class Stage:
    """A session as the painter knows it: an instant that changes."""

    def __init__(self, at: Instant) -> None:
        self.at = at
        self.painter = Painter(lambda: self.at)

    def to(self, at: Instant) -> None:
        self.at = at
        self.painter.renew()


@pytest.fixture
def staged() -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(at: Instant) -> Stage:
        made.append(Stage(at))
        return made[-1]

    yield make
    for stage in made:
        stage.painter.close()


def until(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something holds; the time is a bound on a hang, not on work."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)
    return found


def settled(stage: Stage, tab: Tab, kinds: Any = VIEWS) -> None:
    """Wait until a tab has all its pictures of the present, and the fine map."""

    def holds() -> bool:
        wanted = [kind for kind in kinds if kind in tab.show]
        news = {m.type: m.fields for m in list(tab.got) if m.fields.get("step") == stage.at.step}
        fine = "surface" not in wanted or any(
            m.fields["fine"] and m.fields["step"] == stage.at.step for m in tab.of("surface")
        )
        return fine and set(wanted) <= set(news)

    until(holds)


def test_a_tab_gets_what_it_shows_coarse_first_then_fine(staged: Any) -> None:
    stage, tab = staged(moment(5, data="moons")), Tab(*VIEWS)
    stage.painter.join(tab)
    settled(stage, tab)
    assert {m.type for m in tab.got} == set(VIEWS)
    assert [m.fields["fine"] for m in tab.of("surface")] == [False, True]


def test_a_tab_gets_nothing_that_it_does_not_show(staged: Any) -> None:
    stage, tab, other = staged(moment(5, data="moons")), Tab("boundary"), Tab("confusion")
    stage.painter.join(tab)
    stage.painter.join(other)
    until(lambda: tab.got and other.got)
    stage.to(moment(6, data="moons"))
    until(lambda: len(tab.got) > 1 and len(other.got) > 1)
    assert {m.type for m in tab.got} == {"boundary"}
    assert {m.type for m in other.got} == {"confusion"}


def test_a_picture_of_each_new_moment(staged: Any) -> None:
    stage, tab = staged(moment(1, data="xor")), Tab("boundary", "predictions")
    stage.painter.join(tab)
    for steps in (1, 2, 3):
        stage.to(descended(stage.at.problem, steps))
        settled(stage, tab)


def test_pictures_are_not_made_again_without_news(staged: Any) -> None:
    stage, tab = staged(moment(1, data="xor")), Tab(*VIEWS)
    stage.painter.join(tab)
    settled(stage, tab)
    count = len(tab.got)
    second = Tab("boundary")
    stage.painter.join(second)
    until(lambda: second.got)
    time.sleep(0.05)
    assert len(tab.got) == count and len(second.got) == 1


def test_a_newcomer_gets_the_last_pictures_at_once(staged: Any) -> None:
    stage, tab, late = staged(moment(5, data="moons")), Tab(*VIEWS), Tab(*VIEWS)
    stage.painter.join(tab)
    settled(stage, tab)
    stage.painter.join(late)
    assert {m.type for m in late.got} == set(VIEWS)
    assert late.of("surface")[0] is tab.of("surface")[-1]


def test_an_older_picture_never_comes_after_a_newer_one(staged: Any) -> None:
    stage, tab = staged(moment(1, data="xor")), Tab("boundary")
    newer = threading.Event()

    class Slow(Tab):
        def offer(self, message: Any, slot: str | None = None) -> None:
            if threading.current_thread() is threading.main_thread():
                stage.to(descended(stage.at.problem, 2))
                newer.wait(1.0)  # the picture of now must not overtake this one
            super().offer(message, slot)
            newer.set()

    stage.painter.join(tab)
    settled(stage, tab)
    late = Slow("boundary")
    stage.painter.join(late)
    until(lambda: len(late.got) == 2)
    assert [m.fields["step"] for m in late.got] == [1, 2]


def test_a_tab_that_turns_to_something_else_gets_it_once(staged: Any) -> None:
    stage, tab, other = staged(moment(5, data="moons")), Tab("boundary"), Tab("predictions")
    stage.painter.join(tab)
    stage.painter.join(other)
    until(lambda: tab.got and other.got)
    tab.show = frozenset({"boundary", "predictions"})
    stage.painter.look(tab)
    assert [m.type for m in tab.got] == ["boundary", "predictions"]
    stage.painter.look(tab)
    assert len(tab.got) == 2


def test_the_element_in_focus_is_told_and_follows_the_descent(staged: Any) -> None:
    stage, tab = staged(moment(3, data="moons")), Tab(element=PAIR[0])
    stage.painter.join(tab)
    until(lambda: tab.of("detail"))
    stage.to(descended(stage.at.problem, 4))
    until(lambda: tab.of("detail")[-1].fields["step"] == 4)
    tab.element, tab.row = "output.0", 7
    stage.painter.look(tab)
    until(lambda: tab.of("detail")[-1].fields["element"] == "output.0")
    assert tab.of("detail")[-1].fields["row"] == 7


def test_each_tab_has_its_own_focus(staged: Any) -> None:
    stage, one, other = staged(moment(3, data="moons")), Tab(element=PAIR[0]), Tab(element=PAIR[1])
    stage.painter.join(one)
    stage.painter.join(other)
    until(lambda: one.got and other.got)
    assert {m.fields["element"] for m in one.got} == {PAIR[0]}
    assert {m.fields["element"] for m in other.got} == {PAIR[1]}


def test_each_tab_sees_its_own_layer_of_a_wide_network(staged: Any) -> None:
    stage = staged(moment(0, data="moons", net="100 relu, 60 relu"))
    one, other = Tab("units"), Tab("units")
    one.layer, other.layer = "hidden1", "hidden2"
    for tab in (one, other):
        stage.painter.join(tab)
    until(lambda: one.got and other.got)
    assert one.got[0].fields["units"][0]["name"] == "hidden1.0"
    assert other.got[0].fields["units"][0]["name"] == "hidden2.0"


def test_each_tab_sees_the_target_that_it_asks_for(staged: Any) -> None:
    stage = staged(moment(2, data="houses", target="price, age", net="3 tanh"))
    tabs = [Tab("boundary", "predictions") for _ in range(3)]
    for tab, target in zip(tabs, (None, "age", "nonsense"), strict=True):
        tab.target = target
        stage.painter.join(tab)
    until(lambda: all(tab.of("predictions") and tab.of("boundary") for tab in tabs))
    for tab, unit in zip(tabs, ("price", "age", "price"), strict=True):
        assert {m.fields["unit"] for m in tab.of("predictions")} == {unit}
        assert {m.fields["output"] for m in tab.of("boundary")} == {f"predicted {unit}"}


def test_what_nobody_wants_any_more_is_not_kept(staged: Any) -> None:
    stage, tab = (
        staged(moment(2, data="houses", target="price, age", net="3 tanh")),
        Tab("boundary"),
    )
    stage.painter.join(tab)
    for place in range(30):
        seen = len(tab.got)
        tab.target = f"target {place}"
        stage.painter.look(tab)
        until(lambda now=seen: len(tab.got) > now)
    assert len([job for job in stage.painter._last if job.kind == "boundary"]) <= 2


def test_while_the_descent_runs_pictures_come_all_the_same(staged: Any) -> None:
    stage, tab = staged(moment(3, data="xor")), Tab(*VIEWS, element=PAIR[0])
    stage.painter.pace(True)
    stage.painter.join(tab)
    problem, steps = stage.at.problem, 3
    moments = [descended(problem, n) for n in range(3, 8)]

    def seen() -> bool:
        nonlocal steps
        steps += 1
        stage.to(moments[steps % 5])
        return all(len(tab.of(kind)) > 2 for kind in (*VIEWS, "detail"))

    until(seen)
    stage.painter.pace(False)
    until(lambda: any(m.fields["fine"] for m in tab.of("surface")))


# --- the plane -----------------------------------------------------------------------------------


def test_the_plane_is_that_of_the_last_map_of_this_descent(staged: Any) -> None:
    stage, tab = staged(moment(5, data="moons")), Tab("surface")
    assert stage.painter.plane(1) is None
    stage.painter.join(tab)
    settled(stage, tab)
    plane = stage.painter.plane(1)
    assert plane.distances(stage.at.theta[None])[0] < 1e-12
    assert stage.painter.plane(2) is None


def test_another_plane_is_taken_when_it_is_chosen(staged: Any) -> None:
    stage, tab = staged(moment(5, data="moons")), Tab("surface")
    stage.painter.join(tab)
    settled(stage, tab)
    stage.painter.choose(PAIR, [[-1, 1], [-2, 2]])
    until(lambda: tab.of("surface")[-1].fields["axes"] == PAIR)
    x = tab.of("surface")[-1].arrays["x"]
    assert (x[0], x[-1]) == (-1, 1)
    assert stage.painter.plane(1).labels == tuple(PAIR)


@pytest.mark.parametrize("along", [None, 7, "up", ["a", "b"], ["b[output.0]"] * 2, {"x": 1}, []])
def test_a_plane_that_cannot_be_is_refused_and_the_old_one_stays(along: Any, staged: Any) -> None:
    stage, tab = staged(moment(5, data="moons")), Tab("surface")
    stage.painter.join(tab)
    settled(stage, tab)
    before = stage.painter.plane(1)
    with pytest.raises(SpecError):
        stage.painter.choose(along, None)
    stage.to(descended(stage.at.problem, 6))
    settled(stage, tab)
    assert stage.painter.plane(1).labels == before.labels
    assert not tab.of("notice")


def test_a_chosen_pair_that_the_next_network_lacks_gives_the_usual_plane(staged: Any) -> None:
    stage, tab = staged(moment(5, data="moons", net="6 tanh")), Tab("surface")
    stage.painter.join(tab)
    stage.painter.choose(["w[input.0->hidden1.5]", "b[hidden1.4]"], None)
    settled(stage, tab)
    stage.to(replace(moment(2, data="moons", net="2 tanh"), run=2))
    until(lambda: tab.of("surface")[-1].fields["run"] == 2)
    assert not tab.of("notice")


# --- what goes wrong -----------------------------------------------------------------------------


def test_weights_that_are_no_numbers_give_one_sentence_for_all_pictures(staged: Any) -> None:
    stage, tab = staged(moment(4, data="xor")), Tab(*VIEWS)
    stage.painter.join(tab)
    settled(stage, tab)
    good = stage.at
    for size in range(5):
        theta = np.full_like(good.theta, np.nan)
        stage.to(at_theta(replace(good, step=50 + size), theta))
        time.sleep(0.05)
    assert until(lambda: tab.of("notice"))
    assert len(tab.of("notice")) == 1
    assert "beyond all" in tab.of("notice")[0].fields["text"]
    stage.to(descended(good.problem, 5))
    settled(stage, tab)
    stage.to(at_theta(replace(good, step=99), np.full_like(good.theta, np.inf)))
    until(lambda: len(tab.of("notice")) == 2)


def test_what_a_divergence_tells_is_not_told_again(staged: Any) -> None:
    good = moment(4, data="xor")
    stage, tab = staged(good), Tab("boundary", "surface")
    stage.painter.join(tab)
    settled(stage, tab)
    theta = np.full_like(good.theta, np.inf)
    stage.to(at_theta(replace(good, step=5, diverged=True), theta))
    time.sleep(0.1)
    stage.to(descended(good.problem, 6))
    settled(stage, tab)
    assert not tab.of("notice")


def test_a_picture_that_fails_is_logged_and_the_others_go_on(
    staged: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("what nobody thought of")

    monkeypatch.setattr(module, "boundary", broken)
    stage, tab = staged(moment(2, data="xor")), Tab("boundary", "predictions")
    with caplog.at_level(logging.CRITICAL, "fallline.studio"):
        stage.painter.join(tab)
        until(lambda: tab.of("predictions") and tab.of("notice"))
        for steps in (3, 4):
            stage.to(descended(stage.at.problem, steps))
            settled(stage, tab, ["predictions"])
    (notice,) = tab.of("notice")
    assert notice.fields["kind"] == "error"
    assert "nobody" not in notice.fields["text"] and "boundary" in notice.fields["text"]


def test_an_element_that_is_not_there_gives_a_sentence(staged: Any) -> None:
    stage, tab = staged(moment(2, data="xor")), Tab(element="nowhere.7")
    stage.painter.join(tab)
    assert "nowhere" in until(lambda: tab.of("notice"))[0].fields["text"]


def test_a_tab_that_takes_nothing_is_dropped_and_the_others_are_served(staged: Any) -> None:
    class Gone(Tab):
        def offer(self, message: Any, slot: str | None = None) -> None:
            self.got.append(message)
            raise ConnectionError("it went away")

    stage, gone, tab = staged(moment(2, data="xor")), Gone("boundary"), Tab("boundary")
    logging.getLogger("fallline.studio").addFilter(quiet := lambda record: False)
    try:
        stage.painter.join(gone)
        stage.painter.join(tab)
        until(lambda: tab.got and gone.got)
        stage.to(descended(stage.at.problem, 3))
        settled(stage, tab)
    finally:
        logging.getLogger("fallline.studio").removeFilter(quiet)
    assert len(gone.got) == 1


def test_a_tab_that_left_gets_nothing_more(staged: Any) -> None:
    stage, gone, tab = staged(moment(2, data="xor")), Tab("boundary"), Tab("boundary")
    stage.painter.join(gone)
    stage.painter.join(tab)
    until(lambda: tab.got and gone.got)
    stage.painter.leave(gone)
    stage.painter.leave(gone)
    count = len(gone.got)
    stage.to(descended(stage.at.problem, 3))
    settled(stage, tab)
    assert len(gone.got) == count


def test_numbers_have_no_confusion_matrix_and_no_complaint(staged: Any) -> None:
    stage, tab = staged(moment(2, data="sine")), Tab("confusion", "predictions")
    stage.painter.join(tab)
    until(lambda: tab.got)
    stage.to(descended(stage.at.problem, 3))
    settled(stage, tab, ["predictions"])
    assert {m.type for m in tab.got} == {"predictions"}


def test_a_map_is_given_up_when_the_painter_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, halted = threading.Event(), threading.Event()

    def endless(at: Any, sight: Any, before: Any, fine: bool, dropped: Callable[[], bool]) -> Any:
        begun.set()
        while not dropped():
            time.sleep(0.001)
        halted.set()
        raise module.Dropped

    monkeypatch.setattr(module, "surface", endless)
    stage = Stage(moment(1, data="xor"))
    stage.painter.join(Tab("surface"))
    assert begun.wait(60)
    stage.painter.close()
    assert halted.is_set()
    assert "painter" not in {thread.name for thread in threading.enumerate()}


def test_a_session_that_has_no_instant_yet_is_asked_again() -> None:
    at = moment(1, data="xor")
    asked = iter([AttributeError("not yet"), at])
    refused = threading.Event()

    def instant() -> Instant:
        found = next(asked, at)
        if isinstance(found, Exception):
            refused.set()
            raise found
        return found

    tab = Tab("boundary")
    logging.getLogger("fallline.studio").addFilter(quiet := lambda record: False)
    painter = Painter(instant)
    try:
        painter.join(tab)
        assert refused.wait(60)
        painter.renew()
        until(lambda: tab.of("boundary"))
    finally:
        painter.close()
        logging.getLogger("fallline.studio").removeFilter(quiet)
