"""Class weights by label, as cells spell it or as it is shown; each class once."""

import numpy as np
import pytest

from fallline.data.table import Column
from fallline.data.targets import TargetEncoder
from fallline.errors import DataError
from fallline.training.weights import class_weights


def weights(wanted, cells):
    column = Column.of("kind", cells)
    target = TargetEncoder.fit(column, "classification")
    found = class_weights(wanted, target, lambda: np.bincount(target.codes(column)))
    return None if found is None else found.tolist()


@pytest.mark.parametrize(
    ("cells", "label"),
    [
        ([0.0, 1.0, 0.0, 1.0], "1.0"),  # as a report shows it
        ([0.0, 1.0, 0.0, 1.0], "1"),  # as a table spells it
        ([0, 1, 0, 1], "1"),
        ([False, True, False, True], "True"),
        ([False, True, False, True], "true"),
        (["no", "yes", "no", "yes"], "yes"),
    ],
)
def test_a_label_may_be_spelt_as_it_is_shown(cells, label):
    assert weights({label: 5.0}, cells) == [1.0, 5.0]


def test_a_label_of_its_own_goes_before_one_that_is_shown_so():
    assert weights({"1": 5.0, "1.0": 3.0}, ["1", "1.0", "1", "1.0"]) == [5.0, 3.0]


def test_what_is_no_class_or_twice_the_same_is_refused():
    with pytest.raises(DataError, match=r"'2', which is no class of 'kind'; known: 0\.0, 1\.0"):
        weights({"2": 5.0}, [0.0, 1.0, 0.0, 1.0])
    with pytest.raises(DataError, match=r"the class '1' twice, as '1' and '1\.0'; leave one out"):
        weights({"1": 5.0, "1.0": 3.0}, [0.0, 1.0, 0.0, 1.0])
