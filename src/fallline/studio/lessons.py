"""The guided tour: ten short lessons, from one weight to learning by heart.

Each number in a text here is one that the engine gives; the tests run every lesson and its buttons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .lesson import Lesson
from .lessons_bowls import BOWLS
from .lessons_networks import NETWORKS

__all__ = ["LESSONS", "Lesson", "lesson_list"]


def _numbered(lessons: tuple[Lesson, ...]) -> Mapping[str, Lesson]:
    of = len(lessons)
    placed = (replace(each, number=at, of=of) for at, each in enumerate(lessons, 1))
    return MappingProxyType({each.name: each for each in placed})


LESSONS: Mapping[str, Lesson] = _numbered((*BOWLS, *NETWORKS))
"""The lessons by name, in their order."""


def lesson_list() -> list[dict[str, str]]:
    """Return names and titles, for the page's first message.

    Examples
    --------
    >>> lesson_list()[0]
    {'name': 'one-weight', 'title': 'One weight and its bowl'}
    """
    return [{"name": each.name, "title": each.title} for each in LESSONS.values()]
