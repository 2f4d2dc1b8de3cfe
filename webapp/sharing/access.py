"""The only way to a release, to its package and to a recall."""

from __future__ import annotations

from uuid import UUID

from webapp.core.errors import NotFound
from webapp.sharing.models import Recall, Release
from webapp.studies.access import Someone, access_study
from webapp.studies.roles import Need


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
