"""Figures of merit against answers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from emotion.metrics import accuracy, confusion_matrix, expected_calibration_error, macro_f1, recalls

# 4 of class 0 (3 right), 2 of class 1 (1 right), none of class 2, which is predicted once.
CONFUSION = np.array([[3, 0, 1], [1, 1, 0], [0, 0, 0]])


def test_no_answers_have_no_figures():
    nothing = confusion_matrix(np.zeros(0, np.int64), np.zeros(0, np.int64), 3)
    assert nothing.tolist() == [[0] * 3] * 3
    assert accuracy(nothing) is None
    assert macro_f1(nothing) is None
    assert recalls(nothing) == [None, None, None]
    assert expected_calibration_error(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)) is None


def test_rows_of_the_confusion_are_true_classes():
    labels, predictions = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 2, 0, 1])
    np.testing.assert_array_equal(confusion_matrix(labels, predictions, 3), CONFUSION)


def test_accuracy_is_the_share_on_the_diagonal():
    assert accuracy(CONFUSION) == pytest.approx(4 / 6)


def test_recall_of_a_class_without_members_is_unknown():
    assert recalls(CONFUSION) == [0.75, 0.5, None]


def test_macro_f1_is_over_classes_that_occur():
    # class 0: 2*3/(4+4) = 0.75; class 1: 2*1/(2+1) = 2/3; class 2 has no members
    assert macro_f1(CONFUSION) == pytest.approx((0.75 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("probs", "labels", "expected"),
    [
        ([[1.0, 0.0]], [0], 0.0),
        ([[1.0, 0.0]], [1], 1.0),
        ([[0.9, 0.1], [0.9, 0.1]], [0, 1], 0.4),
        # bins 0.9 (gap 0.1, one answer) and 0.6 (gap 0.6, one answer): 0.5 * 0.1 + 0.5 * 0.6
        ([[0.9, 0.1], [0.4, 0.6]], [0, 0], 0.35),
    ],
)
def test_calibration_error_weighs_gaps_by_how_many_answers_they_concern(probs, labels, expected):
    found = expected_calibration_error(np.array(probs, np.float32), np.array(labels))
    assert found == pytest.approx(expected, abs=1e-6)
