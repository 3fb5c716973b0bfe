"""What processes tell each other: few, small things, and all of them the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DataError, SpecError
from .membership import Member

__all__ = ["Together"]


class Together:
    """The processes of a training, as one of them sees them; every call is made by all of them.

    Parameters
    ----------
    member
        The place of this process, which has joined the others.
    """

    def __init__(self, member: Member) -> None:
        assert member.rank is not None and member.size is not None
        self.rank, self.size = member.rank, member.size

    @property
    def first(self) -> bool:
        """Whether this is process 0, which alone prints and writes."""
        return self.rank == 0

    def gather(self, told: Any) -> list[Any]:
        """Return what each process tells, plain JSON, in the order of the processes."""
        words = [part.decode() for part in self.gather_bytes(json.dumps(told).encode())]
        return [json.loads(word) for word in words]

    def all_do(self, make: Callable[[], Any]) -> list[Any]:
        """Return what each process makes, plain JSON; raise on all where one cannot make it.

        Raises
        ------
        DataError, SpecError
            What the first of them raised that did.
        """
        try:
            told = {"made": make()}
        except (DataError, SpecError) as error:
            told = {"failed": [type(error).__name__, str(error)]}
        every = self.gather(told)
        for found in every:
            if "failed" in found:
                name, message = found["failed"]
                raise (DataError if name == "DataError" else SpecError)(message)
        return [found["made"] for found in every]

    def gather_bytes(self, told: bytes) -> list[bytes]:
        """Return the bytes of each process, in the order of the processes."""
        if self.size == 1:
            return [told]
        lengths = self._gathered(np.array([len(told)], np.int32))[:, 0]
        mine = np.zeros(int(lengths.max()), np.uint8)
        mine[: len(told)] = np.frombuffer(told, np.uint8)
        rows = self._gathered(mine)
        return [row[:length].tobytes() for row, length in zip(rows, lengths, strict=True)]

    def gather_rows(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the rows (n, columns) of all processes, one below another."""
        if self.size == 1:
            return rows
        parts = self.gather_bytes(np.ascontiguousarray(rows).tobytes())
        shaped = [np.frombuffer(p, rows.dtype).reshape(-1, *rows.shape[1:]) for p in parts]
        return np.concatenate(shaped)

    def first_of(self, told: Sequence[Any] | Any) -> Any:
        """Return what the first process tells that has something to tell; None where none has."""
        return next((found for found in self.gather(told) if found is not None), None)

    def _gathered(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        from jax.experimental import multihost_utils

        return np.asarray(multihost_utils.process_allgather(array))
