"""Training plans: a bad value of every field gives one clear message, and objectives fit data."""

import re
from dataclasses import fields

import numpy as np
import pytest

from fallline.errors import DataError, SpecError
from fallline.formulas.losses import LOSSES
from fallline.formulas.optimizers import SGD
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan, check_targets

NAN, INF = float("nan"), float("inf")
NO_COUNTS = [-1, 1.0, "3", True, NAN, [1]]
NO_NUMBERS = [NAN, INF, -INF, "0.1", True, 1j, [0.1], 10**400]
NO_NAMES = ["nosuch", None, 3, ["sse"], ""]

# Field -> values that must be refused. A new field of Plan without a row here fails below.
BAD = {
    "loss": NO_NAMES,
    "l2": [-1e-9, None, *NO_NUMBERS],
    "optimizer": ["nosuch", None, 3, ["sgd"], {}, {"name": "sgd", "rate": 1}, {"learning_rate": 1}],
    "schedule": NO_NAMES,
    "batch_size": [0, *NO_COUNTS],
    "epochs": [None, *NO_COUNTS],
    "shuffle": [None, 1, "yes", np.True_],
    "seed": [None, *NO_COUNTS],
    "metrics": ["nosuch", None, 3, ["r2", "nosuch"], [3], {"r2"}],
    "patience": [0, *NO_COUNTS],
    "min_improvement": [-1, None, *NO_NUMBERS],
    "tolerance": [-1, *NO_NUMBERS],
    "tolerance_epochs": [0, None, *NO_COUNTS],
    "target": NO_NUMBERS,
    "time_budget": [-1, *NO_NUMBERS],
    "restore_best": [None, 1, "yes"],
}
# What the message says instead of the field's name, where that is clearer.
NAMED = {"metrics": "metric", "loss": "loss", "schedule": "schedule", "optimizer": "optimizer|sgd"}


def test_every_field_has_bad_values():
    assert list(BAD) == [field.name for field in fields(Plan)]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_a_bad_value_is_refused_in_one_message(field, value):
    with pytest.raises(SpecError) as caught:
        Plan(**{field: value})
    message = str(caught.value)
    assert re.search(NAMED.get(field, field), message) and "\n" not in message
    assert re.search("must be|unknown|has no setting", message)


@pytest.mark.parametrize("field", [field.name for field in fields(Plan)])
def test_an_unknown_setting_is_answered_with_the_nearest(field):
    with pytest.raises(SpecError, match=f"no setting '{field}s'; did you mean '{field}'"):
        Plan.of(**{field + "s": 1})


def test_numpy_numbers_become_plain():
    plan = Plan(
        l2=np.float32(0.5), batch_size=np.int64(4), epochs=np.int32(2), target=np.float64(1)
    )
    assert plan == Plan(l2=0.5, batch_size=4, epochs=2, target=1.0)
    assert [type(x) for x in (plan.l2, plan.batch_size, plan.target)] == [float, int, float]


def test_aliases_become_the_names_of_rows():
    plan = Plan(loss="categorical_cross_entropy", metrics="r2", optimizer="sgd")
    assert (plan.loss, plan.metrics, plan.optimizer) == ("cross_entropy", ("r2",), SGD())


@pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)
def test_a_loss_takes_the_outputs_that_it_is_computed_from(row):
    objective = Objective(row.name)
    for output in ("identity", "logistic", "softmax"):
        net = Network.parse(f"2 -> out: 3 {output}")
        if output in row.pairs or not row.only_pairs:
            objective.check(net)
        else:
            pair = " or ".join(row.pairs)
            with pytest.raises(SpecError, match=f"'out' is {output}; make it {pair}, or take"):
                objective.check(net)


@pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)
def test_targets_outside_the_loss_are_refused_by_row_and_column(row):
    Y = np.array([[0.0, 1.0], [0.25, 0.75], [1.0, 0.0]])
    check_targets(Objective(row.name), Y)
    outside = Y.copy()
    outside[1, 1] = -0.5
    unequal = Y.copy()
    unequal[2, 1] = 0.5
    if row.targets != "number":
        with pytest.raises(DataError, match=r"from 0 to 1, but row 1, column 1 is -0.5; encode"):
            check_targets(Objective(row.name), outside)
    if row.targets == "distribution":
        with pytest.raises(DataError, match=r"those of row 2 sum to 1.5; encode classes one-hot"):
            check_targets(Objective(row.name), unequal)
    if row.targets == "number":
        check_targets(Objective(row.name), 100 * outside)
    if row.targets == "probability":
        check_targets(Objective(row.name), unequal)
