"""Identity embeddings: kept only where the study asks, of whom, how they lie, and when they go."""

from __future__ import annotations

import dataclasses
import json
import secrets

import pytest
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.urls import reverse

from tests.conftest import recruiting
from tests.webapp.records import add_run, findings
from webapp.analysis import identities
from webapp.analysis.correcting import correct_person, undo_correction
from webapp.analysis.models import IdentityWish, PersonCorrection
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.retention import apply_retention
from webapp.consent.services import record_decisions, withdraw_consent
from webapp.core.encryption import MAGIC
from webapp.core.errors import Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.engines import Identity
from webapp.recordings import storage
from webapp.studies.models import Encounter, Study

FOUND = {
    "doctor": Identity("identity", 12, (0.6, 0.8)),
    "patient": Identity("identity", 30, (1.0, 0.0)),
}


@pytest.fixture
def analyse(encounter, cameras, django_capture_on_commit_callbacks):
    """Write a run that found both people, as a worker does."""

    def write():
        with django_capture_on_commit_callbacks(execute=True):
            return add_run(encounter, dataclasses.replace(findings(), identities=FOUND))

    return write


@pytest.fixture
def wished(study, alice):
    made = identities.set_wish(study=study, actor=alice, is_kept=True, reason="To find people again.")
    recruiting(study)
    return made


def files(cameras) -> dict[str, int]:
    return {camera: identities.kept_files([one.pk]) for camera, one in cameras.items()}


def test_nothing_is_kept_where_nobody_asked(analyse, cameras):
    run = analyse()
    assert files(cameras) == {"doctor": 0, "patient": 0}
    assert identities.identities_of(run) == {}


def test_what_the_study_asks_for_stays_with_each_run(wished, analyse, cameras):
    first, second = analyse(), analyse()
    assert files(cameras) == {"doctor": 2, "patient": 2}
    for run in (first, second):
        found = identities.identities_of(run)
        assert found["patient"] == {
            "role": "patient",
            "network": "identity",
            "faces": 30,
            "embedding": [1.0, 0.0],
        }
        assert set(found) == {"doctor", "patient"}


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_they_lie_as_the_recording_lies(settings, study, alice, encounter, analyse, cameras, is_encrypted):
    settings.MEDIA_KEYS = [secrets.token_bytes(32)] if is_encrypted else []
    identities.set_wish(study=study, actor=alice, is_kept=True, reason="To find people again.")
    recruiting(study)
    run = analyse()
    (path,) = identities.folder_of(cameras["patient"].pk).glob("*")
    assert path.read_bytes().startswith(MAGIC) == is_encrypted
    assert (b"embedding" in path.read_bytes()) != is_encrypted
    assert identities.identities_of(run)["patient"]["faces"] == 30


def test_nobody_who_does_not_agree_is_among_them(wished, analyse, alice, patient, cameras):
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    run = analyse()
    assert files(cameras) == {"doctor": 1, "patient": 0}
    assert set(identities.identities_of(run)) == {"doctor"}


def test_a_run_that_was_erased_before_it_could_be_kept_leaves_nothing(wished, analyse, cameras):
    run = analyse()
    storage.remove(identities.folder_of(cameras["patient"].pk))
    pk = run.pk
    run.delete()
    identities.keep(pk, FOUND)
    assert files(cameras)["patient"] == 0


def test_withdrawal_erases_those_of_the_person_alone_and_says_so(
    wished, analyse, alice, patient, cameras, django_capture_on_commit_callbacks
):
    analyse()
    with django_capture_on_commit_callbacks(execute=True):
        erasure = withdraw_consent(actor=alice, participant=patient, purposes=["analyse_patient"])
        finish_open_erasures()
    assert files(cameras) == {"doctor": 1, "patient": 0}
    kinds = erasure.tombstones.values_list("kind", "count")
    assert ("identity embeddings of the patient", 1) in kinds


def test_withdrawal_of_the_recording_and_the_end_of_its_time_leave_none(
    wished, analyse, alice, patient, cameras, encounter, django_capture_on_commit_callbacks
):
    analyse()
    Encounter.objects.filter(pk=encounter.pk).update(keep_until="2020-01-01")
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
        finish_open_erasures()
    assert files(cameras) == {"doctor": 0, "patient": 0}


def test_a_study_that_asks_no_more_keeps_none_and_later_runs_add_none(
    wished, study, alice, analyse, cameras, django_capture_on_commit_callbacks
):
    run = analyse()
    with django_capture_on_commit_callbacks(execute=True):
        identities.set_wish(study=study, actor=alice, is_kept=False, reason="Done.")
    assert files(cameras) == {"doctor": 0, "patient": 0}
    identities.keep(run.pk, FOUND)
    assert files(cameras) == {"doctor": 0, "patient": 0}


def test_a_sweep_removes_what_a_killed_server_left(wished, study, alice, analyse, cameras):
    run = analyse()
    orphan = identities.folder_of(cameras["patient"].pk) / f"{cameras['patient'].pk}.json"
    orphan.write_text("{}")
    identities.sweep_identities()
    assert files(cameras) == {"doctor": 1, "patient": 1}
    assert set(identities.identities_of(run)) == {"doctor", "patient"}
    identities.set_wish(study=study, actor=alice, is_kept=False, reason="Done.")  # and killed before it acts
    cache.clear()
    identities.sweep_identities()
    assert files(cameras) == {"doctor": 0, "patient": 0}


@pytest.fixture
def say_who(encounter, alice, django_capture_on_commit_callbacks):
    """Say that the person whom the analysis took for the patient is somebody else."""

    def say(*, is_carried_out=True):
        with django_capture_on_commit_callbacks(execute=is_carried_out):
            correct_person(
                encounter=encounter,
                actor=alice,
                camera="patient",
                kind="reassign",
                track=1,
                role="irrelevant",
            )
        return PersonCorrection.objects.get()

    return say


def test_somebody_who_turns_out_to_be_another_person_is_not_kept(wished, analyse, say_who, cameras):
    run = analyse()
    say_who()
    assert files(cameras) == {"doctor": 1, "patient": 0}
    assert set(identities.identities_of(run)) == {"doctor"}


def test_an_analysis_from_before_a_correction_keeps_nobody_and_the_next_one_does(
    wished, encounter, analyse, alice, say_who, cameras, django_capture_on_commit_callbacks
):
    run = analyse()
    said = say_who()
    identities.keep(run.pk, FOUND)  # as of a worker that began before
    assert files(cameras)["patient"] == 0
    run.params["by_hand"] = {"corrections": {"patient": [str(said.pk)]}}
    run.save(update_fields=["params"])
    identities.keep(run.pk, FOUND)
    assert set(identities.identities_of(run)) == {"doctor", "patient"}
    with django_capture_on_commit_callbacks(execute=True):
        undo_correction(correction=said, actor=alice)
    assert files(cameras)["patient"] == 0


def test_a_sweep_removes_whom_a_server_killed_after_a_correction_left(wished, analyse, say_who, cameras):
    run = analyse()
    say_who(is_carried_out=False)
    assert files(cameras)["patient"] == 1
    assert set(identities.identities_of(run)) == {"doctor"}
    identities.sweep_identities()
    assert files(cameras) == {"doctor": 1, "patient": 0}


def test_a_wish_needs_a_reason_is_audited_and_is_never_rewritten(study, alice):
    with pytest.raises(Invalid):
        identities.set_wish(study=study, actor=alice, is_kept=True, reason=" ")
    with pytest.raises(Conflict):
        identities.set_wish(study=study, actor=alice, is_kept=False, reason="It is so.")
    made = identities.set_wish(study=study, actor=alice, is_kept=True, reason="Needed.")
    event = AuditEvent.objects.get(action="identities.wished")
    assert (event.actor, event.details) == (alice, {"is_kept": True})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        IdentityWish.objects.filter(pk=made.pk).update(is_kept=False)


def test_an_approved_study_that_asks_for_them_returns_to_review_and_one_that_stops_does_not(study, alice):
    identities.set_wish(study=recruiting(study), actor=alice, is_kept=True, reason="Needed.")
    study.refresh_from_db()
    assert study.state == "draft"
    identities.set_wish(study=recruiting(study), actor=alice, is_kept=False, reason="Done.")
    study.refresh_from_db()
    assert study.state == "recruiting"


def test_nothing_new_is_kept_before_the_wish_is_approved_and_what_was_kept_outlives_a_review(
    study, alice, analyse, cameras
):
    identities.set_wish(study=study, actor=alice, is_kept=True, reason="Needed.")
    analyse()
    assert files(cameras) == {"doctor": 0, "patient": 0}
    recruiting(study)
    run = analyse()
    assert files(cameras) == {"doctor": 1, "patient": 1}
    Study.objects.filter(pk=study.pk).update(state="draft")  # for something else
    identities.sweep_identities()
    analyse()
    assert files(cameras) == {"doctor": 1, "patient": 1}
    assert set(identities.identities_of(run)) == {"doctor", "patient"}


def test_an_archived_study_asks_for_nothing_more_and_can_still_give_up(study, alice):
    Study.objects.filter(pk=study.pk).update(state="archived")
    with pytest.raises(Conflict):
        identities.set_wish(study=study, actor=alice, is_kept=True, reason="Needed.")
    Study.objects.filter(pk=study.pk).update(state="draft")
    identities.set_wish(study=study, actor=alice, is_kept=True, reason="Needed.")
    Study.objects.filter(pk=study.pk).update(state="archived")
    assert not identities.set_wish(study=study, actor=alice, is_kept=False, reason="Done.").is_kept


def test_the_page_says_what_is_kept_and_takes_the_wish_of_a_coordinator(
    signed_in, alice, bob, study, analyse, cameras, django_capture_on_commit_callbacks
):
    url = reverse("analysis:identities", args=[study.slug])
    page = signed_in(bob).get(url).content.decode()
    assert "This study keeps none." in page
    assert 'name="reason"' not in page
    client = signed_in(alice)
    assert client.post(url, {"is_kept": "yes"}).status_code == 422
    assert client.post(url, {"is_kept": "yes", "reason": "Vote 12."}).status_code == 302
    assert "after the study is approved" in client.get(url).content.decode()
    recruiting(study)
    analyse()
    page = client.get(url).content.decode()
    assert "This study keeps them." in page
    assert "All 2 are erased at once" in page
    assert "Vote 12." in page
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url, {"is_kept": "no", "reason": "Done."}).status_code == 302
    assert files(cameras) == {"doctor": 0, "patient": 0}


def test_whoever_takes_them_out_leaves_a_trace(signed_in, alice, bob, wished, analyse, patient):
    run = analyse()
    url = reverse("analysis:api_identities", args=[run.pk])
    assert signed_in(bob).get(url).status_code == 403
    answer = signed_in(alice).get(url)
    assert json.loads(answer.content)["identities"]["doctor"]["embedding"] == [0.6, 0.8]
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.get(action="identities.exported").details == {"cameras": ["doctor", "patient"]}
    record_decisions(actor=alice, participant=patient, decisions={"analyse_patient": False})
    assert set(signed_in(alice).get(url).json()["identities"]) == {"doctor"}
