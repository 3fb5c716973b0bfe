"""The descent: a run takes steps down the error surface, epoch by epoch."""

from .calls import descend
from .divergence import Divergence
from .run import Run

__all__ = ["Divergence", "Run", "descend"]
