"""The session without any web: what a person does, and what they are told."""

import itertools
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import numpy as np
import pytest
from tests.studio.watching import Onlooker, bare, do, setup, wait_for, watched

from fallline.errors import FalllineError, SpecError
from fallline.model import load
from fallline.studio.problem import Problem
from fallline.studio.session import Session
from fallline.studio.setup import Setup


@pytest.fixture
def session():
    with Session(setup()) as one:
        yield one


def theta(session):
    return session.instant().theta.tobytes()


def after(steps, **changes):
    """Return θ of a bare run after so many steps."""
    run = bare(setup(**changes))
    run.advance(steps)
    return run.theta.tobytes()


# What a viewer gets.


def test_who_joins_is_told_everything_first(session):
    viewer = watched(session)
    assert [message.type for message in viewer.messages] == ["hello", "problem", "curves", "frame"]
    problem, curves, frame = (viewer.last(kind) for kind in ("problem", "curves", "frame"))
    assert problem["run"] == curves["run"] == frame["run"] == 1
    assert (frame["step"], frame["epoch"], frame["row"], frame["running"]) == (0, 0, 0, False)
    assert frame["last"] is None and frame["divergence"] is None and frame["lanes"] == []
    assert [point["step"] for point in curves["points"]] == [0]
    assert curves["of"] == "all 30 training rows"
    assert problem["code"] and problem["lesson"] is None


def test_a_frame_tells_of_one_step(session):
    """Before, gradient, move and after belong together: SGD's rule holds among them."""
    viewer = watched(session)
    do(session, "step", of="batch")
    do(session, "step", of="batch")
    arrays = {name: a.astype(np.float64) for name, a in viewer.of("frame")[-1].arrays.items()}
    first = {name: a.astype(np.float64) for name, a in viewer.of("frame")[-2].arrays.items()}
    np.testing.assert_allclose(arrays["before"], first["theta"])
    np.testing.assert_allclose(arrays["before"] + arrays["move"], arrays["theta"], rtol=1e-12)
    rule = 0.5 * first["move"] - 0.2 * arrays["gradient"]
    np.testing.assert_allclose(arrays["move"], rule, rtol=1e-9, atol=1e-12)
    last = viewer.frame["last"]
    assert (last["step"], last["rows"], last["learning_rate"]) == (2, 5, 0.2)
    assert last["gradient_norm"] == pytest.approx(np.linalg.norm(arrays["gradient"]), rel=1e-9)


def test_errors_are_those_of_the_library(session):
    viewer = watched(session)
    do(session, "step", of="epoch")
    problem, at = Problem.of(setup()), session.instant()
    model = problem.model(at.theta)
    frame = viewer.frame
    rows = problem.tables["train"]
    assert frame["score"]["train"] == model.evaluate(rows)["accuracy"]
    y, p = problem.train.Y[:, 0], model.network_outputs(problem.train.X)[:, 0]
    cross_entropy = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert frame["error"] == pytest.approx(cross_entropy, rel=1e-12)
    assert frame["penalty"] == 0 and frame["validation_error"] > 0


def test_the_penalty_stands_apart():
    with Session(setup(l2=0.3)) as session:
        viewer = watched(session)
        at = session.instant()
        weights = at.theta[at.problem.network.penalized]
        assert viewer.frame["penalty"] == pytest.approx(0.15 * (weights**2).sum(), rel=1e-12)


def test_units_are_the_sizes_of_outputs(session):
    viewer = watched(session)
    problem = session.instant().problem
    units = viewer.of("frame")[-1].arrays["units"]
    outputs = problem.model(session.instant().theta).network_outputs(problem.train.X)
    assert units.shape == (4,) and units[3] == pytest.approx(np.abs(outputs).mean(), rel=1e-6)


# Steps, on and back.


def test_steps_are_those_of_the_bare_run(session):
    do(session, "step", of="batch")
    assert theta(session) == after(1)
    do(session, "step", of="epoch")
    assert session.instant().step == 6 and theta(session) == after(6)
    do(session, "step", of="epoch")
    assert session.instant().step == 12 and theta(session) == after(12)


def test_an_example_is_a_step_of_one_row(session):
    viewer = watched(session)
    do(session, "step", of="example")
    run = bare(setup())
    run.step(1)
    assert theta(session) == run.theta.tobytes()
    assert viewer.frame["last"]["rows"] == 1 and viewer.frame["row"] == 1
    do(session, "step", of="epoch")
    run.advance(6)
    assert theta(session) == run.theta.tobytes()


def test_a_step_belongs_to_the_epoch_that_it_is_part_of(session):
    viewer = watched(session)
    for step in range(1, 14):  # six steps an epoch
        do(session, "step", of="batch")
        assert viewer.frame["epoch"] == (step + 5) // 6
        assert [point["epoch"] for point in viewer.frame["curves"]] == [viewer.frame["epoch"]]


def test_a_frame_tells_the_best_epoch_that_best_leads_to(session):
    viewer = watched(session)
    assert viewer.frame["best"] is None
    for _ in range(8):
        do(session, "step", of="epoch")
    told = viewer.frame["best"]
    do(session, "best")
    assert (viewer.frame["step"], viewer.frame["epoch"]) == (told["step"], told["epoch"])


def test_play_goes_on_until_pause_and_is_the_same_descent():
    with Session(setup(epochs=10**6)) as session:  # no pause of this thread outlasts them
        viewer = watched(session)
        do(session, "play")
        viewer.wait(lambda seen: seen.frame["step"] > 500)
        frame = viewer.frame  # the next one may come at any time
        assert frame["running"] and frame["last"]["step"] == frame["step"]
        do(session, "pause")
        step = session.instant().step
        assert theta(session) == after(step, epochs=10**6)
        assert not viewer.frame["running"]
        assert viewer.frame["step"] == viewer.frame["last"]["step"] == step
        assert viewer.frame["steps_per_second"] == 0


@pytest.mark.parametrize("speed", [40, 500, 1e9])
def test_any_speed_is_the_same_descent(session, speed):
    viewer = watched(session)
    do(session, "speed", steps_per_second=speed)
    do(session, "play")
    viewer.wait(lambda seen: seen.frame["step"] > 20)
    do(session, "pause")
    assert theta(session) == after(session.instant().step)


def test_points_of_the_curves_come_once_each(session):
    viewer = watched(session)
    do(session, "speed", steps_per_second=300)
    do(session, "play")
    viewer.wait(lambda seen: len(seen.of("frame")) > 12)
    do(session, "pause")
    steps = [p["step"] for frame in viewer.of("frame") for p in frame.fields["curves"]]
    known = [p["step"] for p in viewer.of("curves")[-1].fields["points"]]
    other = watched(session)
    whole = [p["step"] for p in other.last("curves")["points"]]
    assert sorted({*known, *steps}) == whole and len(steps) == len({*steps})


def test_back_is_to_the_bit_and_on_again_too(session):
    do(session, "step", of="epoch")
    do(session, "step", of="example")
    do(session, "step", of="batch")
    thetas = {session.instant().step: theta(session)}
    for _ in range(3):
        do(session, "back", of="step")
        thetas[session.instant().step] = theta(session)
    assert sorted(thetas) == [5, 6, 7, 8]
    assert thetas[6] == after(6)
    for step in (8, 5, 7, 6):
        do(session, "seek", step=step)
        assert theta(session) == thetas[step]
    do(session, "back", of="epoch")
    assert session.instant().step == 0
    with pytest.raises(SpecError, match="there is no step before it"):
        do(session, "back", of="step")


def test_an_epoch_is_done_at_once_however_busy_the_machine_is(session, monkeypatch):
    seconds = itertools.count()  # others have the processor between any two looks at the clock
    busy = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    for module in ("run", "through"):
        monkeypatch.setattr(f"fallline.descent.{module}.time", busy)
    for of in ("epoch", "epoch", "batch"):
        session.do({"do": "step", "of": of})
    session.do({"do": "pause"}).result(60)
    monkeypatch.undo()
    assert session.instant().step == 13 and theta(session) == after(13)


def test_seek_goes_beyond_what_is_known(session):
    viewer = watched(session)
    do(session, "seek", step=4000)
    viewer.wait(lambda seen: not seen.frame["running"] and seen.frame["step"] == 4000)
    assert theta(session) == after(4000)


def test_after_a_step_back_the_curves_keep_what_came_later_until_something_new_is_done(session):
    viewer = watched(session)
    for _ in range(5):
        do(session, "step", of="batch")
    do(session, "back", of="step")
    do(session, "back", of="step")
    assert [p["step"] for p in viewer.last("curves")["points"]] == [0, 1, 2, 3, 4, 5]
    assert session.instant().path_steps.tolist() == [0, 1, 2, 3]
    do(session, "step", of="example")
    assert [p["step"] for p in viewer.last("curves")["points"]] == [0, 1, 2, 3, 4]
    with pytest.raises(SpecError):
        do(session, "seek", step=-1)


def test_best_is_the_epoch_of_the_least_validation_error():
    with Session(setup(optimizer={"name": "sgd", "learning_rate": 3.0}, epochs=60)) as session:
        viewer = watched(session)
        with pytest.raises(SpecError, match="no epoch has a validation error yet"):
            do(session, "best")
        do(session, "play")
        viewer.wait(lambda seen: seen.frame["stopped"] is not None)
        run = bare(setup(optimizer={"name": "sgd", "learning_rate": 3.0}, epochs=60))
        run.advance()
        best = run.history.best
        assert 1 < best.epoch < 60
        marked = viewer.last("curves")["best"] or {}
        do(session, "best")
        assert session.instant().step == best.steps == viewer.last("curves")["best"]["step"]
        assert viewer.frame["validation_error"] == pytest.approx(best.validation_error, rel=1e-12)
        assert marked.get("step", best.steps) >= 0


def test_the_last_epoch_ends_it_and_play_goes_on_for_as_many():
    with Session(setup(epochs=20)) as session:
        viewer = watched(session)
        do(session, "play")
        viewer.wait(lambda seen: seen.frame["stopped"] is not None)
        assert viewer.frame["stopped"] == "all 20 epochs are done; play goes on for 20 more"
        assert not viewer.frame["running"] and viewer.frame["step"] == 120
        assert viewer.frame["last"]["step"] == 120
        do(session, "play")
        viewer.wait(lambda seen: seen.frame["step"] == 240 and not seen.frame["running"])
        assert theta(session) == after(240, epochs=40)
        assert viewer.last("problem")["setup"]["epochs"] == 40
        do(session, "step", of="batch")
        assert session.instant().step == 241


# New descents.


def test_restart_has_the_same_start_and_reseed_another(session):
    viewer = watched(session)
    first = theta(session)
    do(session, "step", of="epoch")
    do(session, "restart")
    assert theta(session) == first and session.instant().step == 0
    assert viewer.last("problem")["run"] == viewer.frame["run"] == 2
    do(session, "step", of="epoch")
    assert theta(session) == after(6)
    do(session, "reseed")
    assert theta(session) != first
    reseeded = theta(session)
    do(session, "step", of="batch")
    do(session, "restart")
    assert theta(session) == reseeded


def test_setup_begins_another_descent(session):
    viewer = watched(session)
    do(session, "setup", changes={"net": "5 relu", "l2": 0.1})
    assert viewer.last("problem")["network"]["parameters"] == 21
    do(session, "step", of="epoch")
    assert theta(session) == after(6, net="5 relu", l2=0.1)


def test_a_setup_that_cannot_be_leaves_all_as_it_was(session):
    viewer = watched(session)
    do(session, "step", of="batch")
    before = theta(session)
    for changes in ({"net": "4 nonsense"}, {"data": "own"}, {"batch_size": -1}, None, {"nix": 1}):
        with pytest.raises(FalllineError):
            do(session, "setup", changes=changes)
    assert theta(session) == before and viewer.frame["run"] == 1
    do(session, "step", of="batch")
    assert theta(session) == after(2)


def test_fifty_setups_in_a_row_end_in_the_last(session):
    viewer = watched(session)
    nets = [f"{1 + i % 7} tanh" for i in range(50)]
    waiting = [session.do({"do": "setup", "changes": {"net": net}}, viewer) for net in nets]
    for outcome in waiting:
        outcome.result(60)
    assert session.instant().run == 51
    assert viewer.last("problem")["setup"]["net"] == nets[-1]
    do(session, "step", of="epoch")
    assert theta(session) == after(6, net=nets[-1])


def test_place_begins_from_a_point_of_the_map_and_restart_returns_there(session):
    viewer = watched(session, "surface")
    names = ["w[input.0->hidden1.0]", "b[output.0]"]
    do(session, "surface", along=names, span=None)
    viewer.wait(lambda seen: any(list(m.fields["axes"]) == names for m in seen.of("surface")))
    start, network = session.instant().theta.copy(), session.instant().problem.network
    do(session, "place", x=0.75, y=-0.5)
    start[[network.index(name) for name in names]] = 0.75, -0.5
    np.testing.assert_array_equal(session.instant().theta, start)
    placed = theta(session)
    do(session, "step", of="epoch")
    assert theta(session) == after(6, start=start.tolist())
    do(session, "restart")
    assert theta(session) == placed


def test_theta_lies_on_the_map_where_its_weights_say(session):
    viewer = watched(session, "surface")
    names = ["w[input.0->hidden1.0]", "w[hidden1.0->output.0]"]
    do(session, "surface", along=names, span=None)
    viewer.wait(lambda seen: any(list(m.fields["axes"]) == names for m in seen.of("surface")))
    do(session, "step", of="batch")
    network, place = session.instant().problem.network, viewer.frame["place"]
    at = session.instant().theta[[network.index(name) for name in names]]
    np.testing.assert_allclose((place["x"], place["y"]), at, rtol=1e-12)
    assert place["off"] >= 0 and place["error"] == viewer.frame["error"]


def test_no_map_no_place(session):
    with pytest.raises(SpecError, match="no map of the error yet"):
        do(session, "place", x=0.0, y=0.0)


# Changes on the way.


def test_a_change_is_that_of_the_run(session):
    viewer = watched(session)
    for _ in range(3):
        do(session, "step", of="batch")
    changes = {"optimizer": {"name": "adam", "learning_rate": 0.05}, "batch_size": 7, "l2": 0.01}
    do(session, "change", changes=changes)
    do(session, "step", of="epoch")
    run = bare(setup())
    run.advance(3)
    run = run.changed(optimizer={"name": "adam", "learning_rate": 0.05}, batch_size=7, l2=0.01)
    run.advance(session.instant().step - 3)
    assert theta(session) == run.theta.tobytes()
    assert run.position == (2, 0)
    assert viewer.last("problem")["run"] == 1
    assert viewer.last("problem")["setup"]["batch_size"] == 7
    marks = viewer.last("curves")["marks"]
    assert [mark["step"] for mark in marks] == [3]
    assert "SGD 0.2, momentum 0.5 → Adam 0.05" in marks[0]["text"]


def test_settings_go_back_with_the_steps(session):
    viewer = watched(session)
    do(session, "step", of="batch")
    do(session, "change", changes={"l2": 0.5})
    do(session, "step", of="batch")
    kept = theta(session)
    do(session, "seek", step=0)
    assert viewer.last("problem")["setup"]["l2"] == 0 and viewer.frame["penalty"] == 0
    do(session, "seek", step=2)
    assert viewer.last("problem")["setup"]["l2"] == 0.5 and theta(session) == kept
    do(session, "seek", step=1)
    assert viewer.last("problem")["setup"]["l2"] == 0.5  # it was changed after this step
    do(session, "seek", step=0)
    do(session, "step", of="batch")
    do(session, "step", of="batch")
    assert theta(session) == after(2)
    assert viewer.last("curves")["marks"] == []


def test_changes_of_one_moment_are_one_mark(session):
    viewer = watched(session)
    do(session, "step", of="batch")
    for rate in (0.3, 0.4, 0.5):
        optimizer = {"name": "sgd", "learning_rate": rate, "momentum": 0.5}
        do(session, "change", changes={"optimizer": optimizer})
    marks = viewer.last("curves")["marks"]
    assert [mark["text"] for mark in marks] == ["rate 0.2 → 0.5"]


def test_what_is_no_hot_setting_is_refused(session):
    with pytest.raises(SpecError, match="net cannot change during a descent"):
        do(session, "change", changes={"net": "2 tanh", "l2": 0.1})
    assert session.instant().plan.l2 == 0


# Divergence.


def test_divergence_is_told_explained_and_can_be_stepped_back_from():
    big = {"optimizer": {"name": "sgd", "learning_rate": 9.0}, "net": "none", "loss": None,
           "data": "houses", "rows": None, "batch_size": 0}  # fmt: skip
    with Session(setup(**big)) as session:
        viewer = watched(session)
        do(session, "play")
        viewer.wait(lambda seen: seen.frame["divergence"] is not None)
        frame = viewer.frame
        assert not frame["running"] and "diverged" in frame["stopped"]
        assert "led out of all bounds" in frame["divergence"]["text"]
        assert "9 is above 2/λmax = " in frame["divergence"]["help"]
        assert np.isfinite(viewer.of("frame")[-1].arrays["theta"]).all()
        assert frame["last"]["step"] == frame["step"] > frame["divergence"]["step"] == 0
        with pytest.raises(SpecError, match="step back, or restart"):
            do(session, "play")
        do(session, "back", of="step")
        assert viewer.frame["divergence"] is None and viewer.frame["stopped"] is None
        do(session, "restart")
        rate = frame["divergence"]["rate"]
        problem = session.instant().problem
        X = np.hstack([problem.train.X, np.ones((problem.train.n, 1))])
        limit = 2 / np.linalg.eigvalsh(X.T @ X / len(X)).max()
        assert 0.25 * limit < rate <= 0.5 * limit
        assert f"2/λmax = {limit:.3g}" in frame["divergence"]["help"]
        do(session, "change", changes={"optimizer": {"name": "sgd", "learning_rate": rate}})
        for _ in range(30):
            do(session, "step", of="epoch")
        assert viewer.frame["divergence"] is None
        assert viewer.frame["error"] < viewer.of("frame")[0].fields["error"] * 2


# Commands that are none, and viewers that go.


def test_what_is_no_command_is_told(session):
    for command in ({"do": "fly"}, {"do": 3}, {}, {"do": None}, []):
        with pytest.raises(SpecError, match="command"):
            session.do(command).result(60)
    for command in (
        {"do": "step"}, {"do": "step", "of": "mile"}, {"do": "back", "of": 1},
        {"do": "seek", "step": 1.5}, {"do": "place", "x": None, "y": 1}, {"do": "views"},
        {"do": "speed", "steps_per_second": 0}, {"do": "speed", "steps_per_second": "fast"},
        {"do": "surface"}, {"do": "race"}, {"do": "race", "entries": [{}]},
        {"do": "watch", "element": 3}, {"do": "watch", "element": None, "row": 10**9},
        {"do": "lesson", "name": "none such"}, {"do": "columns"}, {"do": "change"},
    ):  # fmt: skip
        with pytest.raises(FalllineError) as caught:
            session.do(command).result(60)
        assert "went wrong" not in str(caught.value), command
    do(session, "step", of="batch")
    assert theta(session) == after(1)


def test_a_defect_is_told_logged_and_survived(session, monkeypatch, caplog):
    viewer = watched(session)
    monkeypatch.setattr(session._steering, "best", lambda: 1 / 0)
    with pytest.raises(FalllineError, match="went wrong within fallline"):
        do(session, "best", viewer)
    assert "a defect in the studio" in caplog.text and "ZeroDivisionError" in caplog.text
    do(session, "step", of="batch")
    assert theta(session) == after(1)


def test_a_defect_while_it_runs_halts_it_with_a_notice(session, monkeypatch, caplog):
    viewer = watched(session)
    monkeypatch.setattr(session._steering.course.timeline, "go", lambda *_: 1 / 0)
    do(session, "play")
    viewer.wait(lambda seen: seen.of("notice"))
    assert "went wrong" in viewer.last("notice")["text"]
    monkeypatch.undo()
    do(session, "step", of="batch")
    assert theta(session) == after(1) and not viewer.frame["running"]
    assert "halted" in caplog.text


def test_a_viewer_that_takes_nothing_is_dropped(session, caplog):
    class Broken(Onlooker):
        def offer(self, message, slot=None):
            if len(self.messages) > 4:
                raise OSError("gone")
            super().offer(message, slot)

    broken, viewer = watched_by(Broken(), session), watched(session)
    for _ in range(3):
        do(session, "step", of="batch")
    assert len(broken.messages) == 5 and "was dropped" in caplog.text
    assert session._viewers == [viewer] and viewer.frame["step"] == 3


def watched_by(viewer, session):
    session.join(viewer)
    viewer.wait(lambda seen: seen.of("frame"))
    return viewer


def test_who_leaves_gets_nothing_more(session):
    viewer = watched(session)
    session.leave(viewer)
    session.leave(viewer)
    count = len(viewer.messages)
    do(session, "step", of="batch")
    assert len(viewer.messages) == count


def test_two_viewers_see_one_descent(session):
    one, two = watched(session), watched(session)
    do(session, "step", one, of="batch")
    do(session, "step", two, of="batch")
    assert one.frame is two.frame and one.frame["step"] == 2
    do(session, "watch", one, element="w[input.0->hidden1.0]", row=3)
    do(session, "views", two, show=["boundary", "units"], layer="hidden1", target="label")
    assert (one.element, one.row, two.element) == ("w[input.0->hidden1.0]", 3, None)
    assert (two.show, two.layer, one.show) == ({"boundary", "units"}, "hidden1", frozenset())
    assert (two.target, one.target) == ("label", None)


def test_too_many_commands_at_once_are_told_so(session):
    gate, begun = threading.Event(), threading.Event()
    session._ask(lambda: (begun.set(), gate.wait(60)))
    begun.wait(60)
    outcomes = [session.do({"do": "pause"}) for _ in range(120)]
    gate.set()
    failed = [one.exception(60) for one in outcomes]
    assert [error is None for error in failed] == [True] * 100 + [False] * 20
    assert "100 commands are waiting" in str(failed[-1])
    do(session, "step", of="batch")


def test_only_the_layer_in_sight_of_a_large_network_is_told():
    with Session(setup(net="90 tanh, 60 tanh")) as session:
        one, two = watched(session), watched(session)
        do(session, "views", one, show=[], layer="hidden2")
        do(session, "step", of="batch")
        theta = session.instant().theta
        block = next(b for b in session.instant().problem.network.blocks if b.name == "hidden2")
        found = one.of("frame")[-1]
        assert found.fields["layer"] == "hidden2" and two.frame["layer"] == "output"
        part = theta[block.weights.start : block.stop]
        assert found.arrays["theta"].tolist() == part.tolist()
        assert found.arrays["gradient"].shape == part.shape
        assert two.of("frame")[-1].arrays["theta"].shape == (61,)


# Taking away, and ending.


def test_the_model_is_that_of_now(session, tmp_path):
    for _ in range(3):
        do(session, "step", of="epoch")
    path = tmp_path / "model.fall"
    path.write_bytes(session.export_model())
    model = load(path)
    assert model.theta.tobytes() == theta(session)
    assert len(model.history) == 3 and model.history[-1].steps == 18


def test_the_program_ends_in_the_same_weights(session):
    do(session, "step", of="epoch")
    do(session, "step", of="example")
    do(session, "change", changes={"optimizer": {"name": "adam"}, "batch_size": 4})
    do(session, "seek", step=5)
    do(session, "seek", step=7)
    do(session, "step", of="epoch")
    names = {}
    exec(session.export_code(), names)
    assert names["run"].theta.tobytes() == theta(session)


def test_lines_of_the_program_are_told_as_they_come(session):
    viewer = watched(session)
    lines = list(viewer.last("problem")["code"])
    for command in ({"of": "batch"}, {"of": "batch"}, {"of": "example"}, {"of": "epoch"}):
        do(session, "step", **command)
        news = viewer.last("code")
        lines[news["from"] :] = news["lines"]
    assert lines == session.export_code().splitlines()[1:]
    do(session, "back", of="epoch")
    news = viewer.last("code")
    lines[news["from"] :] = news["lines"]
    assert lines == session.export_code().splitlines()[1:]


def test_the_report_is_the_library_s(session):
    do(session, "step", of="epoch")
    page = session.export_report()
    assert page.startswith("<!DOCTYPE html>") and "studio" in page


def test_closing_ends_both_threads_and_what_waits_is_told():
    session = Session(setup())
    do(session, "play")
    gate, begun = threading.Event(), threading.Event()
    session._ask(lambda: (begun.set(), gate.wait(60)))
    begun.wait(60)
    late = session.do({"do": "pause"})
    closing = threading.Thread(target=session.close)
    closing.start()
    wait_for(session._closing.is_set)
    gate.set()
    closing.join(60)
    for outcome in (late, session.do({"do": "play"})):
        assert isinstance(outcome, Future)
        assert str(outcome.exception(60)) == "the studio is ending"
    assert not session._thread.is_alive()
    assert not [t for t in threading.enumerate() if t.name in ("descent", "painter")]
    session.close()


def test_a_setup_that_cannot_be_begins_no_session():
    before = threading.enumerate()  # some of which may be about to end
    with pytest.raises(FalllineError):
        Session(Setup(data="own"))
    assert set(threading.enumerate()) <= set(before)


def test_a_lively_session_plays_as_soon_as_somebody_looks_on():
    with Session(setup(), lively=True) as session:
        assert session.instant().step == 0
        viewer = watched_by(Onlooker(), session)
        viewer.wait(lambda seen: seen.frame["step"] > 3)
        assert viewer.frame["running"] and viewer.frame["speed"] == 100
        do(session, "pause")
        watched_by(Onlooker(), session)
        assert not viewer.frame["running"]


def test_a_long_epoch_goes_faster_at_first():
    with Session(setup(data="moons", rows=2000, batch_size=10, validation=0.0)) as session:
        assert watched_by(Onlooker(), session).frame["speed"] == 400


def test_who_joins_or_asks_while_it_runs_sees_one_moment(session):
    """θ, its step and the step that led there belong together, also between two frames."""
    watched(session)
    do(session, "play")
    for speed in (None, 900, None, 700, None):
        viewer = watched(session)
        do(session, "speed", viewer, steps_per_second=speed)
        do(session, "views", viewer, show=[])
        for message in viewer.of("frame"):
            frame, theta = message.fields, message.arrays["theta"]
            if frame["step"]:
                assert frame["last"]["step"] == frame["step"]
                assert theta.tobytes() == after(frame["step"])
