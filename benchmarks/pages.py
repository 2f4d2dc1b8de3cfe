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
#: The number of queries must not grow from here.
FEW = 150
#: Pages by who asks for them.
PAGES = dict.fromkeys(
    (
        *("home", "overview", "encounters", "encounters_searched", "encounters_last_page", "participants"),
        *("consent", "consent_board", "release_plan", "audit", "encounter", "timeline_csv"),
    ),
    "alice",
) | {"feedback": "dora", "trends": "dora"}
SECONDS_PER_CAMERA = 100
REPEATS = 5
EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
SUMMARY = {
    "duration_s": SECONDS_PER_CAMERA,
    "detection_rate": 0.0,
    "seconds": {"ok": 0, "no_face": SECONDS_PER_CAMERA},
    "seconds_by_emotion": dict.fromkeys(EMOTIONS, 0),
    "share_by_emotion": dict.fromkeys(EMOTIONS, 0.1),
    "changes_per_minute": None,
    "dominant": None,
}


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
    few = _ask_for_pages(*fill("small", FEW))
    many = _ask_for_pages(*fill("large", ENCOUNTERS))
    more = {f"{name}_queries_of_{FEW}": few[f"{name}_queries"] for name in PAGES}
    print(json.dumps(many | more))


def _ask_for_pages(people: dict[str, Any], addresses: dict[str, str]) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    clients = {name: Client(SERVER_NAME="localhost") for name in people}
    for name, user in people.items():
        clients[name].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    figures: dict[str, Any] = {}
    for page, who in PAGES.items():
        times = []
        for _ in range(REPEATS):
            with CaptureQueriesContext(connection) as queries:
                started = time.perf_counter()
                answer = clients[who].get(addresses[page])
                answer.getvalue()
                times.append(time.perf_counter() - started)
            assert answer.status_code == 200, (page, answer.status_code)
        figures[f"{page}_ms"] = round(1000 * sorted(times)[REPEATS // 2])
        figures[f"{page}_queries"] = len(queries)
    return figures


def fill(slug: str, count: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a study straight into the tables, in which everybody agrees to everything; return owner and
    doctor, and the pages to ask for.
    """
    from webapp.accounts.models import User
    from webapp.feedback.models import Reflection
    from webapp.recordings.models import Recording
    from webapp.studies.models import Encounter, Participant
    from webapp.studies.services import add_member, create_study

    alice, dora = (
        User.objects.create_user(f"{name}-{slug}@hospital.example", display_name=name)
        for name in ("alice", "dora")
    )
    study = create_study(actor=alice, slug=slug, title=f"A {slug} study", target_encounters=count)
    for user, role in ((alice, "owner"), (dora, "doctor")):
        add_member(actor=alice, study=study, user=user, role=role)
    doctors = [
        Participant.objects.create(study=study, code=f"D-{number}", kind="doctor", user=user)
        for number, user in enumerate((dora, None, None, None))
    ]
    patients = Participant.objects.bulk_create(
        Participant(study=study, code=f"P-{number}", kind="patient") for number in range(count)
    )
    _decide(study, alice, [*doctors, *patients])
    first = datetime.date(2025, 1, 1)
    encounters = Encounter.objects.bulk_create(
        Encounter(
            study=study,
            number=number + 1,
            doctor=doctors[number % len(doctors)],
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
    runs = _runs(encounters)
    Reflection.objects.create(encounter=encounters[0], doctor=dora)
    base = study.get_absolute_url()
    return {"alice": alice, "dora": dora}, {
        "home": "/",
        "overview": base,
        "encounters": f"{base}encounters/",
        "encounters_searched": f"{base}encounters/?q=P-4&sort=-date",
        "encounters_last_page": f"{base}encounters/?page=100",
        "participants": f"{base}participants/",
        "consent": f"{base}consent/",
        "consent_board": f"{base}consent/board/?state=yes",
        "release_plan": f"{base}releases/new/",
        "audit": f"{base}audit/",
        "encounter": encounters[0].get_absolute_url(),
        "timeline_csv": f"/api/v1/runs/{runs[0].pk}/timeline.csv",
        "feedback": f"/encounters/{encounters[0].pk}/feedback/",
        "trends": "/feedback/",
    }


def _decide(study: Any, alice: Any, people: list[Any]) -> None:
    from django.utils import timezone

    from webapp.consent.asking import asked_of
    from webapp.consent.models import ConsentDecision
    from webapp.consent.services import publish_form

    form = publish_form(actor=alice, study=study, text="What taking part means.")
    study.state = "recruiting"
    study.save(update_fields=["state"])
    now = timezone.now()
    ConsentDecision.objects.bulk_create(
        (
            ConsentDecision(
                participant=person,
                form=form,
                purpose=purpose,
                granted=True,
                decided_at=now,
                recorded_by=alice,
            )
            for person in people
            for purpose in asked_of(person)
        ),
        batch_size=2000,
    )


def _runs(encounters: list[Any]) -> list[Any]:
    from django.utils import timezone

    from webapp.analysis.models import AnalysisRun, SecondRow

    roles = ("doctor", "patient")
    runs = AnalysisRun.objects.bulk_create(
        AnalysisRun(
            encounter=one,
            model="benchmark",
            summary={"cameras": {role: {"roles": {role: SUMMARY}} for role in roles}, "suggestions": []},
            finished_at=timezone.now(),
        )
        for one in encounters
    )
    for start in range(0, len(runs), 100):
        SecondRow.objects.bulk_create(
            (
                SecondRow(
                    run=run,
                    camera=role,
                    second=second,
                    role=role,
                    status="no_face",
                    frames_sampled=5,
                    frames_detected=0,
                )
                for run in runs[start : start + 100]
                for role in roles
                for second in range(SECONDS_PER_CAMERA)
            ),
            batch_size=2000,
        )
    return runs


if __name__ == "__main__":
    _main()
