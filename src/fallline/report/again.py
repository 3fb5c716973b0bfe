"""How to make it again: the files with their fingerprints, the versions, and what to type."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from .. import __version__
from ..explain.document import Block, Bullets, Code, Paragraph, Table
from .asked import Asked

__all__ = ["Recipe", "again"]


@dataclass(frozen=True)
class Recipe:
    """What to type to make the model and this page again.

    Attributes
    ----------
    report, trace
        The command that makes this page, and the one that traces a row of the same table; "" where
        they are not known.
    train
        The command that trains from `config`; "" where there is none.
    config
        The text of run.toml.
    files
        The SHA-256 of each file, by its name.
    """

    report: str = ""
    trace: str = ""
    train: str = ""
    config: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def again(asked: Asked, recipe: Recipe) -> Iterator[Block]:
    """Yield how the model was made, and how this page was."""
    yield Bullets(
        [
            f"fallline {__version__}, Python {platform.python_version()}, NumPy {np.__version__}, "
            f"{platform.machine()} made this page",
            f"random numbers: seed {asked.model.plan.seed}",
        ]
    )
    if recipe.files:
        yield Table(["file", "SHA-256"], recipe.files.items())
    if recipe.config:
        yield Paragraph("The training, with this as run.toml:")
        yield Code(recipe.config)
        yield Code(recipe.train)
        yield Paragraph(
            "On the same rows it gives the same model file, byte by byte, with the same build of "
            "fallline on the same kind of processor, unless a time budget or Ctrl-C ended it."
        )
    else:
        yield Paragraph("The plan of the training:")
        yield Code(json.dumps(asked.model.plan.to_json(), indent=1, ensure_ascii=False))
    if recipe.report:
        yield Paragraph("This page:")
        yield Code(recipe.report)
