"""Comments on a second of an encounter: its doctor begins, members who may see the results answer there."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.consent.models import Purpose
from webapp.core import audit
from webapp.core.errors import Conflict
from webapp.feedback.models import Comment
from webapp.feedback.services import require_consent
from webapp.recordings.queries import consents_to
from webapp.studies.access import Someone
from webapp.studies.models import Encounter


def comments_on(encounter: Encounter, reader: Someone) -> list[dict[str, Any]]:
    """Return the comments in the order of their seconds, with who wrote them; none without consent.

    The doctor goes without a name, as their code stands on the page beside it.
    """
    if not consents_to(encounter, Purpose.RECORD):
        return []
    return [
        {
            "pk": comment.pk,
            "second": comment.second,
            "text": comment.text,
            "who": _who(comment, encounter, reader),
            "is_own": comment.author_id == reader.pk,
            "written_at": comment.written_at,
            "changed_at": comment.changed_at,
        }
        for comment in Comment.objects.filter(encounter=encounter).select_related("author")
    ]


@transaction.atomic
def write_comment(*, actor: User, encounter: Encounter, second: int, text: str) -> Comment:
    """Keep what the encounter's doctor shares. Raises ConsentMissing when it may no longer be kept."""
    require_consent(encounter)
    comment = Comment.objects.create(encounter=encounter, author=actor, second=second, text=text)
    _audit("feedback.commented", actor, comment)
    return comment


@transaction.atomic
def answer_comment(*, actor: User, encounter: Encounter, second: int, text: str) -> Comment:
    """Keep an answer. Raises Conflict when nothing stands at that second, and as write_comment."""
    if not Comment.objects.filter(encounter=encounter, second=second).exists():
        raise Conflict("There is no comment at this second any more, so there is nothing to answer.")
    return write_comment(actor=actor, encounter=encounter, second=second, text=text)


@transaction.atomic
def change_comment(*, actor: User, comment: Comment, text: str) -> Comment:
    """Keep another text. Raises Conflict when it is gone, ConsentMissing as write_comment."""
    require_consent(comment.encounter)
    comment.text, comment.changed_at = text, timezone.now()
    same = Comment.objects.filter(pk=comment.pk)
    if not same.update(text=text, changed_at=comment.changed_at):
        raise Conflict("This comment was deleted meanwhile.")
    _audit("feedback.comment_changed", actor, comment)
    return comment


@transaction.atomic
def delete_comment(*, actor: User, comment: Comment) -> None:
    if Comment.objects.filter(pk=comment.pk).delete()[0]:
        _audit("feedback.comment_deleted", actor, comment)


def _audit(action: str, actor: User, comment: Comment) -> None:
    audit.record(actor=actor, action=action, target=comment, study_id=comment.encounter.study_id)


def _who(comment: Comment, encounter: Encounter, reader: Someone) -> str:
    if comment.author_id == reader.pk:
        return "you"
    return "the doctor" if comment.author_id == encounter.doctor.user_id else comment.author.display_name
