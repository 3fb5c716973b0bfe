"""The entry of the command line, and the table of its commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import MissingExtraError

__all__ = ["COMMANDS", "main", "run"]

COMMANDS = {
    "demo": "Train on the sample houses, from start to end.",
    "train": "Train a network to predict a column of a table.",
    "predict": "Predict with a trained model.",
    "evaluate": "Score a trained model on rows whose target is known.",
    "inspect": "Show what the columns of a table would be taken for.",
    "info": "Show what a model file holds.",
    "plot": "Draw a picture of a model, or list those that there are.",
    "report": "Write a model's numbers, pictures and rule on one page.",
    "race": "Race optimizers, learning rates, momenta or batch sizes on a table.",
    "studio": "Watch and steer a descent on a page in the browser.",
    "explain": "Derive the rule by which a model's network learns, step by step.",
    "trace": "Show every number of a step on one row, with its formula.",
    "certify": "Check a model's gradient: by symbols, by each engine, by differences.",
    "worksheet": "Make an exercise sheet on gradient descent, and its key.",
    "init": "Write a run.toml to start from.",
    "formulas": "List the formulas that there are, with their sources.",
}
"""Each command is the module of this package with its name, imported when it is used."""


def main() -> None:
    """Run the command line on this process's arguments, and exit."""
    code = run(sys.argv[1:])
    faults = sys.modules.get("fallline.cluster.faults")
    if faults is not None:
        faults.last(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command line on these arguments; return the exit code."""
    try:
        import click  # noqa: F401
    except ImportError:
        print(f"error: {MissingExtraError('click', 'cli', 'the command line')}", file=sys.stderr)
        return 2
    from .group import fallline
    from .run import guarded

    return guarded(fallline, arguments)


if __name__ == "__main__":
    main()
