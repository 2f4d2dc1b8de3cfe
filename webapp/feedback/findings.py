"""What there is to reflect on after an encounter: moments, shares, mirroring, voices and suggestions."""

from __future__ import annotations

from typing import Any

from webapp import engines
from webapp.accounts.models import User
from webapp.analysis.queries import rules_of
from webapp.feedback.comments import comments_on
from webapp.feedback.models import Note
from webapp.feedback.queries import care_score, compare_shares, doctor_shares
from webapp.feedback.rows import Source, rows_by_camera, timeline_of
from webapp.feedback.speaking import speaking_of
from webapp.studies.models import Encounter


def feedback_of(encounter: Encounter, doctor: User, source: Source | None) -> dict[str, Any]:
    """Return what the doctor's page and its PDF both say; findings only where there is a source."""
    notes = Note.objects.filter(encounter=encounter, doctor=doctor)
    found = {"notes": notes, "comments": comments_on(encounter, doctor), "care": care_score(encounter)}
    return found | (_findings(encounter, doctor, source) if source else {})


def _findings(encounter: Encounter, doctor: User, source: Source) -> dict[str, Any]:
    rows = rows_by_camera(source, doctor)
    rules = rules_of(encounter.study)
    found = engines.session_findings(rows["doctor"], rows["patient"], rules=rules.text if rules else "")
    shares = found["summary"]["doctor"]["share_by_emotion"]
    known = doctor_shares(encounter, doctor) if source.run else shares
    return {
        "timeline": timeline_of(source, doctor, found["summary"]),
        "moments": found["moments"],
        "mirroring": [
            one | {"behind_s": abs(one["lag_s"])}
            for one in found["mirroring"]
            if one["correlation"] is not None
        ],
        "comparison": compare_shares(encounter, known, doctor) if known else [],
        "had_live": encounter.live_sessions.exists(),
        "speaking": speaking_of(source.run),
        "suggestions": _suggestions(encounter, found["suggestions"]),
    }


def _suggestions(encounter: Encounter, computed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was suggested live with its answers; without a live session, what would have been."""
    live = encounter.live_sessions.first()
    if live is None:
        return [one | {"was_live": False} for one in computed]
    return [
        {
            "second": one.second,
            "text": one.text,
            "framework": one.framework,
            "citations": one.citations,
            "was_live": True,
            "shown": one.shown,
            "answer": one.get_answer_display(),
        }
        for one in live.suggestions.all()
    ]
