from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from tests.webapp.records import add_recording, add_run
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.services import withdraw_consent
from webapp.recordings import storage
from webapp.recordings.models import Upload


@pytest.fixture
def held(encounter):
    """Everything that an encounter can hold: two recordings, posters, face samples, a run, an upload."""
    recordings = {camera: add_recording(encounter, camera) for camera in ("doctor", "patient")}
    for recording in recordings.values():
        samples = storage.derived_dir(recording.pk) / "samples" / "key"
        samples.mkdir(parents=True)
        (samples / "000000.npz").write_bytes(b"faces and embeddings")
    upload = Upload.objects.create(
        encounter=encounter, camera="patient", original_name="b.mp4", suffix=".mp4", length=9, offset=4
    )
    path = storage.upload_file(upload.pk)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    return {**recordings, "run": add_run(encounter), "upload": upload}


@pytest.fixture
def withdraw(alice, django_capture_on_commit_callbacks):
    """Return a function that withdraws purposes and does what follows the commit and the next sweep."""

    def run(participant, *purposes):
        with django_capture_on_commit_callbacks(execute=True):
            erasure = withdraw_consent(actor=alice, participant=participant, purposes=purposes)
        finish_open_erasures()
        if erasure is not None:
            erasure.refresh_from_db()
        return erasure

    return run


def files_left() -> list[Path]:
    return [path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()]
