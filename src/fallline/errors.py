"""Every exception and warning that fallline raises.

::

    FalllineError
    ├── SpecError          (ValueError)                  a network or training plan that cannot be
    ├── DataError          (ValueError)                  a table or array that cannot be used
    ├── ModelFileError     (ValueError)                  a file that is not a sound .fall file
    ├── NotFittedError     (ValueError, AttributeError)  asked for what only training gives
    └── MissingExtraError  (ImportError)                 an optional package is not installed
    FalllineWarning        (UserWarning)
    ├── DivergenceWarning    the error or a weight became infinite or NaN
    ├── InterruptWarning     Ctrl-C ended a training; what it had reached is kept
    ├── EngineWarning        (RuntimeWarning)  a slower engine computes than could
    └── DataWarning          something in the data that the user should know

Each message says what was expected, what came, and what to do.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

__all__ = [
    "DataError",
    "DataWarning",
    "DivergenceWarning",
    "EngineWarning",
    "FalllineError",
    "FalllineWarning",
    "InterruptWarning",
    "MissingExtraError",
    "ModelFileError",
    "NotFittedError",
    "SpecError",
    "suggest",
    "warn",
]


class FalllineError(Exception):
    """The root of the tree: catch it to catch everything that fallline raises on purpose."""


class SpecError(FalllineError, ValueError):
    """A network or a training plan that cannot be."""


class DataError(FalllineError, ValueError):
    """A table, an array or a column that cannot be used."""


class ModelFileError(FalllineError, ValueError):
    """A file that is not a sound ``.fall`` file."""


class NotFittedError(FalllineError, ValueError, AttributeError):
    """Something was asked for that only training gives."""


class MissingExtraError(FalllineError, ImportError):
    """An optional package is not installed; the message holds the pip line.

    `extra` is the extra of fallline that brings the package, or None for one that users bring.
    """

    def __init__(self, package: str, extra: str | None, purpose: str) -> None:
        wanted = f"'fallline[{extra}]'" if extra else package
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed; "
            f"run: pip install {wanted}"
        )


class FalllineWarning(UserWarning):
    """The root of fallline's warnings."""


class DivergenceWarning(FalllineWarning):
    """The error or a weight became infinite or NaN during the descent."""


class InterruptWarning(FalllineWarning):
    """Ctrl-C ended a training; what it had reached is kept."""


class EngineWarning(FalllineWarning, RuntimeWarning):
    """The reference engine computes what the native one would do many times faster."""


class DataWarning(FalllineWarning):
    """Something in the data that the user should know."""


def warn(message: str, kind: type[FalllineWarning]) -> None:
    """Warn at the line that led here from outside this package: the user's own."""
    package = __name__.partition(".")[0]
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, kind, stacklevel=level)


def suggest(name: object, known: Iterable[str]) -> str:
    """Return `` did you mean 'x'?`` or the list of what is known, to end an error message with."""
    import difflib

    names = sorted(known)
    in_lower_case = {each.lower(): each for each in names}
    close = difflib.get_close_matches(str(name).lower(), in_lower_case, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{in_lower_case[close[0]]}'?"
    if not names:
        return "none is known"
    return "known: " + ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
