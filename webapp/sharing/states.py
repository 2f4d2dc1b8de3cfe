"""The life of a release as data: what each state means, and where it leads."""

from __future__ import annotations

from typing import Final

from django.db import models


class ReleaseState(models.TextChoices):
    DRAFT = "draft", "Draft"
    BUILDING = "building", "Being built"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Superseded"
    RECALLED = "recalled", "Recalled"


LEADS_TO: Final[dict[str, tuple[str, ...]]] = {
    ReleaseState.DRAFT: (ReleaseState.BUILDING,),
    ReleaseState.BUILDING: (ReleaseState.READY, ReleaseState.FAILED),
    ReleaseState.FAILED: (ReleaseState.BUILDING,),
    ReleaseState.READY: (ReleaseState.SUPERSEDED, ReleaseState.RECALLED),
    ReleaseState.SUPERSEDED: (ReleaseState.RECALLED,),
    ReleaseState.RECALLED: (),
}
SAYS: Final[dict[str, str]] = {
    ReleaseState.DRAFT: "Nothing is packed yet. Look at what would be inside, then build it.",
    ReleaseState.BUILDING: "The package is being written; it stands here once it was verified.",
    ReleaseState.READY: "The package is there and can be given to other researchers.",
    ReleaseState.FAILED: "No package was written. Nothing is left of the attempt.",
    ReleaseState.SUPERSEDED: "A newer version is ready. This one can still be downloaded.",
    ReleaseState.RECALLED: "The package is deleted here, and whoever got it is asked to destroy theirs.",
}
#: In these states there is a package.
PACKED: Final = (ReleaseState.READY, ReleaseState.SUPERSEDED)
#: From these states on somebody may have got it.
ONCE_READY: Final = (*PACKED, ReleaseState.RECALLED)
#: In these states nothing of it has left the site, so it may be thrown away.
NEVER_PACKED: Final = (ReleaseState.DRAFT, ReleaseState.FAILED)


def states_before(state: str) -> list[str]:
    """Return the states that lead to a state.

    >>> states_before("recalled")
    ['ready', 'superseded']
    """
    return [str(before) for before, after in LEADS_TO.items() if state in after]
