"""Among whom a hidden person is looked for: other people of the study who agree to it now."""

from __future__ import annotations

import pytest

from tests import videos
from tests.conftest import grant_everything
from tests.webapp.records import add_recording
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.master_keys import MediaLocked
from webapp.deidjobs import others
from webapp.deidjobs.others import Others
from webapp.recordings.models import RecordingState
from webapp.recordings.storage import original
from webapp.studies.services import add_participant, create_encounter


@pytest.fixture
def neighbour(study, alice, doctor, encounter):
    """Another patient of the same doctor, with both cameras."""
    person = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    met = create_encounter(actor=alice, study=study, doctor=doctor, patient=person, held_on=encounter.held_on)
    return {
        "person": person,
        "patient": add_recording(met, "patient", b"another patient"),
        "doctor": add_recording(met, "doctor", b"the same doctor"),
    }


def test_a_study_with_one_encounter_has_no_others(recording):
    assert Others(recording).files == ()


def test_others_are_people_who_are_not_in_this_encounter(recording, neighbour):
    assert [str(one) for one in Others(recording).files] == [str(original(neighbour["patient"]))]


def test_each_other_person_counts_once(recording, neighbour, study, alice, doctor, encounter):
    again = create_encounter(
        actor=alice, study=study, doctor=doctor, patient=neighbour["person"], held_on=encounter.held_on
    )
    add_recording(again, "patient", b"the same patient again")
    assert len(Others(recording).files) == 1


def test_who_withdraws_consent_is_compared_with_nobody_any_more(recording, neighbour, alice):
    record_decisions(actor=alice, participant=neighbour["person"], decisions={"share_deidentified": False})
    assert Others(recording).files == ()


def test_what_is_not_checked_yet_is_not_read(recording, neighbour):
    neighbour["patient"].state = RecordingState.CHECKING
    neighbour["patient"].save()
    assert Others(recording).files == ()


def test_a_file_that_no_key_opens_is_left_out(recording, neighbour, monkeypatch):
    def original_(one):
        if one == neighbour["patient"]:
            raise MediaLocked
        return original(one)

    monkeypatch.setattr(others.storage, "original", original_)
    assert Others(recording).files == ()


def test_who_withdraws_while_they_are_read_is_noticed_and_dropped(recording, neighbour, alice, monkeypatch):
    monkeypatch.setattr(engines, "is_readable", lambda _file: True)
    monkeypatch.setattr(others, "ASK_CONSENT_EVERY_S", 0.0)
    compared = Others(recording)
    assert not compared.left()
    assert not compared.drop_lost()
    record_decisions(actor=alice, participant=neighbour["person"], decisions={"share_deidentified": False})
    assert compared.left()
    assert compared.drop_lost()
    assert compared.files == ()
    assert not compared.left()


def test_only_what_shows_a_picture_is_readable(recording, neighbour, tmp_path):
    compared = Others(recording)  # of a file that is no video
    assert engines.is_readable(videos.write_normal(tmp_path))
    assert not engines.is_readable(tmp_path / "gone.mp4")
    assert compared.drop_lost()
    assert compared.files == ()


def test_a_large_study_costs_no_more(recording, neighbour, monkeypatch, study, alice, doctor, encounter):
    person = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    add_recording(
        create_encounter(actor=alice, study=study, doctor=doctor, patient=person, held_on=encounter.held_on),
        "patient",
        b"third",
    )
    assert len(Others(recording).files) == 2
    monkeypatch.setattr(others, "MOST_OTHERS", 1)
    assert len(Others(recording).files) == 1
