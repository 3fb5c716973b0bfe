"""A run that goes on with other settings, or from where it was before."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ..arrays import Array
from ..errors import SpecError, suggest
from ..formulas.optimizers import Solver, optimizer_from
from ..spec.plan import Plan
from .inputs import check_patience
from .progress import Snapshot, optimizer_of
from .solving import plain_engine
from .validation import check_metrics

if TYPE_CHECKING:
    from .run import Run

__all__ = ["changed", "gone_back"]


def changed(run: Run, settings: Mapping[str, Any]) -> Run:
    """Return a run that goes on from here with other settings; see `Run.changed`."""
    plan = _changed_plan(run.plan, settings)
    _check(run, plan)
    arrays = run._engine.snapshot(run._state)
    after = _following(run, plan)
    theta = arrays["theta"]
    fresh = after._engine.snapshot(after._engine.start(run.network, plan, theta))
    kept = arrays if _same_state(run.plan, arrays, plan, fresh) else _begun(fresh, arrays)
    after._state = after._engine.start(run.network, plan, theta, resume=kept)
    return after


def gone_back(run: Run, snapshot: Snapshot) -> Run:
    """Return a run from a snapshot of it, also of one that was taken before it was changed."""
    after = _following(run, snapshot.plan)
    theta = snapshot.arrays["theta"]
    after._state = after._engine.start(run.network, snapshot.plan, theta)
    after.restore(snapshot)
    return after


def _following(run: Run, plan: Plan) -> Run:
    """Return the run with another plan; its state is still to be set."""
    after, before = copy(run), run.plan
    after._follow(plan, plain_engine(run._engine))
    after._ring = deque(maxlen=run._ring.maxlen)
    if (plan.seed, plan.shuffle) != (before.seed, before.shuffle):
        after._order = after._own_order()
    after._final = after.stopped = after.divergence = None
    return after


def _changed_plan(plan: Plan, settings: Mapping[str, Any]) -> Plan:
    """Return the plan with other settings: what is none of its own is one of its optimizer."""
    of_plan = {field.name for field in fields(Plan)}
    own = {name: value for name, value in settings.items() if name in of_plan}
    method: Any = optimizer_from(own.get("optimizer", plan.optimizer))
    known = [field.name for field in fields(method)]
    others = {name: value for name, value in settings.items() if name not in of_plan}
    for name in others:
        if name not in known:
            hint = suggest(name, [*known, *of_plan])
            raise SpecError(f"neither a training plan nor {type(method).__name__} has a setting "
                            f"{name!r}; {hint}")  # fmt: skip
    return replace(plan, **{**own, "optimizer": replace(method, **others)})


def _check(run: Run, plan: Plan) -> None:
    """Raise a SpecError where the run cannot go on with this plan."""
    if plan.loss != run.plan.loss:
        raise SpecError(
            f"a run keeps its loss, {run.plan.loss}: errors of another could not be compared with "
            f"those in its history; for {plan.loss} make a new Run with theta=run.theta"
        )
    plan.check(run.network)
    check_metrics(plan, run._rows, run._validation)
    check_patience(plan, run._validation)
    solver = isinstance(plan.optimizer, Solver) != isinstance(run.plan.optimizer, Solver)
    epoch, done = run.position
    if not done:
        return
    changes = [
        name for name in ("seed", "shuffle") if getattr(plan, name) != getattr(run.plan, name)
    ]
    if what := ["optimizer"] * solver + changes:
        raise SpecError(
            f"{' and '.join(what)} can change between two epochs only, as the rest of one would "
            f"take other rows, but {done} rows of epoch {epoch} are done; pull it to its end first"
        )


def _same_state(
    before: Plan, arrays: Mapping[str, Array], after: Plan, fresh: Mapping[str, Array]
) -> bool:
    """Return whether an optimizer's arrays mean the same in both plans."""
    if isinstance(after.optimizer, Solver) and before.objective != after.objective:
        return False  # it keeps errors and slopes
    shapes = [{name: array.shape for name, array in each.items()} for each in (arrays, fresh)]
    return shapes[0] == shapes[1] and optimizer_of(before, arrays) == optimizer_of(after, fresh)


def _begun(fresh: Mapping[str, Array], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return an optimizer's first arrays; the count of steps, of which noise is drawn, goes on."""
    return {**fresh, "step": arrays["step"]}
