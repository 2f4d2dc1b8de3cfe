"""An empty site in a folder of its own, with one study, for the figures about jobs."""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.studies.models import Encounter


@contextmanager
def empty_site() -> Iterator[Path]:
    """Set Django up over a new folder and SQLite; a process can do this once."""
    with TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {
            "DATA_DIR": folder,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield Path(folder)


def make_encounters(count: int) -> list[Encounter]:
    """Return encounters of a new study, in which everybody agrees to everything."""
    from webapp.accounts.models import User
    from webapp.consent.models import Purpose
    from webapp.consent.services import publish_form, record_decisions
    from webapp.studies import services
    from webapp.studies.models import Study
    from webapp.studies.states import StudyState

    slug = secrets.token_hex(4)
    user = User.objects.create_user(f"{slug}@bench.example", secrets.token_urlsafe(12), display_name="Bench")
    study = services.create_study(actor=user, slug=slug, title="Benchmark")
    services.add_member(actor=user, study=study, user=user, role="coordinator")
    publish_form(actor=user, study=study, text="What taking part means.")
    Study.objects.filter(pk=study.pk).update(state=StudyState.RECRUITING)
    study.refresh_from_db()
    doctor, patient = (
        services.add_participant(actor=user, study=study, kind=kind) for kind in ("doctor", "patient")
    )
    for person in (doctor, patient):
        record_decisions(actor=user, participant=person, decisions=dict.fromkeys(Purpose.values, True))
    held_on = datetime.date(2026, 1, 15)
    return [
        services.create_encounter(actor=user, study=study, held_on=held_on, doctor=doctor, patient=patient)
        for _ in range(count)
    ]


def add_recording(encounter: Encounter, camera: str, source: Path, duration_us: int) -> None:
    """Give an encounter a checked recording."""
    from webapp.recordings import storage
    from webapp.recordings.models import Recording

    recording = Recording.objects.create(
        encounter=encounter,
        camera=camera,
        state="ready",
        original_name=source.name,
        suffix=source.suffix,
        size_bytes=source.stat().st_size,
        sha256=secrets.token_hex(32),
        duration_us=duration_us,
    )
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True)
    shutil.copyfile(source, str(path))
