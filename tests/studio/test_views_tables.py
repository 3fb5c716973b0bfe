"""Every picture of tables as people have them: texts, dates, missing cells, several classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.studio.moments import moment

from fallline.data.table import Table
from fallline.studio.choices import choices
from fallline.studio.instant import Instant
from fallline.studio.opened import Source
from fallline.studio.views.boundary import boundary
from fallline.studio.views.detail import detail
from fallline.studio.views.ground import Sight
from fallline.studio.views.predictions import confusion, predictions
from fallline.studio.views.scenery import Scenery
from fallline.studio.views.surface import surface
from fallline.studio.views.units import units

N = 90
RNG = np.random.default_rng(12)
DAYS = np.array("2024-01-01", "M8[us]") + RNG.integers(0, 900, N) * np.timedelta64(1, "D")
SIZE = np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(50, 20, N))
TOWN = RNG.choice(["Bern", "Basel", "<b>Zürich</b>", ""], N)
SOLD = RNG.random(N) < 0.4
NOTE = np.array([f"a note on house {i % 7} by the lake" for i in range(N)])
KIND = RNG.choice(["car", "bike", "tram"], N)
PRICE = 10 + np.abs(np.nan_to_num(SIZE) * 3 + 20 * SOLD + RNG.normal(size=N))
HUGE = RNG.normal(size=N) * 1e12
CONSTANT = np.full(N, 4.0)

TABLES: dict[str, tuple[dict[str, Any], str]] = {
    "all kinds": (
        {"size": SIZE, "built": DAYS, "town": TOWN, "sold": SOLD, "note": NOTE, "price": PRICE},
        "price",
    ),
    "three classes": ({"size": SIZE, "town": TOWN, "huge": HUGE, "kind": KIND}, "kind"),
    "dates only": ({"built": DAYS, "price": PRICE}, "price"),
    "words only": ({"town": TOWN, "kind": KIND}, "kind"),
    "one yes or no": ({"sold": SOLD, "price": PRICE}, "price"),
    "one number": ({"size": SIZE, "kind": KIND}, "kind"),
    "a constant beside": ({"size": SIZE, "same": CONSTANT, "price": PRICE}, "price"),
    "names that are markup": ({"<i>": SIZE, "a{b}$": HUGE, "price": PRICE}, "price"),
}


def of_table(name: str, **setup: Any) -> Instant:
    columns, target = TABLES[name]
    source = Source.of_table(Table.of(columns))
    return moment(4, source, data="own", target=target, **setup)


@pytest.mark.parametrize("net", ["none", "3 tanh", "3 relu, 2 softplus"])
@pytest.mark.parametrize("name", TABLES)
def test_every_picture_is_whole(name: str, net: str) -> None:
    at = of_table(name, net=net)
    scenery = Scenery(at.problem)
    made = [view(at, scenery) for view in (boundary, units, predictions)]
    if at.problem.classes:
        made.append(confusion(at, scenery))
    made.append(surface(at, Sight()).message)
    for message in made:
        assert message.encoded()
        for key, array in message.arrays.items():
            assert np.isfinite(array).all(), (message.type, key)
    points = made[0].arrays
    assert len(points["points"]) == len(points["truth"]) == len(points["part"])


@pytest.mark.parametrize("name", TABLES)
def test_every_element_has_its_detail(name: str) -> None:
    at = of_table(name, net="2 tanh")
    network = at.problem.network
    inputs = [f"{each.name}.{j}" for each in network.inputs for j in range(each.size)]
    of_layers = [f"{each.name}.{j}" for each in network.layers for j in range(each.size)]
    for element in [*map(network.name, range(network.size)), *inputs, *of_layers]:
        message = detail(at, element)
        assert message.fields["title"]
        assert all(each["words"] and each["latex"] for each in message.fields["equations"])


@pytest.mark.parametrize(
    "loss, task", [(each["name"], each["task"]) for each in choices()["losses"]]
)
def test_every_error_has_its_pictures(loss: str, task: str) -> None:
    name = "all kinds" if task == "regression" else "three classes"
    at = of_table(name, loss=loss)
    scenery = Scenery(at.problem)
    made = [view(at, scenery) for view in (boundary, units, predictions)]
    made += [surface(at, Sight()).message, detail(at, "output.0"), detail(at, "hidden1.0")]
    assert all(message.encoded() for message in made)
    assert np.isfinite(made[0].arrays["values"]).all()
    assert all(each["words"] for each in made[-2].fields["equations"])
