"""What a study asks of its de-identified versions: the limits that ship, until it sets its own."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from webapp import engines
from webapp.core import audit
from webapp.core.errors import Forbidden, Invalid
from webapp.deidjobs.models import ReleaseLimits
from webapp.jobs.services import Actor
from webapp.studies.models import Study

LIMITS: Final = (
    "rank1_over_chance",
    "tar",
    "informed_over_chance",
    "similarity",
    "detection_retained",
    "agreement",
    "correlation",
)


def newest_limits(study: Study) -> ReleaseLimits | None:
    return ReleaseLimits.objects.filter(study=study).select_related("set_by").first()


def limits_of(study: Study) -> dict[str, float]:
    """Return every limit by name, as it counts now."""
    own = newest_limits(study)
    return engines.usual_limits() if own is None else {name: getattr(own, name) for name in LIMITS}


@transaction.atomic
def set_limits(*, study: Study, actor: Actor, values: dict[str, float], reason: str) -> ReleaseLimits:
    """Add the limits that count from now on. values: all of LIMITS, 0 to 1. Raises Invalid, Forbidden."""
    if set(values) != set(LIMITS) or not all(0 <= value <= 1 for value in values.values()):
        raise Invalid("Expected a number from 0 to 1 for every limit.")
    if not reason.strip():
        raise Invalid("Say why the study needs these limits.")
    user_id = getattr(actor, "pk", None)
    if user_id is None:
        raise Forbidden("Somebody who is signed in sets the limits.")
    before = limits_of(study)
    made = ReleaseLimits.objects.create(study=study, set_by_id=user_id, reason=reason, **values)
    changed = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    audit.record(
        actor=actor, action="release_limits.set", target=made, study_id=study.pk, details={"changed": changed}
    )
    return made


def words_of(limits: dict[str, float]) -> list[tuple[str, float]]:
    """Return limits with their names in words, in the order of LIMITS."""
    fields = {field.name: str(field.verbose_name) for field in ReleaseLimits._meta.concrete_fields}
    return [(fields[name], limits[name]) for name in LIMITS if name in limits]
