"""Training plans: a bad value of every field gives one clear message, and objectives fit data."""

import re
from dataclasses import fields

import numpy as np
import pytest

from fallline.errors import DataError, SpecError
from fallline.formulas.losses import LOSSES
from fallline.formulas.optimizers import SGD
from fallline.spec.fits import check_trainable
from fallline.spec.network import Network
from fallline.spec.plan import Objective, Plan, check_targets

NAN, INF = float("nan"), float("inf")
NO_COUNTS = [-1, 1.0, "3", True, NAN, [1]]
NO_NUMBERS = [NAN, INF, -INF, "0.1", True, 1j, [0.1], 10**400]
NO_NAMES = ["nosuch", None, 3, ["sse"], ""]

# Field -> values that must be refused. A new field of Plan without a row here fails below.
BAD = {
    "loss": [
        *NO_NAMES,
        "huber(delta=0)",
        "huber(a=1)",
        "huber(",
        "sse(delta=1)",
        "exp(yhat)",
        "yhat.real",
        "yhat if",
    ],
    "l2": [-1e-9, None, *NO_NUMBERS],
    "l1": [-1e-9, None, *NO_NUMBERS],
    "alpha": [-1e-9, None, *NO_NUMBERS],
    "max_norm": [0, -1.0, *NO_NUMBERS],
    "dropout": [1.0, -0.1, None, *NO_NUMBERS, {"a": 1.0}, {"a": "0.1"}, {3: 0.1}, {None: 0.5}],
    "input_noise": [-1e-9, None, *NO_NUMBERS],
    "clip_value": [0, -1.0, *NO_NUMBERS],
    "clip_norm": [0, -1.0, *NO_NUMBERS],
    "optimizer": ["nosuch", None, 3, ["sgd"], {}, {"name": "sgd", "rate": 1}, {"learning_rate": 1}],
    "schedule": [*NO_NAMES, "step(every=0)", "step(evry=3)", "warmup(then='nosuch')"],
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
NAMED = {
    "metrics": "metric",
    "loss": "loss|formula|error",
    "schedule": "schedule|step",
    "optimizer": "optimizer|sgd",
}


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
    assert re.search("must be|unknown|has no setting|cannot read", message)


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


every_loss = pytest.mark.parametrize("row", LOSSES.values(), ids=lambda row: row.name)


@every_loss
def test_a_loss_takes_the_outputs_that_it_is_computed_from(row):
    objective = Objective(row.name)
    for output in ("identity", "logistic", "softmax", "exp", "mean_variance"):
        net = Network.parse(f"2 -> out: 2 {output}")
        if row.takes(output):
            objective.check(net)
        else:
            pair = " or ".join(row.outputs)
            with pytest.raises(SpecError, match=f"'out' is {output}; make it {pair}, or take"):
                objective.check(net)


@pytest.mark.parametrize(
    ("loss", "net", "message"),
    [
        ("quantile(levels=[0.1, 0.9])", "2 -> 2", "computed from .* an? ordered output"),
        (
            "quantile(levels=[0.1, 0.9])",
            "2 -> 3 ordered",
            r"takes 2 outputs .*\(0.1, 0.9\).* has 3",
        ),
        ("quantile(levels=[0.1, 0.9])", "2 -> 4 ordered", r"make it ordered\(groups=2\)"),
        ("quantile(levels=[.1, .9])", "2 -> 4 ordered(groups=4)", r"make it ordered\(groups=2\)"),
        ("sse(output_weights=[1, 2])", "2 -> 3", "must be 3 numbers, one for each target, not 2"),
        ("gaussian_likelihood(output_weights=[1, 2])", "2 -> 2 mean_variance", "must be 1 numbers"),
    ],
)
def test_a_loss_that_does_not_fit_the_network_is_refused(loss, net, message):
    with pytest.raises(SpecError, match=message):
        Objective(loss).check(Network.parse(net))


def test_several_targets_have_their_outputs_side_by_side():
    Objective("quantile(levels=[0.1, 0.9])").check(Network.parse("2 -> 4 ordered(groups=2)"))
    Objective("gaussian_likelihood").check(Network.parse("2 -> 6 mean_variance"))


@pytest.mark.parametrize(
    ("net", "layer"), [("2 -> 3 step", "output"), ("2 -> 3 tanh -> 3 step -> 1", "hidden2")]
)
def test_weights_before_a_step_cannot_be_trained(net, layer):
    reason = f"layer '{layer}' is step, .*cannot be trained: its slope is 0 .* or freeze the layer"
    with pytest.raises(SpecError, match=reason):
        check_trainable(Network.parse(net))


def test_weights_behind_a_step_can_be_trained_and_those_before_it_frozen():
    check_trainable(Network.parse("2 -> 3 tanh -> 1"))
    check_trainable(Network.parse("2 -> a: 3 step -> 1").freeze("a"))
    deep = Network.parse("2 -> a: 2 tanh -> b: 3 step -> 1")
    check_trainable(deep.freeze("a", "b"))
    with pytest.raises(SpecError, match="layer 'b' is step"):
        check_trainable(deep.freeze("b"))


OUTSIDE = {
    "nonnegative": (-0.5, "targets from 0 upwards, but row 1, column 1 is -0.5"),
    "positive": (0.0, "targets above 0, but row 1, column 1 is 0.0"),
    "sign": (0.0, "targets -1 and 1, but row 1, column 1 is 0.0; encode classes as -1 and 1"),
    "probability": (-0.5, "from 0 to 1, but row 1, column 1 is -0.5; encode"),
    "distribution": (1.5, "from 0 to 1, but row 1, column 1 is 1.5; encode"),
}


@every_loss
def test_targets_outside_the_loss_are_refused_by_row_and_column(row):
    Y = np.array([[0.0, 1.0], [0.25, 0.75], [1.0, 0.0]])
    if row.targets == "sign":
        Y = np.where(Y > 0.5, 1.0, -1.0)
    if row.targets == "positive":
        Y += 1
    check_targets(Objective(row.name), Y)
    if row.targets == "number":
        check_targets(Objective(row.name), 100 * Y - 50)
        return
    value, message = OUTSIDE[row.targets]
    outside = Y.copy()
    outside[1, 1] = value
    with pytest.raises(DataError, match=message):
        check_targets(Objective(row.name), outside)
    unequal = Y.copy()
    unequal[2, 1] = 0.5
    if row.targets == "distribution":
        with pytest.raises(DataError, match=r"those of row 2 sum to 1.5; encode classes one-hot"):
            check_targets(Objective(row.name), unequal)
    if row.targets == "probability":
        check_targets(Objective(row.name), unequal)
