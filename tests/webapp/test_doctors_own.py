"""The doctor's expression is the doctor's own: no address shows it to anybody else unless they allow it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.webapp.test_access_table import TABLE, address, things  # noqa: F401  a fixture
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.analysis.state import encounter_state
from webapp.consent.services import record_decisions
from webapp.core.errors import Forbidden
from webapp.live.access import access_session
from webapp.live.models import LiveSession

OTHERS = ("alice", "bob", "audrey", "carol")
#: Addresses that show something of the doctor's expression to whoever may see it.
SHOWING = {
    *("analysis:encounter", "analysis:api_timeline", "analysis:api_faces", "analysis:timeline_csv"),
    *("feedback:session", "feedback:api_timeline"),
}
MARKS = rb"MARKED|0\.7432|0\.74319"
#: Files that touch what a face showed without giving it to a reader, and why.
INSIDE = {
    "analysis/models.py": "the tables themselves",
    "engines/findings.py": "makes them",
    "analysis/services.py": "writes them",
    "analysis/holding.py": "erases them",
    "analysis/correcting.py": "asks who was in a picture, not what their face showed",
    "analysis/queries.py": "the faces of a stretch, for api.py, which asks",
    "live/models.py": "the tables themselves",
    "live/services.py": "writes them",
    "live/session.py": "makes them",
    "live/holding.py": "erases them",
    "feedback/pdf.py": "draws what findings.py gives it, which asks",
    "live/queries.py": "the seconds of a dashboard, which is the doctor's",
}


@pytest.fixture
def marked(things):  # noqa: F811
    """Readings of the doctor that a body can be searched for."""
    run = AnalysisRun.objects.get()
    SecondRow.objects.filter(run=run, camera="doctor", status="ok").update(confidence=0.74319, anger=0.74319)
    FaceObservation.objects.filter(run=run, camera="doctor").update(confidence=0.74319)
    run.summary["cameras"]["doctor"]["roles"]["doctor"]["dominant"] = "MARKED"
    run.summary["suggestions"] = [
        {"second": 1, "text": "MARKED", "framework": "NURSE", "confidence": 0.9, "evidence": []}
    ]
    run.save()
    return things


def showing(client, things) -> set[str]:  # noqa: F811
    return {
        name
        for name, method in TABLE
        if method == "GET"
        and re.search(
            MARKS,
            client.get(address(name, things).replace("=patient", "=doctor")).getvalue(),
        )
    }


def test_the_doctor_sees_their_own_expression_whatever_they_show_to_others(
    marked, encounter, doctor, dora, alice, signed_in
):
    encounter.reflections.create(doctor=dora)
    record_decisions(actor=alice, participant=doctor, decisions={"show_doctor": False})
    assert showing(signed_in(dora), marked) == SHOWING


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_sees_it_at_any_address_while_it_is_not_shown(
    marked, who, request, encounter, doctor, alice, signed_in
):
    client = signed_in(request.getfixturevalue(who))
    own = {name for name in SHOWING if not name.startswith("feedback:")}
    assert showing(client, marked) == (set() if who == "carol" else own)
    record_decisions(actor=alice, participant=doctor, decisions={"show_doctor": False})
    assert showing(client, marked) == set()


def test_sockets_tell_others_nothing_of_it(marked, encounter, doctor, dora, alice, bob, audrey):
    """An encounter's socket sends its state; a session's readings and suggestions go to its doctor alone."""
    session = LiveSession.objects.get(encounter=encounter)
    for somebody in (alice, bob, audrey):
        assert not re.search(MARKS, json.dumps(encounter_state(somebody, encounter)).encode())
        with pytest.raises(Forbidden):
            access_session(somebody, session.pk, "view_live")
    assert access_session(dora, session.pk, "view_live") == session


def test_whatever_reads_what_faces_showed_asks_who_may_see_it():
    """A new file that touches these tables either asks `shown_to` or says in INSIDE why it need not."""
    touching = re.compile(r"\b(SecondRow|FaceObservation|Reading|faces_between|DOCTORS_SHARES)\b|\.summary\b")
    asking = re.compile(r"\b(shown_to|purpose_to_show|may_be_analysed)\b")
    root = Path(__file__).resolve().parents[2] / "webapp"
    unknown = set()
    for path in sorted(root.glob("*/*.py")):
        name, text = path.relative_to(root).as_posix(), path.read_text("utf-8")
        if touching.search(text) and not asking.search(text) and name not in INSIDE:
            unknown.add(name)
    assert unknown == set()
