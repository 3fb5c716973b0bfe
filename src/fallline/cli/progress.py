"""How far a training is: a live bar on a terminal, else a plain line now and then."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from .show import Screen

if TYPE_CHECKING:
    from ..training import Stage

__all__ = ["Progress", "progress"]

_SECONDS = 5.0  # between plain lines
_WORDS = {
    "judging": "judging on folds",
    "choosing": "choosing penalty and epochs",
    "training": "training",
}


class Progress:
    """A watcher that only remembers where it is; the others draw as well.

    Attributes
    ----------
    stage
        What is going on, in words.
    epochs
        Epochs of the last training that are done.
    """

    def __init__(self) -> None:
        self.stage = "reading the table"
        self.epochs = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __call__(self, stage: Stage) -> None:
        """Take note of an epoch that has just ended."""
        self.stage = _WORDS[stage.name]
        if stage.name == "training":
            self.epochs = stage.done
        self.draw(stage)

    def draw(self, stage: Stage) -> None:
        """Draw nothing."""

    def close(self) -> None:
        """Take down what is drawn."""


class Lines(Progress):
    """Plain lines on stderr, at most one every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.monotonic()

    def draw(self, stage: Stage) -> None:
        """Print a line if the last one is old enough."""
        if time.monotonic() - self._last < _SECONDS:
            return
        self._last = time.monotonic()
        print(
            f"{stage.name}: {stage.done} of {stage.total} {_unit(stage)}, {_errors(stage)}",
            file=sys.stderr,
            flush=True,
        )


class Bar(Progress):
    """A live bar on stderr, one line for each stage."""

    def __init__(self) -> None:
        super().__init__()
        from rich import progress as bars

        columns: list[Any] = [
            bars.TextColumn("{task.description:<8}", style="bold", markup=False),
            bars.BarColumn(bar_width=16),
            bars.TextColumn("{task.completed:.0f}/{task.total:.0f}", markup=False),
            bars.TextColumn("{task.fields[detail]}", markup=False),
        ]
        self._bars = bars.Progress(
            *columns, console=Screen(sys.stderr).console, transient=True, expand=False
        )
        self._tasks: dict[str, Any] = {}

    def draw(self, stage: Stage) -> None:
        """Move the bar."""
        detail = _errors(stage)
        if stage.name not in self._tasks:
            self._bars.start()
            self._bars.refresh()  # how the stage before ended, which the clock may have missed
            for task in self._tasks.values():
                self._bars.remove_task(task)
            self._tasks = {
                stage.name: self._bars.add_task(stage.name, total=stage.total, detail=detail)
            }
        self._bars.update(
            self._tasks[stage.name], completed=stage.done, total=stage.total, detail=detail
        )

    def close(self) -> None:
        """Take the bar down."""
        self._bars.stop()


def _unit(stage: Stage) -> str:
    return "folds" if stage.name == "judging" else "epochs"


def _errors(stage: Stage) -> str:
    epoch = stage.epoch
    if stage.name == "judging":
        return stage.detail
    parts = [stage.detail] if stage.name == "choosing" else []
    parts.append(f"error {epoch.error:.4f}")
    if epoch.validation_error is not None:
        parts.append(f"validation {epoch.validation_error:.4f}")
    if stage.name == "training":
        parts.append(f"rate {epoch.learning_rate:.4g}")
        parts += [f"{name} {value:.4g}" for name, value in epoch.metrics.items()]
    return "  ".join(parts)


def progress(quiet: bool, as_json: bool) -> Progress:
    """Return the watcher for these streams: silent, a bar or lines."""
    if quiet:
        return Progress()
    if sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb":
        return Bar()
    return Progress() if as_json else Lines()
