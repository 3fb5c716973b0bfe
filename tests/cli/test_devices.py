"""Which engine, and how many devices, from the command line to the training."""

import pytest

import fallline as fl


def test_devices_are_those_of_the_engine(fall):
    """On one device, of which there is one everywhere, the model is that of the other engines."""
    quick = ("--epochs", 2, "--l2", 0.01, "--dtype", "float64", "--net", "4 tanh", "--quiet")
    for engine in (("xla", "--devices", 1), ("reference",)):
        ended = fall(
            *("train", "cars.csv", "-t", "kind", *quick, "--engine", *engine),
            *("-o", f"{engine[0]}.fall"),
        )
        assert ended.code == 0, ended.err
    ours, theirs = (fl.load(f"{name}.fall").theta for name in ("xla", "reference"))
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_devices_of_another_engine_or_too_many(fall):
    train = ("train", "cars.csv", "-t", "kind", "--epochs", 1, "--quiet")
    ended = fall(*train, "--devices", 2)
    assert ended.code != 0 and "devices are a choice of the engine xla" in ended.err
    ended = fall(*train, "--engine", "xla", "--devices", 999)
    assert ended.code != 0 and "devices must be at most" in ended.err
    ended = fall(*train, "--engine", "xla(products='exact')")
    assert ended.code != 0 and "products must be one of highest, high" in ended.err
