"""The checks that every array passes on its way in."""

import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import coo_array, csc_matrix, csr_array

from fallline.arrays import as_matrix, as_row_weights, as_targets, is_sparse
from fallline.errors import DataError, SpecError, suggest

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "given",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array([[1, 2], [3, 4]], np.uint8),
        np.array([[1, 2], [3, 4]], np.float16),
        np.array([[1, 2], [3, 4]], ">f8"),
        np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]),
        np.array([[1.0, 0, 2.0], [3.0, 0, 4.0]])[:, ::2],
        np.array([[3.0, 4.0], [1.0, 2.0]])[::-1],
        np.array([[1, 2], [3, 4]], object),
    ],
)
def test_numbers_of_any_kind_and_layout_become_one(given, dtype):
    matrix = as_matrix(given, 2, dtype)
    assert matrix.dtype == dtype and matrix.dtype.isnative
    assert matrix.flags.c_contiguous and matrix.tolist() == [[1, 2], [3, 4]]


def test_a_frame_and_truth_values_are_taken():
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert as_matrix(frame, 2, float).tolist() == [[1, 0.5], [2, 1.5]]
    assert as_matrix([[True], [False]], 1, float).tolist() == [[1], [0]]


def test_a_vector_serves_for_a_single_column():
    assert as_matrix([1, 2, 3], 1, float).shape == (3, 1)
    assert as_targets([1, 2, 3], 3, 1, float).shape == (3, 1)


def test_a_fitting_array_is_not_copied_nor_changed():
    X = np.arange(6.0).reshape(3, 2)
    X.flags.writeable = False
    assert as_matrix(X, 2, np.float64) is X


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0, 2.0], r"X must be a matrix of shape \(n rows, 2\), .* \(2,\); .*X.reshape\(1, -1\)"),
        (5.0, r"must be a matrix .* it has shape \(\)"),
        (np.ones((2, 2, 2)), r"must be a matrix .* it has shape \(2, 2, 2\)"),
        ([[1.0, 2, 3]], "must have 2 columns, one for each unit .* but it has 3"),
        (np.ones((0, 2)), "X has no rows; at least one is needed"),
        ([["a", "b"]], "must hold numbers only .*encode text and dates first"),
        ([[1, "b"]], "must hold numbers only"),
        ([[1, 2], [3]], "must hold numbers only"),
        ([[1 + 2j, 0]], "must hold numbers only .its dtype is complex128"),
        (np.zeros((1, 2), "M8[s]"), "must hold numbers only .its dtype is datetime64"),
        (np.zeros((1, 2), "m8[s]"), "must hold numbers only .its dtype is timedelta64"),
        (np.zeros((1, 2), "S3"), "must hold numbers only .its dtype is .S3"),
        ([[{}, 1]], "must hold numbers only"),
        (None, "X must"),
        ([[0, 1], [2, NAN]], r"row 1, column 1 \(counting from 0\) is nan; drop or fill"),
        ([[0, -INF], [NAN, 2]], "row 0, column 1 .* is -inf"),
        ([[0, None]], "row 0, column 1 .* is nan"),
    ],
)
def test_what_is_no_finite_matrix_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        as_matrix(given, 2, np.float64)


def test_large_numbers_are_taken_where_they_fit():
    assert as_matrix([[1e300, -1e308]], 2, np.float64).tolist() == [[1e300, -1e308]]
    with pytest.raises(DataError, match=r"row 0, column 0 \(counting from 0\) is inf in float32"):
        as_matrix([[1e300, 1.0]], 2, np.float32)


def test_targets_are_of_the_same_rows():
    with pytest.raises(DataError, match="X has 3 rows but Y has 2; they must be the same rows"):
        as_targets([1, 2], 3, 1, float)
    with pytest.raises(DataError, match="Y must have 2 columns"):
        as_targets([[1], [2]], 2, 2, float)


def test_row_weights_are_one_unless_given():
    assert as_row_weights(None, 3, np.float32).tolist() == [1, 1, 1]
    assert as_row_weights([0, 2, 0.5], 3, np.float64).tolist() == [0, 2, 0.5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2], r"must have shape \(3,\), one number a row, but it has shape \(2,\)"),
        ([[1], [2], [3]], r"must have shape \(3,\)"),
        (2.0, r"must have shape \(3,\)"),
        ([1, -0.5, 1], "must not be negative, but row 1 has -0.5; use 0 to leave a row out"),
        ([1, NAN, 1], r"sample_weight must be finite, but row 1 \(counting"),
        ([1, INF, 1], "sample_weight must be finite, but row 1"),
        ([0, 0, 0], "is 0 for every row, so there is nothing to learn from"),
        (["a", "b", "c"], "sample_weight must hold numbers only"),
    ],
)
def test_row_weights_that_cannot_be_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        as_row_weights(given, 3, np.float64)


def test_an_unknown_name_is_answered_with_the_nearest_or_with_the_list():
    assert suggest("sigmod", ["sigmoid", "tanh"]) == "did you mean 'sigmoid'?"
    assert suggest("x", ["b", "a"]) == "known: a, b"
    assert re.fullmatch("known: .*, ...", suggest("x", [f"name{i}" for i in range(60)]))
    assert issubclass(SpecError, ValueError) and issubclass(DataError, ValueError)


# Sparse matrices.


def test_a_sparse_matrix_stays_sparse_and_the_callers_own_is_left_alone():
    # One row with its columns out of order and one of them twice.
    data, columns = np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2])
    given = csr_array((data, columns, np.array([0, 3, 3])), shape=(2, 3))
    found = as_matrix(given, 3, np.float64)
    assert isinstance(found, csr_array) and found.has_canonical_format
    assert found.indices.tolist() == [0, 2] and found.data.tolist() == [2.0, 5.0]
    assert given.indices.tolist() == columns.tolist() == [2, 0, 2]
    assert given.data.tolist() == data.tolist() == [1.0, 2.0, 4.0]


def test_a_fitting_sparse_matrix_is_not_copied():
    given = csr_array(np.eye(3))
    assert np.shares_memory(as_matrix(given, 3, np.float64).data, given.data)
    assert as_matrix(given, 3, np.float32).dtype == np.float32
    assert as_matrix(given.astype(bool), 3, np.float64).dtype == np.float64


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (csr_array(np.eye(3)), "X must have 2 columns, one for each unit .* but it has 3"),
        (csr_array((0, 2)), "X has no rows; at least one is needed"),
        (coo_array(np.ones(2)), r"X must be a matrix of shape \(n rows, 2\), .* \(2,\)"),
        (csr_array(np.eye(2) * 1j), "must hold numbers only .its dtype is complex128"),
        (csr_array([[0, 0], [0, 1], [0, NAN]]), r"row 2, column 1 \(counting from 0\) is nan"),
        (csc_matrix([[0, 0], [0, -INF], [NAN, 0]]), "row 1, column 1 .* is -inf; drop or fill"),
        (csr_array(([INF, -INF], ([1, 1], [1, 1])), shape=(2, 2)), "row 1, column 1 .* is nan"),
    ],
)
def test_sparse_matrices_that_cannot_be_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        as_matrix(given, 2, np.float64)


def test_a_sparse_number_beyond_float32_is_named():
    with pytest.raises(DataError, match=r"row 1, column 0 \(counting from 0\) is inf in float32"):
        as_matrix(csr_array([[0.0, 1.0], [1e300, 0.0]]), 2, np.float32)


def test_sparse_is_told_without_scipy():
    code = (
        "import sys, numpy; from fallline.arrays import as_matrix, is_sparse; "
        "as_matrix(numpy.eye(2), 2, float); assert not is_sparse(numpy.eye(2)); "
        "assert 'scipy' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert is_sparse(csr_array(np.eye(2))) and is_sparse(csc_matrix(np.eye(2)))
    assert not is_sparse([[1]]) and not is_sparse(None)
