from __future__ import annotations

import json

import numpy as np
import pytest

from emotion.agreement import cohen_kappa, labels_of, measure_agreement
from emotion.labels import EMOTIONS
from tests.emotion.seconds import spell


def test_no_seconds_have_no_agreement():
    found = measure_agreement({}, {})
    assert (found.seconds, found.observed, found.kappa) == (0, None, None)


def test_only_seconds_that_both_labelled_count():
    found = measure_agreement(labels_of(spell("HHS.N")), labels_of(spell("HSSH.")))
    assert (found.seconds, found.only_first, found.only_second) == (3, 1, 1)
    assert found.observed == pytest.approx(2 / 3)
    happy, sad = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")
    assert (found.confusion[happy][happy], found.confusion[happy][sad], found.confusion[sad][sad]) == (
        1,
        1,
        1,
    )
    # Expected (2 x 1 + 1 x 2) / 9; the same by emotion, as only two occur.
    assert found.kappa == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))
    assert found.kappa_by_emotion["sadness"] == pytest.approx(found.kappa)
    assert found.kappa_by_emotion["fear"] is None


def test_kappa_of_two_yes_no_raters_worked_by_hand():
    """Of 50: both yes 20, both no 15; expected 0.5 x 0.6 + 0.5 x 0.4 = 0.5 of an observed 0.7."""
    assert cohen_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_is_one_in_full_agreement_and_undefined_for_a_single_label():
    assert measure_agreement(*[labels_of(spell("HSN"))] * 2).kappa == 1
    assert measure_agreement(*[labels_of(spell("NNN"))] * 2).kappa is None


def test_an_unknown_label_is_refused():
    with pytest.raises(ValueError, match="joy"):
        measure_agreement({0: "joy"}, {})


def test_agreement_is_plain_values():
    found = measure_agreement(*[labels_of(spell("HSN"))] * 2).as_dict()
    assert json.loads(json.dumps(found)) == found
