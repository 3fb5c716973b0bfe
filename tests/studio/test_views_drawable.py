"""Pictures of any weights: either all can be drawn in the float32 of the page, or one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fallline.errors import DataError, SpecError
from fallline.studio.instant import Instant
from fallline.studio.message import Message
from fallline.studio.opened import Source
from fallline.studio.views.boundary import boundary
from fallline.studio.views.ground import Sight
from fallline.studio.views.predictions import confusion, predictions
from fallline.studio.views.scenery import Scenery
from fallline.studio.views.surface import surface
from fallline.studio.views.units import units

from .moments import at_theta, moment

POWERS = [0, 18, 20, 29, 30, 31, 38, 39, 76, 99, 153, 306]
SIGHTS: list[Any] = ["auto", "pca", "random", ("b[output.0]", "b[output.0]")]


def maps(at: Instant) -> list[Message]:
    """Return the map along each plane that there can be."""
    found = []
    for along in SIGHTS:
        try:
            found.append(surface(at, Sight(along)).message)
        except SpecError as error:
            assert str(error)
    return found


VIEWS: dict[str, Any] = {
    "surface": maps,
    "boundary": lambda at: [boundary(at, Scenery(at.problem))],
    "units": lambda at: [units(at, Scenery(at.problem))],
    "predictions": lambda at: [predictions(at, Scenery(at.problem))],
    "confusion": lambda at: [confusion(at, Scenery(at.problem))],
}


def judge(message: Message) -> None:
    """Fail on numbers that no pixel could be found for."""
    assert message.encoded()
    with np.errstate(over="ignore"):
        sent = {name: np.asarray(each, np.float32) for name, each in message.arrays.items()}
    if message.type == "surface":  # an error may be beyond all: a hole in the map
        assert np.isfinite(sent.pop("errors")).any()
        sent["path"] = sent["path"][:, :2]
        assert np.ptp(sent["x"]) > 0 and np.isfinite(message.fields["levels"]).all()
    for name, array in sent.items():
        assert np.isfinite(array).all(), name


@pytest.mark.parametrize("net", ["3 relu, 3 relu", "3 tanh", "none"])
@pytest.mark.parametrize(
    ("view", "data"),
    [(view, data) for view in VIEWS for data in ("houses", "xor")
     if (view, data) != ("confusion", "houses")],
)  # fmt: skip
def test_weights_of_each_size_give_what_can_be_drawn_or_a_sentence(
    data: str, net: str, view: str
) -> None:
    at, told = moment(6, data=data, net=net), 0
    for power in POWERS:
        try:
            found = VIEWS[view](at_theta(at, at.theta * 10.0**power))
        except DataError as error:
            assert "beyond all" in str(error) and "step back" in str(error).lower()
            told += 1
        else:
            assert told == 0, f"drawn at 10^{power}, and not at less"
            for message in found:
                judge(message)
    assert 0 < told < len(POWERS)


@pytest.mark.parametrize("view", ["boundary", "units", "predictions"])
def test_data_of_each_size_give_what_can_be_drawn_or_a_sentence(view: str, tmp_path: Any) -> None:
    told = []
    for power in (30, 37, 39, 60):
        file = tmp_path / f"{power}.csv"
        rows = "\n".join(f"{i}e{power},{3 * i}e{power}" for i in range(1, 30))
        file.write_text(f"x,y\n{rows}\n")
        at = moment(3, Source.of_path(file), data="own", target="y", net="none")
        try:
            for message in VIEWS[view](at):
                judge(message)
        except DataError as error:
            assert "another unit" in str(error)
            told.append(power)
    assert told[-2:] == [39, 60] and 30 not in told
