from __future__ import annotations

import json
import pickle
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.empathy import EmpathyState, Moment, advance, pair_moments, suggest
from emotion.empathy_table import Condition, Limits, Rule, RuleTable, load_rules
from tests.emotion.faces import probs_of
from tests.emotion.seconds import second_of, spell

SHIPPED = load_rules()
CALM = "N" * 70


def rule(name: str, *when: Condition, severity: str = "notice") -> Rule:
    return Rule(name, "NURSE", severity, ("Back 2005",), when, {"en": f"{name}."})


def doctor_of(letters: str):
    return spell(letters, role="doctor")


def patient_of(letters: str):
    return spell(letters, role="patient")


def ids(found) -> list[tuple[int, str]]:
    return [(one.second, one.rule.id) for one in found]


def test_no_seconds_have_no_suggestions():
    assert suggest([], [], SHIPPED) == ()


@pytest.mark.parametrize("letter", "ADS")
def test_a_doctor_who_shows_a_negative_expression_is_reminded_to_change_it(letter):
    found = suggest(doctor_of(CALM + letter * 10), patient_of("N" * 80), SHIPPED)
    assert ids(found) == [(74, "doctor-own-expression")]  # the fifth such second
    assert "change of expression" in found[0].as_dict()["text"]


@pytest.mark.parametrize("letter", "ADFS")
def test_a_patient_who_shows_a_negative_expression_suggests_another_approach(letter):
    found = suggest(doctor_of("N" * 80), patient_of(CALM + letter * 10), SHIPPED)
    assert ids(found) == [(74, "patient-negative-expression")]
    assert "Another approach" in found[0].as_dict()["text"]


@pytest.mark.parametrize("letters", ["H" * 30, "N" * 30, "SNN" * 10, "SSSSNNNN" * 4, "SASF.NNN" * 4])
def test_what_is_no_negative_expression_or_does_not_persist_suggests_nothing(letters):
    assert suggest([], patient_of(CALM + letters), SHIPPED) == ()


def test_five_of_eight_seconds_need_not_follow_one_another():
    assert ids(suggest([], patient_of(CALM + "SS.NSSNS"), SHIPPED)) == [(77, "patient-negative-expression")]


def test_an_unsure_expression_does_not_count():
    unsure = [second_of(70 + at, probs_of(sadness=0.45, neutral=0.4, anger=0.15)) for at in range(20)]
    assert suggest([], [*patient_of(CALM), *unsure], SHIPPED) == ()


def test_an_expression_that_is_the_persons_own_baseline_does_not_count():
    """Somebody whose face rests at 0.8 sadness shows nothing new by 0.8, and something new by 0.96."""
    resting = patient_of("S" * 100)
    assert suggest([], resting, SHIPPED) == ()
    sadder = spell("S" * 8, start=100, level=0.96)
    assert ids(suggest([], [*resting, *sadder], SHIPPED)) == [(104, "patient-negative-expression")]


def test_a_suggestion_carries_its_evidence():
    (found,) = suggest([], patient_of(CALM + "SSSSS"), SHIPPED)
    (evidence,) = found.evidence
    assert evidence.seconds == (70, 71, 72, 73, 74)
    assert evidence.level == pytest.approx(0.8)
    assert evidence.baseline == pytest.approx(0.2)  # spelled N is 0.8 neutral and 0.2 sadness
    plain = found.as_dict()
    assert plain["framework"] == "NURSE"
    assert any("e29506" in citation for citation in plain["citations"])
    assert plain["confidence"] == pytest.approx(0.8)
    assert json.loads(json.dumps(plain)) == plain


def test_nothing_is_suggested_in_the_first_minute():
    letters = "N" * 50 + "S" * 40
    assert [one.second for one in suggest([], patient_of(letters), SHIPPED)] == [60]
    early = replace(SHIPPED, limits=replace(SHIPPED.limits, quiet_start_s=0))
    assert [one.second for one in suggest([], patient_of(letters), early)] == [54]


def test_a_lasting_cause_speaks_again_after_the_refractory_time_in_other_words():
    quick = replace(SHIPPED, limits=replace(SHIPPED.limits, refractory_s=10))
    found = suggest([], patient_of(CALM + "S" * 20), quick)
    assert ids(found) == [(74, "patient-negative-expression"), (84, "patient-sadness-name")]


def test_no_more_than_six_in_twenty_minutes():
    table = RuleTable(
        (rule("always", Condition("patient", ("anger",), above_baseline=0.0)),),
        Limits(refractory_s=90, min_baseline_s=0, quiet_start_s=0),
    )
    found = [one.second for one in suggest([], spell("A" * 1400, level=0.9), table)]
    assert found[:6] == [14 + 90 * at for at in range(6)]  # 15 seen seconds are half of 30
    assert found[6] == 14 + 1200


def test_a_poorly_seen_person_triggers_nothing():
    """14 of the last 30 seconds are seen, then 15."""
    assert suggest([], patient_of(CALM + "." * 16 + "N" * 9 + "SSSSS"), SHIPPED) == ()
    assert len(suggest([], patient_of(CALM + "." * 15 + "N" * 10 + "SSSSS"), SHIPPED)) == 1


def test_the_other_persons_poor_detection_does_not_silence_a_rule_that_ignores_them():
    found = suggest(doctor_of("." * 80), patient_of(CALM + "SSSSS"), SHIPPED)
    assert ids(found) == [(74, "patient-negative-expression")]


def test_withheld_consent_is_not_seen():
    assert suggest([], patient_of("-" * 80), SHIPPED) == ()


def test_a_baseline_must_be_known_first():
    assert suggest([], patient_of("." * 60 + "N" * 10 + "SSSSS"), SHIPPED) == ()


def test_the_most_severe_rule_speaks():
    found = suggest(doctor_of(CALM + "H" * 5), patient_of(CALM + "S" * 5), SHIPPED)
    assert ids(found) == [(74, "smile-beside-sorrow")]
    assert [one.who for one in found[0].evidence] == ["patient", "doctor"]


def test_suggestions_wait_while_the_doctor_speaks():
    state = EmpathyState()
    given = []
    for moment in pair_moments([], patient_of(CALM + "S" * 10)):
        state, found = advance(state, replace(moment, doctor_speaking=moment.second < 77), SHIPPED)
        given += [found.second] if found else []
    assert given == [77]


def test_time_does_not_go_back():
    state, _ = advance(EmpathyState(), Moment(5), SHIPPED)
    with pytest.raises(ValueError, match="after 5"):
        advance(state, Moment(5), SHIPPED)


def test_texts_come_in_the_asked_for_language_or_its_base_or_english():
    (found,) = suggest([], patient_of(CALM + "SSSSS"), SHIPPED)
    assert "eingestuft" in found.as_dict("de-CH")["text"]
    assert found.as_dict("zh-Hant")["language"] == "zh-Hant"
    assert found.as_dict("fr")["language"] == "en"


def test_a_state_stays_small():
    state = EmpathyState()
    for moment in pair_moments(doctor_of("N" * 500), patient_of("S" * 500)):
        state, _ = advance(state, moment, SHIPPED)
    assert len(state.patient.recent) == 30
    assert state.patient.older_s == 470


# Properties -----------------------------------------------------------------------------------------------

runs = st.lists(st.tuples(st.sampled_from("AADFHNSSU..-?"), st.integers(1, 60)), max_size=14)
limits = st.builds(
    Limits,
    refractory_s=st.integers(1, 120),
    max_suggestions=st.integers(1, 4),
    per_s=st.integers(1, 300),
    quiet_start_s=st.integers(0, 90),
    detection_window_s=st.integers(1, 40),
    min_detection=st.floats(0, 1),
    min_baseline_s=st.integers(0, 40),
)


def letters_of(run) -> str:
    return "".join(letter * length for letter, length in run)


def encounter(doctor, patient):
    return doctor_of(letters_of(doctor)), patient_of(letters_of(patient))


@settings(max_examples=60, deadline=None)
@given(runs, runs, limits)
def test_the_same_seconds_give_the_same_suggestions_live_and_afterwards(doctor, patient, some):
    table = replace(SHIPPED, limits=some)
    rows = encounter(doctor, patient)
    live, state = [], EmpathyState()
    for moment in pair_moments(*rows):
        state, found = advance(pickle.loads(pickle.dumps(state)), moment, table)
        live += [found] if found else []
    assert tuple(live) == suggest(*rows, table) == suggest(*rows, table)


@settings(max_examples=60, deadline=None)
@given(runs, runs, limits)
def test_every_limit_holds_for_whatever_is_seen(doctor, patient, some):
    rows = dict(zip(("doctor", "patient"), encounter(doctor, patient), strict=True))
    found = suggest(rows["doctor"], rows["patient"], replace(SHIPPED, limits=some))
    seconds = [one.second for one in found]
    assert all(later - earlier >= some.refractory_s for earlier, later in pairwise(seconds))
    assert all(
        sum(second - some.per_s < one <= second for one in seconds) <= some.max_suggestions
        for second in seconds
    )
    assert all(second >= some.quiet_start_s for second in seconds)
    for one in found:
        for evidence in one.evidence:
            recent = range(one.second - some.detection_window_s + 1, one.second + 1)
            seen = [row.second for row in rows[evidence.who] if row.status == "ok" and row.second in recent]
            assert len(seen) >= some.min_detection * some.detection_window_s
            assert set(evidence.seconds) <= {row.second for row in rows[evidence.who] if row.status == "ok"}
            assert all(one.second - 8 < second <= one.second for second in evidence.seconds)
            assert len(evidence.seconds) >= 5


@settings(max_examples=30, deadline=None)
@given(runs, runs)
def test_what_comes_later_changes_nothing_earlier(doctor, patient):
    rows = encounter(doctor, patient)
    half = max(len(rows[0]), len(rows[1])) // 2
    early = suggest(*([row for row in one if row.second < half] for one in rows), SHIPPED)
    assert early == tuple(one for one in suggest(*rows, SHIPPED) if one.second < half)
