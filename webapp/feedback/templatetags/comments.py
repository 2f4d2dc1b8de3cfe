"""Comments for the encounter's page, which stands left of this app and cannot ask it."""

from __future__ import annotations

from typing import Any

from django import template

from webapp.feedback import comments
from webapp.studies.access import Someone
from webapp.studies.models import Encounter

register = template.Library()


@register.simple_tag
def comments_on(encounter: Encounter, reader: Someone) -> list[dict[str, Any]]:
    return comments.comments_on(encounter, reader)
