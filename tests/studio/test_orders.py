"""Whatever a page sends, the session answers in a sentence and lives on."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.studio.watching import Onlooker, do, setup, watched

from fallline.data.table import Table
from fallline.errors import FalllineError
from fallline.model import load
from fallline.studio.lessons import LESSONS
from fallline.studio.opened import Source
from fallline.studio.orders import ORDERS, SILENT
from fallline.studio.session import Session
from fallline.studio.setup import Setup

NAMES = [*ORDERS, *SILENT, "fly", ""]
FIELDS = ["of", "step", "x", "y", "steps_per_second", "changes", "along", "span", "show", "layer",
          "element", "row", "entries", "name", "data", "net", "optimizer", "learning_rate", "label",
          "batch_size", "l2", "epochs", "schedule", "start", "rows"]  # fmt: skip
WORDS = ["example", "batch", "epoch", "pca", "random", "auto", "surface", "hidden1.0", "sgd",
         "adam", "lbfgs", "w[input.0->hidden1.0]", "b[output.0]", "moons", "own", "model",
         "4 tanh", "none", "cosine", "two-weights"]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 40) | st.integers() | st.sampled_from(WORDS)
    | st.floats() | st.text(max_size=8)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS, "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)
COMMANDS = st.fixed_dictionaries(
    {"do": st.sampled_from(NAMES) | VALUES},
    optional=dict.fromkeys(FIELDS, VALUES),
)


@pytest.fixture(scope="module")
def session():
    with Session(setup(epochs=50)) as one:
        yield one


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.lists(COMMANDS, min_size=1, max_size=4))
def test_any_command_is_answered(session, caplog, commands):
    caplog.clear()
    viewer = Onlooker()
    for command in commands:
        outcome = session.do(command, viewer)
        error = outcome.exception(60)
        if error is None:
            json.dumps(outcome.result())
        else:
            assert isinstance(error, FalllineError) and len(str(error)) < 1500
            assert "Traceback" not in str(error)
    assert not [r for r in caplog.records if r.levelname == "ERROR"], (commands, caplog.text)
    do(session, "pause")
    assert session._thread.is_alive()
    assert np.isfinite(session.instant().theta).all()


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_begins_and_goes_on(name):
    with Session(setup()) as session:
        viewer = watched(session)
        do(session, "lesson", name=name)
        assert viewer.last("problem")["lesson"]["name"] == name
        assert viewer.frame["speed"] == LESSONS[name].speed and viewer.frame["step"] == 0
        do(session, "step", of="epoch")
        do(session, "back", of="step")
        do(session, "lesson", name=None)
        assert viewer.last("problem")["lesson"] is None and not viewer.of("notice")


def test_lessons_follow_one_another_each_on_its_own_map(session):
    viewer = watched(session, "surface")
    for name in LESSONS:
        do(session, "lesson", name=name)
        run = session.instant().run
        viewer.wait(lambda seen, run=run: any(m.fields["run"] == run for m in seen.of("surface")))
    assert not viewer.of("notice")


# Tables of one's own, and opened models.

TABLE = Table.of(
    {"a": np.arange(40) % 7, "b": np.sqrt(np.arange(40.0)), "y": np.arange(40) % 7 * 2.0 + 1}
)


def test_a_table_of_one_s_own_comes_with_the_next_setup():
    with Session(setup()) as session:
        viewer = watched(session)
        with pytest.raises(FalllineError, match="no table of your own"):
            do(session, "columns")
        found = session.own(Source.of_table(TABLE, "mine.csv")).result(60)["columns"]
        assert found["rows"] == 40 and found == do(session, "columns")["columns"]
        assert viewer.last("problem")["run"] == 1
        do(session, "setup", changes={"data": "own", "target": "y"})
        problem = viewer.last("problem")
        assert (problem["origin"], problem["data"]["name"]) == ("own", "mine.csv")
        do(session, "step", of="epoch")
        session.own(Source.of_table(TABLE.take(np.arange(30)), "other.csv")).result(60)
        do(session, "reseed")  # of the table that the descent is on
        assert viewer.last("problem")["data"]["name"] == "mine.csv"


def test_an_opened_model_shows_its_past_and_goes_on_from_its_weights(tmp_path):
    first = Source.of_table(TABLE, "mine.csv")
    begun = Setup.from_json({"data": "own", "target": "y", "net": "3 tanh", "epochs": 30})
    path = tmp_path / "one.fall"
    with Session(begun, first) as session:
        for _ in range(4):
            do(session, "step", of="epoch")
        path.write_bytes(session.export_model())
        theta = session.instant().theta
        steps = session.instant().step
    table = tmp_path / "mine.csv"
    rows = zip(*(TABLE[name].values.tolist() for name in ("a", "b", "y")), strict=True)
    table.write_text("a,b,y\n" + "".join(f"{a},{b!r},{y}\n" for a, b, y in rows))
    source = Source.of_model(path, table)
    with Session(Setup.from_json({"data": "model", "net": "model"}), source) as session:
        viewer = watched(session)
        assert session.instant().theta.tobytes() == theta.tobytes()
        each = steps // 4
        points = [point["step"] for point in viewer.last("curves")["points"]]
        assert points == [-3 * each, -2 * each, -each, 0]
        assert viewer.last("problem")["origin"] == "model"
        do(session, "step", of="epoch")
        path.write_bytes(session.export_model())
    assert [epoch.epoch for epoch in load(path).history] == [1, 2, 3, 4, 5]
