"""Columns in words: what is in one, and how it becomes numbers, with the numbers of it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..arrays import Array
from ..data.column_encoders import (
    BooleanEncoder,
    CategoryEncoder,
    ColumnEncoder,
    NumericEncoder,
)
from ..data.date_text_encoders import DateEncoder, TextEncoder
from ..data.table import Column
from ..data.targets import TargetEncoder

__all__ = ["column_words", "number_words", "scaling_words", "target_words"]

_SHOWN = 4  # values of a category
_LONGEST = 24  # characters of one


def number_words(value: float) -> str:
    """Return a number as a person writes it: about four digits, thousands parted by commas.

    Examples
    --------
    >>> number_words(211545.2), number_words(0.123456), number_words(3.0)
    ('211,545', '0.1235', '3')
    """
    if 1000 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def column_words(column: Column) -> str:
    """Return what is in a column, in a few words.

    Examples
    --------
    >>> column_words(Column.of("age", [3.0, 5.0, None]))
    '3 to 5, median 4; 1 missing'
    """
    known = column.values[column.known]
    if not len(known):
        return "empty"
    missing = f"; {column.missing_count:,} missing" if column.missing_count else ""
    return _within(column, known) + missing


def _within(column: Column, known: Array) -> str:
    if column.kind in ("float", "integer"):
        low, middle, high = (number_words(float(v)) for v in np.quantile(known, (0, 0.5, 1)))
        return f"{low} to {high}, median {middle}"
    if column.kind == "boolean":
        return f"true or false, {100 * known.mean():.0f} % true"
    if column.kind == "date":
        days = known.astype("M8[D]")
        return f"{days.min()} to {days.max()}"
    counts = Counter(known.tolist())
    common = sorted(counts, key=lambda value: (-counts[value], value))[:_SHOWN]
    more = ", ..." if len(counts) > _SHOWN else ""
    plural = "s" * (len(counts) != 1)
    return f"{len(counts):,} value{plural}: {', '.join(map(_short, common))}{more}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def scaling_words(encoder: ColumnEncoder) -> str:
    """Return how a column becomes inputs, with its numbers.

    Examples
    --------
    >>> scaling_words(NumericEncoder("area", 1755.0, 620.0, missing=False))
    'mean 1,755, deviation 620; (x − mean) / deviation'
    """
    match encoder:
        case NumericEncoder():
            filled = "0" if _plain(encoder.mean, encoder.std) else "the mean"
            return _scaled(encoder.mean, encoder.std) + _marked(encoder.missing, filled)
        case BooleanEncoder():
            return "yes is 1, no is 0; " + _scaled(encoder.mean, encoder.std)
        case CategoryEncoder() if encoder.binary:
            no, yes = map(_short, encoder.values)
            return f"1 for {yes}, 0 for {no}; " + _scaled(encoder.mean, encoder.std)
        case CategoryEncoder():
            return f"{len(encoder.features)} inputs, one a value: 1 where it is so, else 0"
        case DateEncoder():
            parts = f"; sine and cosine of {', '.join(encoder.parts)}" if encoder.parts else ""
            return f"days since 1970, {_scaled(encoder.mean, encoder.std)}{parts}"
        case TextEncoder():
            return f"{encoder.buckets} inputs: its words, each in one of so many places"
    return ""


def _plain(mean: float, std: float) -> bool:
    return mean == 0.0 and std == 1.0


def _scaled(mean: float, std: float) -> str:
    if _plain(mean, std):
        return "as it is"
    told = f"mean {number_words(mean)}, deviation {number_words(std)}"
    return f"{told}; (x − mean) / deviation"


def _marked(missing: bool, filled: str) -> str:
    return f"; a missing cell counts as {filled}, and another input marks it" if missing else ""


def target_words(target: TargetEncoder, at: int, signs: bool = False) -> str:
    """Return how one of the targets becomes a number y."""
    if target.task == "regression":
        mean, std = target.means[at], target.stds[at]
        if _plain(mean, std):
            return "as it is"
        if mean == 0.0:
            return f"deviation {number_words(std)}; y / deviation"
        told = f"mean {number_words(mean)}, deviation {number_words(std)}"
        return f"{told}; (y − mean) / deviation"
    low = "−1" if signs else "0"
    if len(target.labels) == 2:
        no, yes = (_short(str(label)) for label in target.labels)
        return f"{low} for {no}, 1 for {yes}"
    return f"{len(target.labels)} outputs, one a class: 1 where it is so, else {low}"
