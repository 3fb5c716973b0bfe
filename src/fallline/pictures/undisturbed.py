"""Many descents for one picture: what each would warn of is the picture's to tell."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DivergenceWarning, InterruptWarning

__all__ = ["undisturbed"]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within, descents diverge without a warning, and Ctrl-C ends the picture and not one descent.

    A descent takes Ctrl-C for its end, and returns what it has: from that no picture can be made.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("error", InterruptWarning)
        try:
            yield
        except InterruptWarning as told:
            raise KeyboardInterrupt(str(told)) from None
