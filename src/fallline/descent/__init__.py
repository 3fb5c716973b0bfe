"""The descent: a run takes steps down the error surface, epoch by epoch."""

from .calls import descend, resume
from .divergence import Divergence
from .many import descend_many
from .run import Run

__all__ = ["Divergence", "Run", "descend", "descend_many", "resume"]
