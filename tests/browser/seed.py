"""Fill an empty site with what the browser tests look at: `python -m tests.browser.seed`. Prints JSON."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path

import django

from tests.browser.release_seed import release_pages
from tests.browser.seeded_run import SECONDS, add_shown_run

PASSWORD = "correct horse battery staple"
EMAIL = "{}@hospital.example"


def main() -> None:
    django.setup()
    from webapp.studies.encounters import mark_recorded

    study = _study()
    shown = _encounter(study)
    recordings = _recordings(shown)
    add_shown_run(shown, recordings)
    mark_recorded(shown)
    version = _version(recordings[0])
    erasure = _erasure(study)
    failed = _encounter(study)
    failed_job = _failed_job(failed)
    addresses = {
        "study": study["study"].get_absolute_url(),
        "shown": shown.get_absolute_url(),
        "failed": failed.get_absolute_url(),
        "failed_job": str(failed_job.pk),
        "derivative": version.get_absolute_url(),
        "sound": f"/recordings/{recordings[0].pk}/spans/",
        "patient": study["patient"].code,
        "member": f"{study['study'].get_absolute_url()}members/{study['study'].memberships.first().pk}/",
        "invitation": study["invitation"],
        "version": f"/studies/empathy/consent-form/{study['study'].consent_forms.get().pk}/",
        "erasure": erasure.get_absolute_url(),
        **_live_and_feedback(study, shown),
        **release_pages(),
    }
    sys.stdout.write(json.dumps(addresses))


def _study() -> dict:
    from tests.conftest import grant_everything
    from webapp.accounts.models import User
    from webapp.consent.services import publish_form
    from webapp.consent.signing import sign_consent
    from webapp.studies import services
    from webapp.studies.attributes import define_attribute
    from webapp.studies.members import invite
    from webapp.studies.protocol import add_arm, add_site, change_state

    people = {
        name: User.objects.create_user(EMAIL.format(name), PASSWORD, display_name=name.title())
        for name in ("alice", "dora", "nina", "mona", "petra")
    }
    alice = people["alice"]
    alice.is_staff = True
    alice.save()
    study = services.create_study(
        actor=alice,
        slug="empathy",
        title="Empathy in cardiology",
        purpose="How two faces move together.",
        protocol_number="2026-17",
        target_encounters=40,
    )
    services.add_member(actor=alice, study=study, user=alice, role="owner")
    services.add_member(actor=alice, study=study, user=people["dora"], role="doctor")
    define_attribute(actor=alice, study=study, name="years-in-practice", kind="number")
    add_site(actor=alice, study=study, name="Basel")
    add_arm(actor=alice, study=study, name="Sparse", policy="sparse")
    empty = services.create_study(actor=alice, slug="empty", title="A study without anything yet")
    services.add_member(actor=alice, study=empty, user=alice, role="coordinator")
    publish_form(actor=alice, study=study, text="What taking part means.")
    for state in ("approved", "recruiting"):
        change_state(actor=alice, study=study, to=state)
    doctor = services.add_participant(actor=alice, study=study, kind="doctor", user=people["dora"])
    patient, other = (services.add_participant(actor=alice, study=study, kind="patient") for _ in range(2))
    for participant in (doctor, patient, other):
        grant_everything(alice, participant)
    sign_consent(
        actor=alice,
        participant=patient,
        form=study.consent_forms.get(),
        answers={"record": True},
        signature="AB",
        valid_until=datetime.date.today() + datetime.timedelta(days=20),
    )
    _, token = invite(actor=alice, study=study, email=EMAIL.format("newcomer"), role="auditor", site=None)
    return {
        "study": study,
        "alice": alice,
        "doctor": doctor,
        "patient": patient,
        "invitation": f"/invitations/{token}/",
    }


def _live_and_feedback(study: dict, shown) -> dict[str, str]:
    from django.urls import reverse

    from webapp.feedback.access import care_token
    from webapp.feedback.models import Comment, Note, Reflection
    from webapp.live.services import open_live_session

    dora = study["doctor"].user
    session = open_live_session(actor=study["alice"], encounter=_encounter(study))
    Reflection.objects.create(encounter=shown, doctor=dora, text="I went too fast when she looked away.")
    Note.objects.create(encounter=shown, doctor=dora, second=40, text="She looked down.", cue="cue")
    comment = Comment.objects.create(encounter=shown, author=dora, second=40, text="I missed this.")
    Comment.objects.create(encounter=shown, author=study["alice"], second=40, text="So did I at first.")
    return {
        "comment": reverse("feedback:comment_change", args=[comment.pk]),
        "live": session.get_absolute_url(),
        "care": reverse("feedback:care", args=[care_token(shown)]),
    }


def _encounter(made: dict):
    from webapp.studies.services import create_encounter

    return create_encounter(
        actor=made["alice"],
        study=made["study"],
        doctor=made["doctor"],
        patient=made["patient"],
        held_on=datetime.date(2026, 3, 2),
    )


def _erasure(made: dict):
    """Return the erasure after somebody withdrew from an encounter that had been recorded."""
    from tests.conftest import grant_everything
    from tests.webapp.records import add_recording, add_run
    from webapp.consent.services import withdraw_consent
    from webapp.studies.services import add_participant

    person = grant_everything(
        made["alice"], add_participant(actor=made["alice"], study=made["study"], kind="patient")
    )
    encounter = _encounter({**made, "patient": person})
    for camera in ("doctor", "patient"):
        add_recording(encounter, camera)
    add_run(encounter)
    return withdraw_consent(actor=made["alice"], participant=person, purposes=["record"])


def _recordings(encounter) -> list:
    from django.conf import settings

    from tests.videos import write_recording
    from webapp.recordings import storage
    from webapp.recordings.models import Recording

    source = write_recording(Path(settings.DATA_DIR) / "seed.mp4", times=range(25 * SECONDS), size=(320, 180))
    made = []
    for camera in ("doctor", "patient"):
        recording = Recording.objects.create(
            encounter=encounter,
            camera=camera,
            state="ready",
            original_name=f"{camera}.mp4",
            suffix=".mp4",
            size_bytes=source.stat().st_size,
            sha256="0" * 64,
            container="mp4",
            codec="h264",
            width=320,
            height=180,
            duration_us=SECONDS * 1_000_000,
            frame_rate="25/1",
            has_audio=True,
            playable=True,
        )
        path = storage.original_path(recording)
        path.parent.mkdir(parents=True)
        path.write_bytes(source.read_bytes())
        _poster(storage.poster_path(recording))
        made.append(recording)
    return made


def _poster(path: Path) -> None:
    import cv2

    from tests.videos import picture

    cv2.imwrite(str(path), picture(7, 320, 180))


def _version(recording):
    """A de-identified version that somebody else asked for; its file is the original, which is synthetic."""
    import shutil

    from tests.webapp.deidjobs.conftest import add_derivative
    from webapp.deidjobs.models import Derivative
    from webapp.deidjobs.storage import steps_dir, version_path
    from webapp.recordings.storage import original_path

    derivative = add_derivative(recording, None)
    gap = {"track": 1, "start_ms": 2_000, "end_ms": 3_500, "covered": True}
    nurse = {"track": 2, "role": "irrelevant", "hidden": True, "first_ms": 8_000, "last_ms": 10_000}
    report = derivative.report | {"gaps_to_review": [gap], "tracks": [nurse]}
    steps_dir(recording.pk, derivative.job_id).mkdir(parents=True)
    Derivative.objects.filter(pk=derivative.pk).update(report=report)
    shutil.copyfile(original_path(recording), version_path(recording.pk, derivative.pk))
    return derivative


def _failed_job(encounter):
    from django.utils import timezone

    from webapp.jobs.models import Job, Segment

    now = timezone.now()
    job = Job.objects.create(
        kind="analyse_encounter",
        subject_id=encounter.pk,
        state="failed",
        error_code="unreadable_video",
        error_message="The video stops in the middle of a frame.",
        started_at=now,
        finished_at=now,
    )
    for position, state in enumerate(("done", "failed", "cancelled")):
        Segment.objects.create(
            job=job,
            name=str(position),
            label=f"Patient’s camera, part {position + 1}",
            position=position,
            state=state,
            media_s=30,
            work_s=3.2 if state == "done" else None,
        )
    return job


if __name__ == "__main__":
    main()
