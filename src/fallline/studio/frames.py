"""What a page is told of a descent at one moment: the fields and arrays of `Frame`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, Floats
from ..descent.recorded import RecordedStep
from ..engines.reference import step_gradient
from ..engines.registry import get_engine
from ..formulas.optimizers import Solver
from ..formulas.penalties import batch_share
from ..pictures.plane import Plane
from ..spec.plan import Objective
from .course import Course
from .message import Message
from .views.drawable import are_drawable

if TYPE_CHECKING:
    from .racing import Race

__all__ = ["Frames", "gradient_of"]


class Frames:
    """The frames of one moment, one for all tabs, or one for each layer in sight.

    Parameters
    ----------
    course
        The descent.
    whole
        Whether a frame carries all of θ.
    points
        Of the curves, since the last moment.
    plane
        The one that the page draws; None while there is none.
    race
        None without.
    **state
        The fields that only the session knows, such as ``running`` and ``stopped``.
    """

    def __init__(
        self,
        course: Course,
        whole: bool,
        points: list[dict[str, Any]],
        plane: Plane | None,
        race: Race | None,
        **state: Any,
    ) -> None:
        self._network, self._whole = course.problem.network, whole
        self._fields = {
            **_where(course),
            **state,
            "place": None if plane is None else _place(course, plane),
            "curves": points,
            "lanes": [] if race is None else race.fields(plane),
        }
        self._units = course.gauge.units(course.theta)
        self._arrays = _over_theta(course)
        self._made: dict[str | None, Message] = {}

    def of(self, layer: str | None) -> Message:
        """Return the frame for a tab that has this layer in sight."""
        asked = None if self._whole else self._layer(layer)
        if asked not in self._made:
            self._made[asked] = self._frame(asked)
        return self._made[asked]

    def _layer(self, name: str | None) -> str:
        names = [layer.name for layer in self._network.layers]
        return name if name in names else names[-1]

    def _frame(self, layer: str | None) -> Message:
        part = slice(None)
        if layer is not None:
            block = next(block for block in self._network.blocks if block.name == layer)
            part = slice(block.weights.start, block.stop)
        arrays = {name: array[part] for name, array in self._arrays.items()}
        return Message("frame", {**self._fields, "layer": layer}, {**arrays, "units": self._units})


def gradient_of(step: RecordedStep) -> Floats:
    """Return ∂J/∂θ (P,) that a step went by: of its batch, for a solver of all rows."""
    network, plan, theta = step.network, step.plan, step.before["theta"]
    if plan.dropout or plan.input_noise:
        taken, total = int(step.before["step"]), step.total_weight
        return step_gradient(network, plan, theta, step.batch, total, taken)[1]
    rows = step.all_rows if isinstance(plan.optimizer, Solver) else step.batch
    o = plan.objective
    share = batch_share(o.error.reduction, float(rows.weights.sum()), step.total_weight)
    borne = Objective(o.loss, o.l2 * share, o.l1 * share, o.alpha)
    gradient = get_engine("auto").error_and_gradient(network, borne, theta, rows)[1]
    if network.trainable is not None:
        gradient[~network.trainable] = 0.0
    return gradient


def _where(course: Course) -> dict[str, Any]:
    epoch, row = course.place
    measured, taken = course.measured, course.last
    last = None
    if taken is not None:
        record = taken.record
        last = {
            "step": record.step,
            "rows": len(record.order),
            "batch_error": record.error,
            "gradient_norm": record.gradient_norm,
            "learning_rate": record.learning_rate,
        }
    return {
        "run": course.number,
        "step": course.step,
        "epoch": epoch,
        "row": row,
        "best": course.curves.best_told,
        "error": measured.error,
        "validation_error": measured.validation_error,
        "penalty": measured.penalty,
        "score": {
            "name": course.gauge.score_name,
            "train": measured.score,
            "validation": measured.validation_score,
        },
        "last": last,
        "rate": course.rate,
        "divergence": course.divergence,
    }


def _place(course: Course, plane: Plane) -> dict[str, Any] | None:
    theta = course.theta[None]
    if not are_drawable(theta).all():
        return None
    x, y = plane.coordinates(theta)[0]
    measured = course.measured
    error = measured.error + measured.penalty
    return {"x": float(x), "y": float(y), "error": error, "off": float(plane.distances(theta)[0])}


def _over_theta(course: Course) -> dict[str, Array]:
    arrays: dict[str, Array] = {"theta": course.theta}
    if course.last is not None:
        step = course.last.step
        before = step.before["theta"]
        with np.errstate(all="ignore"):
            arrays |= {
                "before": before,
                "gradient": gradient_of(step),
                "move": step.theta_after - before,
            }
    return arrays
