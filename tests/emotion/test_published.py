from __future__ import annotations

import pytest
from scipy import stats

from emotion.published import compare_seconds, reproduce_published_table


def test_the_published_table_is_reproduced_from_its_counts():
    table = reproduce_published_table()
    assert table.counts == {
        "anger": (629, 126),
        "happiness": (7541, 5766),
        "sadness": (8580, 5773),
        "surprise": (436, 890),
        "disgust and others": (211, 51),  # 201 and 10 unnamed of the doctors, 51 unnamed of the patients
    }
    assert [sum(pair[who] for pair in table.counts.values()) for who in (0, 1)] == [17_397, 12_606]
    assert table.p < 0.001
    assert table.degrees_of_freedom == 4


def test_the_statistic_is_pearsons():
    table = compare_seconds({"anger": 10, "fear": 20}, {"anger": 20, "fear": 10})
    assert table.chi_square == pytest.approx(4 * 5**2 / 15)  # every cell is 5 off the expected 15
    assert table.p == pytest.approx(stats.chi2.sf(100 / 15, 1))
    assert table.cramers_v == pytest.approx(1 / 3)


def test_the_table_warns_and_says_how_little_dependence_undoes_it():
    table = reproduce_published_table()
    assert "independent" in table.warning
    assert table.p_if_one_in(table.design_effect_at_001) == pytest.approx(0.001)
    assert 30 < table.design_effect_at_001 < 40  # half a minute of one face that counts as one observation
    assert table.p_if_one_in(1) == table.p
    with pytest.raises(ValueError, match="design effect"):
        table.p_if_one_in(0.5)


@pytest.mark.parametrize(
    ("doctor", "patient"), [({}, {}), ({"anger": 3}, {"anger": 4}), ({"anger": 3, "fear": 1}, {"anger": 0})]
)
def test_too_little_to_compare_is_refused(doctor, patient):
    with pytest.raises(ValueError, match="two emotions"):
        compare_seconds(doctor, patient)


def test_emotions_that_only_one_side_names_count_as_none_on_the_other():
    table = compare_seconds({"anger": 3, "fear": 0}, {"sadness": 4, "fear": 0})
    assert table.counts == {"anger": (3, 0), "sadness": (0, 4)}
