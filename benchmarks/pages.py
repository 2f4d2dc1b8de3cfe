"""What pages cost in a study of 10,000 recordings and a million seconds: time and number of queries."""

from __future__ import annotations

import datetime
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENCOUNTERS = 5_000
SECONDS_PER_CAMERA = 100
REPEATS = 5


def measure_pages() -> dict[str, Any]:
    """Return milliseconds and queries per page."""
    return run_in_site("benchmarks.pages")


def run_in_site(module: str) -> dict[str, Any]:
    """Return the JSON that a module prints in a process and with a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
            "LOG_FORMAT": "json",
        }
        for command in (["manage.py", "migrate", "-v0"], ["manage.py", "collectstatic", "-v0", "--noinput"]):
            subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", module]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _main() -> None:
    import django

    django.setup()
    logging.disable(logging.INFO)
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    user, addresses = fill()
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    figures: dict[str, Any] = {}
    for name, address in addresses.items():
        times = []
        for _ in range(REPEATS):
            with CaptureQueriesContext(connection) as queries:
                started = time.perf_counter()
                answer = client.get(address)
                times.append(time.perf_counter() - started)
            assert answer.status_code == 200, address
        figures[f"{name}_ms"] = round(1000 * sorted(times)[REPEATS // 2])
        figures[f"{name}_queries"] = len(queries)
    print(json.dumps(figures))


def fill() -> tuple[Any, dict[str, str]]:
    """Write the study straight into the tables; return who coordinates it and the pages to ask for."""
    from webapp.accounts.models import User
    from webapp.recordings.models import Recording
    from webapp.studies.models import Encounter, Participant
    from webapp.studies.services import add_member, create_study

    user = User.objects.create_user("alice@hospital.example", display_name="Alice")
    study = create_study(actor=user, slug="large", title="A large study", target_encounters=ENCOUNTERS)
    add_member(actor=user, study=study, user=user, role="owner")
    doctor = Participant.objects.create(study=study, code="D-1", kind="doctor")
    patients = Participant.objects.bulk_create(
        Participant(study=study, code=f"P-{number}", kind="patient") for number in range(ENCOUNTERS)
    )
    first = datetime.date(2025, 1, 1)
    encounters = Encounter.objects.bulk_create(
        Encounter(
            study=study,
            number=number + 1,
            doctor=doctor,
            patient=patient,
            held_on=first + datetime.timedelta(days=number % 300),
            status="recorded",
        )
        for number, patient in enumerate(patients)
    )
    Recording.objects.bulk_create(
        (
            Recording(encounter=one, camera=camera, state="ready", suffix=".mp4", size_bytes=1)
            for one in encounters
            for camera in ("doctor", "patient")
        ),
        batch_size=2000,
    )
    _runs(encounters)
    base = study.get_absolute_url()
    return user, {
        "overview": base,
        "encounters": f"{base}encounters/",
        "encounters_searched": f"{base}encounters/?q=P-49&sort=-date",
        "encounters_last_page": f"{base}encounters/?page=100",
        "participants": f"{base}participants/",
        "consent_board": f"{base}consent/board/?state=never",
        "encounter": encounters[-1].get_absolute_url(),
    }


def _runs(encounters: list[Any]) -> None:
    from django.utils import timezone

    from webapp.analysis.models import AnalysisRun, SecondRow

    runs = AnalysisRun.objects.bulk_create(
        AnalysisRun(
            encounter=one,
            model="benchmark",
            summary={"cameras": {}, "suggestions": []},
            finished_at=timezone.now(),
        )
        for one in encounters[:-1]
    )
    for start in range(0, len(runs), 100):
        SecondRow.objects.bulk_create(
            (
                SecondRow(
                    run=run,
                    camera=camera,
                    second=second,
                    role=camera,
                    status="no_face",
                    frames_sampled=5,
                    frames_detected=0,
                )
                for run in runs[start : start + 100]
                for camera in ("doctor", "patient")
                for second in range(SECONDS_PER_CAMERA)
            ),
            batch_size=2000,
        )


if __name__ == "__main__":
    _main()
