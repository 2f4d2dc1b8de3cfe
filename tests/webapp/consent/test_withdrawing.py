"""Withdrawal stops at once, erases everything it must and nothing else, and proves it."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from tests.webapp.consent.conftest import files_left
from tests.webapp.records import add_job, add_recording
from webapp.analysis.models import AnalysisRun, FaceObservation, PersonCorrection, SecondRow
from webapp.consent import erasing
from webapp.consent.models import Erasure, Tombstone
from webapp.consent.queries import state_of
from webapp.consent.services import record_decisions
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job, Segment
from webapp.recordings import storage
from webapp.recordings.models import Recording, Upload


def test_withdrawing_the_recording_ends_every_purpose_and_leaves_no_byte(held, patient, withdraw):
    erasure = withdraw(patient, "record")
    assert not any(state_of(patient).values())
    assert files_left() == []
    for model in (Recording, Upload, AnalysisRun, SecondRow, FaceObservation):
        assert not model.objects.exists(), model
    assert erasure.state == "done"
    assert erasure.entire


def test_tombstones_name_what_is_gone_and_cannot_be_changed(held, patient, withdraw):
    sha256 = held["patient"].sha256
    withdraw(patient, "record")
    kinds = set(Tombstone.objects.values_list("kind", flat=True))
    assert kinds == {"recording with its files", "upload", "analysis run"}
    assert Tombstone.objects.filter(sha256=sha256).exists()
    for change in (
        lambda: Tombstone.objects.update(count=0),
        lambda: Tombstone.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_withdrawing_one_analysis_empties_this_persons_seconds_and_keeps_the_others(held, patient, withdraw):
    erasure = withdraw(patient, "analyse_patient")
    rows = SecondRow.objects.filter(camera="patient")
    assert set(rows.values_list("status", "emotion", "confidence", "happiness")) == {
        ("consent_withheld", None, None, None)
    }
    assert SecondRow.objects.filter(camera="doctor", emotion="happiness").count() == 2
    assert set(FaceObservation.objects.values_list("camera", flat=True)) == {"doctor"}
    summary = AnalysisRun.objects.get().summary["cameras"]
    assert summary["patient"]["roles"]["patient"]["dominant"] is None
    assert summary["doctor"]["roles"]["doctor"]["dominant"] == "happiness"
    assert not (storage.derived_dir(held["patient"].pk) / "samples").exists()
    assert (storage.derived_dir(held["doctor"].pk) / "samples").exists()
    assert storage.original_path(held["patient"]).exists()
    assert erasing.erased_counts(erasure) == {"classified seconds of the patient": 3}
    assert erasure.state == "done"
    assert not erasure.entire


def test_doctor_who_withdraws_the_patients_analysis_touches_no_reading(held, doctor, withdraw, alice):
    record_decisions(actor=alice, participant=doctor, decisions={"analyse_patient": True})
    withdraw(doctor, "analyse_patient", "annotate")
    assert SecondRow.objects.filter(emotion="happiness").count() == 4


def test_doctor_who_is_shown_to_nobody_else_any_more_keeps_their_readings(held, doctor, withdraw):
    scope = scope_of(doctor, ["show_doctor"])
    kept = {effect.what: effect.why for effect in preview(scope) if effect.action == "keep"}
    assert kept["classified seconds of the doctor"] == "From now on they are shown to the doctor alone."
    assert not [effect for effect in preview(scope) if effect.action == "delete"]
    assert withdraw(doctor, "show_doctor").state == "done"
    assert SecondRow.objects.filter(camera="doctor", emotion="happiness").count() == 2


def test_preview_says_what_happens_and_changes_nothing(held, patient):
    before = files_left()
    found = {(effect.action, effect.what): effect.count for effect in preview(scope_of(patient, ["record"]))}
    assert found["delete", "camera recordings with their posters and derived files"] == 2
    assert found["delete", "uploads on their way"] == 1
    assert found["delete", "analysis runs"] == 1
    assert ("keep", "the code, the decisions and the audit trail") in found
    less = {(effect.action, effect.what) for effect in preview(scope_of(patient, ["analyse_patient"]))}
    assert ("keep", "camera recordings") in less
    assert files_left() == before
    assert Recording.objects.count() == 2


def test_jobs_stop_and_the_erasure_waits_until_a_running_one_let_go(
    held, encounter, patient, alice, withdraw
):
    waiting, running = add_job(encounter), add_job(encounter)
    token = uuid.uuid4()
    Job.objects.filter(pk=running.pk).update(state="running", lease_token=token, heartbeat_at=timezone.now())
    erasure = withdraw(patient, "record")
    waiting.refresh_from_db(), running.refresh_from_db()
    assert waiting.state == "cancelled"
    assert running.cancel_requested
    assert erasure.state == "open"
    assert files_left() == []
    leftover = storage.derived_dir(held["patient"].pk) / "samples"
    leftover.mkdir(parents=True)
    Job.objects.filter(pk=running.pk).update(state="cancelled", lease_token=None)
    assert erasing.finish_open_erasures() == 0, "the second look still finds what the job wrote"
    assert not leftover.exists()
    assert erasing.finish_open_erasures() == 1
    erasure.refresh_from_db()
    assert erasure.state == "done"


def test_erasure_waits_for_a_segment_that_another_worker_holds(held, encounter, patient, withdraw):
    segment = Segment.objects.create(
        job=add_job(encounter), name="a", label="a", position=0, state="running", lease_token=uuid.uuid4()
    )
    erasure = withdraw(patient, "analyse_patient")
    assert erasure.state == "open"
    Segment.objects.filter(pk=segment.pk).update(state="cancelled", lease_token=None)
    assert erasing.finish_open_erasures() == 1


def test_what_was_said_by_hand_about_a_person_goes_with_their_analysis(held, patient, withdraw):
    for camera in ("doctor", "patient"):
        PersonCorrection.objects.create(
            recording=held[camera], kind="reassign", basis="x", track=1, role=camera
        )
    withdraw(patient, "analyse_patient")
    assert [one.recording.camera for one in PersonCorrection.objects.all()] == ["doctor"]


def test_file_that_cannot_be_deleted_is_named_and_tried_again(held, patient, withdraw, monkeypatch):
    delete, remove = storage.delete_files, storage.remove
    monkeypatch.setattr(storage, "delete_files", lambda *_: None)
    monkeypatch.setattr(storage, "remove", lambda _: None)
    erasure = withdraw(patient, "record")
    assert erasure.state == "open"
    assert any("still in recordings" in sentence for sentence in erasure.remaining)
    monkeypatch.setattr(storage, "delete_files", delete)
    monkeypatch.setattr(storage, "remove", remove)
    erasing.finish_open_erasures()
    assert erasing.finish_open_erasures() == 1


def test_what_is_recorded_under_a_new_consent_is_not_erased_by_the_old_withdrawal(
    held, encounter, alice, patient, withdraw
):
    token = uuid.uuid4()
    job = add_job(encounter)
    Job.objects.filter(pk=job.pk).update(state="running", lease_token=token, heartbeat_at=timezone.now())
    erasure = withdraw(patient, "record")
    assert erasure.state == "open"
    record_decisions(actor=alice, participant=patient, decisions={"record": True})
    new = add_recording(encounter, "patient")
    Job.objects.filter(pk=job.pk).update(state="cancelled", lease_token=None)
    erasing.finish_open_erasures()
    erasure.refresh_from_db()
    assert erasure.state == "done"
    assert storage.original_path(new).exists()


def test_certificate_can_be_checked_and_the_chain_of_audit_holds_it(held, patient, withdraw):
    erasure = withdraw(patient, "record")
    assert erasing.certificate_hash(erasure.certificate) == erasure.certificate_sha256
    assert len(erasure.certificate["erased"]) == 4
    event = AuditEvent.objects.get(action="erasure.certified")
    assert event.details["sha256"] == erasure.certificate_sha256
    assert (erasure.due_at - erasure.requested_at).days == 30


def test_withdrawing_twice_or_what_was_never_given_opens_nothing(patient, withdraw):
    assert withdraw(patient, "share_audio") is not None
    assert withdraw(patient, "share_audio") is None
    assert Erasure.objects.count() == 1


def test_late_erasures_wait_on_home_of_the_coordinator_alone(held, encounter, patient, alice, bob, withdraw):
    from webapp.consent.waiting import open_erasures

    job = add_job(encounter)
    Job.objects.filter(pk=job.pk).update(
        state="running", lease_token=uuid.uuid4(), heartbeat_at=timezone.now()
    )
    withdraw(patient, "record")
    assert [item.urgency for item in open_erasures(alice)] == [2]
    Erasure.objects.update(due_at=timezone.now())
    assert [item.title for item in open_erasures(alice)] == [f"Erasure of {patient.code} is overdue"]
    assert list(open_erasures(bob)) == []


def test_open_erasure_shows_how_long_is_left_and_when_it_is_overdue(
    held, encounter, patient, alice, withdraw, signed_in
):
    job = add_job(encounter)
    Job.objects.filter(pk=job.pk).update(
        state="running", lease_token=uuid.uuid4(), heartbeat_at=timezone.now()
    )
    withdraw(patient, "record")
    client, one = signed_in(alice), Erasure.objects.get()
    pages = (one.get_absolute_url(), f"/studies/{one.study.slug}/erasures/")
    Erasure.objects.update(due_at=timezone.now() + datetime.timedelta(days=9, hours=1))
    assert all("1\xa0week, 2" in client.get(page).content.decode() for page in pages)
    Erasure.objects.update(due_at=timezone.now() - datetime.timedelta(days=2, hours=1))
    assert "2\xa0days, 1\xa0hour ago" in client.get(pages[0]).content.decode()
    assert "overdue by 2\xa0days" in client.get(pages[1]).content.decode()
