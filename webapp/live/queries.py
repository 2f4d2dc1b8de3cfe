"""Questions about live sessions: which may go on, and what they have kept."""

from __future__ import annotations

from django.db.models import QuerySet

from webapp.consent.models import Purpose
from webapp.live.models import LiveSession, Reading
from webapp.recordings.models import Camera
from webapp.recordings.queries import granted_in, needed_decisions
from webapp.studies.models import Encounter


def open_session(encounter: Encounter) -> LiveSession | None:
    return LiveSession.objects.filter(encounter=encounter, ended_at=None).first()


def allowed_cameras(encounter: Encounter) -> list[str]:
    """Return the cameras whose person may be analysed live at this moment; none without live feedback."""
    granted = granted_in(encounter)
    if not needed_decisions(Purpose.LIVE_FEEDBACK) <= granted:
        return []
    return [camera for camera in Camera.values if needed_decisions(f"analyse_{camera}") <= granted]


def readings_since(session: LiveSession, second: int) -> QuerySet[Reading]:
    return Reading.objects.filter(session=session, second__gte=second)
