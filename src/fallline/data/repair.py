"""Files whose lines have unequal numbers of cells, rewritten so that they have equal ones.

DuckDB's sniffer gives such files up and reads each line as one cell. Here short lines are filled
with missing cells, long ones are left out, and both are counted.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError

__all__ = ["DELIMITERS", "Repair", "repaired"]

DELIMITERS = ",;\t|"
_LOOK = 2000
_BAD_SHARE = 0.01
_LONGEST_CELL = 10_000


@dataclass(frozen=True)
class Repair:
    """What `repaired` did: the delimiter, and sentences on the lines that it changed."""

    delimiter: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Record:
    line: int
    cells: list[str]


def repaired(
    path: Path, target: Path, name: str, delimiter: str | None, allow_bad_rows: bool
) -> Repair:
    """Write the table in `path` to `target` with equally many cells on each line.

    The number of cells is that of most lines, or of the header if that is more. Lines with one
    cell before the header are titles and are left out.

    Raises
    ------
    DataError
        When a quote is never closed, when no delimiter parts the lines, or when more than 1 % of
        the rows are too long and `allow_bad_rows` is false.
    """
    chosen = delimiter or _delimiter(path, name)
    widths = Counter(len(record.cells) for record in _records(path, chosen, name))
    usual = max(widths, key=lambda width: (widths[width], width))
    records = _records(path, chosen, name)
    titles, header = _header(records, usual)
    width, names = _fitted_header(header, usual, path, chosen, name)
    short, long, kept = 0, [], 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=chosen)
        writer.writerow(names)
        for record in records:
            cells = record.cells
            while len(cells) > width and not cells[-1]:
                cells.pop()
            if len(cells) > width:
                long.append((record.line, len(cells)))
                continue
            short += len(cells) < width
            kept += 1
            writer.writerow(cells + [""] * (width - len(cells)))
    _refuse_too_many(long, kept, width, name, allow_bad_rows)
    return Repair(chosen, _notes(titles, short, long, width))


def _records(path: Path, delimiter: str, name: str) -> Iterator[_Record]:
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        last = 0
        try:
            for cells in reader:
                if reader.line_num - last > _LONGEST_CELL:
                    raise csv.Error("never closed")
                if any(cells) or len(cells) > 1:
                    yield _Record(last + 1, cells)
                start, last = last + 1, reader.line_num
        except csv.Error:
            raise DataError(_unclosed(name, last + 1)) from None
    if last > 0 and last > start and _open_at_end(path, start, delimiter):
        raise DataError(_unclosed(name, start))


def _open_at_end(path: Path, start: int, delimiter: str) -> bool:
    """Say whether the record that begins at line `start` and ends the file misses its quote."""
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        lines = [line for number, line in enumerate(file, 1) if number >= start]
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False


def _unclosed(name: str, line: int) -> str:
    return (
        f"'{name}' cannot be read as a table: a quote on or after line {line} is never closed; "
        'close it there, or double it ("") where it belongs to the text'
    )


def _delimiter(path: Path, name: str) -> str:
    """Return the delimiter under which the largest share of lines has one and the same width."""
    best, score = "", (0.0, 0)
    for candidate in DELIMITERS:
        widths: Counter[int] = Counter()
        for record in _records(path, candidate, name):
            widths[len(record.cells)] += 1
            if widths.total() == _LOOK:
                break
        parted = {width: count for width, count in widths.items() if width > 1}
        if not parted:
            continue
        width = max(parted, key=lambda w: (parted[w], w))
        share = parted[width] / widths.total()
        if (share, width) > score:
            best, score = candidate, (share, width)
    if not best or score[0] < 0.3:
        raise DataError(
            f"'{name}' cannot be read as a table: no delimiter parts its lines into equally many "
            "cells; say which it is with delimiter="
        )
    return best


def _header(records: Iterator[_Record], usual: int) -> tuple[int, _Record]:
    titles = 0
    for record in records:
        if usual > 1 and sum(map(bool, record.cells)) <= 1:
            titles += 1
            continue
        return titles, record
    raise DataError("the file holds no table: no line has more than one cell")


def _fitted_header(
    header: _Record, usual: int, path: Path, delimiter: str, name: str
) -> tuple[int, list[str]]:
    cells = header.cells
    while len(cells) > usual and not cells[-1]:
        cells.pop()
    if len(cells) == usual - 1 and not _trailing(path, delimiter, name, header.line, usual):
        # R writes row names without a name for them.
        return usual, ["row", *cells]
    width = max(usual, len(cells)) if len(cells) != usual - 1 else len(cells)
    return width, cells + [""] * (width - len(cells))


def _trailing(path: Path, delimiter: str, name: str, line: int, usual: int) -> bool:
    """Say whether the last of `usual` cells is empty on every line below the header."""
    rows = (r.cells for r in _records(path, delimiter, name) if r.line > line)
    return all(len(cells) < usual or not cells[usual - 1] for cells in rows)


def _refuse_too_many(
    long: list[tuple[int, int]], kept: int, width: int, name: str, allow: bool
) -> None:
    if allow or len(long) <= _BAD_SHARE * (kept + len(long)):
        return
    raise DataError(
        f"'{name}' should have {width} cells on each line, but {len(long)} of its "
        f"{kept + len(long)} rows have more: {_places(long)}; mend them (is a cell with the "
        "delimiter in it not quoted?), or leave them out with allow_bad_rows"
    )


def _places(long: list[tuple[int, int]]) -> str:
    shown = ", ".join(f"line {line} ({cells} cells)" for line, cells in long[:5])
    return shown + (", ..." if len(long) > 5 else "")


def _notes(titles: int, short: int, long: list[tuple[int, int]], width: int) -> tuple[str, ...]:
    notes = []
    if titles:
        notes.append(f"{titles} line{'s' * (titles != 1)} above the header left out.")
    if short:
        notes.append(
            f"{short} row{'s' * (short != 1)} had fewer than {width} cells; those at the end are "
            "taken as missing."
        )
    if long:
        notes.append(
            f"{len(long)} row{'s' * (len(long) != 1)} had more than {width} cells and "
            f"{'were' if len(long) != 1 else 'was'} left out: {_places(long)}."
        )
    return tuple(notes)
