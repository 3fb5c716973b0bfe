"""The main job: a table in, a trained model out, with what was understood and how good it is."""

from .crossval import cross_validate
from .folds import CrossValidation, Fold
from .job import train
from .result import Restart, Stage, Start, TrainingResult
from .settings import Settings
from .table_rows import TableRows, rows_for
from .worst import WorstRow, worst_rows

__all__ = [
    "CrossValidation",
    "Fold",
    "Restart",
    "Settings",
    "Stage",
    "Start",
    "TableRows",
    "TrainingResult",
    "WorstRow",
    "cross_validate",
    "rows_for",
    "train",
    "worst_rows",
]
