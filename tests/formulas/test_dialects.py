"""The printed difference of two dialects, and readable state."""

import pytest

from fallline.formulas.dialects import difference
from fallline.formulas.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, NAdam


def test_what_differs_stands_with_marks_and_the_rest_once():
    lines = difference(Adam(), Adam(dialect="keras")).splitlines()
    assert lines[:2] == ["- adam of fallline", "+ adam of Keras"]
    assert "      t = t + 1" not in lines and "    t = t + 1" in lines
    removed = [line for line in lines if line.startswith("- ")]
    added = [line for line in lines if line.startswith("+ ")]
    assert len(removed) == len(added) == 3
    assert removed[1].endswith("(sqrt(v/(1 - beta2**t)) + epsilon)")
    assert added[1].endswith("(sqrt(v) + epsilon)")
    assert "epsilon = 1e-08" in removed[2] and "epsilon = 1e-07" in added[2]


def test_a_start_value_is_a_difference():
    text = difference(Adagrad(), Adagrad(dialect="keras"))
    assert "start = 0.0" in text and "start = 0.1" in text
    assert "+   w = w - eta*g/sqrt(G + epsilon)" in text


def test_that_decay_leaves_biases_out_is_said():
    text = difference(Adam(), AdamW())
    assert "+   w = w - eta*lam*d*w" in text
    assert "+ the decay is of weights only: d is 1 for them and 0 for biases, which PyTorch" in text


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=lambda kind: kind.name)
def test_of_one_and_itself_there_is_none(kind):
    assert not [line for line in difference(kind(), kind()).splitlines() if line[0] in "+-?"]


def test_two_optimizers_may_differ_in_everything():
    text = difference(SGD(), NAdam())
    assert "-   w = w - eta*g" in text and "+ at the start" in text
