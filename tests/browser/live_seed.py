"""A live session that has been going on for a while: `python -m tests.browser.live_seed`. Prints JSON.

`python -m tests.browser.live_seed withdraw SESSION` takes the patient's consent back; `counts SESSION` tells
what is kept.
"""

from __future__ import annotations

import json
import sys

import django

WATCHED_S = 100
#: Rows are there for so long to come as well, while browsers open their pages.
AHEAD_S = 20


def main() -> None:
    django.setup()
    if sys.argv[1:2] == ["withdraw"]:
        withdraw(sys.argv[2])
    elif sys.argv[1:2] == ["counts"]:
        sys.stdout.write(json.dumps(counts(sys.argv[2])))
    else:
        sys.stdout.write(json.dumps(seed()))


def seed() -> dict[str, str]:
    from tests.browser.seed import _encounter
    from tests.conftest import grant_everything
    from webapp.accounts.models import User
    from webapp.live import tokens
    from webapp.live.models import LiveSession, Reading
    from webapp.live.services import open_live_session
    from webapp.studies.models import Encounter
    from webapp.studies.services import add_participant

    known = (
        Encounter.objects.filter(study__slug="empathy").select_related("study", "doctor", "patient").first()
    )
    alice = User.objects.get(email="alice@hospital.example")
    patient = grant_everything(alice, add_participant(actor=alice, study=known.study, kind="patient"))
    made = {"alice": alice, "study": known.study, "doctor": known.doctor, "patient": patient}
    encounter = _encounter(made)
    session = open_live_session(actor=alice, encounter=encounter)
    started_us = session.started_us - WATCHED_S * 1_000_000
    LiveSession.objects.filter(pk=session.pk).update(started_us=started_us)
    Reading.objects.bulk_create(
        _neutral(session, camera, second)
        for second in range(WATCHED_S + AHEAD_S)
        for camera in ("doctor", "patient")
    )
    address = session.get_absolute_url()
    return {
        "session": address,
        "id": str(session.pk),
        "dashboard": f"{address}dashboard/",
        "doctor": f"{address}camera/doctor/",
        "patient": f"{address}camera/patient/?token={tokens.make(session.pk, 'patient')}",
    }


def _neutral(session, camera: str, second: int):
    from webapp.live.models import Reading

    probs = [0.03, 0.03, 0.03, 0.03, 0.82, 0.03, 0.03]
    return Reading(
        session=session,
        camera=camera,
        second=second,
        status="ok",
        emotion="neutral",
        confidence=0.82,
        probs=probs,
        frames_sampled=5,
        frames_detected=5,
    )


def counts(session_id: str) -> dict[str, int]:
    """Return what is kept of the patient's camera: first and last second, classified ones, and holes."""
    from webapp.live.models import Reading

    rows = Reading.objects.filter(session_id=session_id, camera="patient").order_by("second")
    seconds = list(rows.values_list("second", flat=True))
    return {
        "first": seconds[0],
        "last": seconds[-1],
        "ok": rows.filter(status="ok").count(),
        "missing": seconds[-1] - seconds[0] + 1 - len(seconds),
    }


def withdraw(session_id: str) -> None:
    from webapp.accounts.models import User
    from webapp.consent.services import record_decisions
    from webapp.live.models import LiveSession

    session = LiveSession.objects.select_related("encounter__patient").get(pk=session_id)
    record_decisions(
        actor=User.objects.get(email="alice@hospital.example"),
        participant=session.encounter.patient,
        decisions={"live_feedback": False},
    )


if __name__ == "__main__":
    main()
