"""The first six lessons: descent itself, where the error can be seen over one or two weights."""

from __future__ import annotations

from typing import Any

from ..formulas.optimizers import SGD
from .lesson import Lesson, Try, play, restart_with, step
from .setup import Setup

__all__ = ["BOWLS"]

_W0, _W1 = "w[input.0->output.0]", "w[input.1->output.0]"


def _sgd(learning_rate: float, momentum: float = 0.0) -> dict[str, Any]:
    return SGD(learning_rate, momentum).to_json()


def _houses(*features: str, **fields: Any) -> Setup:
    """Return a linear descent on some houses: as many weights as features, all rows a step."""
    usual: dict[str, Any] = {"rows": 200, "net": "none", "bias": False, "batch_size": 0}
    return Setup(data="houses", features=features, **usual | fields)


_PAIR: dict[str, Any] = {
    # About as wide as the page's map, which then has one scale: right angles look right.
    "surface": {"along": (_W0, _W1), "span": ((-2.6, 3.6), (-1.8, 2.4))},
}

_ONE_WEIGHT = Lesson(
    name="one-weight",
    title="One weight and its bowl",
    text="What a house costs is to be told from its living area with a single weight: ŷ = w·x. "
    "Every w has its error E, and drawn over w the error is a bowl. A step goes downhill by the "
    "learning rate times the slope.",
    ask="Take a few steps: slope and step shrink together, until both are 0 at the bottom.",
    show=("surface", "formula", "network"),
    setup=_houses("living_area", start=(-1.5,), optimizer=SGD(0.2)),
    speed=2.0,
    tries=(
        Try("One step", (step(),)),
        Try("Let it run", (play(),)),
        Try("From the other side", (restart_with(start=[3.0], optimizer=_sgd(0.2)), play())),
        Try(
            "Learning rate 1: there in one step",
            (restart_with(start=[-1.5], optimizer=_sgd(1.0)), step()),
        ),
        Try(
            "Learning rate 1.8: to and fro",
            (restart_with(start=[-1.5], optimizer=_sgd(1.8)), play()),
        ),
    ),
    surface={"along": "auto", "span": ((-2.3, 3.8), (-1.0, 1.0))},
    focus=_W0,
)

_TWO_WEIGHTS = Lesson(
    name="two-weights",
    title="Two weights and the map",
    text="Now two weights: one for the living area, one for the bathrooms. The error is a "
    "landscape over both, seen from above: the darker, the larger the error, and each line joins "
    "weights of equal error. A step sets off at a right angle to the line that it stands on.",
    ask="Click on the map to start there. Does every way down end at the same black dot?",
    show=("surface", "network"),
    setup=_houses("living_area", "bathrooms", start=(-1.0, 1.6), optimizer=SGD(0.1)),
    speed=10.0,
    tries=(
        Try("One step", (step(),)),
        Try("Let it run", (play(),)),
        Try("From the lower right", (restart_with(start=[2.2, -1.4]), play())),
        Try("From the upper right", (restart_with(start=[2.2, 2.0]), play())),
    ),
    **_PAIR,
)


def _rate(rate: float) -> tuple[Any, ...]:
    return restart_with(optimizer=_sgd(rate)), play()


_LEARNING_RATE = Lesson(
    name="learning-rate",
    title="Too small a rate, and too large",
    text="The learning rate η says how far a step goes for its slope. Small steps creep. Large "
    "ones jump across the valley, and above 2/λmax, here 1.15, the jumps grow until each lands "
    "higher than it set off; λmax tells how sharply the bowl bends where it bends most.",
    ask="Find the rate that arrives in the fewest steps, and the one from which nothing holds it.",
    show=("surface", "curves"),
    setup=_houses("living_area", "bathrooms", start=(-1.0, 1.6), optimizer=SGD(0.02)),
    speed=20.0,
    tries=(
        Try("0.02: it creeps", (restart_with(optimizer=_sgd(0.02)), play())),
        Try("0.5: it arrives", _rate(0.5)),
        Try("1.1: it jumps across, and arrives", _rate(1.1)),
        Try("1.2: the jumps grow", _rate(1.2)),
        Try(
            "3: out of all bounds",
            (*_rate(3.0)[:1], {"do": "speed", "steps_per_second": 60}, play()),
        ),
    ),
    **_PAIR,
)

_PLAIN, _HEAVY = _sgd(0.03), _sgd(0.03, 0.8)

_MOMENTUM = Lesson(
    name="momentum",
    title="Momentum",
    text="Bathrooms and rooms are taken as they are counted, and the bowl becomes a narrow valley. "
    "Plain descent may not go faster than 2/λmax = 0.034, or it leaps from wall to wall, and so "
    "it creeps along the floor. Momentum keeps a share β of the last step, and along the floor "
    "these add up.",
    ask="Let the two race: plain descent takes five times as many steps.",
    show=("surface", "race", "curves"),
    setup=_houses("bathrooms", "rooms", standardize=False, start=(-1.9, 0.8), optimizer=SGD(0.03)),
    speed=20.0,
    tries=(
        Try("Plain descent", (restart_with(optimizer=_PLAIN, standardize=False), play())),
        Try("Momentum 0.8", (restart_with(optimizer=_HEAVY, standardize=False), play())),
        Try(
            "Momentum 0.95: it overshoots",
            (restart_with(optimizer=_sgd(0.03, 0.95), standardize=False), play()),
        ),
        Try(
            "Race them",
            (
                restart_with(optimizer=_PLAIN, standardize=False),
                {
                    "do": "race",
                    "entries": [
                        {"label": "plain", "optimizer": _PLAIN},
                        {"label": "momentum", "optimizer": _HEAVY},
                    ],
                },
                play(),
            ),
        ),
        Try(
            "Scale the columns instead",
            (restart_with(optimizer=_sgd(0.5), standardize=True), play()),
        ),
    ),
    surface={"along": (_W0, _W1), "span": ((-3.0, 3.0), (-1.4, 1.4))},
)

_SIN_W, _SIN_V = "w[input.0->hidden1.0]", "w[hidden1.0->output.0]"

_LOCAL_MINIMA = Lesson(
    name="local-minima",
    title="Local minima and the start",
    text="ŷ = v·sin(w·x) has two weights as well, but its landscape has several hollows. Descent "
    "only ever goes down, so it ends in the hollow on whose slope it began: here at w = 3, with an "
    "error of 0.48, though at w = 1 it would be 0.04.",
    ask="Where do the slopes part? Click left and right of the ridge near w = 2.3.",
    show=("surface", "boundary", "network"),
    setup=Setup(
        data="sine", net="1 sin nobias", bias=False, standardize=False, batch_size=0,
        start=(2.5, 1.0), optimizer=SGD(0.2),
    ),
    speed=30.0,
    tries=(
        Try("Start at w = 2.5", (restart_with(start=[2.5, 1.0]), play())),
        Try("Start at w = 2", (restart_with(start=[2.0, 0.5]), play())),
        Try("Start at w = −2: the mirror image", (restart_with(start=[-2.0, -0.5]), play())),
        Try("Start at w = 4", (restart_with(start=[4.0, -1.0]), play())),
    ),
    surface={"along": (_SIN_W, _SIN_V), "span": ((-5.0, 5.0), (-2.5, 2.5))},
)  # fmt: skip


def _batch(size: int) -> tuple[Any, ...]:
    return restart_with(batch_size=size, optimizer=_sgd(0.1), schedule="constant"), play()


_BATCHES = Lesson(
    name="batches",
    title="Batch, mini-batch, one example",
    text="A step may look at all rows, at a few, or at one. Fewer rows make a step cheaper and its "
    "direction rougher: with all rows the path is smooth and comes to rest, with one row it keeps "
    "dancing about the lowest point.",
    ask="Compare how the three paths end. What does a falling learning rate change?",
    show=("surface", "curves"),
    setup=_houses("living_area", "bathrooms", start=(-1.0, 1.6), optimizer=SGD(0.1), seed=1),
    speed=30.0,
    tries=(
        Try("All 128 rows a step", _batch(0)),
        Try("16 rows a step", _batch(16)),
        Try("One row a step", _batch(1)),
        Try(
            "One row, at a falling rate",
            (
                restart_with(
                    batch_size=1, optimizer=_sgd(0.1), schedule="step(every=100, factor=0.4)"
                ),
                play(),
            ),
        ),
    ),
    **_PAIR,
)

BOWLS = (_ONE_WEIGHT, _TWO_WEIGHTS, _LEARNING_RATE, _MOMENTUM, _LOCAL_MINIMA, _BATCHES)
"""In their order."""
