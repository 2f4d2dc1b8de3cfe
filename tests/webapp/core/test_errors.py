"""One translation of errors for pages and one for the API."""

import re
from uuid import uuid4

import pytest
from django.http import Http404
from django.urls import reverse
from rest_framework import exceptions

from webapp.core.api import translate
from webapp.core.errors import Conflict


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Conflict("Taken."), "conflict", 409),
        (Http404(), "not_found", 404),
        (exceptions.NotAuthenticated(), "not_signed_in", 401),
        (exceptions.PermissionDenied(), "forbidden", 403),
        (exceptions.ValidationError({"a": ["Wrong."]}), "invalid", 400),
        (exceptions.Throttled(), "too_fast", 429),
        (exceptions.UnsupportedMediaType("x/y"), "unsupported_type", 415),
        (exceptions.MethodNotAllowed("GET"), "method_not_allowed", 405),
    ],
)
def test_every_known_error_has_code_and_status(error, code, status):
    known = translate(error)
    assert (known.code, known.status) == (code, status)


def test_unknown_error_is_left_to_the_server():
    assert translate(RuntimeError("x")) is None


def test_fields_are_named():
    known = translate(exceptions.ValidationError({"held_on": ["Not a date."]}))
    assert known.as_dict()["error"]["fields"] == {"held_on": ["Not a date."]}


def test_absent_and_forbidden_look_alike_to_strangers(study, encounter, carol, signed_in):
    client = signed_in(carol)
    forbidden = client.get(f"/studies/{study.slug}/")
    absent = client.get("/studies/no-such-study/")
    assert (forbidden.status_code, absent.status_code) == (404, 404)
    assert without_token(forbidden) == without_token(absent)


def without_token(answer):
    return re.sub(r'(value|content)="\w{64}"', "", answer.content.decode())


def test_an_address_of_a_form_says_so_to_whoever_comes_by_the_address_bar(alice, signed_in):
    answer = signed_in(alice).get(reverse("deidjobs:review", args=[uuid4()]))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address belongs to a form" in answer.content.decode()


def test_api_error_has_the_promised_shape(client, db):
    answer = client.get("/api/v1/studies/")
    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "not_signed_in", "message": "Sign in first."}}
