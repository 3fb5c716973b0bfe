"""Markup made shorter, no different to look at: paths by differences, and shared styles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

__all__ = ["SVG", "rounded", "share_styles", "shorten", "shorter_path", "unwrap"]

Element = ElementTree.Element

SVG = "{http://www.w3.org/2000/svg}"

_LONG = re.compile(r"-?\d+\.\d{2,}")
_LEVEL = re.compile(r" ?rotate\(-?0 [^)]*\)")
_PART = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_PLACES = {"x", "y", "transform", "points", "width", "height"}
_OFTEN = 2  # times from which on a style has a name


def shorten(element: Element, digits: int) -> None:
    """Round an element's places, and take out the spaces between elements."""
    for name in _PLACES & element.attrib.keys():
        text = " ".join(rounded(element.attrib[name], digits).split())
        element.attrib[name] = _LEVEL.sub("", text).strip()
        if not element.attrib[name]:
            del element.attrib[name]
    if "d" in element.attrib:
        element.attrib["d"] = shorter_path(element.attrib["d"], digits)
    if (element.text or "").isspace() and element.tag != f"{SVG}tspan":
        element.text = None
    if (element.tail or "").isspace():
        element.tail = None


def rounded(text: str, digits: int) -> str:
    """Return a text with its long numbers rounded.

    Examples
    --------
    >>> rounded("translate(1.2345 -0.001)", 1)
    'translate(1.2 0)'
    """
    return _LONG.sub(lambda found: _shown(round(float(found[0]) * 10**digits), digits), text)


def shorter_path(data: str, digits: int) -> str:
    """Return a path's data with its places rounded and, but for the first, as differences.

    Every place is rounded before differences are taken, so that they do not add up to an error.

    Examples
    --------
    >>> shorter_path("M 10.04 20 L 11 20.5 L 12 19 z", 1)
    'M10 20l1 .5 1-1.5z'
    """
    return "".join(_parts(data, digits))


def _parts(data: str, digits: int) -> Iterator[str]:
    at, start, before = (0, 0), (0, 0), ""
    for letter, numbers in _PART.findall(data):
        if letter not in "MLQCz":
            raise ValueError(f"a path of a figure has no {letter}")
        flat = [round(float(number) * 10**digits) for number in numbers.split()]
        places = list(zip(flat[::2], flat[1::2], strict=True))
        if letter == "z":
            at = start
            yield "z"
        elif letter == "M":
            at = start = places[0]
            yield "M" + _joined(at, digits)
        else:
            steps = [n - m for place in places for n, m in zip(place, at, strict=True)]
            word = _joined(steps, digits)
            sign = letter.lower() if letter != before else "" if word[0] == "-" else " "
            yield sign + word
            at = places[-1]
        before = letter


def _joined(numbers: Sequence[int], digits: int) -> str:
    """Return numbers with no more between them than what parts them."""
    words = [_shown(number, digits) for number in numbers]
    return words[0] + "".join(word if word[0] == "-" else f" {word}" for word in words[1:])


def _shown(number: int, digits: int) -> str:
    """Return a number of tenths, of hundredths, ... as briefly as it can be written."""
    text = f"{number / 10**digits:.{digits}f}".rstrip("0").rstrip(".") if number else "0"
    return re.sub(r"^(-?)0\.", r"\1.", text)


def share_styles(drawn: Element, name: str) -> str:
    """Let equal styles of elements be a class, called after `name`; return the classes' CSS."""
    styles = Counter(e.attrib["style"] for e in drawn.iter() if "style" in e.attrib)
    often = [style for style, count in styles.items() if count >= _OFTEN]
    classes = {style: f"{name}{place}" for place, style in enumerate(often)}
    for element in drawn.iter():
        if element.get("style") in classes:
            element.set("class", classes[element.attrib.pop("style")])
    return "".join(f".{called}{{{style}}}" for style, called in classes.items())


def unwrap(parent: Element) -> None:
    """Take groups that say nothing out of the way of what they hold."""
    for child in list(parent):
        unwrap(child)
        if child.tag == f"{SVG}g" and not child.attrib:
            place = list(parent).index(child)
            parent.remove(child)
            for offset, inner in enumerate(child):
                parent.insert(place + offset, inner)
