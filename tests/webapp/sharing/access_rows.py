"""The rows of the access table for releases, and what their addresses name."""

from __future__ import annotations

from django.utils import timezone

from tests.webapp.answers import (
    COORDINATOR,
    COORDINATOR_AND_AUDITOR,
    COORDINATOR_IS_SENT_BACK,
    COORDINATOR_SENDS_NONSENSE,
    TO_SIGN_IN,
    api_coordinator,
)
from webapp.sharing.models import Recall, Recipient
from webapp.sharing.services import draft_release

ROWS: dict[tuple[str, str], tuple[int, ...]] = {
    ("sharing:releases", "GET"): COORDINATOR_AND_AUDITOR,
    ("sharing:release_new", "GET"): COORDINATOR,
    ("sharing:release_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("sharing:plan_export", "POST"): COORDINATOR,
    ("sharing:release", "GET"): COORDINATOR_AND_AUDITOR,
    ("sharing:build", "POST"): COORDINATOR_IS_SENT_BACK,
    ("sharing:cancel", "POST"): COORDINATOR_IS_SENT_BACK,
    ("sharing:edit", "GET"): COORDINATOR,
    ("sharing:edit", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("sharing:discard", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("sharing:recipient_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("sharing:recall", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("sharing:acknowledgement_new", "POST"): (TO_SIGN_IN, 404, 403, 403, 403, 404),  # of nobody
    ("sharing:recall_text", "GET"): COORDINATOR,
    ("sharing:api_releases", "GET"): (401, 200, 403, 403, 200, 404),
    ("sharing:api_releases", "POST"): api_coordinator(400),
    ("sharing:api_plan", "GET"): api_coordinator(200),
    ("sharing:api_release", "GET"): (401, 200, 403, 403, 200, 404),
    ("sharing:api_release", "PATCH"): api_coordinator(200),
    ("sharing:api_build", "POST"): api_coordinator(409),  # nothing is signed off
    ("sharing:api_recipients", "GET"): (401, 200, 403, 403, 200, 404),
    ("sharing:api_recipients", "POST"): api_coordinator(400),
    ("sharing:api_recalls", "GET"): (401, 200, 403, 403, 200, 404),
    ("sharing:api_acknowledgements", "POST"): api_coordinator(400),
    ("sharing:api_recall", "POST"): api_coordinator(400),
    ("sharing:api_package", "GET"): api_coordinator(409),  # it is a draft
    ("sharing:api_release", "DELETE"): api_coordinator(204),
}


def things_of(study, alice) -> dict[str, list]:
    """A draft, and a release with a recall."""
    words = {"title": "a", "description": "b", "terms": "c", "licence": "d"}
    called, drafted = (draft_release(actor=alice, study=study, **words) for _ in range(2))
    recall = Recall.objects.create(release=called, reason="error", made_at=timezone.now())
    whose = Recipient.objects.create(release=called, given_on=timezone.localdate(), recorded_by=alice)
    of_the_study = ("releases", "release_new", "plan_export", "api_releases", "api_plan")
    of_a_recall = ("acknowledgement_new", "api_acknowledgements")
    return {
        "sharing": [study.slug, drafted.version],
        **{f"sharing:{name}": [study.slug] for name in of_the_study},
        **{f"sharing:{name}": [study.slug, called.version, recall.pk] for name in of_a_recall},
        "sharing:recall_text": [study.slug, called.version, recall.pk, whose.pk],
    }
