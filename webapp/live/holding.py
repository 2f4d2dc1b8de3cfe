"""What this app erases when consent ends: whole live sessions, or the readings of one person."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from webapp.analysis.queries import may_be_analysed, purpose_of
from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.live.models import LiveSession, Reading
from webapp.recordings.models import Camera
from webapp.recordings.queries import consents_to
from webapp.studies.models import Encounter

WITHHELD = "consent_withheld"


def preview(scope: Scope) -> Iterator[Effect]:
    sessions = LiveSession.objects.filter(encounter__in=scope.encounters)
    if _takes_all(scope):
        readings = Reading.objects.filter(session__in=sessions).count()
        why = f"With {readings:,} classified seconds and every suggestion."
        yield Effect("delete", "live sessions", sessions.count(), why)
        return
    for camera in _ended_cameras(scope):
        count = _readings(sessions, camera).count()
        yield Effect("delete", f"live seconds of the {camera}", count, "They then say so; suggestions go.")


def erase(scope: Scope) -> list[Erased]:
    if _takes_all(scope):
        sessions = _sessions_to_erase(scope)
        gone = [Erased("live session", str(session.pk)) for session in sessions]
        LiveSession.objects.filter(pk__in=[session.pk for session in sessions]).delete()
        return gone
    return [gone for camera in _ended_cameras(scope) for gone in _erase_camera(scope, camera)]


def remains(scope: Scope, _erased: frozenset[str]) -> Iterator[str]:
    if _takes_all(scope):
        if left := len(_sessions_to_erase(scope)):
            yield f"{left} live sessions are still in the database"
        return
    for camera in _ended_cameras(scope):
        sessions = [session.pk for session in _sessions_of_camera(scope, camera)]
        if left := _readings(LiveSession.objects.filter(pk__in=sessions), camera).count():
            yield f"{left} live seconds of the {camera} are still in the database"


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    sessions = LiveSession.objects.filter(encounter__in=encounters)
    return Encounter.objects.filter(pk__in=sessions.values("encounter"))


def _takes_all(scope: Scope) -> bool:
    return bool({Purpose.RECORD, Purpose.LIVE_FEEDBACK} & scope.purposes)


def _sessions_to_erase(scope: Scope) -> list[LiveSession]:
    """Return the sessions from before the end of consent, or to which there is no consent now."""
    sessions = LiveSession.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [
        session
        for session in sessions
        if session.started_at <= scope.ended_at or not consents_to(session.encounter, Purpose.LIVE_FEEDBACK)
    ]


def _ended_cameras(scope: Scope) -> list[str]:
    return [camera for camera in Camera.values if scope.ends(purpose_of(camera), camera)]


def _sessions_of_camera(scope: Scope, camera: str) -> list[LiveSession]:
    sessions = LiveSession.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [
        session
        for session in sessions.select_for_update(of=("self",))
        if session.started_at <= scope.ended_at or not may_be_analysed(session.encounter, camera)
    ]


def _readings(sessions: QuerySet[LiveSession], camera: str) -> QuerySet[Reading]:
    return Reading.objects.filter(session__in=sessions, camera=camera).exclude(status=WITHHELD)


def _erase_camera(scope: Scope, camera: str) -> Iterator[Erased]:
    """Empty the camera's readings; suggestions go too, because their evidence may speak of this person."""
    for session in _sessions_of_camera(scope, camera):
        emptied = _readings(LiveSession.objects.filter(pk=session.pk), camera).update(
            status=WITHHELD,
            emotion=None,
            confidence=None,
            probs=[],
            calibrated={},
            frames_sampled=0,
            frames_detected=0,
        )
        session.suggestions.all().delete()
        if emptied:
            yield Erased(f"live seconds of the {camera}", str(session.pk), count=emptied)


HOLDER = Holder("live", preview, erase, remains, holding)
