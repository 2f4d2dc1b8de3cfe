"""The only way to a study or an encounter. Strangers cannot tell absent from forbidden."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet

from webapp.core.errors import Forbidden, NotFound
from webapp.studies.models import Encounter, Membership, Participant, Site, Study
from webapp.studies.roles import ALLOWED, WHOLE_STUDY, Need, Role

Someone = AbstractBaseUser | AnonymousUser


def role_in(user: Someone, study: Study) -> str | None:
    """Return the user's role in the study, None for strangers."""
    if not user.is_authenticated:
        return None
    return Membership.objects.filter(user_id=user.pk, study=study).values_list("role", flat=True).first()


def needs_of(user: Someone, study: Study) -> frozenset[Need]:
    """Return everything the user may do in the study: what a page may offer."""
    return _needs(user, study) or frozenset()


def _needs(user: Someone, study: Study) -> frozenset[Need] | None:
    """Return what a member may do, None for strangers."""
    if not user.is_authenticated:
        return None
    memberships = Membership.objects.filter(user_id=user.pk, study=study)
    found = memberships.values_list("role", "site").first()
    if found is None:
        return None
    role, site = found
    return ALLOWED[role] if site is None else ALLOWED[role] - WHOLE_STUDY


def visible_studies(user: Someone) -> QuerySet[Study]:
    return (
        Study.objects.filter(memberships__user_id=user.pk) if user.is_authenticated else Study.objects.none()
    )


def studies_where(user: Someone, need: Need) -> QuerySet[Study]:
    """Return the studies in which the user's role allows something."""
    if not user.is_authenticated:
        return Study.objects.none()
    allowing = Membership.objects.filter(
        user_id=user.pk, role__in=[role for role, needs in ALLOWED.items() if need in needs]
    )
    if need in WHOLE_STUDY:
        allowing = allowing.filter(site=None)
    return Study.objects.filter(pk__in=allowing.values("study"))


def visible_encounters(user: Someone) -> QuerySet[Encounter]:
    """Return the encounters of the user's studies and site; to doctors only their own consultations."""
    if not user.is_authenticated:
        return Encounter.objects.none()
    memberships = Membership.objects.filter(user_id=user.pk)
    others = memberships.exclude(role=Role.DOCTOR)
    own_of = memberships.filter(role=Role.DOCTOR).values("study")
    return Encounter.objects.filter(
        Q(study__in=others.filter(site=None).values("study"))
        | Q(site__in=others.exclude(site=None).values("site"))
        | Q(study__in=own_of, doctor__user_id=user.pk)
    )


def visible_participants(user: Someone, study: Study) -> QuerySet[Participant]:
    """Return the participants of the study, to members of one site only those of their site."""
    if user.pk is None:
        return Participant.objects.none()
    membership = Membership.objects.filter(user_id=user.pk, study=study).first()
    if membership is None:
        return Participant.objects.none()
    people = Participant.objects.filter(study=study)
    return people if membership.site_id is None else people.filter(site=membership.site_id)


def site_of(user: Someone, study: Study) -> Site | None:
    """Return the one site that the member works at, None for all of them."""
    if user.pk is None:
        return None
    membership = Membership.objects.filter(user_id=user.pk, study=study).select_related("site").first()
    return membership.site if membership else None


def access_study(user: Someone, slug: str, need: Need) -> Study:
    """Return the study. Raises NotFound to strangers, Forbidden to members whose role does not allow it."""
    study = visible_studies(user).filter(slug=slug).first()
    if study is None:
        raise NotFound
    require(user, study, need)
    return study


def access_encounter(user: Someone, pk: uuid.UUID | str, need: Need) -> Encounter:
    """Return the encounter with its study and participants. Raises NotFound or Forbidden as access_study."""
    encounter = (
        visible_encounters(user).select_related("study", "doctor", "patient").filter(pk=_as_uuid(pk)).first()
    )
    if encounter is None:
        raise NotFound
    require(user, encounter.study, need)
    return encounter


def access_participant(user: Someone, study: Study, code: str, need: Need) -> Participant:
    require(user, study, need)
    participant = visible_participants(user, study).filter(code=code).first()
    if participant is None:
        raise NotFound
    return participant


def require(user: Someone, study: Study, need: Need) -> None:
    """Raise NotFound to strangers and Forbidden to members without the right."""
    needs = _needs(user, study)
    if needs is None:
        raise NotFound
    if need not in needs:
        raise Forbidden


def _as_uuid(pk: uuid.UUID | str) -> uuid.UUID:
    try:
        return pk if isinstance(pk, uuid.UUID) else uuid.UUID(pk)
    except ValueError:
        raise NotFound from None
