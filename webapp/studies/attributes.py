"""What a study records of its participants besides sex and age: reading and checking values."""

from __future__ import annotations

from django.db import transaction

from webapp.accounts.models import User
from webapp.core import audit
from webapp.studies.models import Attribute, Study
from webapp.studies.protocol import return_to_review

MAX_TEXT = 80


class NotAValue(ValueError):
    """A text that is no value of the attribute; the message says what is expected."""


@transaction.atomic
def define_attribute(
    *, actor: User, study: Study, name: str, kind: str, choices: list[str] | None = None
) -> Attribute:
    """Add an attribute to the protocol; an approved study goes back to review for it."""
    attribute = Attribute.objects.create(study=study, name=name, kind=kind, choices=choices or [])
    audit.record(
        actor=actor,
        action="study.attribute_defined",
        target=attribute,
        study_id=study.pk,
        details={"kind": kind},
    )
    return_to_review(actor=actor, study=study, because="attribute")
    return attribute


def read_value(attribute: Attribute, text: str) -> str | float | None:
    """Return the value that a text stands for, None when it is empty. Raises NotAValue."""
    text = text.strip()
    if not text:
        return None
    if attribute.kind == Attribute.Kind.NUMBER:
        return _number(attribute, text)
    if attribute.kind == Attribute.Kind.CHOICE and text not in attribute.choices:
        raise NotAValue(f"{attribute.name}: expected one of {', '.join(attribute.choices)}.")
    if len(text) > MAX_TEXT:
        raise NotAValue(f"{attribute.name}: expected at most {MAX_TEXT} characters.")
    return text


def _number(attribute: Attribute, text: str) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise NotAValue(f"{attribute.name}: expected a number, got “{text[:40]}”.") from None
    if not abs(number) <= 1e12:
        raise NotAValue(f"{attribute.name}: expected an ordinary number, got “{text[:40]}”.")
    return number
