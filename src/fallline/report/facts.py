"""What a model file tells of its training; anything may be missing there, or be of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .scores import beside, comparable
from .words import count, method

if TYPE_CHECKING:
    from ..model import Model
    from ..spec.plan import Plan

__all__ = ["part_of", "scored_on", "stored_scores", "texts", "trained"]


def trained(model: Model) -> str:
    """Return how a model was trained, in a line."""
    plan, history = model.plan, model.history
    rows = part_of(model.facts, "rows").get("train")
    parts = [f"on {count(rows, 'row')}"] if isinstance(rows, int) else []
    if isinstance(source := model.facts.get("source"), str):
        parts.append(f"of {source}")
    batch = f"batches of {count(plan.batch_size, 'row')}" if plan.batch_size else "the full batch"
    parts.append(
        f"for {count(len(history), 'epoch')} by {method(plan.optimizer)}, {batch}, error "
        f"{plan.loss}, {_penalties(plan)}, seed {plan.seed}"
    )
    return " ".join(parts)


def _penalties(plan: Plan) -> str:
    others = {"λ₁": plan.l1, "alpha": plan.alpha}
    return ", ".join([f"λ {plan.l2:g}", *(f"{n} {v:g}" for n, v in others.items() if v)])


def scored_on(facts: Mapping[str, Any]) -> str:
    """Return what the scores are of."""
    folds = part_of(facts, "cross_validation").get("folds")
    if isinstance(folds, list):
        return f"Scores over {count(len(folds), 'fold')}: the mean"
    return "Scores on the test rows" if "test" in part_of(facts, "scores") else "Scores"


def stored_scores(facts: Mapping[str, Any]) -> Mapping[str, Mapping[str, float]]:
    """Return the scores of the network and the simple models, as far as the file has them."""
    scores, judged = part_of(facts, "scores"), part_of(facts, "cross_validation")
    ours = _numbers(judged.get("mean", scores.get("test", scores.get("train"))))
    theirs = part_of(judged or facts, "baselines")
    simple = {name: _numbers(metrics) for name, metrics in theirs.items()}
    return beside(ours, comparable(simple)) if ours else {}


def _numbers(metrics: Any) -> dict[str, float]:
    pairs = metrics.items() if isinstance(metrics, dict) else ()
    return {name: float(value) for name, value in pairs if isinstance(value, int | float)}


def part_of(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a mapping among the facts; an empty one where there is none."""
    value = facts.get(name)
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """Return the texts of a list; none of what is no list."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
