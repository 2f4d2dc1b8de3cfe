from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from webapp.consent.models import ConsentDecision
from webapp.jobs.models import Job
from webapp.recordings import storage, sweeping
from webapp.recordings.models import Recording, Upload

LONG_AGO = timedelta(days=8)


def upload_of(url: str) -> Upload:
    return Upload.objects.get(pk=url.rstrip("/").rsplit("/", 1)[1])


def age(path, days: float = 2) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def sweep_orphans() -> None:
    cache.clear()
    sweeping.sweep_orphans()


def test_abandoned_uploads_are_swept_after_a_week(tus, settings, django_capture_on_commit_callbacks):
    old, fresh = tus.start(100), tus.start(100)
    Upload.objects.filter(pk=upload_of(old).pk).update(changed_at=timezone.now() - LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep_abandoned_uploads()
    assert list(Upload.objects.all()) == [upload_of(fresh)]
    assert len(list(settings.DATA_DIR.rglob("*.part"))) == 1


def test_an_upload_to_which_somebody_writes_is_not_swept(tus):
    url = tus.start(100)
    Upload.objects.update(
        changed_at=timezone.now() - LONG_AGO,
        lock_token=uuid.uuid4(),
        locked_until=timezone.now() + timedelta(seconds=20),
    )
    sweeping.sweep_abandoned_uploads()
    assert upload_of(url)


def test_two_workers_may_sweep_the_same_uploads(tus, monkeypatch):
    tus.start(100), tus.start(100, camera="doctor")
    Upload.objects.update(changed_at=timezone.now() - LONG_AGO)
    discard = sweeping.discard_upload

    def overtaken(*, upload, actor):
        discard(upload=Upload.objects.get(pk=upload.pk), actor=None)
        discard(upload=upload, actor=actor)

    monkeypatch.setattr(sweeping, "discard_upload", overtaken)
    sweeping.sweep_abandoned_uploads()
    assert not Upload.objects.exists()


@pytest.fixture
def waiting(tus, small_video, check, alice, patient) -> Recording:
    """A file whose check waits for consent: it arrived while the participant's answer was not on file."""
    recording = tus.send(small_video)
    no = {"form": patient.study.consent_forms.first(), "purpose": "record", "granted": False}
    ConsentDecision.objects.create(participant=patient, decided_at=timezone.now(), recorded_by=alice, **no)
    check(recording)
    assert Job.objects.get(kind="check_recording").state == "waiting_for_consent"
    return recording


def test_a_file_that_waited_a_week_for_consent_is_deleted_with_a_sentence(
    waiting, settings, django_capture_on_commit_callbacks
):
    Job.objects.update(created_at=timezone.now() - LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        sweeping.sweep_files_without_consent()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.message) == (
        "refused",
        "Consent to the recording was missing for 7 days, so the file was deleted.",
    )
    assert Job.objects.get(kind="check_recording").state == "cancelled"
    assert list(settings.DATA_DIR.rglob("*.part")) == []


def test_a_file_that_waits_since_yesterday_goes_on_waiting(waiting):
    sweeping.sweep_files_without_consent()
    waiting.refresh_from_db()
    assert waiting.state == "checking"


def test_bytes_without_a_row_go_after_a_day_and_everything_else_stays(ready, tus):
    living = [
        storage.recording_dir(ready.pk),
        storage.upload_file(upload_of(tus.start(9, camera="doctor")).pk),
    ]
    orphans = [storage.recording_dir(uuid.uuid4()), storage.derived_dir(uuid.uuid4())]
    for folder in orphans:
        (folder / "inside").mkdir(parents=True)
    orphans.append(storage.upload_file(uuid.uuid4()))
    orphans[-1].write_bytes(b"x")
    young = storage.recording_dir(uuid.uuid4())
    young.mkdir()
    foreign = storage.recording_dir(ready.pk).parent / "lost+found"
    foreign.mkdir()
    for path in [*living, *orphans, foreign]:
        age(path)
    sweep_orphans()
    assert not [path for path in orphans if path.exists()]
    assert all(path.exists() for path in [*living, young, foreign])


@pytest.mark.django_db
def test_the_folders_are_looked_through_once_an_hour():
    sweep_orphans()
    orphan = storage.recording_dir(uuid.uuid4())
    orphan.mkdir(parents=True)
    age(orphan)
    sweeping.sweep_orphans()
    assert orphan.exists()
    sweep_orphans()
    assert not orphan.exists()


def test_the_file_of_a_failed_check_goes_when_nobody_tried_again_for_a_week(ready):
    Recording.objects.update(state="refused", created_at=timezone.now() - LONG_AGO)
    age(storage.recording_dir(ready.pk))
    sweep_orphans()
    assert not storage.recording_dir(ready.pk).exists()
