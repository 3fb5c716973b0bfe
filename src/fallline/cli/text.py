"""Texts for people: safe to print, in the words of the command line."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from ..report.words import clean, count, number, quantity

__all__ = ["clean", "count", "in_options", "number", "quantity", "size"]


def in_options(message: str) -> str:
    """Return a message of the library with its Python arguments turned into options.

    Examples
    --------
    >>> in_options("say task='regression', or say how it is encoded with encoding=")
    'say --task regression, or say how it is encoded with --encoding'
    >>> in_options("batch_size must be a whole number")
    '--batch-size must be a whole number'
    """
    patterns = _patterns()
    text = patterns.field.sub(lambda found: f"{_flag(found['name'])} must be", message)
    text = patterns.called.sub(lambda found: _flag(found["name"]), text)
    text = patterns.given.sub(_given, text)
    return text.replace("with allow_bad_rows", "with --allow-bad-rows")


class _Patterns(NamedTuple):
    """Where a message of the library names an argument that is an option here."""

    given: re.Pattern[str]  # task='regression', encoding=
    called: re.Pattern[str]  # read_table(allow_bad_rows=True)
    field: re.Pattern[str]  # Adam.beta1 must be


@cache
def _patterns() -> _Patterns:
    from .items import ITEMS, method_settings
    from .options import KINDS, PARTING, READING

    listed = (item.name for item in ITEMS)
    names = "|".join([*listed, *method_settings(), *KINDS, *PARTING, *READING, "fill_missing"])
    return _Patterns(
        re.compile(rf"\b(?P<name>{names})=(?P<value>'[^']*'|True|False|-?[\d.][\d.e+-]*)?"),
        re.compile(rf"\b[A-Z]\w+\((?P<name>{names})=True\)"),
        re.compile(rf"^(?:[A-Z]\w+\.)?(?P<name>{names}) must be"),
    )


def _given(found: re.Match[str]) -> str:
    flag, value = _flag(found["name"]), found["value"]
    if value == "False":
        return flag.replace("--", "--no-")
    if value is None or value == "True":
        return flag
    dot = "." if value.endswith(".") else ""  # the end of a sentence
    return f"{flag} {value.strip(chr(39)).rstrip('.')}{dot}"


def _flag(name: str) -> str:
    named = {"fill_missing": "fill-missing-columns", "metrics": "metric"}
    return "--" + named.get(name, name.replace("_", "-"))


def size(n_bytes: int) -> str:
    """Return a file's size for reading.

    Examples
    --------
    >>> size(512), size(20_480)
    ('512 bytes', '20.5 kB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1e3:.1f} kB" if n_bytes < 1e6 else f"{n_bytes / 1e6:.1f} MB"
