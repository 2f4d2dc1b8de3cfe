"""Strangers cannot tell absent from forbidden: not by status, not by body, not by the queries behind it.

The queries stand for the time that an answer takes, which a test could only measure, never know.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.conftest import make_user, recruiting
from tests.webapp.asking import Answer, answer_of, answer_to
from tests.webapp.records import add_job
from tests.webapp.test_access_table import TABLE, things  # noqa: F401  a fixture
from webapp.jobs.models import Batch
from webapp.studies.models import Encounter, Participant
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each address with the names of its arguments."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", set(pattern.pattern.converters)
        elif pattern.namespace != "admin":
            yield from routes(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)


ARGUMENTS = dict(routes(get_resolver()))
#: Without those for whoever holds a token, which nobody can guess. An upload names its encounter in a header.
OBJECT_ROUTES = sorted(
    (name, method)
    for name, method in TABLE
    if (":" in name and ARGUMENTS[name] - {"token"}) or (name, method) == ("recordings:api_uploads", "POST")
)
IN_A_STUDY = [
    (name, method) for name, method in OBJECT_ROUTES if "slug" in ARGUMENTS[name] and len(ARGUMENTS[name]) > 1
]


def arguments_of(name: str, known: dict[str, list]) -> list:
    return known.get(name) or known[name.split(":", maxsplit=1)[0]]


def absent(value):
    """Return an identifier of the same kind that belongs to nothing."""
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, int):
        return 10**9 + value
    return value if value == "patient" else f"{value[:2]}ABSENT"


def test_to_a_member_of_another_study_what_is_here_looks_like_what_is_not(things, carol, signed_in):  # noqa: F811
    client, told_apart = signed_in(carol), {}
    for name, method in OBJECT_ROUTES:
        arguments = arguments_of(name, things)
        forbidden = answer_to(client, method, name, arguments)
        missing = answer_to(client, method, name, list(map(absent, arguments)))
        if forbidden.status != 404 or forbidden != missing:
            told_apart[name, method] = forbidden, missing
    assert told_apart == {}


def test_asked_for_through_ones_own_study_it_looks_absent_too(things, carol, signed_in):  # noqa: F811
    client, told_apart = signed_in(carol), {}
    for name, method in IN_A_STUDY:
        _, *rest = arguments_of(name, things)
        forbidden = answer_to(client, method, name, ["other", *rest])
        missing = answer_to(client, method, name, ["other", *map(absent, rest)])
        if forbidden.status != 404 or forbidden != missing:
            told_apart[name, method] = forbidden, missing
    assert told_apart == {}


@pytest.fixture
def limited(things, study, alice):  # noqa: F811
    """Members of the very study who see nothing of what is in it: of another site, doctors of others."""
    sites = [add_site(actor=alice, study=study, name=name) for name in ("here", "elsewhere")]
    recruiting(study)
    Encounter.objects.update(site=sites[0])
    Participant.objects.update(site=sites[0])
    gina, dan = make_user("gina"), make_user("dan")
    add_member(actor=alice, study=study, user=gina, role=Role.COORDINATOR, site=sites[1])
    add_member(actor=alice, study=study, user=dan, role=Role.DOCTOR)
    add_participant(actor=alice, study=study, kind="doctor", user=dan)
    return {"of another site": gina, "doctor of others": dan}


@pytest.mark.parametrize("who", ["of another site", "doctor of others"])
def test_to_members_who_may_not_see_it_it_looks_absent_too(things, limited, who, signed_in):  # noqa: F811
    client, told_apart, compared = signed_in(limited[who]), [], 0
    for name, method in OBJECT_ROUTES:
        arguments = arguments_of(name, things)
        kept = arguments[:1] if "slug" in ARGUMENTS[name] else []
        here = answer_to(client, method, name, arguments)
        if here.status != 404 or kept == arguments:
            continue  # a page of the study itself, or what their role does not allow of anything
        compared += 1
        missing = [*kept, *map(absent, arguments[len(kept) :])]
        if here != answer_to(client, method, name, missing):
            told_apart.append((name, method))
    assert told_apart == []
    assert compared > 30


#: What a body or a query may name: address, method, content, and the thing of another study in it.
NAMED = {
    "chosen encounters": ("studies:encounters_change", {"action": "exclude", "reason": "other"}, "chosen"),
    "chosen participants": ("studies:participants_change", {"action": "ask"}, "chosen"),
    "ticked jobs": ("analysis:jobs_bulk", {"action": "cancel"}, "job"),
    "a doctor": ("studies:encounter_new", {"held_on": "2026-03-02"}, "doctor"),
    "a patient": ("studies:encounter_new", {"held_on": "2026-03-02"}, "patient"),
    "a doctor's code": ("studies:api_encounters", {"held_on": "2026-03-02", "patient": "P-X"}, "doctor"),
}


@pytest.mark.parametrize("what", NAMED)
def test_what_a_body_names_looks_absent_when_it_is_of_another_study(what, carol, encounter, signed_in):
    name, values, field = NAMED[what]
    own = {"job": add_job(encounter).pk, "patient": encounter.patient_id}
    own["chosen"] = encounter.patient.code if "participants" in what else encounter.pk
    own["doctor"] = encounter.doctor.code if "code" in what else encounter.doctor_id
    client = signed_in(carol)
    kind = {"content_type": "application/json"} if ":api_" in name else {}

    def post(value) -> Answer:
        data = values | {field: str(value)}
        answer = answer_of(lambda: client.post(reverse(name, args=["other"]), data, **kind))
        said = answer.body if isinstance(value, int) else answer.body.replace(str(value), "…")
        return replace(answer, body=said)

    forbidden = post(own[field])
    assert forbidden.status in (302, 400, 422)
    assert forbidden == post(absent(own[field]))


def test_batch_of_another_study_looks_absent(carol, study, alice, signed_in):
    batch = Batch.objects.create(title="theirs", study_id=study.pk, requested_by=alice)
    client, address = signed_in(carol), reverse("analysis:jobs", args=["other"])
    theirs, missing = (
        answer_of(lambda pk=pk: client.get(address, {"batch": str(pk)})) for pk in (batch.pk, uuid.uuid4())
    )
    assert theirs.status == missing.status == 200
    assert theirs.queries == missing.queries
