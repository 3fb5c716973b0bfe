"""The main job: a table in, a trained model out, with what was understood and how good it is."""

from .job import train
from .result import Stage, TrainingResult, WorstRow
from .settings import Settings

__all__ = ["Settings", "Stage", "TrainingResult", "WorstRow", "train"]
