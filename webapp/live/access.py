"""The only way to a live session, a suggestion of it, or one of its cameras."""

from __future__ import annotations

import uuid

from webapp.core.errors import Forbidden, NotFound
from webapp.live import tokens
from webapp.live.models import LiveSession, Suggestion
from webapp.recordings.models import Camera
from webapp.studies.access import Someone, require, visible_encounters
from webapp.studies.roles import Need

_WITH = ("encounter__study", "encounter__doctor", "encounter__patient")


def access_session(user: Someone, pk: uuid.UUID, need: Need) -> LiveSession:
    """Return the session with its encounter. Raises NotFound to strangers and Forbidden to members without
    the right.
    """
    found = LiveSession.objects.filter(pk=pk, encounter__in=visible_encounters(user))
    session = found.select_related(*_WITH).first()
    if session is None:
        raise NotFound
    require(user, session.encounter.study, need)
    return session


def access_suggestion(user: Someone, pk: int) -> Suggestion:
    """Return a suggestion to the doctor whom it was made to. Raises as access_session."""
    found = Suggestion.objects.filter(pk=pk, session__encounter__in=visible_encounters(user))
    suggestion = found.select_related("session__encounter__study").first()
    if suggestion is None:
        raise NotFound
    require(user, suggestion.session.encounter.study, "view_live")
    return suggestion


def access_camera(user: Someone, pk: uuid.UUID, camera: str, token: str = "") -> LiveSession:
    """Return the session that a camera may send to: by the user's right, or by a token made for this camera.

    Raises NotFound and Forbidden as access_session, Forbidden for a token of another session or camera.
    """
    if camera not in Camera.values:
        raise NotFound
    if not token:
        return access_session(user, pk, "open_live")
    if tokens.read(token) != (pk, camera):
        raise Forbidden("This link belongs to another session or camera, or is too old.")
    session = LiveSession.objects.filter(pk=pk).select_related(*_WITH).first()
    if session is None:
        raise NotFound
    return session
