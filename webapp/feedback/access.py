"""The only way to a doctor's feedback, for that doctor alone, and to what they share of it."""

from __future__ import annotations

import uuid

from django.core import signing

from webapp.core.errors import Forbidden, NotFound
from webapp.feedback.models import Comment, Note
from webapp.studies.access import Someone, access_encounter, require, visible_encounters
from webapp.studies.models import Encounter

SALT = "feedback.care"
VALID_S = 12 * 3600


def access_feedback(user: Someone, pk: uuid.UUID) -> Encounter:
    """Return the user's own encounter. Raises NotFound to strangers, Forbidden to all but its doctor."""
    encounter = access_encounter(user, pk, "view_feedback")
    if encounter.doctor.user_id != user.pk:
        raise Forbidden("Feedback is for the doctor of this encounter alone.")
    return encounter


def access_note(user: Someone, pk: int) -> Note:
    """Return a note that the user wrote on an encounter that is still theirs to see. Raises NotFound."""
    found = Note.objects.filter(pk=pk, doctor_id=user.pk, encounter__in=visible_encounters(user))
    note = found.select_related("encounter").first()
    if note is None:
        raise NotFound
    return note


def access_comment(user: Someone, pk: int) -> Comment:
    """Return a comment that the user wrote. Raises NotFound to strangers, Forbidden to all but its author."""
    found = Comment.objects.filter(pk=pk, encounter__in=visible_encounters(user))
    comment = found.select_related("encounter__study", "encounter__doctor").first()
    if comment is None:
        raise NotFound
    require(user, comment.encounter.study, "view_results")
    if comment.author_id != user.pk:
        raise Forbidden("Only who wrote a comment may change or delete it.")
    return comment


def care_token(encounter: Encounter) -> str:
    """Return what opens the patient's form, and nothing else, for some hours."""
    return signing.dumps(str(encounter.pk), salt=SALT)


def access_care(token: str) -> Encounter:
    """Return the encounter whose form a token opens. Raises NotFound for a forged or old one."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=VALID_S)
    except signing.BadSignature:
        raise NotFound from None
    encounter = Encounter.objects.filter(pk=pk).select_related("study").first()
    if encounter is None:
        raise NotFound
    return encounter
