"""Messages of the dashboard that rest on kept rows: where it begins, suggestions, and the end."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse

from webapp.live.models import LiveSession, Mode, Suggestion
from webapp.live.queries import readings_since
from webapp.live.session import Message, band_row

BAND_S: Final = 60
WAITS_S: Final = 60  # a suggestion that was neither answered nor overtaken is shown so long after a reload


def opening(session: LiveSession, now_us: int) -> list[Message]:
    """Return what a dashboard that has just been opened needs: the last minute, and what still waits."""
    second = (now_us - session.started_us) // 1_000_000
    rows: list[Message] = []
    if session.mode != Mode.NONE:
        rows = [
            band_row(vars(reading)) for reading in readings_since(session, second - BAND_S).order_by("second")
        ]
    state = {
        "type": "state",
        "now": now_us,
        "started": session.started_us,
        "mode": session.mode,
        "silenced": session.silenced,
        "cameras": {},
        "people": [],
        "rows": rows,
    }
    waiting = session.suggestions.filter(shown=True, answer="", second__gte=second - WAITS_S).last()
    return [state, *([suggestion(waiting)] if waiting else [])]


def suggestion(made: Suggestion) -> Message:
    """Return a suggestion as the dashboard shows it."""
    return {
        "type": "suggestion",
        "id": made.pk,
        "second": made.second,
        "rule": made.rule,
        "text": made.text,
        "language": made.language,
        "framework": made.framework,
        "citations": made.citations,
        "severity": made.severity,
        "confidence": round(made.confidence, 2),
        "evidence": made.evidence,
        "why": why(made.evidence),
        "answer_url": reverse("live:api_answer", args=[made.pk]),
    }


def why(evidence: list[dict[str, Any]]) -> list[str]:
    """Return one sentence per person whose expression is behind a suggestion.

    >>> why([{"who": "patient", "emotions": ["fear", "sadness"], "seconds": [61, 62, 64], "level": 0.71,
    ...       "baseline": 0.12}])
    ['Patient: expression classified as fear or sadness in 3 seconds (71 % against 12 % before).']
    """
    return [_because(one) for one in evidence]


def _because(one: dict[str, Any]) -> str:
    emotions, count = " or ".join(one["emotions"]), len(one["seconds"])
    seconds = f"{count} second{'' if count == 1 else 's'}"
    shares = f"{100 * one['level']:.0f} % against {100 * one['baseline']:.0f} % before"
    return f"{one['who'].capitalize()}: expression classified as {emotions} in {seconds} ({shares})."


def end(session: LiveSession) -> Message:
    return {"type": "end", "reason": session.end_reason}
