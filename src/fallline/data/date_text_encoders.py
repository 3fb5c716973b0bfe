"""The encoders of dates and of text with too many values for a column each."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Bools, Floats
from .cells import nulls_of, texts_of
from .column_encoders import ColumnNote
from .dates import dates_of
from .moments import scale_of
from .roles import Role
from .table import Column

__all__ = ["MOST_WORDS", "PARTS", "DateEncoder", "TextEncoder", "days_of", "turn_of", "words_of"]

PARTS = ("month", "weekday", "hour")
"""The parts of a date that come round, in the order of their columns."""

_DAY = 86_400_000_000
_CLIP = 10.0  # standard deviations: days long after the training rows say no more than that
_WORD = re.compile(r"\w+")
_MIN_BUCKETS, _MAX_BUCKETS = 16, 256
_WORDS_A_BUCKET = 8
MOST_WORDS = _MAX_BUCKETS * _WORDS_A_BUCKET
"""Beyond so many different words, more make no difference to an encoder of text."""


@dataclass(frozen=True)
class DateEncoder:
    """Days since 1970, standardised and held within ±10, and sine and cosine of what comes round.

    Of month, weekday and hour those that varied in training are told. A missing date is at the mean
    day and in the middle of each circle, with a mark if any was missing in training.
    """

    name: str
    mean: float
    std: float
    missing: bool
    order: str
    parts: tuple[str, ...]

    @staticmethod
    def fit(column: Column, role: Role) -> DateEncoder:
        """Fit on the training rows."""
        values, _ = dates_of(column, role.date_order)
        known = values[~np.isnat(values)]
        mean, std = scale_of(days_of(known))
        parts = tuple(part for part in PARTS if len(np.unique(turn_of(known, part))) > 1)
        missing = len(known) < len(values)
        return DateEncoder(column.name, mean, std, missing, role.date_order, parts)

    @property
    def features(self) -> tuple[str, ...]:
        """The day, sine and cosine of each part, and the mark of missing cells."""
        waves = [f"{self.name} ({p} {wave})" for p in self.parts for wave in ("sine", "cosine")]
        marks = [f"{self.name} (missing)"] * self.missing
        return (f"{self.name} (day)", *waves, *marks)

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` and count new missing and unreadable cells."""
        values, unreadable = dates_of(column, self.order)
        holes: Bools = np.isnat(values)
        # Any sound date does: its cells are overwritten below.
        whole = np.where(holes, np.datetime64(0, "us"), values)
        with np.errstate(over="ignore"):
            out[:, 0] = np.clip((days_of(whole) - self.mean) / self.std, -_CLIP, _CLIP)
        for i, part in enumerate(self.parts):
            angle = 2.0 * math.pi * turn_of(whole, part)
            out[:, 1 + 2 * i], out[:, 2 + 2 * i] = np.sin(angle), np.cos(angle)
        out[holes] = 0.0
        bad = int(unreadable.sum())
        if self.missing:
            out[:, -1] = holes
        new = 0 if self.missing else int(holes.sum()) - bad
        return ColumnNote(self.name, missing=new, unreadable=bad)

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        return {
            "kind": "date", "name": self.name, "mean": self.mean, "std": self.std,
            "missing": self.missing, "order": self.order, "parts": list(self.parts),
        }  # fmt: skip


def days_of(values: Array) -> Floats:
    """Return the days since 1970 of known dates."""
    return values.astype(np.int64).astype(np.float64) / _DAY


def turn_of(values: Array, part: str) -> Floats:
    """Return how far each date is round the circle of `part`, from 0 to 1."""
    if part == "month":
        return (values.astype("M8[M]").astype(np.int64) % 12) / 12.0
    ticks = values.astype(np.int64)
    # 1970-01-01 was a Thursday, three days after a Monday.
    return ((ticks // _DAY + 3) % 7) / 7.0 if part == "weekday" else (ticks % _DAY) / _DAY


@dataclass(frozen=True)
class TextEncoder:
    """Signed feature hashing of the lower-case words of a cell, divided by the root of their count.

    Word w adds +1 or -1 (bit 31 of its CRC-32) to bucket CRC-32(w) mod `buckets`, so that
    collisions cancel on average (Weinberger et al., Feature hashing for large scale multitask
    learning, 2009).
    """

    name: str
    buckets: int
    missing: bool
    kept: tuple[str, ...] = ()

    @staticmethod
    def fit(column: Column, role: Role) -> TextEncoder:
        """Take a bucket for 8 different words, a power of two from 16 to 256."""
        hidden = nulls_of(column, role.kept)
        words = words_of(texts_of(column)[~hidden])
        return TextEncoder.of_words(role, len(words), bool(hidden.any()))

    @staticmethod
    def of_words(role: Role, words: int, missing: bool) -> TextEncoder:
        """Return the encoder of training rows with so many words, and missing cells or not."""
        wanted = 2 ** math.ceil(math.log2(max(1, words / _WORDS_A_BUCKET)))
        buckets = min(_MAX_BUCKETS, max(_MIN_BUCKETS, wanted))
        return TextEncoder(role.name, buckets, missing, role.kept)

    @property
    def features(self) -> tuple[str, ...]:
        """One for each bucket, and the mark of missing cells."""
        marks = [f"{self.name} (missing)"] * self.missing
        return (*(f"{self.name} (hash {i})" for i in range(self.buckets)), *marks)

    def encode(self, column: Column, out: Floats) -> ColumnNote:
        """Fill `out` and count new missing cells."""
        hidden = nulls_of(column, self.kept)
        out[:] = 0.0
        for row, text in enumerate(texts_of(column)):
            if hidden[row]:
                continue
            words = _words(text)
            weight = 1.0 / math.sqrt(max(1, len(words)))
            for word in words:
                code = zlib.crc32(word.encode("utf-8", "surrogatepass"))
                out[row, code % self.buckets] += weight if code >> 31 else -weight
        if self.missing:
            out[:, -1] = hidden
        return ColumnNote(self.name, missing=0 if self.missing else int(hidden.sum()))

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as strict JSON data."""
        return {
            "kind": "text", "name": self.name, "buckets": self.buckets, "missing": self.missing,
            "kept": list(self.kept),
        }  # fmt: skip


def words_of(texts: Iterable[str]) -> set[str]:
    """Return the different words of these cells."""
    return {word for text in texts for word in _words(text)}


def _words(text: str) -> list[str]:
    # A cell of signs only is a word of its own.
    return _WORD.findall(text.lower()) or ([text] if text else [])
