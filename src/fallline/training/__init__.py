"""The main job: a table in, a trained model out, with what was understood and how good it is."""

from .job import train
from .result import Stage, Start, TrainingResult
from .settings import Settings
from .worst import WorstRow, worst_rows

__all__ = ["Settings", "Stage", "Start", "TrainingResult", "WorstRow", "train", "worst_rows"]
