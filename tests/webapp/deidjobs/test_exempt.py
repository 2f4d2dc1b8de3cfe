"""Whom another version leaves as they are."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from tests.webapp.deidjobs.conftest import hidden_video
from webapp.core.errors import Invalid
from webapp.deidjobs import hiding
from webapp.deidjobs.covers import people_at, request_another
from webapp.deidjobs.services import write_derivative
from webapp.deidjobs.storage import steps_dir
from webapp.jobs.models import Job
from webapp.recordings.models import Recording

PEOPLE = [
    {"track": 1, "role": "person", "hidden": True, "frames": 90, "first_ms": 0, "last_ms": 2000},
    {"track": 2, "role": "irrelevant", "hidden": True, "frames": 9, "first_ms": 500, "last_ms": 900},
]


@pytest.fixture
def peopled(derivative):
    Recording.objects.filter(pk=derivative.recording_id).update(duration_us=2_000_000)
    derivative.refresh_from_db()
    derivative.report["tracks"] = PEOPLE
    derivative.method = "swap"
    derivative.save()
    steps_dir(derivative.recording_id, derivative.job_id).mkdir(parents=True)
    return derivative


def test_somebody_else_in_the_picture_is_left_as_they_are_with_a_reason_and_a_second_look(peopled, alice):
    job = request_another(derivative=peopled, actor=alice, exempt=[2], exempt_reason="our own nurse")
    assert job.params["exempt"] == [2]
    assert hiding._hiding_job(peopled.recording, job).exempt == (2,)
    hidden = hidden_video()
    with transaction.atomic():
        made = write_derivative(recording=peopled.recording, job=job, pk=uuid.uuid4(), hidden=hidden)
    assert (made.verdict, made.reasons) == ("review", ["1 person was left as they are: look at all of it"])
    assert made.recipe["exempt_reason"] == "our own nurse"


def test_without_the_parts_of_the_version_nobody_is_left_as_they_are_by_an_old_number(peopled, alice):
    steps_dir(peopled.recording_id, peopled.job_id).rmdir()
    with pytest.raises(Invalid, match="numbered anew"):
        request_another(derivative=peopled, actor=alice, exempt=[2], exempt_reason="our own nurse")


@pytest.mark.parametrize(("exempt", "reason"), [([1], "agreed"), ([3], "agreed"), ([2], " "), ([2], "")])
def test_nobody_else_is_left_as_they_are(peopled, alice, exempt, reason):
    with pytest.raises(Invalid):
        request_another(derivative=peopled, actor=alice, exempt=exempt, exempt_reason=reason)
    assert Job.objects.count() == 1


def test_the_page_asks_for_a_calm_moment_and_for_exemptions_where_there_is_somebody(peopled, alice, client):
    client.force_login(alice)
    at = f"/deidentified/{peopled.pk}/covers/"
    page = client.get(at).content.decode()
    assert "Person 2, seen at 0:00" in page
    assert "Person 1," not in page
    said = {"neutral_s": "1.5", "exempt": ["2"], "exempt_reason": "our own nurse"}
    assert client.post(f"{at}version/", said).status_code == 302
    params = Job.objects.exclude(pk=peopled.job_id).get().params
    assert (params["neutral_s"], params["exempt"]) == (1.5, [2])
    for refused, status in (
        (said | {"exempt": ["1"]}, 422),
        (said | {"neutral_s": "2.01"}, 422),
        (said | {"neutral_s": "1.25", "exempt_reason": ""}, 422),
        (said, 409),
    ):
        answer = client.post(f"{at}version/", refused)
        assert answer.status_code == status
        assert "need" in answer.content.decode()
        assert f'value="{refused["neutral_s"]}"' in answer.content.decode()  # what was typed is kept


def test_the_page_knows_where_each_of_the_others_is_seen(peopled):
    peopled.report["starts_ms"] = 100
    assert people_at(peopled) == {2: 600_000}


def test_a_missing_reason_for_an_exemption_is_asked_for_beside_its_field(peopled, alice, client):
    client.force_login(alice)
    answer = client.post(
        f"/deidentified/{peopled.pk}/covers/version/", {"exempt": ["2"], "exempt_reason": " "}
    )
    assert '<a href="#id_exempt_reason">' in answer.content.decode()


def test_the_page_says_beforehand_that_nobody_can_be_left_as_they_are_without_the_parts(
    peopled, alice, client
):
    client.force_login(alice)
    at = f"/deidentified/{peopled.pk}/covers/"
    steps_dir(peopled.recording_id, peopled.job_id).rmdir()
    page = client.get(at).content.decode()
    assert "they would be numbered anew" in page
    assert 'name="exempt"' not in page
    assert '"differs": false' in page
    peopled.recipe["exempt"] = [2]
    peopled.save()
    assert '"differs": true' in client.get(at).content.decode()
    answer = client.post(f"{at}version/", {"neutral_s": "1.5", "exempt": ["2"], "exempt_reason": "our nurse"})
    assert answer.status_code == 422  # a page from before does not get a version that hides more than it said
    assert "people would be numbered anew" in answer.content.decode()
    assert Job.objects.count() == 1
