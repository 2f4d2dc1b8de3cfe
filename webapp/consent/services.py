"""Recording consent: rows are appended, and the newest counts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.consent.models import ConsentDecision, ConsentForm, Purpose
from webapp.core import audit
from webapp.core.errors import Invalid
from webapp.studies.models import Participant, Study


@transaction.atomic
def publish_form(*, actor: User, study: Study, text: str, language: str = "en") -> ConsentForm:
    """Publish a new version of the consent text; earlier versions stay as they were signed."""
    Study.objects.select_for_update().get(pk=study.pk)
    newest = study.consent_forms.filter(language=language).first()
    form = ConsentForm.objects.create(
        study=study, version=(newest.version if newest else 0) + 1, language=language, text=text
    )
    audit.record(actor=actor, action="consent.form_published", target=form, study_id=study.pk)
    return form


@transaction.atomic
def record_decisions(
    *,
    actor: User,
    participant: Participant,
    decisions: Mapping[str, bool],
    decided_at: datetime.datetime | None = None,
) -> list[ConsentDecision]:
    """Append one decision per purpose on the newest form. Raises Invalid for unknown purposes or no form."""
    form = participant.study.consent_forms.first()
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
            decided_at=at,
            recorded_by=actor,
        )
        for purpose, granted in decisions.items()
    ]
    created = ConsentDecision.objects.bulk_create(rows)
    audit.record(
        actor=actor,
        action="consent.recorded",
        target=participant,
        study_id=participant.study_id,
        details={"decisions": dict(decisions), "form_id": form.pk},
    )
    return created
