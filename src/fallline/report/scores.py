"""Scores of models side by side: those that a model file holds, and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..formulas.metrics import METRICS
from .words import number

__all__ = ["PINBALL", "beside", "comparable", "score_rows"]

PINBALL = "pinball"
"""The metric of quantiles: the lower the better."""


def beside(
    scores: Mapping[str, float], baselines: Mapping[str, Mapping[str, float]]
) -> dict[str, Mapping[str, float]]:
    """Return the scores of the network and of the simple models, the best of those first."""
    first = sorted(baselines, key=lambda name: name != "linear model")
    return {"network": scores, **{name: baselines[name] for name in first}}


def score_rows(
    models: Mapping[str, Mapping[str, float]],
    spreads: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return the head and the rows of a table of metrics: one column for each model.

    Parameters
    ----------
    models
        Metrics by model.
    spreads
        The standard deviations of these, where they are means.
    """
    given = next(iter(models.values()), {})
    names = [*(name for name in METRICS if name in given), *(n for n in given if n not in METRICS)]

    def cell(model: str, name: str) -> str:
        if name not in models[model]:
            return "-"
        told = number(models[model][name])
        return told if spreads is None else f"{told} ± {number(spreads[model][name])}"

    head = ("", "", *models)
    rows: list[Sequence[str]] = [
        (name, _metric_text(name), *(cell(model, name) for model in models)) for name in names
    ]
    return head, rows


def _metric_text(name: str) -> str:
    if name in METRICS:
        return METRICS[name].text
    if name.startswith("weighted_"):
        return "the same with class weights"
    kind, _, level = name.partition("_")
    if kind == "coverage":
        return f"share of rows at or below it; {level} is right"
    if kind == "pinball":
        return f"mean error of the level {level}" if level else "mean error over the levels"
    return ""


def comparable(baselines: Mapping[str, Mapping[str, float]]) -> Mapping[str, Any]:
    """Return the simple models to show: beside quantiles, those of the training rows alone."""
    return {name: theirs for name, theirs in baselines.items() if PINBALL in theirs} or baselines
