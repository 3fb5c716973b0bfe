"""Threefry-2x32: random bits as a pure function of a key and a counter.

Nothing is drawn from a state, so that every engine, thread and host computes the same bits for the
same place, in any order, and a run that is paused or stepped back needs to keep none.

Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section
4.2, with 20 rounds; the tests hold it to the known answers published with Random123.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["neighbours", "normal", "threefry2x32", "unit_words"]

A = Any  # an array of the namespace xp

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_WORD = 0xFFFFFFFF  # the low 32 bits


def threefry2x32(xp: A, key: tuple[A, A], counter: tuple[A, A]) -> tuple[A, A]:
    """Return two words of random bits for a key and a counter of two words each.

    Parameters
    ----------
    key, counter
        Arrays of uint32 with at least one axis, whose shapes go together.

    Examples
    --------
    >>> import numpy as np
    >>> zero = np.zeros(1, np.uint32)
    >>> [hex(word[0]) for word in threefry2x32(np, (zero, zero), (zero, zero))]
    ['0x6b200159', '0x99ba4efe']
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    a, b = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(1, 6):
        for turn in _ROTATIONS[(group - 1) % 2]:
            a = a + b
            b = ((b << turn) | (b >> (32 - turn))) ^ a
        a, b = a + keys[group % 3], b + keys[(group + 1) % 3] + group
    return a, b


def unit_words(
    xp: A, seed: int | tuple[A, A], step: int | A, stream: int, rows: int | A, units: int
) -> tuple[A, A]:
    """Return two words (rows, pairs) for each two neighbouring units of each row of a batch.

    The words of units 2p and 2p + 1 of row r are ``threefry(k, (r, p))`` with the key
    ``k = threefry((seed mod 2³², ⌊seed / 2³²⌋ mod 2³²), (step mod 2³², stream))``.

    Parameters
    ----------
    seed
        Of the plan; or its two words, the low one first, for what is compiled for all seeds.
    step
        Steps taken before this one.
    stream
        What the bits are for: a number of its own for each use within a step.
    rows, units
        Rows of the batch, by their position in it, or these positions themselves as an array of
        uint32; and units of the layer; pairs = ⌈units / 2⌉.
    """
    low, high = (seed, seed >> 32) if isinstance(seed, int) else seed
    words = [_word(xp, n) for n in (low, high, step, stream)]
    key = threefry2x32(xp, (words[0], words[1]), (words[2], words[3]))
    row = (xp.arange(rows, dtype=xp.uint32) if isinstance(rows, int) else rows)[:, None]
    pair = xp.arange((units + 1) // 2, dtype=xp.uint32)[None, :]
    return threefry2x32(xp, key, (row, pair))


def _word(xp: A, number: int | A) -> A:
    """Return the low 32 bits as a (1,) array: NumPy warns of overflow in scalars."""
    low = number & _WORD if isinstance(number, int) else number
    return xp.asarray(low, dtype=xp.uint32).reshape(1)


def neighbours(xp: A, even: A, odd: A, units: int) -> A:
    """Return what belongs to each unit (rows, units) from what belongs to even and odd ones."""
    return xp.stack([even, odd], axis=-1).reshape(even.shape[0], -1)[:, :units]


def normal(xp: A, words: tuple[A, A], units: int, dtype: A) -> A:
    """Return standard normal numbers (rows, units) from the words of `unit_words`.

    Box and Muller 1958: with u = (a + ½) / 2³² and v = b / 2³², the two units of a pair get
    √(−2 ln u) cos 2πv and √(−2 ln u) sin 2πv. None is beyond ±6.8.
    """
    a, b = (word.astype(dtype) for word in words)
    radius = xp.sqrt(-2 * xp.log((a + 0.5) * 2.0**-32))
    angle = b * (2.0**-31 * math.pi)
    return neighbours(xp, radius * xp.cos(angle), radius * xp.sin(angle), units)
