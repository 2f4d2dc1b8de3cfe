from __future__ import annotations

import pytest

from webapp.sharing.models import Release
from webapp.sharing.services import draft_release

WORDS = {
    "title": "Expressions in cardiology",
    "description": "Consultations of one clinic.",
    "terms": "For research only. Nobody may try to find out who is shown.",
    "licence": "CC BY-NC 4.0",
}


@pytest.fixture
def release(study, alice) -> Release:
    """A draft."""
    return draft_release(actor=alice, study=study, **WORDS)
