"""What happened in a descent: frozen records of epochs and steps, and their JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, overload

from .arrays import Ints
from .errors import DataError, MissingExtraError

__all__ = ["Epoch", "History", "Step"]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows.

    Attributes
    ----------
    epoch
        Its number, from 1.
    steps
        Steps taken since the start of the descent, this epoch's included.
    rows
        Training rows seen in it: all, unless the run ended within it by a time budget, a request,
        `Run.finish` or Ctrl-C.
    error
        Row-weighted mean of J_B over its steps, while θ moved; for the sum error their sum.
    validation_error
        E of the validation rows at the end of the epoch, without penalty; None without such rows.
    metrics
        Metrics by name, at the end of the epoch: of the validation rows, else the training rows.
    learning_rate
        η of its last step.
    gradient_norm
        Mean over its steps of the Euclidean norm of ∂J_B/∂θ over trainable entries, before any
        clipping.
    seconds
        Time that it took, validation included.
    error_at_end
        J of all training rows at the θ that the epoch ended with; None unless it was asked for.
    evaluations
        Evaluations of the error and its gradient since the start, by a solver's line searches;
        None for optimizers that take one a step.
    """

    epoch: int
    steps: int
    rows: int
    error: float
    validation_error: float | None
    metrics: Mapping[str, float]
    learning_rate: float
    gradient_norm: float
    seconds: float = field(compare=False)
    error_at_end: float | None = None
    evaluations: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain data; numbers that are not finite become None."""
        plain = asdict(self)
        plain["metrics"] = {name: _finite(value) for name, value in self.metrics.items()}
        return {key: _finite(value) for key, value in plain.items()}


@dataclass(frozen=True)
class Step:
    """One step down the error surface.

    Attributes
    ----------
    step, epoch
        Their numbers, from 1.
    order
        Positions of the batch's rows among the training rows.
    error
        J_B of the batch before the step.
    learning_rate
        η of the step.
    gradient_norm
        Euclidean norm of ∂J_B/∂θ over trainable entries, before any clipping.
    """

    step: int
    epoch: int
    order: Ints = field(repr=False, compare=False)
    error: float
    learning_rate: float
    gradient_norm: float


class History(Sequence[Epoch]):
    """The epochs of a descent, in order.

    Examples
    --------
    >>> history = History([Epoch(1, 4, 8, 0.5, 0.6, {}, 0.1, 1.0, 0.01)])
    >>> history.best.epoch, len(history)
    (1, 1)
    """

    def __init__(self, epochs: Iterable[Epoch] = ()) -> None:
        self._epochs = list(epochs)  # only ever appended to; longer histories share it
        self._count = len(self._epochs)

    @overload
    def __getitem__(self, index: int) -> Epoch: ...

    @overload
    def __getitem__(self, index: slice) -> History: ...

    def __getitem__(self, index: int | slice) -> Epoch | History:
        """Return an epoch by position, from 0, or a part of the history."""
        place = range(self._count)[index]
        if isinstance(place, range):
            return History(self._epochs[i] for i in place)
        return self._epochs[place]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Epoch]:
        return islice(self._epochs, self._count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and [*self] == [*other]

    def __hash__(self) -> int:
        return hash(self._count)

    def __reduce__(self) -> tuple[type[History], tuple[tuple[Epoch, ...]]]:
        """Return what is pickled: its own epochs, not those of longer histories."""
        return History, (tuple(self),)

    def __repr__(self) -> str:
        if not self._count:
            return "History(no epoch yet)"
        best = self.best
        lowest = best.error if best.validation_error is None else best.validation_error
        return f"History({len(self)} epochs, least error {lowest:.6g} in epoch {best.epoch})"

    def append(self, epoch: Epoch) -> History:
        """Return this history with one more epoch; this one stays as it is."""
        return self.extend([epoch])

    def extend(self, more: Sequence[Epoch]) -> History:
        """Return this history with these epochs after its own; this one stays as it is."""
        if not more:
            return self
        epochs = self._epochs
        if len(epochs) == self._count:
            epochs.extend(more)
        if epochs[self._count] is not more[0]:  # another history went on from here
            epochs = [*epochs[: self._count], *more]
        longer = History()
        longer._epochs, longer._count = epochs, self._count + len(more)
        return longer

    @property
    def best(self) -> Epoch:
        """The epoch of the least validation error; without validation, of the least error.

        Raises
        ------
        DataError
            When there is no epoch yet.
        """
        if not self._count:
            raise DataError("the history has no epoch yet; train first")
        return min(self, key=_selection_error)

    def column(self, name: str) -> list[Any]:
        """Return one field, or one metric, of every epoch."""
        return [
            epoch.metrics[name] if name in epoch.metrics else getattr(epoch, name) for epoch in self
        ]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame, one row an epoch; metrics are columns of their own.

        Raises
        ------
        MissingExtraError
            When pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtraError("pandas", None, "History.to_frame") from None
        rows = [asdict(epoch) for epoch in self]
        return pandas.DataFrame([row | dict(row.pop("metrics")) for row in rows])

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the errors of training and validation by epoch, and the learning rate beneath.

        Parameters
        ----------
        ax
            matplotlib's axes for the errors alone; without it a figure is made.
        options
            ``log=False`` for a plain axis of errors, ``style="dark"``.

        Returns
        -------
        TrainingCurves
            The numbers, with `ax_` and `figure_` that they were drawn on.

        Raises
        ------
        DataError
            When there is no epoch yet.
        MissingExtraError
            When matplotlib is not installed.
        """
        from .pictures.training import training_curves

        return training_curves(self).plot(ax, **options)

    def to_jsonl(self) -> str:
        """Return one line of JSON for each epoch."""
        return "".join(json.dumps(epoch.to_json(), allow_nan=False) + "\n" for epoch in self)

    def save(self, path: str | Path) -> None:
        """Write the JSON lines to a file."""
        Path(path).write_text(self.to_jsonl(), encoding="utf-8")

    @classmethod
    def from_jsonl(cls, text: str) -> History:
        """Return the history that `to_jsonl` wrote.

        Raises
        ------
        DataError
            Naming the line that is not an epoch.
        """
        epochs = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                epochs.append(_epoch(json.loads(line)))
            except (TypeError, ValueError, RecursionError) as error:
                raise DataError(f"line {number} of the history is no epoch: {error}") from None
        return cls(epochs)


def _selection_error(epoch: Epoch) -> float:
    error = epoch.error if epoch.validation_error is None else epoch.validation_error
    return error if math.isfinite(error) else math.inf


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _epoch(plain: Any) -> Epoch:
    if not isinstance(plain, dict) or not isinstance(plain.get("metrics"), dict):
        raise TypeError("an epoch is an object, and so are its metrics")
    metrics = {name: _number("metrics", value) for name, value in plain["metrics"].items()}
    numbers = {key: _number(key, value) for key, value in plain.items() if key != "metrics"}
    return Epoch(**numbers, metrics=metrics)


def _number(key: str, value: Any) -> Any:
    if value is None:
        return math.nan if key in ("error", "gradient_norm", "metrics") else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} must hold numbers, not {value!r}")
    return value
