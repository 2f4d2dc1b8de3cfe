"""A signature drawn by hand is kept as drawn, with its consent, and nothing else passes for one."""

from __future__ import annotations

import json
import zlib

import pytest

from tests.conftest import PASSWORD
from tests.webapp.consent.test_signing import address, sign
from webapp.consent.copies import pdf_copy
from webapp.consent.drawing import HEIGHT, MOST_POINTS, MOST_STROKES, WIDTH, read_strokes
from webapp.consent.models import ConsentRecord
from webapp.consent.services import withdraw_consent
from webapp.consent.signing import document_hash
from webapp.core.errors import Invalid
from webapp.core.models import AuditEvent
from webapp.studies.services import add_participant

STROKES = [[[100, 200], [300, 40], [500, 250]], [[700, 120]]]


@pytest.fixture
def newcomer(study, alice, consent_form):
    return add_participant(actor=alice, study=study, kind="patient")


def send(client, person, drawing, **more):
    return client.post(address(person), {"record": "on", "drawing": drawing, "password": PASSWORD} | more)


def test_drawing_is_kept_as_drawn_and_covered_by_the_hash(alice, newcomer, signed_in):
    assert send(signed_in(alice), newcomer, json.dumps(STROKES)).status_code == 302
    record = ConsentRecord.objects.get()
    assert record.method == "drawn"
    assert record.document["drawing"] == {"width": WIDTH, "height": HEIGHT, "strokes": STROKES}
    assert document_hash(record.document) == record.sha256
    other = {**record.document["drawing"], "strokes": STROKES[:1]}
    assert document_hash({**record.document, "drawing": other}) != record.sha256


def test_copies_show_the_drawing_and_each_copy_is_recorded(alice, newcomer, signed_in):
    drawn, typed = sign(alice, newcomer, signature="", drawing=STROKES), sign(alice, newcomer)
    assert pdf_copy(drawn) == pdf_copy(drawn)
    assert [page.count(b" l\n") for page in map(_page_of, (drawn, typed))] == [3, 0]
    base = f"/studies/{newcomer.study.slug}/consents/{drawn.pk}"
    client = signed_in(alice)
    assert json.loads(client.get(f"{base}.json").content)["document"]["drawing"]["strokes"] == STROKES
    client.get(f"{base}.pdf")
    assert AuditEvent.objects.filter(action="consent.copied", target_id=str(drawn.pk)).count() == 2


def _page_of(record: ConsentRecord) -> bytes:
    """Return the instructions that draw the first page of the PDF copy; fonts are streams as well."""
    streams = pdf_copy(record).split(b"stream\n")[1::2]
    return next(page for page in map(zlib.decompress, streams) if b" Tf" in page)


def test_drawing_stays_with_the_record_after_a_withdrawal(alice, newcomer):
    record = sign(alice, newcomer, signature="", drawing=STROKES)
    withdraw_consent(actor=alice, participant=newcomer, purposes=["record"])
    assert ConsentRecord.objects.get(pk=record.pk).document["drawing"]["strokes"] == STROKES


def test_wrong_password_keeps_the_drawing_on_the_page(alice, newcomer, signed_in):
    page = send(signed_in(alice), newcomer, json.dumps(STROKES), password="wrong")
    assert page.status_code == 422
    assert "[[100, 200], [300, 40]" in page.content.decode()


@pytest.mark.parametrize("drawing", ["", "null", "[]"])
def test_nothing_drawn_is_no_signature(alice, newcomer, signed_in, drawing):
    page = send(signed_in(alice), newcomer, drawing)
    assert page.status_code == 422
    assert "a drawn signature or the scanned form are needed" in page.content.decode()
    assert send(signed_in(alice), newcomer, drawing, signature="AB").status_code == 302
    assert ConsentRecord.objects.get().method == "typed"


@pytest.mark.parametrize(
    "strokes",
    [
        {"strokes": []},
        "strokes",
        7,
        [7],
        [[]],
        [[[1]]],
        [[[1, 2, 3], [400, 2, 3]]],
        [[["1", 2], [400, 2]]],
        [[[1.5, 2], [400, 2]]],
        [[[True, 2], [400, 2]]],
        [[[-1, 2], [400, 2]]],
        [[[WIDTH + 1, 2], [4, 2]]],
        [[[1, HEIGHT + 1], [400, 2]]],
        [[[0, 0], [WIDTH, 0]]] * (MOST_STROKES + 1),
        [[[0, 0], [WIDTH, 0]] * MOST_POINTS],
    ],
)
def test_what_is_no_drawing_is_refused_in_words(strokes):
    with pytest.raises(Invalid, match="cannot be read"):
        read_strokes(strokes)


def test_a_slip_of_the_hand_is_no_signature(alice, newcomer, signed_in):
    with pytest.raises(Invalid, match="too little"):
        read_strokes([[[0, 0], [9, 9]]])
    page = send(signed_in(alice), newcomer, "[[[0,0],[9,9]]]")
    assert page.status_code == 422
    assert "too little for a signature" in page.content.decode()
    assert send(signed_in(alice), newcomer, "{").status_code == 422
    assert not ConsentRecord.objects.exists()
