"""Schedules against other libraries' rates, in tests/golden/schedules.json, and their own texts."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy
from tests.golden.make_schedules import ROWS, RUNS

from fallline.errors import SpecError
from fallline.formulas.schedules import SCHEDULES, Clock, Schedule, schedule_from

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "schedules.json").read_text(encoding="utf-8")
)
every_row = pytest.mark.parametrize("row", SCHEDULES.values(), ids=lambda row: row.name)
SETTINGS = {
    "inverse_scaling": ["inverse_scaling(power=0.7)"],
    "step": ["step(every=3, factor=0.5)"],
    "exponential": ["exponential(factor=0.8)"],
    "polynomial": ["polynomial(length=12, power=1.5, end=0.2)"],
    "cosine": ["cosine(length=12, end=0.1)"],
    "one_cycle": ["one_cycle(length=20, peak=0.4, start=0.1, end=0.01)"],
}


def at(t: int, errors=()) -> Clock:
    """Return the clock after t epochs of one step each, in a plan of 20."""
    return Clock(step=t, epoch=t, rows=t * ROWS, steps=20, epochs=20, errors=tuple(errors[:t]))


@pytest.mark.parametrize("row", GOLDEN["rows"], ids=lambda r: f"{r['schedule']}: {r['library']}")
def test_it_has_the_rates_of_the_other_library(row):
    schedule = SCHEDULES[row["schedule"]]
    rates = [
        schedule.rate(GOLDEN["eta"], at(t, GOLDEN["errors"])) for t in range(len(row["rates"]))
    ]
    assert rates == pytest.approx(row["rates"], rel=1e-12, abs=1e-15)
    assert len(rates) > 25


def test_the_file_is_what_the_script_records_and_covers_the_table():
    wanted = [
        (name, library, f"{library}.{call[0]}({call[1]})")
        for name, calls in RUNS.items()
        for library, call in calls.items()
    ]
    assert [(r["schedule"], r["library"], r["call"]) for r in GOLDEN["rows"]] == wanted
    families = {SCHEDULES[row["schedule"]].family or row["schedule"] for row in GOLDEN["rows"]}
    assert families == set(SCHEDULES)
    falls = [len(set(row["rates"])) for row in GOLDEN["rows"]]
    assert min(falls[2:]) > 2  # each but the constant ones moves more than once


TOGETHER = sorted(
    {*RUNS, *(name for names in SETTINGS.values() for name in names), *SCHEDULES}
    | {f"{name}(per='epoch')" for name in ("step", "cosine", "polynomial", "exponential")}
    | {"inverse_scaling(per='row')", "warmup(length=3, per='epoch', then='cosine')"}
    | {"warmup(length=7, start=0.1, then='one_cycle')", "one_cycle(length=1)"}
    | {"warmup(length=2, then='inverse_scaling(power=1.5)')"}
)


@pytest.mark.parametrize("name", TOGETHER)
@pytest.mark.parametrize("first", [0, 5, 13])
def test_the_steps_of_an_epoch_together_have_the_rates_of_each(name, first):
    schedule = SCHEDULES[name]
    assert schedule.takes_arrays
    steps = np.arange(first, first + 40)
    clock = at(first, GOLDEN["errors"])
    together = np.full(40, schedule.rate(0.3, replace(clock, step=steps)))
    each = [schedule.rate(0.3, replace(clock, step=int(t))) for t in steps]
    np.testing.assert_allclose(together, each, rtol=0, atol=0.3e-15)
    for part in (slice(0, 1), slice(7, 8), slice(3, 40), slice(39, 40)):  # wherever it is cut
        cut = np.full(40, np.nan)
        cut[part] = schedule.rate(0.3, replace(clock, step=steps[part]))
        assert cut[part].tobytes() == together[part].tobytes()


@every_row
def test_it_is_its_text(row):
    for name in SETTINGS.get(row.name, [row.name]):
        schedule = SCHEDULES[name]
        if schedule.looks_back or row.name == "warmup":
            continue  # told in words; their rates are checked above
        symbols = {key: sympy.Symbol(key) for key in ("eta", "t")}
        given = {key: value for key, value in schedule.settings.items() if key != "per"}
        text = sympy.sympify(schedule.text, locals=symbols | given)
        for t in range(25):
            clamped = min(t, 19) if row.name == "one_cycle" else t
            expected = float(text.subs({"eta": 0.3, "t": clamped}))
            assert schedule.rate(0.3, at(t)) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["cosine", "polynomial", "one_cycle"])
def test_without_a_length_it_spans_the_plan(name):
    schedule, given = SCHEDULES[name], SCHEDULES[f"{name}(length=20)"]
    for t in range(20):
        assert schedule.rate(0.1, at(t)) == given.rate(0.1, at(t))
    assert schedule.rate(0.1, at(500)) == schedule.rate(0.1, at(20))  # beyond it: as at its end


def test_time_is_counted_in_what_per_says():
    clock = Clock(step=23, epoch=4, rows=40, steps=100, epochs=20)
    for per, t in {"step": 23, "epoch": 4, "row": 40}.items():
        rate = SCHEDULES[f"inverse_scaling(power=1.0, per='{per}')"].rate(1.0, clock)
        assert rate == pytest.approx(1 / (t + 1))
    assert SCHEDULES["step(every=3, per='epoch')"].rate(1.0, clock) == pytest.approx(0.1)
    half = replace(clock, step=50, epoch=10)
    assert SCHEDULES["cosine(per='epoch')"].rate(1.0, half) == pytest.approx(0.5)
    assert SCHEDULES["cosine"].rate(1.0, half) == pytest.approx(0.5)


def test_a_warmup_hands_over_its_clock():
    schedule = SCHEDULES["warmup(length=5, start=0.2, then='step(every=4, factor=0.5)')"]
    rates = [schedule.rate(1.0, at(t)) for t in range(12)]
    assert rates == pytest.approx([0.2, 0.36, 0.52, 0.68, 0.84, *[1] * 4, *[0.5] * 3])
    spanning = SCHEDULES["warmup(length=4, then='cosine')"]
    assert spanning.rate(1.0, at(4)) == 1.0 and spanning.rate(1.0, at(20)) == pytest.approx(0)
    assert spanning.rate(1.0, at(12)) == pytest.approx(0.5)
    by_epoch = SCHEDULES["""warmup(length=2, then="step(every=3, per='epoch')", per='epoch')"""]
    clocks = [Clock(step=5 * e, epoch=e, rows=9 * e, steps=50, epochs=10) for e in range(9)]
    assert [by_epoch.rate(1.0, c) for c in clocks] == pytest.approx(
        [0, 0.5, 1, 1, 1, 0.1, 0.1, 0.1, 0.01]
    )


def test_a_warmup_into_one_that_looks_back_does_so():
    schedule = SCHEDULES["warmup(length=2, then='plateau(patience=0)')"]
    assert schedule.looks_back and not SCHEDULES["warmup"].looks_back
    assert schedule.rate(1.0, at(5, [1, 1, 1, 1, 1])) == pytest.approx(1e-4)


@pytest.mark.parametrize("name", ["adaptive(patience=1)", "plateau(patience=1)"])
def test_errors_that_are_no_numbers_count_as_no_improvement(name):
    schedule = SCHEDULES[name]
    assert schedule.rate(1.0, at(3, [math.nan] * 3)) < 1
    assert schedule.rate(1.0, at(4, [3, math.nan, 2, 1])) == 1
    assert schedule.rate(1.0, at(0)) == 1


@every_row
def test_the_rate_at_the_start_is_that_of_the_optimizer_or_lower(row):
    assert 0 <= row.rate(0.25, at(0)) <= 0.25


@every_row
def test_names_are_canonical_and_read_back(row):
    assert SCHEDULES[row.name] is row
    for name in [*SETTINGS.get(row.name, []), *RUNS]:
        again = SCHEDULES[SCHEDULES[name].name]
        assert (again.name, again.settings) == (SCHEDULES[name].name, SCHEDULES[name].settings)


BAD = [
    ("cosin", "unknown schedule 'cosin'; did you mean 'cosine'"),
    ("step(evry=3)", "step has no setting 'evry'; did you mean 'every'"),
    ("step(every=0)", "step: every must be a whole number of at least 1, not 0"),
    ("step(every=2.5)", "every must be a whole number"),
    ("step(factor=1.5)", "factor must be a finite number above 0 and at most 1"),
    ("exponential(factor=0)", "factor must be"),
    ("cosine(per='week')", "per must be 'step' or 'epoch', not 'week'"),
    ("inverse_scaling(per=3)", "per must be 'step', 'epoch' or 'row', not 3"),
    ("cosine(end=-0.1)", "end must be"),
    ("one_cycle(peak=1)", "peak must be"),
    ("warmup(then='nosuch')", "unknown schedule 'nosuch'"),
    ("warmup(then=3)", "then must be the name of a schedule, not 3"),
    ("adaptive(divisor=1)", "divisor must be a finite number above 1"),
    ("plateau(cooldown=-1)", "cooldown must be"),
    ("constant(x=1)", "constant has no settings"),
    (3, "schedule must be a name, as in 'cosine' .*, or a function of the step, not 3"),
    (None, "schedule must be a name"),
    (lambda step: -0.1, "must return a finite number of at least 0, not -0.1 for step 0"),
    (lambda step: "fast", "must return a finite number of at least 0, not 'fast'"),
    (lambda step: math.nan, "must return a finite number"),
]


@pytest.mark.parametrize(("value", "message"), BAD)
def test_what_is_no_schedule_is_refused(value, message):
    with pytest.raises(SpecError, match=message):
        schedule_from(value)


def test_a_function_of_the_step_gives_the_rate_itself():
    def falling(step: int) -> float:
        return 0.3 / (1 + step)

    schedule = schedule_from(falling)
    assert isinstance(schedule, Schedule) and schedule.name == "falling"
    assert [schedule.rate(123.0, at(t)) for t in range(3)] == pytest.approx([0.3, 0.15, 0.1])
    assert schedule_from(schedule) is schedule
