from __future__ import annotations

import pytest

from emotion.moments import find_moments
from tests.emotion.seconds import spell


def moments(patient: str, doctor: str) -> list[tuple[int, str | None, str]]:
    found = find_moments(spell(doctor, role="doctor"), spell(patient))
    return [(one.episode.onset_s, one.doctor, one.answer) for one in found]


def test_nobody_has_no_moments():
    assert find_moments((), ()) == ()


def test_a_calm_patient_gives_no_moment():
    assert moments("NNNHHHNNN", "NNNNNNNNN") == []


@pytest.mark.parametrize(
    ("doctor", "expected"),
    [
        ("NNNSSSSSNN", ("sadness", "met")),
        ("NNNNNUUUNN", ("neutral", "met")),
        ("NNNNNNNNNN", ("neutral", "missed")),
        ("NNHHHHHHHH", ("happiness", "missed")),
        ("NNAAAAAAAA", ("anger", "missed")),
        ("NN.......N", (None, "not_seen")),
        ("", (None, "not_seen")),
    ],
)
def test_the_doctors_face_in_the_five_seconds_after_the_onset_decides(doctor, expected):
    assert moments("NNSSSSSNNN", doctor) == [(2, *expected)]


def test_what_the_doctors_face_did_later_changes_nothing():
    assert moments("NNSSSNNNNNNN", "NNNNNNNSSSSS") == [(2, "neutral", "missed")]


def test_one_second_is_no_episode_and_every_episode_is_its_own_moment():
    assert [onset for onset, _, _ in moments("NSNNFFFNNAAANN", "N" * 14)] == [4, 9]


def test_plain_values_hold_the_episode_and_the_answer():
    (found,) = find_moments(spell("NNNNNNNN", role="doctor"), spell("NNSSSNNN"))
    values = found.as_dict()
    assert (values["emotion"], values["onset_s"], values["offset_s"]) == ("sadness", 2, 5)
    assert values["duration_s"] == 3
    assert (values["doctor"], values["answer"]) == ("neutral", "missed")
