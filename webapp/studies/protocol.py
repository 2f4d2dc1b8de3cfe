"""The protocol of a study and its life: every change is audited, and what was approved is approved anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.studies.access import require
from webapp.studies.models import Arm, Encounter, Site, Study
from webapp.studies.services import last_day
from webapp.studies.states import REVIEWED, STATES, StudyState

PROTOCOL: Final = (
    "title",
    "protocol_number",
    "purpose",
    "starts_on",
    "ends_on",
    "target_encounters",
    "retention_days",
)


@transaction.atomic
def change_state(*, actor: User, study: Study, to: str) -> Study:
    """Take the study to another state. Raises Conflict when there is no such way, Invalid when not ready."""
    now = STATES[study.state]
    if to not in now.leads_to:
        raise Conflict(f"A study that is {study.get_state_display().lower()} cannot become {to}.")
    require(actor, study, now.leads_to[StudyState(to)])
    missing = missing_for_approval(study) if to == StudyState.APPROVED else []
    if missing:
        raise Invalid(f"Before it can be approved, the study needs {', '.join(missing)}.")
    if not Study.objects.filter(pk=study.pk, state=study.state).update(state=to):
        raise Conflict("Somebody else changed the state a moment ago. Reload the page.")
    audit.record(
        actor=actor,
        action="study.state_changed",
        target=study,
        study_id=study.pk,
        details={"from": study.state, "to": to},
    )
    study.state = to
    return study


def missing_for_approval(study: Study) -> list[str]:
    """Return what a review would ask for, in words."""
    wanted = {
        "a protocol number": study.protocol_number,
        "a purpose statement": study.purpose,
        "the number of planned encounters": study.target_encounters,
        "a consent form": study.consent_forms.exists(),
    }
    return [words for words, there in wanted.items() if not there]


@transaction.atomic
def change_protocol(*, actor: User, study: Study, values: Mapping[str, Any]) -> list[str]:
    """Change the protocol; return the names of what changed. An approved study goes back to review."""
    before = Study.objects.select_for_update().get(pk=study.pk)
    changed = [name for name in PROTOCOL if name in values and getattr(before, name) != values[name]]
    if not changed:
        return []
    for name in changed:
        setattr(study, name, values[name])
    study.save(update_fields=changed)
    if "retention_days" in changed:
        _recompute_last_days(study)
    audit.record(
        actor=actor,
        action="study.protocol_changed",
        target=study,
        study_id=study.pk,
        details={"fields": sorted(changed)},
    )
    return_to_review(actor=actor, study=study, because="protocol")
    return changed


@transaction.atomic
def add_site(*, actor: User, study: Study, name: str) -> Site:
    site = Site.objects.create(study=study, name=name)
    audit.record(actor=actor, action="study.site_added", target=site, study_id=study.pk)
    return_to_review(actor=actor, study=study, because="site")
    return site


@transaction.atomic
def add_arm(*, actor: User, study: Study, name: str, policy: str) -> Arm:
    arm = Arm.objects.create(study=study, name=name, policy=policy)
    audit.record(
        actor=actor, action="study.arm_added", target=arm, study_id=study.pk, details={"policy": policy}
    )
    return_to_review(actor=actor, study=study, because="arm")
    return arm


def return_to_review(*, actor: User, study: Study, because: str) -> None:
    """Send an approved study back to review. Call in the transaction of the change that asks for it."""
    if not Study.objects.filter(pk=study.pk, state__in=REVIEWED).update(state=StudyState.DRAFT):
        return
    study.state = StudyState.DRAFT
    audit.record(
        actor=actor,
        action="study.returned_to_review",
        target=study,
        study_id=study.pk,
        details={"because": because},
    )


def _recompute_last_days(study: Study) -> None:
    changed = []
    for encounter in Encounter.objects.filter(study=study).only("pk", "held_on", "keep_until"):
        encounter.keep_until = last_day(study.retention_days, encounter.held_on)
        changed.append(encounter)
    Encounter.objects.bulk_update(changed, ["keep_until"], batch_size=500)
