"""Schedules: the learning rate of each step, from the optimizer's ``learning_rate``.

Time t counts steps, finished epochs, or the rows seen in them: ``per`` says which. A schedule is a
pure function of the rate, the `Clock` and the errors of the finished epochs, so that a run that is
resumed or stepped back finds its rate again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from ..errors import SpecError
from .checks import Setting, finite_number, number, whole
from .registry import Family, Registry

__all__ = ["SCHEDULES", "Clock", "Schedule", "schedule_from"]


@dataclass(frozen=True)
class Clock:
    """When a step is taken.

    Attributes
    ----------
    step, epoch, rows
        Steps taken, epochs finished, and rows seen in those, before it. ``step`` may be an array of
        whole numbers, for a schedule that takes them.
    steps, epochs
        How many the plan has, as a whole.
    errors
        Of the finished epochs: the validation error, without validation rows the training error.
    """

    step: Any = 0
    epoch: int = 0
    rows: int = 0
    steps: int = 1
    epochs: int = 1
    errors: tuple[float, ...] = ()

    def time(self, per: str) -> Any:
        """Return t in this unit: ``"step"``, ``"epoch"`` or ``"row"``."""
        return {"step": self.step, "epoch": self.epoch, "row": self.rows}[per]

    def length(self, per: str) -> int:
        """Return the whole plan in steps or epochs."""
        return self.epochs if per == "epoch" else self.steps


@dataclass(frozen=True)
class Schedule:
    """One schedule: a row of ``SCHEDULES``.

    Attributes
    ----------
    name
        The name that users write, with its settings.
    text
        The rate as a formula in eta, the settings, and the time t = 0, 1, ...; of those that look
        back, k counts the cuts so far.
    rate
        ``rate(learning_rate, clock) -> η`` of a step.
    source
        Where it is from.
    looks_back
        Whether it reads the errors of the finished epochs.
    takes_arrays
        Whether `rate` also takes a clock whose ``step`` is an array, of steps of one epoch, and
        then returns the rates of these steps; one number where the epoch has a single rate.
        Otherwise it is called for each step.
    family, settings
        The plain name and the values of its settings.
    """

    name: str
    text: str
    rate: Callable[[float, Clock], Any]
    source: str = ""
    looks_back: bool = False
    takes_arrays: bool = False
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def _word(default: str, *known: str) -> Setting:
    listed = ", ".join(repr(word) for word in known[:-1]) + f" or {known[-1]!r}"
    return Setting(default, listed, lambda value: value if value in known else None)


_PER = _word("step", "step", "epoch")
_LENGTH = whole(None, least=1)
_SHARE = number(0.0, least=0, most=1)


# --- functions of time -------------------------------------------------------------------------
# Each takes a time or an array of times, and then has the array's own package compute.


def _least(t: Any, bound: float) -> Any:
    """Return min(t, bound)."""
    return min(t, bound) if isinstance(t, int | float) else t.clip(None, bound)


def _cos(z: Any) -> Any:
    return math.cos(z) if isinstance(z, int | float) else z.__array_namespace__().cos(z)


def _choose(condition: Any, one: Any, other: Any) -> Any:
    """Return one where the condition holds, else the other; both must be computable."""
    if isinstance(condition, bool):
        return one if condition else other
    return condition.__array_namespace__().where(condition, one, other)


def _ramp(clock: Clock, length: int | None, per: str) -> Any:
    """Return the part of the length that is over, from 0 to 1; the whole plan unless given."""
    total = length or max(clock.length(per), 1)
    return _least(clock.time(per) / total, 1.0)


def _inverse_scaling(power: float, per: str) -> Schedule:
    return Schedule(
        "inverse_scaling",
        "eta/(t + 1)**power",
        lambda eta, clock: eta / (clock.time(per) + 1) ** power,
        "Robbins and Monro 1951; scikit-learn's 'invscaling' is per='row'",
        takes_arrays=True,
    )


def _step(every: int, factor: float, per: str) -> Schedule:
    return Schedule(
        "step",
        "eta*factor**floor(t/every)",
        lambda eta, clock: eta * factor ** (clock.time(per) // every),
        "PyTorch's StepLR",
        takes_arrays=True,
    )


def _exponential(factor: float, per: str) -> Schedule:
    return Schedule(
        "exponential",
        "eta*factor**t",
        lambda eta, clock: eta * factor ** clock.time(per),
        "PyTorch's ExponentialLR, Optax's exponential_decay",
        takes_arrays=True,
    )


def _polynomial(length: int | None, power: float, end: float, per: str) -> Schedule:
    return Schedule(
        "polynomial",
        "eta*(end + (1 - end)*(1 - Min(t, length)/length)**power)",
        lambda eta, clock: eta * (end + (1 - end) * (1 - _ramp(clock, length, per)) ** power),
        "PyTorch's PolynomialLR, Optax's polynomial_schedule",
        takes_arrays=True,
    )


def _cosine(length: int | None, end: float, per: str) -> Schedule:
    return Schedule(
        "cosine",
        "eta*(end + (1 - end)*(1 + cos(pi*Min(t, length)/length))/2)",
        lambda eta, clock: eta * _cosine_between(1.0, end, _ramp(clock, length, per)),
        "Loshchilov and Hutter 2017, without restarts",
        takes_arrays=True,
    )


def _cosine_between(first: float, last: float, part: Any) -> Any:
    return last + (first - last) * (1 + _cos(math.pi * part)) / 2


def _one_cycle(length: int | None, peak: float, start: float, end: float) -> Schedule:
    def rate(eta: float, clock: Clock) -> Any:
        final = max((length or clock.steps) - 1, 1)
        top = min(max(peak * (final + 1) - 1, 0.0), final)
        t = _least(clock.step, final)
        rising = _cosine_between(start, 1.0, t / (top or 1.0))
        falling = _cosine_between(1.0, end, (t - top) / (final - top if final > top else 1.0))
        return eta * _choose(t < top, rising, falling)

    return Schedule(
        "one_cycle",
        "eta*Piecewise((1 - (1 - start)*(1 + cos(pi*t/(peak*length - 1)))/2, t < peak*length - 1), "
        "(end + (1 - end)*(1 + cos(pi*(t - peak*length + 1)/(length - peak*length)))/2, True))",
        rate,
        "Smith and Topin 2018, in PyTorch's form",
        takes_arrays=True,
    )


def _warmup(length: int, start: float, then: str, per: str) -> Schedule:
    def rate(eta: float, clock: Clock) -> Any:
        t = clock.time(per)
        rising = eta * (start + (1 - start) * t / length)
        steps = length if per == "step" else length * clock.steps // max(clock.epochs, 1)
        epochs = length if per == "epoch" else length * clock.epochs // max(clock.steps, 1)
        shifted = replace(
            clock,
            step=-_least(steps - clock.step, 0),
            epoch=max(clock.epoch - epochs, 0),
            rows=max(clock.rows - clock.rows * epochs // max(clock.epoch, 1), 0),
            steps=max(clock.steps - steps, 1),
            epochs=max(clock.epochs - epochs, 1),
        )
        return _choose(t < length, rising, SCHEDULES[then].rate(eta, shifted))

    return Schedule(
        "warmup",
        "eta*(start + (1 - start)*t/length) while t < length, then as then(t - length)",
        rate,
        "Goyal et al. 2017, section 2.2",
        looks_back=then != "constant" and SCHEDULES[then].looks_back,
        takes_arrays=True,
    )


# --- functions of what happened ----------------------------------------------------------------


def _adaptive(divisor: float, patience: int, tolerance: float) -> Schedule:
    @lru_cache(maxsize=8)
    def cuts(errors: tuple[float, ...]) -> int:
        count, waited, best = 0, 0, math.inf
        for error in errors:
            waited = 0 if error <= best - tolerance else waited + 1
            best = error if error < best else best
            if waited > patience:
                count, waited = count + 1, 0
        return count

    return Schedule(
        "adaptive",
        "eta/divisor**k",
        lambda eta, clock: eta / divisor ** cuts(clock.errors),
        "scikit-learn's 'adaptive'",
        looks_back=True,
        takes_arrays=True,
    )


def _plateau(
    factor: float, patience: int, threshold: float, cooldown: int, least: float
) -> Schedule:
    @lru_cache(maxsize=8)
    def share(errors: tuple[float, ...]) -> float:
        part, waited, cooling, best = 1.0, 0, 0, math.inf
        for error in errors:
            waited = 0 if error < best * (1 - threshold) else waited + 1
            best = best if waited else error
            if cooling:
                cooling, waited = cooling - 1, 0
            if waited > patience:
                part, waited, cooling = max(part * factor, least), 0, cooldown
        return part

    return Schedule(
        "plateau",
        "eta*max(factor**k, least)",
        lambda eta, clock: eta * share(clock.errors),
        "PyTorch's ReduceLROnPlateau",
        looks_back=True,
        takes_arrays=True,
    )


def _then() -> Setting:
    def parse(value: object) -> str | None:
        return SCHEDULES[value].name if isinstance(value, str) else None

    return Setting("constant", "the name of a schedule", parse)


SCHEDULES: Registry[Schedule] = Registry(
    "schedule",
    [
        Schedule(
            "constant",
            "eta",
            lambda eta, clock: eta,
            "the optimizer's own learning rate",
            takes_arrays=True,
        ),
        Family(
            "inverse_scaling",
            {"power": number(0.5, above=0), "per": _word("step", "step", "epoch", "row")},
            _inverse_scaling,
        ),
        Family(
            "step",
            {"every": whole(10, least=1), "factor": number(0.1, above=0, most=1), "per": _PER},
            _step,
        ),
        Family("exponential", {"factor": number(0.99, above=0, most=1), "per": _PER}, _exponential),
        Family(
            "polynomial",
            {"length": _LENGTH, "power": number(1.0, above=0), "end": _SHARE, "per": _PER},
            _polynomial,
        ),
        Family("cosine", {"length": _LENGTH, "end": _SHARE, "per": _PER}, _cosine),
        Family(
            "one_cycle",
            {
                "length": _LENGTH,
                "peak": number(0.3, above=0, below=1),
                "start": number(0.04, least=0, most=1),
                "end": number(4e-6, least=0, most=1),
            },
            _one_cycle,
        ),
        Family(
            "warmup",
            {"length": whole(100, least=1), "start": _SHARE, "then": _then(), "per": _PER},
            _warmup,
        ),
        Family(
            "adaptive",
            {
                "divisor": number(5.0, above=1),
                "patience": whole(10, least=0),
                "tolerance": number(1e-4, least=0),
            },
            _adaptive,
        ),
        Family(
            "plateau",
            {
                "factor": number(0.1, above=0, below=1),
                "patience": whole(10, least=0),
                "threshold": number(1e-4, least=0, below=1),
                "cooldown": whole(0, least=0),
                "least": _SHARE,
            },
            _plateau,
        ),
    ],
)


def schedule_from(value: str | Schedule | Callable[[int], float]) -> Schedule:
    """Return a schedule from itself, from its name with settings, or from a function.

    A function ``f(step)`` returns the rate η of the step, counting from 0, whatever the
    optimizer's learning rate is.

    Raises
    ------
    SpecError
        For an unknown name or setting, and where the function does not return a rate.

    Examples
    --------
    >>> schedule = schedule_from("step(every=10, factor=0.5)")
    >>> schedule.rate(0.1, Clock(step=25))
    0.025
    >>> schedule_from(lambda step: 1 / (step + 1)).rate(0.1, Clock(step=3))
    0.25
    """
    if isinstance(value, Schedule):
        return value
    if callable(value):
        return _of_function(value)
    if not isinstance(value, str):
        raise SpecError(
            "schedule must be a name, as in 'cosine' or 'step(every=10, factor=0.5)', or a "
            f"function of the step, not {value!r}"
        )
    return SCHEDULES[value]


def _of_function(function: Callable[[int], float]) -> Schedule:
    name = getattr(function, "__name__", type(function).__name__)

    def rate(eta: float, clock: Clock) -> float:
        found = finite_number(function(clock.step))
        if found is None or found < 0:
            raise SpecError(
                f"the schedule {name} must return a finite number of at least 0, not "
                f"{function(clock.step)!r} for step {clock.step}"
            )
        return found

    rate(1.0, Clock())
    return Schedule(name, f"{name}(t)", rate)
