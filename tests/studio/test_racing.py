"""A race in the studio: lanes are runs of their own, and those of `fallline.race`."""

import numpy as np
import pytest
from tests.studio.watching import bare, do, setup, watched

from fallline.errors import SpecError
from fallline.pictures.race import race
from fallline.studio.gauge import Gauge
from fallline.studio.problem import Problem
from fallline.studio.racing import race_of
from fallline.studio.session import Session

ENTRIES = [
    {"optimizer": {"name": "sgd", "learning_rate": 0.1}},
    {"label": "with memory", "optimizer": {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
    {"optimizer": {"name": "adam", "learning_rate": 0.02}},
]


@pytest.fixture
def session():
    with Session(setup()) as one:
        yield one


def raced(**changes):
    problem = Problem.of(setup(**changes))
    return race_of(ENTRIES, problem, Gauge(problem)), problem


def test_each_lane_is_a_run_of_its_own(session):
    viewer = watched(session)
    do(session, "race", entries=ENTRIES)
    for of in ("batch", "epoch", "batch"):
        do(session, "step", of=of)
    lanes = viewer.frame["lanes"]
    assert [lane["label"] for lane in lanes] == ["SGD 0.1", "with memory", "Adam 0.02"]
    for lane, entry in zip(lanes, ENTRIES, strict=True):
        run = bare(setup(optimizer=entry["optimizer"]))
        run.advance(lane["step"])
        assert lane["step"] == 8
        error = Gauge(Problem.of(setup())).measure(run.theta, run.plan).error
        assert lane["error"] == error
        assert lane["curve"][0][0] == 0 and lane["curve"][-1] == [8, error]


def test_the_lanes_are_those_of_the_library():
    """Against `fallline.race`, whose errors are of all training rows."""
    found, problem = raced(batch_size=5, epochs=20)
    found.go()
    found.look()
    known = race(
        problem.network, problem.start, problem.train.X, problem.train.Y,
        [{"optimizer": entry["optimizer"]} for entry in ENTRIES], loss=problem.loss, batch_size=5, epochs=20,
        seed=problem.setup.seed, restore_best=False, map_points=5,
    )  # fmt: skip
    for lane, other in zip(found.fields(None), known.lanes, strict=True):
        assert lane["step"] == other.steps[-1] == 120
        assert lane["error"] == pytest.approx(other.errors[-1], rel=1e-12)
    for lane, other in zip(found._lanes, known.lanes, strict=True):
        assert lane.theta.tobytes() == other.thetas[-1].tobytes()


def test_lanes_take_as_many_steps_whatever_the_time():
    found, _ = raced(epochs=10**5)
    for _ in range(5):
        found.go(seconds=0.003)
        assert len({lane.run.steps_taken for lane in found._lanes}) == 1
    begun = found.step
    assert found.go(steps=37) == 37 and found.step == begun + 37


def test_a_race_plays_pauses_ends_and_leaves_the_descent_where_it_was(session):
    viewer = watched(session)
    do(session, "step", of="epoch")
    do(session, "race", entries=ENTRIES)
    do(session, "play")
    viewer.wait(lambda seen: seen.frame["lanes"][0]["step"] > 30)
    do(session, "pause")
    assert viewer.frame["step"] == 6 and session.instant().step == 6
    for command in ({"do": "back", "of": "step"}, {"do": "seek", "step": 1}, {"do": "best"}):
        with pytest.raises(SpecError, match="a race goes only forward"):
            session.do(command).result(60)
    do(session, "restart")
    assert {lane["step"] for lane in viewer.frame["lanes"]} == {0}
    do(session, "race", entries=[])
    assert viewer.frame["lanes"] == []
    do(session, "back", of="step")
    assert session.instant().step == 5


def test_a_race_ends_where_every_lane_has(session):
    viewer = watched(session)
    do(session, "setup", changes={"epochs": 4})
    do(session, "race", entries=ENTRIES)
    do(session, "play")
    viewer.wait(lambda seen: seen.frame["lanes"] and seen.frame["stopped"] is not None)
    assert viewer.frame["stopped"] == "every lane of the race has ended"
    assert {lane["stopped"] for lane in viewer.frame["lanes"]} == {"all 4 epochs are done"}
    with pytest.raises(SpecError, match="restart the race, or end it"):
        do(session, "play")


def test_a_lane_that_diverges_ends_alone(session):
    viewer = watched(session)
    do(session, "setup", changes={"data": "houses", "net": "none"})
    wild = {"optimizer": {"name": "sgd", "learning_rate": 50.0}}
    do(session, "race", entries=[*ENTRIES, wild])
    for _ in range(12):
        do(session, "step", of="epoch")
    lanes = viewer.frame["lanes"]
    assert "diverged" in lanes[-1]["stopped"]
    assert [lane["stopped"] for lane in lanes[:-1]] == [None] * 3
    assert lanes[0]["step"] > lanes[-1]["step"]


def test_paths_lie_on_the_map(session):
    viewer = watched(session, "surface")
    names = ["w[input.0->hidden1.0]", "b[output.0]"]
    do(session, "surface", along=names, span=None)
    viewer.wait(lambda seen: any(list(m.fields["axes"]) == names for m in seen.of("surface")))
    do(session, "race", entries=ENTRIES)
    for _ in range(3):
        do(session, "step", of="batch")
    network = session.instant().problem.network
    at = [network.index(name) for name in names]
    for lane, entry in zip(viewer.frame["lanes"], ENTRIES, strict=True):
        run, path = bare(setup(optimizer=entry["optimizer"])), []
        for _ in range(4):
            path.append(run.theta[at])
            run.step()
        np.testing.assert_allclose(lane["trail"], path, rtol=1e-12)
        assert [lane["x"], lane["y"]] == lane["trail"][-1]
    do(session, "place", x=0.5, y=0.25)
    assert [lane["trail"] for lane in viewer.frame["lanes"]] in ([[[0.5, 0.25]]] * 3, [[]] * 3)
    assert {lane["step"] for lane in viewer.frame["lanes"]} == {0}


@pytest.mark.parametrize(
    "entries",
    [None, {}, "sgd", [3], [{}], [{"optimizer": "none such"}], [{"optimizer": {"name": []}}],
     [{"optimizer": 7}], [{"optimizer": "lbfgs"}], [{"label": 3, "optimizer": "sgd"}],
     [{"optimizer": "sgd"}] * 9, [{"optimizer": {"name": "sgd", "learning_rate": "fast"}}]],
)  # fmt: skip
def test_what_is_no_race_is_refused(session, entries):
    with pytest.raises(SpecError):
        do(session, "race", entries=entries)
    do(session, "step", of="batch")
    assert session.instant().step == 1


def test_the_program_tells_of_the_race(session):
    do(session, "race", entries=ENTRIES)
    assert "race(" in session.export_code()
    do(session, "race", entries=[])
    assert "race(" not in session.export_code()
