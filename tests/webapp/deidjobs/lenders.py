"""Participants who lend their faces, and workers that draw means without a network."""

from __future__ import annotations

import datetime

from django.test import TestCase
from django.utils import timezone

from deid.contribution import write_contribution
from tests.conftest import grant_everything
from tests.deid.contributors import somebody
from tests.webapp.deidjobs.conftest import hidden_video
from tests.webapp.records import add_recording
from webapp.deidjobs.means import new_contribution
from webapp.deidjobs.models import FaceContribution
from webapp.engines import HiddenVideo, HidingStep
from webapp.jobs import running, segments
from webapp.jobs.models import Segment
from webapp.recordings.models import Recording
from webapp.studies.services import add_participant, create_encounter


def add_patient(study, alice, doctor) -> Recording:
    """Return a recording of another patient who agrees to everything."""
    patient = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    encounter = create_encounter(
        actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 3)
    )
    return add_recording(encounter, "patient", patient.code.encode(), uploaded_by=alice)


def lend(recording: Recording, number: int) -> FaceContribution:
    """Write what the patient of a recording gives."""
    made = somebody(number)
    one = FaceContribution.objects.create(
        participant=recording.encounter.patient,
        recording=recording,
        digest=made.digest,
        sha256="c" * 64,
        size_bytes=7,
        made_at=timezone.now(),
    )
    file = new_contribution(recording.pk, one.pk)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_contribution(made, file)
    return one


def add_lenders(study, alice, doctor, count: int) -> list[FaceContribution]:
    return [lend(add_patient(study, alice, doctor), number) for number in range(1, count + 1)]


def mean_of(digests: list[str], k: int) -> HiddenVideo:
    """Return a version whose face is the mean of the first k, and whose mouth is of all."""
    name = f"k-same-{''.join(sorted(digests[:k]))[:12]}"
    hidden = hidden_video()
    look = {"kind": "k-same", "k": k, "contributors": len(digests), "bound": round(1 / k, 4)}
    groups = {"members": {name: sorted(digests[:k])}, "lent": {name: sorted(digests)}}
    hidden.report.update({"donors": {"1": name}, "main_tracks": [1], "look": look | groups})
    hidden.recipe["look"] = {"kind": "k-same", "k": k, "contributions": sorted(digests), "worn": []}
    return hidden


class DrawingMeans:
    """Hides in one step; tests replace `during` and `before_end`. looks: those that were drawn."""

    def __init__(self) -> None:
        self.looks = []

    def during(self) -> None:
        pass

    def before_end(self) -> None:
        pass

    def plan(self, job):
        written = (job.folder / "write-0.npz").is_file()
        return [HidingStep("write", "write-0.npz", 0, 30.0, 15.0, is_done=written)]

    def step(self, job, name, *, progress, cancelled):
        job.folder.mkdir(parents=True, exist_ok=True)
        self.during()
        job.destination.parent.mkdir(parents=True, exist_ok=True)
        job.destination.write_bytes(b"hidden")
        (job.folder / name).write_bytes(b"kept")

    def finish(self, job, judging, *, progress, cancelled):
        self.looks.append(job.look)
        self.before_end()
        given = FaceContribution.objects.filter(
            pk__in=[one.name.split(".")[0] for one in job.look.contributions]
        )
        return mean_of(list(given.order_by("digest").values_list("digest", flat=True)), job.look.k)


def work_off(*jobs) -> None:
    """Do what workers do until nobody can go on."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        for job in jobs:
            for _ in range(12):
                running.run(job.pk)
                for segment in Segment.objects.filter(job=job, state="queued"):
                    segments.run(segment.pk)
    for job in jobs:
        job.refresh_from_db()
