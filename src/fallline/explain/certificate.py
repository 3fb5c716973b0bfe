"""What `certify` found, weight by weight, and its report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..arrays import Floats
from ..spec.network import Network
from ..spec.plan import Objective
from .certify_differences import Difference
from .document import Document
from .explained import Explained
from .records import Records, table_of

__all__ = ["Certificate", "CertifiedWeight", "Status"]


class Status(StrEnum):
    """What was found of one weight."""

    AGREES = "agrees"
    DISAGREES = "DISAGREES"
    KINK = "not differentiable here"
    ABSENT = "absent connection"
    ALONE = "no second witness"


@dataclass(frozen=True)
class CertifiedWeight:
    """One weight or bias, and what each witness says of its slope ∂J/∂w.

    Attributes
    ----------
    name, value
        Which, and what it is.
    symbolic
        By SymPy; None where it was not asked.
    engines
        By each engine.
    difference
        By central differences; None where none was taken.
    floor
        The least slope of which a relative error is taken.
    status
        What was found.
    wrong
        Which witnesses disagree, in words; empty where none does.
    """

    name: str
    value: float
    symbolic: float | None
    engines: Mapping[str, float]
    difference: Difference | None
    floor: float
    status: Status
    wrong: str = ""

    def relative(self, one: float, other: float) -> float:
        """Return the relative error between two slopes."""
        if one == other:
            return 0.0
        size = max(abs(one), abs(other), self.floor)
        found = abs(one - other) / size if size else 0.0
        return found if math.isfinite(found) else math.inf

    @property
    def engine_error(self) -> float | None:
        """The largest relative error of an engine: to the symbolic slope, or to another engine."""
        own = list(self.engines.values())
        others = own if self.symbolic is None else [self.symbolic]
        if self.symbolic is None and len(own) < 2:
            return None
        return max((self.relative(a, b) for a in own for b in others), default=None)

    @property
    def difference_error(self) -> float | None:
        """The relative error of the central difference, to the symbolic slope or to an engine."""
        if self.difference is None:
            return None
        slope = self.difference.slope
        held = [self.symbolic] if self.symbolic is not None else list(self.engines.values())
        return max((self.relative(slope, other) for other in held), default=None)

    @property
    def relative_error(self) -> float:
        """The largest relative error between two witnesses; 0 where they say the same."""
        return max(self.engine_error or 0.0, self.difference_error or 0.0)

    def judged(self, absent: bool, kink: bool, tolerances: tuple[float, float]) -> CertifiedWeight:
        """Return the weight with its status."""
        if absent:
            right = all(value == 0 for value in self.engines.values())
            wrong = "" if right else "an engine gives an absent connection a slope"
            return replace(self, status=Status.ABSENT if right else Status.DISAGREES, wrong=wrong)
        if kink:
            return replace(self, status=Status.KINK)
        held: dict[str, float] = {"SymPy": self.symbolic} if self.symbolic is not None else {}
        first = next(iter(held.values()), None)
        apart = []
        for name, slope in self.engines.items():
            against = first if first is not None else next(iter(self.engines.values()))
            if not self.relative(slope, against) <= tolerances[0]:
                apart.append(f"engine {name}")
        if self.difference is not None and not self._near(self.difference, tolerances[1]):
            if not self.difference.smooth:
                return replace(self, status=Status.DISAGREES if apart else Status.KINK,
                               wrong=_told(apart))  # fmt: skip
            apart.append("central difference")
        if self.difference is None and self.symbolic is None and not apart:
            return replace(self, status=Status.ALONE)
        status = Status.DISAGREES if apart else Status.AGREES
        return replace(self, status=status, wrong=_told(apart))

    def _near(self, difference: Difference, tolerance: float) -> bool:
        """Return whether the difference agrees with SymPy, or else with the engines."""
        held = [self.symbolic] if self.symbolic is not None else list(self.engines.values())
        size = max(abs(difference.slope), self.floor)
        room = tolerance * size + 4 * difference.uncertainty
        return all(abs(difference.slope - other) <= room for other in held)

    def record(self) -> dict[str, Any]:
        """Return the row of the table: plain data."""
        return {
            "name": self.name,
            "w": self.value,
            "symbolic": self.symbolic,
            **self.engines,
            "difference": None if self.difference is None else self.difference.slope,
            "uncertainty": None if self.difference is None else self.difference.uncertainty,
            "relative_error": self.relative_error,
            "status": str(self.status),
            "wrong": self.wrong,
        }


def _told(apart: list[str]) -> str:
    return " and ".join(apart)


@dataclass(frozen=True, eq=False)
class Certificate(Explained):
    """What `certify` found.

    Attributes
    ----------
    network, objective, theta
        What was certified.
    weights
        Every weight and bias that was looked at, in the order of θ.
    errors
        J by each engine.
    symbolic_error
        J from the texts of the formulas; None where there is none.
    method
        ``"whole"`` where SymPy differentiated the whole error, ``"composed"`` where it did each
        formula, None where a Python function has none.
    textless
        The Python functions.
    skipped
        The engines that took no part, each with why.
    rows
        How many rows were taken, and how many there are.
    tolerance, difference_tolerance
        What relative errors were allowed.
    """

    network: Network
    objective: Objective
    theta: Floats = field(repr=False)
    weights: tuple[CertifiedWeight, ...] = field(repr=False)
    errors: Mapping[str, float]
    symbolic_error: float | None
    method: str | None
    textless: tuple[str, ...]
    skipped: Mapping[str, str]
    rows: tuple[int, int]
    tolerance: float
    difference_tolerance: float

    @property
    def passed(self) -> bool:
        """Whether no weight disagrees, nor the error."""
        return self.error_agrees and not self.disagreeing

    @property
    def disagreeing(self) -> tuple[CertifiedWeight, ...]:
        """The weights of which witnesses disagree."""
        return tuple(w for w in self.weights if w.status is Status.DISAGREES)

    @property
    def error_apart(self) -> float:
        """The largest relative difference between an engine's J and another's, or the symbolic."""
        known = list(self.errors.values())
        first = known[0] if self.symbolic_error is None else self.symbolic_error
        size = max(abs(first), 1e-3)
        return max((abs(other - first) / size for other in known), default=0.0)

    @property
    def error_agrees(self) -> bool:
        """Whether all engines compute J as its formula says."""
        return self.error_apart <= self.tolerance

    @property
    def worst(self) -> CertifiedWeight | None:
        """The weight of the largest relative error among those that have a slope."""
        with_slope = [w for w in self.weights if w.status in (Status.AGREES, Status.DISAGREES)]
        return max(with_slope, key=lambda w: w.relative_error, default=None)

    def count(self, status: Status) -> int:
        """Return how many weights have a status."""
        return sum(weight.status is status for weight in self.weights)

    @property
    def table(self) -> Records:
        """One row a weight: a DataFrame where pandas is installed, else a list of records."""
        return table_of([weight.record() for weight in self.weights])

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as plain data."""
        return {
            "network": str(self.network),
            "loss": str(self.objective.loss),
            "passed": self.passed,
            "method": self.method,
            "rows": {"taken": self.rows[0], "given": self.rows[1]},
            "parameters": {
                "all": self.network.size,
                "symbolic": sum(w.symbolic is not None for w in self.weights),
                "differences": sum(w.difference is not None for w in self.weights),
            },
            "error": {"symbolic": self.symbolic_error, **self.errors},
            "skipped": dict(self.skipped),
            "weights": [weight.record() for weight in self.weights],
        }

    @property
    def json(self) -> str:
        """The certificate as JSON text."""
        from .records import plain

        return json.dumps(plain(self.to_json()), ensure_ascii=False, indent=1, allow_nan=False)

    @property
    def document(self) -> Document:
        """The report, as blocks."""
        from .certificate_document import certificate_document

        return certificate_document(self)
