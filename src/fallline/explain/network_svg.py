"""The network as a picture: a column a layer, edges by weight, numbers at the units.

A weight's sign is told twice, by colour (blue and orange, which colour-blind people tell apart)
and by dashes for negative ones, and its size by the thickness of the line. Of a large layer a few
units are drawn, and how many are left out is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np

from ..arrays import Floats
from ..spec.network import Input, Layer, Network

__all__ = ["Telling", "UnitText", "network_svg"]

_ACROSS, _DOWN, _RADIUS, _MARGIN = 230, 112, 29, 64
_MOST, _FIRST, _LAST = 8, 4, 3  # units of a layer: of more, the first four and the last three
_PLACES = (0.3, 0.42, 0.22, 0.36, 0.64, 0.72, 0.58, 0.5)  # along an edge, where labels may stand
_LABELLED = 40  # edges up to which each has its number

_LIGHT = """
.fl-net{font-family:system-ui,sans-serif;font-size:12px;max-width:100%;height:auto;background:#fff}
.fl-net text{fill:#1a1a1a;text-anchor:middle}
.fl-net .u{fill:#fff;stroke:#333;stroke-width:1.5}
.fl-net .x{fill:#eef2f6}
.fl-net .s{fill:#555;font-size:11px}
.fl-net .s,.fl-net .h{paint-order:stroke;stroke:#fff;stroke-width:3px}
.fl-net .b{fill:none;stroke-linecap:butt}
.fl-net .p{stroke:#0072b2}
.fl-net .n{stroke:#d55e00;stroke-dasharray:7 4}
.fl-net .z{stroke:#999}
.fl-net .l{font-size:11px}
.fl-net .k{fill:#fff}
""".replace("\n", "")
_DARK = """
.fl-net{background:#15181c}
.fl-net text{fill:#e8e8e8}
.fl-net .u{fill:#1d2126;stroke:#ccc}
.fl-net .x{fill:#2b3138}
.fl-net .s{fill:#aaa}
.fl-net .s,.fl-net .h{stroke:#15181c}
.fl-net .p{stroke:#56b4e9}
.fl-net .n{stroke:#e69f00}
.fl-net .k{fill:#15181c}
""".replace("\n", "")
_STYLES = {
    "auto": f"{_LIGHT}@media screen and (prefers-color-scheme:dark){{{_DARK}}}",
    "light": _LIGHT,
    "dark": f"{_LIGHT}{_DARK}",
}


@dataclass(frozen=True)
class UnitText:
    """What stands at a unit: within its circle, and beneath it, a line each."""

    inside: str = ""
    beneath: tuple[str, ...] = ()


@dataclass(frozen=True)
class Telling:
    """What a picture tells in words and numbers.

    Attributes
    ----------
    number
        How a number is printed.
    unit
        What stands at a unit, by its layer's name and its place in it.
    edge
        What is told of a weight beside its name and value when it is pointed at, by its place in θ.
    alt
        The picture in a sentence, for those who do not see it.
    labelled
        Up to so many edges each has its number.
    """

    number: Callable[[float], str]
    unit: Callable[[str, int], UnitText]
    edge: Callable[[int], str]
    alt: str
    labelled: int = _LABELLED


@dataclass(frozen=True)
class _Spot:
    """Where a unit is drawn."""

    layer: str
    unit: int
    x: float
    y: float


@dataclass(frozen=True)
class _Edge:
    """A weight that is drawn."""

    index: int
    start: _Spot
    end: _Spot
    over: float | None  # the height at which it passes over columns between, if there are any


def network_svg(
    network: Network,
    theta: Floats | None,
    telling: Telling,
    style: Literal["auto", "light", "dark"] = "auto",
) -> str:
    """Return the picture as SVG markup, which needs nothing else.

    Parameters
    ----------
    network
        The network.
    theta
        (P,) its parameters; without them all edges look alike and there are no numbers.
    telling
        What is told beside the edges.
    style
        The look; ``"auto"`` is as the reader's screen is.
    """
    return _Drawing(network, theta, telling).svg(style)


class _Drawing:
    def __init__(self, network: Network, theta: Floats | None, telling: Telling) -> None:
        self.network, self.theta, self.telling = network, theta, telling
        self.column = _columns(network)
        self.stacks = _stacks(network, self.column)
        self.height = max(map(_tall, self.stacks.values()))
        self.spots = dict(self._placed())
        self.edges = list(self._edges())
        sizes = [0.0] if theta is None else [abs(float(theta[e.index])) for e in self.edges]
        largest = max(sizes, default=0.0)
        self.largest = largest if largest and np.isfinite(largest) else 1.0

    def svg(self, style: str) -> str:
        width = (max(self.column.values()) + 1) * _ACROSS - _ACROSS + 2 * _MARGIN + 2 * _RADIUS
        top = 34 - min(0.0, *(edge.over for edge in self.edges if edge.over is not None), 0.0)
        height = self.height + top + 2 * _MARGIN
        body = "".join([*self._lines(), *self._labels(), *self._units(), *self._left_out()])
        heads = "".join(self._heads())
        legend = "" if self.theta is None else self._legend(height - top + 12)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fl-net" role="img" '
            f'viewBox="0 {-top} {width:g} {height + 26:g}" width="{width:g}" '
            f'height="{height + 26:g}"><title>{escape(self.telling.alt)}</title>'
            f"<style>{_STYLES[style]}</style>{heads}{body}{legend}</svg>"
        )

    # Where things are.

    def _placed(self) -> Iterator[tuple[tuple[str, int], _Spot]]:
        for column, stack in self.stacks.items():
            x = _MARGIN + _RADIUS + column * _ACROSS
            y = _MARGIN + (self.height - _tall(stack)) / 2
            for layer, units in stack:
                for unit in units:
                    if unit is not None:
                        yield (layer, unit), _Spot(layer, unit, x, y)
                    y += _DOWN
                y += _DOWN / 3  # a gap between the layers of a column

    def _edges(self) -> Iterator[_Edge]:
        masked = self.network.masked
        for block in self.network.blocks:
            at = block.weights.start
            for source in block.sources:
                over = self._over(source, block.name)
                for i in range(self.network.width(source)):
                    for j in range(block.shape[1]):
                        start, end = self.spots.get((source, i)), self.spots.get((block.name, j))
                        if start and end and not masked[at + j]:
                            yield _Edge(at + j, start, end, over)
                    at += block.shape[1]

    def _over(self, source: str, layer: str) -> float | None:
        """Return the height above all units of the columns between two layers."""
        first, last = self.column[source] + 1, self.column[layer]
        between = [
            spot.y for (name, _), spot in self.spots.items() if first <= self.column[name] < last
        ]
        return min(between) - _RADIUS - 72 if between else None

    # What is drawn.

    def _lines(self) -> Iterator[str]:
        for edge in self.edges:
            name = self.network.name(edge.index)
            kind, thick, told = "z", 1.2, name
            if self.theta is not None:
                w = float(self.theta[edge.index])
                kind = "p" if w > 0 else "n" if w < 0 else "z"
                thick = 1 + 5 * min(abs(w) / self.largest, 1.0) if np.isfinite(w) else 6.0
                told = f"{name} = {self._number(w)}{self.telling.edge(edge.index)}"
            yield (
                f'<path class="b {kind}" stroke-width="{thick:.2f}" d="{_path(edge)}">'
                f"<title>{escape(told)}</title></path>"
            )

    def _labels(self) -> Iterator[str]:
        if self.theta is None or len(self.edges) > self.telling.labelled:
            return
        taken: list[tuple[float, float, float]] = []
        for edge in self.edges:
            text = escape(self._number(float(self.theta[edge.index])))
            wide = 6.8 * len(text) + 6
            x, y = _free(edge, wide, taken)
            taken.append((x, y, wide))
            yield (
                f'<rect class="k" x="{x - wide / 2:.1f}" y="{y - 8:.1f}" width="{wide:.1f}" '
                f'height="16" rx="3"/><text class="l" x="{x:.1f}" y="{y + 4:.1f}">{text}</text>'
            )

    def _units(self) -> Iterator[str]:
        given = {layer.name for layer in self.network.inputs}
        for (layer, unit), spot in self.spots.items():
            x, y, text = spot.x, spot.y, self.telling.unit(layer, unit)
            kind = "u x" if layer in given else "u"
            name = escape(f"{layer}.{unit}")
            yield (
                f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{_RADIUS}"><title>{name}</title>'
                f'</circle><text x="{x:g}" y="{y + 4:g}">'
                f"{escape(text.inside)}</text>"
            )
            for place, line in enumerate(text.beneath):
                yield _small(x, y + _RADIUS + 13 + 14 * place, line)
            yield _small(x, y - _RADIUS - 6, f"{layer}.{unit}{self._bias(layer, unit)}")

    def _bias(self, layer: str, unit: int) -> str:
        if self.theta is None:
            return ""
        for block in self.network.blocks:
            if block.name == layer and block.biases is not None:
                return f" · b = {self._number(float(self.theta[block.biases.start + unit]))}"
        return ""

    def _left_out(self) -> Iterator[str]:
        for layer in _layers(self.network):
            if layer.size > _MOST:
                above = self.spots[layer.name, _FIRST - 1]
                count = layer.size - _FIRST - _LAST
                y = above.y + _DOWN
                yield f'<text x="{above.x:g}" y="{y - 4:g}" font-size="22">⋮</text>'
                yield _small(above.x, y + 16, f"{count} more")

    def _heads(self) -> Iterator[str]:
        for stack in self.stacks.values():
            for layer, units in stack:
                first = next(unit for unit in units if unit is not None)
                spot = self.spots[layer, first]
                kind = next(
                    (str(each.activation) for each in self.network.layers if each.name == layer),
                    "",
                )
                shown = kind if len(kind) <= 26 else kind[:25] + "…"
                yield (
                    f'<text class="h" x="{spot.x:g}" y="{spot.y - _RADIUS - 24:g}" '
                    'font-weight="600">'
                    f"{escape(f'{layer} {shown}'.strip())}</text>"
                )

    def _legend(self, y: float) -> str:
        x = _MARGIN / 2
        return (
            f'<g transform="translate({x:g} {y:g})">'
            '<path class="b p" stroke-width="3" d="M0 0H34"/>'
            '<text class="s" x="40" y="4" style="text-anchor:start">w above 0</text>'
            '<path class="b n" stroke-width="3" d="M112 0H146"/>'
            '<text class="s" x="152" y="4" style="text-anchor:start">w below 0</text>'
            f'<text class="s" x="224" y="4" style="text-anchor:start">widest: |w| = '
            f"{escape(self._number(self.largest))}</text></g>"
        )

    def _number(self, value: float) -> str:
        return self.telling.number(value)


def _columns(network: Network) -> dict[str, int]:
    """Return the column of each layer: one to the right of all that feed it."""
    found = {layer.name: 0 for layer in network.inputs}
    for layer in network.layers:
        found[layer.name] = 1 + max(found[source] for source in layer.sources)
    return found


def _layers(network: Network) -> list[Input | Layer]:
    return [*network.inputs, *network.layers]


_Stack = list[tuple[str, list[int | None]]]


def _stacks(network: Network, column: dict[str, int]) -> dict[int, _Stack]:
    """Return the layers of each column with the units that are drawn; None is a gap."""
    found: dict[int, _Stack] = {}
    for layer in _layers(network):
        units: list[int | None] = list(range(layer.size))
        if layer.size > _MOST:
            units = [*units[:_FIRST], None, *units[-_LAST:]]
        found.setdefault(column[layer.name], []).append((layer.name, units))
    return found


def _tall(stack: _Stack) -> float:
    count = sum(len(units) for _, units in stack)
    return (count - 1) * _DOWN + (len(stack) - 1) * _DOWN / 3


def _bend(edge: _Edge) -> tuple[float, float]:
    """Return the point that an edge is drawn towards, so that its middle passes over the units."""
    a, b = edge.start, edge.end
    middle = (a.y + b.y) / 2
    over = middle if edge.over is None else min(edge.over, middle)
    return (a.x + b.x) / 2, 2 * over - middle


def _path(edge: _Edge) -> str:
    a, b = edge.start, edge.end
    start = f"M{a.x + _RADIUS:g} {a.y:g}"
    if edge.over is None:
        return f"{start}L{b.x - _RADIUS:g} {b.y:g}"
    x, y = _bend(edge)
    return f"{start}Q{x:g} {y:g} {b.x - _RADIUS:g} {b.y:g}"


def _free(edge: _Edge, wide: float, taken: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Return a point of an edge where a label hides none before it; the first where all would."""
    points = [_along(edge, share) for share in (_PLACES if edge.over is None else _PLACES[::-1])]
    for x, y in points:
        if all(abs(y - v) >= 16 or 2 * abs(x - u) >= wide + w for u, v, w in taken):
            return x, y
    return points[0]


def _along(edge: _Edge, share: float) -> tuple[float, float]:
    """Return a point of an edge."""
    a, b, (x, y) = edge.start, edge.end, _bend(edge)
    start, end = (a.x + _RADIUS, a.y), (b.x - _RADIUS, b.y)
    if edge.over is None:
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
    one, two, three = (1 - share) ** 2, 2 * share * (1 - share), share**2
    return one * start[0] + two * x + three * end[0], one * start[1] + two * y + three * end[1]


def _small(x: float, y: float, text: str) -> str:
    return f'<text class="s" x="{x:g}" y="{y:g}">{escape(text)}</text>'
