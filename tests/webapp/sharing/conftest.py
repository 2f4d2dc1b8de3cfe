from __future__ import annotations

import datetime
import hashlib
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import transaction

from tests.conftest import grant_everything
from tests.videos import write_recording
from tests.webapp.deidjobs.conftest import hidden_video
from tests.webapp.records import add_recording, add_run
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.services import request_derivative, review_derivative, write_derivative
from webapp.deidjobs.storage import new_version
from webapp.jobs import running
from webapp.recordings.models import Recording
from webapp.sharing.building import start_build
from webapp.sharing.models import Release
from webapp.sharing.services import draft_release
from webapp.studies.models import Encounter
from webapp.studies.services import add_participant, create_encounter

WORDS = {
    "title": "Expressions in cardiology",
    "description": "Consultations of one clinic.",
    "terms": "For research only. Nobody may try to find out who is shown.",
    "licence": "CC BY-NC 4.0",
}


@pytest.fixture
def release(study, alice) -> Release:
    """A draft."""
    return draft_release(actor=alice, study=study, **WORDS)


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> bytes:
    """Two seconds that a player can play."""
    return write_recording(tmp_path_factory.mktemp("hidden") / "hidden.mp4").read_bytes()


def add_version(recording: Recording, actor, video: bytes, *, verdict="pass", audio="remove") -> Derivative:
    """Give a recording a version whose file is this video."""
    job = request_derivative(recording=recording, actor=actor, method="blur", audio=audio, donor="auto")
    type(job).objects.filter(pk=job.pk).update(state="done")
    pk = uuid.uuid4()
    stored = new_version(recording.pk, pk)
    stored.parent.mkdir(parents=True, exist_ok=True)
    part = stored.with_name(f".{stored.name}.part")
    with part.open("wb") as file:
        file.write(video)
    part.replace(stored)
    sha256 = hashlib.sha256(video).hexdigest()
    hidden = replace(hidden_video(verdict), sha256=sha256, size_bytes=len(video))
    with transaction.atomic():
        return write_derivative(recording=recording, job=job, pk=pk, hidden=hidden)


def sign(version: Derivative, reviewer, decision: str = "approved") -> None:
    review_derivative(derivative=version, actor=reviewer, decision=decision, reason="looked at all of it")


@pytest.fixture
def share(study, alice, audrey, doctor, video):
    """Return a maker of encounters with both cameras signed off and a timeline, each of a new patient."""

    def make(patient=None, *, cameras=("doctor", "patient"), **person) -> Encounter:
        if patient is None:
            patient = add_participant(actor=alice, study=study, kind="patient", **person)
            grant_everything(alice, patient)
        encounter = create_encounter(
            actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 3)
        )
        for camera in cameras:
            sign(add_version(add_recording(encounter, camera), alice, video + camera.encode()), audrey)
        add_run(encounter)
        return encounter

    return make


def build(release: Release, actor) -> Release:
    job = start_build(actor=actor, release=release)
    running.run(job.pk)
    release.refresh_from_db()
    return release


def everything_in(folder) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]
