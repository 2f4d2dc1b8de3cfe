"""Whether what was planned may still be shared: asked at each file, every few seconds, and at the end."""

from __future__ import annotations

import time

from webapp.analysis.showing import shown_to
from webapp.deidjobs.means import is_barred
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import may_be_hidden, newest_review
from webapp.sharing.planning import PlannedEncounter

ASK_EVERY_S = 3.0


def holds(planned: PlannedEncounter) -> bool:
    """Return whether everyone still agrees to everything of an encounter that is shared, and to no less."""
    if not all(may_be_hidden(video.recording, video.audio) for video in planned.videos):
        return False
    if any(_is_refused(video) or is_barred(video) for video in planned.videos):
        return False
    return planned.run is None or planned.analysed == shown_to(None, planned.encounter).cameras


def _is_refused(video: Derivative) -> bool:
    review = newest_review(video)
    return review is None or review.decision != "approved"


class Asking:
    """Asks about one encounter while it is packed; the database every few seconds."""

    def __init__(self, planned: PlannedEncounter) -> None:
        self._planned = planned
        self._asked_s = time.monotonic()
        self._holds = holds(planned)

    def still(self) -> bool:
        if self._holds and time.monotonic() - self._asked_s >= ASK_EVERY_S:
            self._asked_s = time.monotonic()
            self._holds = holds(self._planned)
        return self._holds
