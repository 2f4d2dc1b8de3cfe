"""A study with something to share: `python -m tests.browser.release_seed SLUG`. Prints the patient's code."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from types import SimpleNamespace

import django


def main() -> None:
    django.setup()
    sys.stdout.write(make_shareable(sys.argv[1]).patient.code)


def make_shareable(slug: str) -> SimpleNamespace:
    """Make a study of alice's with two signed-off encounters and one that nobody has de-identified."""
    from django.conf import settings

    from tests.conftest import grant_everything, recruiting
    from tests.videos import write_recording
    from tests.webapp.records import add_recording, add_run
    from tests.webapp.sharing.conftest import add_version, sign
    from webapp.accounts.models import User
    from webapp.consent.services import publish_form
    from webapp.studies import services

    alice, nina = (User.objects.get(email=f"{name}@hospital.example") for name in ("alice", "nina"))
    study = services.create_study(actor=alice, slug=slug, title="Open cardiology", purpose="To be shared.")
    services.add_member(actor=alice, study=study, user=alice, role="coordinator")
    publish_form(actor=alice, study=study, text="What taking part means.")
    recruiting(study)
    video = write_recording(Path(settings.DATA_DIR) / f"{slug}.mp4").read_bytes()
    doctor = grant_everything(alice, services.add_participant(actor=alice, study=study, kind="doctor"))
    patients = []
    for number in range(3):
        patient = grant_everything(alice, services.add_participant(actor=alice, study=study, kind="patient"))
        patients.append(patient)
        day = datetime.date(2026, 3, 3)
        met = services.create_encounter(actor=alice, study=study, doctor=doctor, patient=patient, held_on=day)
        for camera in ("doctor", "patient"):
            recording = add_recording(met, camera)
            if number < 2:
                sign(add_version(recording, alice, video + camera.encode()), nina)
        add_run(met)
    return SimpleNamespace(study=study, alice=alice, patient=patients[0])


def release_pages() -> dict[str, str]:
    """Make a study with a package that is there, one that is recalled and a draft; return their addresses."""
    from django.utils import timezone

    from tests.webapp.sharing.conftest import WORDS, build
    from webapp.sharing.recalling import recall_release
    from webapp.sharing.services import draft_release, record_recipient

    made = make_shareable("open")
    found = {}
    for name in ("recalled_release", "release", "draft_release"):
        release = draft_release(actor=made.alice, study=made.study, **WORDS)
        found[name] = release.get_absolute_url()
        if name == "draft_release":
            continue
        build(release, made.alice)
        record_recipient(
            actor=made.alice,
            release=release,
            organisation="University of Bern",
            email="data@bern.example",
            purpose="Comparing classifiers",
            agreement="DUA 2026-4",
            given_on=timezone.localdate(),
        )
        if name == "recalled_release":
            recall_release(actor=made.alice, release=release, note="A table names the wrong camera.")
    return found | {"shared_study": made.study.get_absolute_url()}


if __name__ == "__main__":
    main()
