"""The only way to a release, to its package and to a recall."""

from __future__ import annotations

from uuid import UUID

from webapp.core.errors import AppError, Conflict, ConsentMissing, NotFound
from webapp.deidjobs.means import barred
from webapp.deidjobs.models import Derivative
from webapp.recordings.models import Recording
from webapp.recordings.queries import usable_for
from webapp.sharing.models import Recall, Recipient, Release, ReleaseItem
from webapp.sharing.states import PACKED, ReleaseState
from webapp.studies.access import Someone, access_study
from webapp.studies.roles import Need

NO_LONGER = "Somebody in this release no longer agrees to share it. Recall it and make a new version."
LEFT_SINCE = (
    "A face in this release is made of somebody who no longer agrees, or whose recording was replaced or "
    "corrected since. Make a new version of it."
)


class ReleaseRecalled(AppError):
    code, status = "release_recalled", 410
    message = "This release was recalled and its package deleted. Make a new version of it instead."


def access_release(user: Someone, slug: str, version: int, need: Need) -> Release:
    """Return a release of the study. Raises NotFound to strangers, Forbidden to members without the right and
    to those of one site: a release is of the whole study.
    """
    study = access_study(user, slug, need)
    found = Release.objects.filter(study=study, version=version)
    release = found.select_related("study", "created_by", "job").first()
    if release is None:
        raise NotFound
    return release


def access_recall(user: Someone, slug: str, version: int, pk: UUID, need: Need) -> Recall:
    """Return a recall with its release. Raises as access_release."""
    release = access_release(user, slug, version, need)
    recall = Recall.objects.filter(pk=pk, release=release).select_related("made_by").first()
    if recall is None:
        raise NotFound
    recall.release = release
    return recall


def access_recipient(release: Release, pk: str | int) -> Recipient:
    """Return a recipient of a release that the caller has accessed. Raises NotFound for any other."""
    found = Recipient.objects.filter(pk=pk, release=release).first() if str(pk).isdecimal() else None
    if found is None:
        raise NotFound
    return found


def access_package(user: Someone, slug: str, version: int) -> Release:
    """Return a release whose package may be taken along now. Raises ReleaseRecalled, ConsentMissing when
    anybody in it no longer agrees, Conflict without a package, and as access_release.
    """
    release = access_release(user, slug, version, "share_releases")
    if release.state == ReleaseState.RECALLED:
        raise ReleaseRecalled
    if release.state not in PACKED:
        raise Conflict("There is no package of this release yet.")
    items = ReleaseItem.objects.filter(release=release)
    purposes = {purpose for item in items for purpose in item.needed}
    for purpose in purposes:
        needing = {item.encounter_id for item in items if purpose in item.needed}
        recordings = Recording.objects.filter(encounter__in=needing)
        allowed = set(usable_for(recordings, purpose).values_list("encounter", flat=True))
        if needing - allowed:
            raise ConsentMissing(NO_LONGER)
    if barred(Derivative.objects.filter(pk__in=items.values("source_id"))).exists():
        raise ConsentMissing(LEFT_SINCE)
    return release
