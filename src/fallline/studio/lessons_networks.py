"""The last four lessons: what networks can say, how they learn it, and when to stop them."""

from __future__ import annotations

from typing import Any

from ..formulas.optimizers import SGD, Adam
from .lesson import Lesson, Try, play, restart_with, step
from .setup import Setup

__all__ = ["NETWORKS"]


def _with(data: str, **changes: Any) -> tuple[Any, ...]:
    return restart_with(data=data, crossed=False, **changes), play()


_SEPARABLE = Lesson(
    name="separable",
    title="Can a straight line part them?",
    text="A network without hidden units weighs its inputs and draws one straight line. Cars and "
    "bikes are parted by one; a circle within a circle is not, however long it learns. Give it x², "
    "y² and x·y as further inputs, and the same line, drawn among those, is a closed curve here.",
    ask="Watch the boundary and the accuracy: about half right, and with squares all right.",
    show=("boundary", "network", "curves"),
    setup=Setup(
        data="cars_and_bikes", features=("wheels", "max_speed"), net="none", optimizer=SGD(0.5)
    ),
    speed=60.0,
    tries=(
        Try(
            "Cars and bikes",
            (
                restart_with(
                    data="cars_and_bikes", features=["wheels", "max_speed"], crossed=False
                ),
                play(),
            ),
        ),
        Try("A circle in a circle", _with("circles")),
        Try("The circles, with squares", (restart_with(data="circles", crossed=True), play())),
        Try("XOR", _with("xor")),
        Try("XOR, with x·y", (restart_with(data="xor", crossed=True), play())),
    ),
)


def _units(count: int) -> tuple[Any, ...]:
    return restart_with(net=f"{count} tanh"), play()


_HIDDEN_UNITS = Lesson(
    name="hidden-units",
    title="What hidden units do",
    text="Each hidden unit draws a line of its own, and the output puts their answers together. "
    "One unit cuts the plane once and two cut it twice, which cannot close round the inner circle; "
    "three lines can, as a rounded triangle.",
    ask="Compare the small pictures of single units with the boundary that they make together.",
    show=("units", "boundary", "network"),
    setup=Setup(data="circles", net="1 tanh", optimizer=SGD(0.5), seed=4),
    speed=200.0,
    tries=(
        Try("One unit", _units(1)),
        Try("Two units", _units(2)),
        Try("Three units", _units(3)),
        Try("Eight units", _units(8)),
    ),
)

_FIRST = "w[input.0->hidden1.0]"


def _watch(element: str) -> tuple[Any, ...]:
    return ({"do": "watch", "element": element, "row": None},)


_BACKPROP = Lesson(
    name="backpropagation",
    title="Back-propagation, number by number",
    text="One example goes forwards through the network, and its error comes back: each unit "
    "passes on how much it was to blame, its error term δ. The slope of a weight is −δ behind it "
    "times the output o before it, and its step is −η times the slope.",
    ask="Point at a weight or a unit: every formula stands there with this example's own numbers.",
    show=("network", "formula"),
    setup=Setup(data="xor", net="2 tanh", batch_size=1, optimizer=SGD(0.5), seed=23),
    speed=1.0,
    tries=(
        Try("One example", (step("example"),)),
        Try("The last weight", _watch("w[hidden1.0->output.0]")),
        Try("The unit before it", _watch("hidden1.0")),
        Try("The first weight", _watch(_FIRST)),
        Try("Let it run slowly", (play(),)),
    ),
    focus="w[hidden1.0->output.0]",
)

_BY_HEART = Lesson(
    name="learning-by-heart",
    title="Learning by heart, and when to stop",
    text="Twenty noisy points of a sine and 609 weights and biases: there is room to learn each "
    "point by heart. The training error falls and falls, but on points held out the error is least "
    "after some 20 epochs and then rises.",
    ask="See the curve bend from the sine to the single points. Then go back to the best epoch.",
    show=("curves", "boundary"),
    setup=Setup(
        data="sine", rows=40, noise=0.3, net="32 tanh, 16 tanh", optimizer=Adam(0.01),
        batch_size=5, validation=0.5, test=0.0, epochs=400, seed=1,
    ),
    speed=160.0,
    tries=(
        Try("Let it learn", (play(),)),
        Try("Back to the best epoch", ({"do": "best"},)),
        Try("A smaller network", (restart_with(net="2 tanh", rows=40, l2=0.0), play())),
        Try(
            "A penalty on large weights",
            (restart_with(net="32 tanh, 16 tanh", rows=40, l2=0.01), play()),
        ),
        Try(
            "Ten times the data",
            (restart_with(net="32 tanh, 16 tanh", rows=400, l2=0.0), play()),
        ),
    ),
)  # fmt: skip

NETWORKS = (_SEPARABLE, _HIDDEN_UNITS, _BACKPROP, _BY_HEART)
"""In their order."""
