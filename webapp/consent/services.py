"""Recording consent: rows are appended, and the newest counts."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.consent.models import ConsentDecision, ConsentForm, ConsentRecord, Erasure, Purpose
from webapp.consent.queries import forms_for, state_of
from webapp.consent.withdrawing import open_erasure, scope_of
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.studies.models import Participant, Study
from webapp.studies.protocol import return_to_review
from webapp.studies.services import require_activity


@transaction.atomic
def publish_form(
    *, actor: User, study: Study, text: str, language: str = "en", kind: str = "", translates: bool = False
) -> ConsentForm:
    """Publish a new version of the consent text, or the newest one in another language; earlier versions stay
    as they were signed, and an approved study goes back to review.

    translates: the text says the same as the newest version. Raises Conflict when that has the language.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    newest = study.consent_forms.order_by("-version").first()
    version = newest.version if newest and translates else (newest.version if newest else 0) + 1
    if study.consent_forms.filter(version=version, language=language).exists():
        raise Conflict(f"Version {version} is there in this language already.", code="language_exists")
    form = ConsentForm.objects.create(
        study=study,
        version=version,
        language=language,
        kind=newest.kind if newest and translates else kind,
        text=text,
    )
    audit.record(
        actor=actor,
        action="consent.form_published",
        target=form,
        study_id=study.pk,
        details={"version": version, "language": language, "kind": form.kind},
    )
    return_to_review(actor=actor, study=study, because="consent form")
    return form


@transaction.atomic
def record_decisions(
    *,
    actor: User,
    participant: Participant,
    decisions: Mapping[str, bool],
    decided_at: datetime.datetime | None = None,
    record: ConsentRecord | None = None,
) -> list[ConsentDecision]:
    """Append one decision per purpose, on the form that was signed or else the newest.

    Raises Invalid for unknown purposes or no form, Conflict when the study may not take new agreements now.
    """
    if any(decisions.values()):
        require_activity(participant.study, "consent")
    form = record.form if record else forms_for(participant).first()
    if form is None:
        raise Invalid("This study has no consent form yet; publish one first.")
    unknown = set(decisions) - set(Purpose.values)
    if unknown:
        raise Invalid(f"Unknown purposes: {', '.join(sorted(unknown))}.")
    at = decided_at or timezone.now()
    if at > timezone.now():
        raise Invalid("A decision cannot lie in the future.")
    rows = [
        ConsentDecision(
            participant=participant,
            form=form,
            purpose=purpose,
            granted=granted,
            record=record,
            valid_until=record.valid_until if record and granted else None,
            decided_at=at,
            recorded_by=actor,
        )
        for purpose, granted in decisions.items()
    ]
    before = state_of(participant)
    created = ConsentDecision.objects.bulk_create(rows)
    audit.record(
        actor=actor,
        action="consent.recorded",
        target=participant,
        study_id=participant.study_id,
        details={"decisions": dict(decisions), "form_id": form.pk},
    )
    _erase_what_ended(actor, participant, before)
    return created


@transaction.atomic
def withdraw_consent(*, actor: User, participant: Participant, purposes: Collection[str]) -> Erasure | None:
    """Withdraw the purposes that are in force, all at once; return the erasure that follows, if any.

    From the commit on nothing serves or processes what they allowed. Without `record` nothing else can be
    kept, so every other purpose ends with it.
    """
    Participant.objects.select_for_update().get(pk=participant.pk)
    in_force = {purpose for purpose, granted in state_of(participant).items() if granted}
    ending = in_force if Purpose.RECORD in purposes else in_force & set(purposes)
    if not ending:
        return None
    record_decisions(actor=actor, participant=participant, decisions=dict.fromkeys(sorted(ending), False))
    return participant.erasures.order_by("-requested_at").first()


def _erase_what_ended(actor: User, participant: Participant, before: dict[str, bool]) -> None:
    """Open an erasure for the purposes that were in force and are no longer."""
    after = state_of(participant)
    ended = sorted(purpose for purpose, granted in before.items() if granted and not after[purpose])
    if not ended:
        return
    open_erasure(
        actor=actor,
        study=participant.study,
        scope=scope_of(participant, ended),
        cause=Erasure.Cause.WITHDRAWAL,
        participant=participant,
        purposes=ended,
        entire=not any(after.values()),
    )
