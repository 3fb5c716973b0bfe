"""What is called at each epoch: functions of the user, and scikit-learn's callback objects."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..arrays import Floats
from ..history import Epoch

try:  # scikit-learn has them since 1.9
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import callback_management_context
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for callback objects where scikit-learn has none."""

    def callback_management_context(estimator: Any) -> AbstractContextManager[None]:
        """Return a context that does nothing."""
        return nullcontext()


__all__ = ["CallbackSupportMixin", "EpochCallbacks", "callback_management_context"]


class EpochCallbacks:
    """Both kinds of callbacks of one fit.

    Parameters
    ----------
    estimator
        The one that is fitted.
    X, y, metadata
        The training rows as the user gave them, for callback objects.
    epochs
        The most epochs there can be, over all restarts.

    Attributes
    ----------
    interrupted
        Whether the user pressed Ctrl-C, which ends the fit well.
    watched
        Whether anybody is told of single epochs.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, metadata: Mapping[str, Any], epochs: int
    ) -> None:
        self.interrupted = False
        self._estimator = estimator
        self._epoch: Any = None
        given = estimator.callbacks
        self._functions = () if given is None else (given,) if callable(given) else tuple(given)
        for function in self._functions:
            if not callable(function):
                raise ValueError(
                    f"callbacks must be functions of an Epoch, not {function!r}; give callback "
                    "objects of scikit-learn to set_callbacks"
                )
        self._rows = {"X": X, "y": y, "metadata": dict(metadata) or None}
        self._context: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self._context = estimator._init_callback_context(max_subtasks=epochs)
            self._context.call_on_fit_task_begin(estimator=estimator, **self._rows)
        self._has_objects = self._context is not None and bool(
            getattr(estimator, "_skl_callbacks", [])
        )
        self.watched = bool(self._functions) or self._has_objects

    def begin(self, theta: Callable[[], Floats]) -> None:
        """Tell callback objects, if there are any, that an epoch begins with the weights θ()."""
        if self._has_objects:
            self._epoch = self._context.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(**self._told(theta()))

    def end(self, epoch: Epoch | None, theta: Callable[[], Floats]) -> str | None:
        """Call all with the epoch that ended; return why the fit ends, where one says so."""
        reason = None
        if self._epoch is not None:
            if self._epoch.call_on_fit_task_end(**self._told(theta())):
                reason = "a callback object ended it"
            self._epoch = None
        try:
            for function in self._functions if epoch is not None else ():
                function(epoch)
        except StopIteration as stop:
            reason = str(stop) or "a callback ended it"
        return reason

    def interrupt(self) -> None:
        """Keep that the user ended the fit, and warn of it as scikit-learn does."""
        self.interrupted = True
        warnings.warn("Training interrupted by user.", stacklevel=6)

    def close(self) -> None:
        """Tell callback objects that the fit is over."""
        if self._context is not None:
            self._context.call_on_fit_task_end(
                estimator=self._estimator, **self._rows, reconstruction_attributes={}
            )

    def _told(self, theta: Floats) -> dict[str, Any]:
        def fitted() -> dict[str, Any]:
            return dict(self._estimator._weights_at(theta))

        return {"estimator": self._estimator, **self._rows, "reconstruction_attributes": fitted}
