"""``race``: the table is that of the library's race on the same rows, and pictures are drawn."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fallline as fl
from fallline.training import Settings
from fallline.training.prepare import prepare
from fallline.training.work import Work

QUICK = ["race", "houses.csv", "-t", "price", "--net", "none", "--epochs", "4"]


def test_race_tells_what_the_library_gives(fall) -> None:
    told = fall(*QUICK, "--json", "--batch-sizes", "full,32", "--seed", "3").json
    asked = Settings.of(net="none", test=0.0, validation=0.0, l2=0.0, seed=3, dtype="float64")
    work = Work.of(prepare(fl.read_table("houses.csv"), "price", asked, None), asked)
    encoder = work.prepared.encoder(work.prepared.train)
    rows = work.prepared.rows(encoder, work.prepared.train, np.float64)
    net = work.network(encoder.d)
    found = fl.race(net, net.initial(seed=3), rows.X, rows.Y, batch_sizes=[None, 32], epochs=4,
                    optimizer=fl.SGD(0.1), seed=3, map_points=5)  # fmt: skip
    assert told["rows"] == 120 and told["there"] == found.level
    for way, row in zip(told["ways"], found.to_records(), strict=True):
        timed = ("seconds", "seconds until there")
        assert {k: v for k, v in way.items() if k not in timed} == {
            k: v for k, v in row.items() if k not in timed
        }
        assert way["seconds"] > 0


def test_race_shows_a_table_of_the_usual_ways(fall) -> None:
    ended = fall(*QUICK)
    assert ended.code == 0 and ended.err == ""
    for label in ("SGD 0.1, momentum 0.9", "RMSProp 0.01", "Adam 0.01", "120 rows", "outcome"):
        assert label in ended.out, label


def test_race_names_the_optimizers_asked_for_and_who_diverges(fall) -> None:
    ended = fall(*QUICK, "--optimizer", "lbfgs", "--optimizer", "sgd(learning_rate=1e200)")
    assert ended.code == 0 and "LBFGS" in ended.out and "diverged" in ended.out


def test_race_finds_rates(fall) -> None:
    told = fall(*QUICK, "--learning-rates", "auto", "--json").json
    assert [way["label"].split(":")[0] for way in told["ways"]] == [
        "small",
        "right",
        "above the limit",
    ]


@pytest.mark.parametrize("name", ["race.png", "race.svg", "race.gif"])
def test_race_draws(fall, name: str) -> None:
    ended = fall(*QUICK, "--learning-rates", "0.01,0.3", "-o", name, "--style", "dark")
    assert ended.code == 0 and f"drawn to {name}" in ended.out
    if name.endswith(".svg"):
        assert Path(name).read_text().startswith("<?xml")
        return
    with Image.open(name) as image:
        assert image.format == name[-3:].upper()
        assert getattr(image, "n_frames", 1) == (60 if name.endswith(".gif") else 1)


def test_race_draws_as_finely_as_asked(fall) -> None:
    rates = ("--learning-rates", "0.01,0.3", "-o", "race.png")
    for dpi in (20, 40):
        assert fall(*QUICK, *rates, "--dpi", dpi).code == 0
        with Image.open("race.png") as image:
            assert image.size == (round(12.8 * dpi), round(9.6 * dpi))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--learning-rates", "0.1", "--momenta", "0.9"], "at a time"),
        (["--momenta", "0.9", "--optimizer", "sgd", "--optimizer", "adam"], "one --optimizer"),
        (["--momenta", "0.9", "--optimizer", "adam"], "Adam has no momentum"),
        (["-o", "race.txt"], "must end in .png, .svg, .pdf, .gif, .mp4"),
        (["-o", "houses.csv"], "must end in"),
        (["-o", "race.png", "--dpi", "601"], "a whole number from 20 to 600"),
        (["-o", "race.gif", "--dpi", "600"], "million pixels"),
    ],
)
def test_what_cannot_be_is_refused(fall, options: list[str], message: str) -> None:
    ended = fall(*QUICK, *options)
    assert ended.code == 2 and message in " ".join(ended.err.split())


def test_the_target_is_asked_for(fall) -> None:
    ended = fall("race", "houses.csv")
    assert ended.code == 2 and "say which column to predict with --target" in ended.err
