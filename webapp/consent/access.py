"""The only way to an erasure."""

from __future__ import annotations

from uuid import UUID

from webapp.consent.models import Erasure
from webapp.core.errors import NotFound
from webapp.studies.access import Someone, access_study
from webapp.studies.roles import Need


def access_erasure(user: Someone, slug: str, pk: UUID, need: Need) -> Erasure:
    """Return an erasure of the study. Raises NotFound to strangers and Forbidden to members without the
    right.
    """
    study = access_study(user, slug, need)
    found = Erasure.objects.select_related("study", "participant", "requested_by").filter(study=study, pk=pk)
    erasure = found.first()
    if erasure is None:
        raise NotFound
    return erasure
