"""The only way to an erasure or a signed consent."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from webapp.consent.models import ConsentRecord, Erasure
from webapp.core.errors import NotFound
from webapp.studies.access import Someone, access_study, site_of, visible_participants
from webapp.studies.models import Study
from webapp.studies.roles import Need


def visible_erasures(user: Someone, study: Study) -> QuerySet[Erasure]:
    """Return the erasures of the study, to members of one site only those of its participants."""
    erasures = Erasure.objects.filter(study=study)
    site = site_of(user, study)
    return erasures if site is None else erasures.filter(participant__site=site)


def access_erasure(user: Someone, slug: str, pk: UUID, need: Need) -> Erasure:
    """Return an erasure of the study. Raises NotFound to strangers and Forbidden to members without the
    right.
    """
    study = access_study(user, slug, need)
    found = visible_erasures(user, study).select_related("study", "participant", "requested_by")
    erasure = found.filter(pk=pk).first()
    if erasure is None:
        raise NotFound
    return erasure


def access_record(user: Someone, slug: str, pk: UUID, need: Need = "manage_consent") -> ConsentRecord:
    """Return a signed consent of a participant whom the user may see. Raises as access_erasure."""
    study = access_study(user, slug, need)
    found = ConsentRecord.objects.select_related("participant", "form", "countersigned_by").filter(
        pk=pk, participant__in=visible_participants(user, study)
    )
    record = found.first()
    if record is None:
        raise NotFound
    return record
