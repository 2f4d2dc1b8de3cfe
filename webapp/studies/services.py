"""Changes to studies: atomic, audited, and returning what changed."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.studies.models import Arm, Encounter, Membership, Participant, Site, Study
from webapp.studies.states import REFUSALS, STATES, Activity, StudyState

#: Without letters and digits that are mistaken for one another when read aloud.
CODE_ALPHABET = "23456789ACDEFGHJKMNPQRTUVWXY"
PLANNED_AHEAD = datetime.timedelta(days=731)


@transaction.atomic
def create_study(
    *,
    actor: User,
    slug: str,
    title: str,
    protocol_number: str = "",
    purpose: str = "",
    target_encounters: int = 0,
    retention_days: int | None = None,
    starts_on: datetime.date | None = None,
    ends_on: datetime.date | None = None,
) -> Study:
    """Create a study in review."""
    study = Study.objects.create(
        slug=slug,
        title=title,
        protocol_number=protocol_number,
        purpose=purpose,
        target_encounters=target_encounters,
        retention_days=retention_days,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    audit.record(actor=actor, action="study.created", target=study, study_id=study.pk)
    return study


@transaction.atomic
def add_member(*, actor: User, study: Study, user: User, role: str, site: Site | None = None) -> Membership:
    """Give a person a role in the study, at one site or at all; a second call changes both."""
    membership, _ = Membership.objects.update_or_create(
        study=study, user=user, defaults={"role": role, "site": site}
    )
    audit.record(
        actor=actor,
        action="study.member_set",
        target=membership,
        study_id=study.pk,
        details={"user_id": user.pk, "role": role, "site": site.pk if site else None},
    )
    return membership


@transaction.atomic
def remove_member(*, actor: User, membership: Membership) -> None:
    """Take a person out of the study; from then on nothing of it is visible to them."""
    audit.record(
        actor=actor,
        action="study.member_removed",
        target=membership,
        study_id=membership.study_id,
        details={"user_id": membership.user_id, "role": membership.role},
    )
    membership.delete()


@transaction.atomic
def add_participant(
    *,
    actor: User,
    study: Study,
    kind: str,
    user: User | None = None,
    site: Site | None = None,
    sex: str = "",
    age: int | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Participant:
    """Create a participant under a random code that nothing can be derived from. Raises Conflict unless the
    study is recruiting.
    """
    require_activity(study, "enrol")
    participant = Participant.objects.create(
        study=study,
        code=_unused_code(study, kind),
        kind=kind,
        user=user,
        site=site,
        sex=sex,
        age=None if age is None else min(age, Participant.OLDEST_AGE),
        attributes=dict(attributes or {}),
    )
    audit.record(actor=actor, action="participant.added", target=participant, study_id=study.pk)
    return participant


@transaction.atomic
def create_encounter(
    *,
    actor: User,
    study: Study,
    doctor: Participant,
    patient: Participant,
    held_on: datetime.date,
    department: str = "",
    site: Site | None = None,
    arm: Arm | None = None,
) -> Encounter:
    """Create the next encounter of the study. Raises Invalid when the two people do not fit their places,
    Conflict unless the study is recruiting.

    site: the patient's unless another is given. arm: where the study has arms and none is given, one of
    those with the fewest encounters is drawn.
    """
    require_activity(study, "enrol")
    if (doctor.study_id, doctor.kind) != (study.pk, Participant.Kind.DOCTOR):
        raise Invalid("Choose a doctor of this study.", fields={"doctor": ["Not a doctor of this study."]})
    if (patient.study_id, patient.kind) != (study.pk, Participant.Kind.PATIENT):
        raise Invalid("Choose a patient of this study.", fields={"patient": ["Not a patient of this study."]})
    if held_on > timezone.localdate() + PLANNED_AHEAD:
        raise Invalid(
            "The consultation lies more than two years ahead.", fields={"held_on": ["Choose an earlier day."]}
        )
    Study.objects.select_for_update().get(pk=study.pk)
    highest = study.encounters.aggregate(highest=Max("number"))["highest"] or 0
    encounter = Encounter.objects.create(
        study=study,
        number=highest + 1,
        doctor=doctor,
        patient=patient,
        site=site or patient.site,
        arm=arm or _draw_arm(study),
        held_on=held_on,
        department=department,
        keep_until=last_day(study.retention_days, held_on),
    )
    audit.record(actor=actor, action="encounter.created", target=encounter, study_id=study.pk)
    return encounter


def require_activity(study: Study, activity: Activity) -> None:
    """Raise Conflict when the study's state at this moment does not allow the activity."""
    state = StudyState(Study.objects.values_list("state", flat=True).get(pk=study.pk))
    if activity not in STATES[state].allows:
        raise Conflict(REFUSALS[activity].format(state=state.label.lower()), code="study_state")


def last_day(retention_days: int | None, held_on: datetime.date) -> datetime.date | None:
    """Return the last day to keep what was recorded; None where the study promised none."""
    return None if retention_days is None else held_on + datetime.timedelta(days=retention_days)


def _draw_arm(study: Study) -> Arm | None:
    arms = list(study.arms.annotate(size=Count("encounters")))
    fewest = min((arm.size for arm in arms), default=0)
    smallest = [arm for arm in arms if arm.size == fewest]
    return secrets.choice(smallest) if smallest else None


def _unused_code(study: Study, kind: str) -> str:
    prefix = "D" if kind == Participant.Kind.DOCTOR else "P"
    while True:
        code = f"{prefix}-{''.join(secrets.choice(CODE_ALPHABET) for _ in range(5))}"
        if not study.participants.filter(code=code).exists():
            return code
