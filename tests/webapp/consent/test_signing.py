"""A consent is kept exactly as it was signed, before somebody who proved who they are, and can be checked."""

from __future__ import annotations

import datetime
import errno
import html
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from tests.conftest import PASSWORD, recruiting
from webapp.consent.copies import pdf_copy
from webapp.consent.models import ConsentDecision, ConsentForm, ConsentRecord
from webapp.consent.queries import forms_for, granting, reconsent_queue, state_of
from webapp.consent.scans import DISK_FULL, scan_path
from webapp.consent.services import publish_form, withdraw_consent
from webapp.consent.signing import document_hash, sign_consent
from webapp.core.errors import Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.studies.services import add_participant

TODAY = timezone.localdate()
DAY = datetime.timedelta(days=1)


@pytest.fixture
def newcomer(study, alice, consent_form):
    return add_participant(actor=alice, study=study, kind="patient")


def sign(alice, person, *, form=None, answers=None, **more) -> ConsentRecord:
    return sign_consent(
        actor=alice,
        participant=person,
        form=form or forms_for(person).first(),
        answers=answers or {"record": True, "annotate": False},
        **({"signature": "AB"} | more),
    )


def test_document_holds_the_text_and_every_answer_as_signed(alice, newcomer, consent_form):
    record = sign(alice, newcomer)
    publish_form(actor=alice, study=newcomer.study, text="Reworded.")
    document = ConsentRecord.objects.get(pk=record.pk).document
    assert document["form"]["text"] == consent_form.text
    assert {one["purpose"]: one["agreed"] for one in document["answers"]} == {
        "record": True,
        "annotate": False,
    }
    assert document_hash(document) == record.sha256
    assert document_hash({**document, "signature": "XY"}) != record.sha256


@pytest.mark.parametrize("model", [ConsentForm, ConsentRecord, ConsentDecision])
def test_texts_and_signed_consents_are_never_edited(alice, newcomer, model):
    sign(alice, newcomer)
    for change in (
        lambda: model.objects.update(id=F("id")),
        lambda: model.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_the_same_record_gives_the_same_pdf(alice, newcomer):
    record = ConsentRecord.objects.get(pk=sign(alice, newcomer).pk)
    copy = pdf_copy(record)
    assert copy.startswith(b"%PDF-")
    assert copy == pdf_copy(record)


def test_nothing_is_signed_without_initials_or_scan_or_on_a_form_for_others(alice, newcomer, study):
    with pytest.raises(Invalid, match="initials"):
        sign(alice, newcomer, signature="")
    for_doctors = publish_form(actor=alice, study=study, text="For doctors.", kind="doctor")
    recruiting(study)
    with pytest.raises(Invalid, match="not meant"):
        sign(alice, newcomer, form=for_doctors)
    assert not ConsentRecord.objects.exists()


def test_consent_ends_after_its_last_day_and_comes_back_with_a_new_one(alice, newcomer):
    sign(alice, newcomer, valid_until=TODAY)
    assert newcomer in granting("record")
    assert newcomer not in granting("record", at=timezone.now() + DAY)
    assert state_of(newcomer, at=timezone.now() + DAY)["record"] is False
    sign(alice, newcomer)
    assert newcomer in granting("record", at=timezone.now() + DAY)


def test_doctors_and_patients_get_the_text_meant_for_them_in_its_languages(alice, study, newcomer, doctor):
    publish_form(actor=alice, study=study, text="For doctors.", kind="doctor")
    publish_form(actor=alice, study=study, text="Für Ärztinnen.", language="de", translates=True)
    assert [(one.version, one.language) for one in forms_for(doctor)] == [(2, "de"), (2, "en")]
    assert [one.version for one in forms_for(newcomer)] == [1]
    with pytest.raises(Conflict, match="already"):
        publish_form(actor=alice, study=study, text="Again.", language="de", translates=True)


def test_queue_holds_who_agreed_to_an_older_text_or_whose_consent_ends_soon(alice, study, newcomer):
    assert list(reconsent_queue(study)) == []
    sign(alice, newcomer, valid_until=TODAY + 20 * DAY)
    other = add_participant(actor=alice, study=study, kind="patient")
    sign(alice, other, valid_until=TODAY + 90 * DAY)
    assert list(reconsent_queue(study)) == [newcomer]
    new = publish_form(actor=alice, study=study, text="Reworded.")
    recruiting(study)
    assert set(reconsent_queue(study)) == {newcomer, other}
    sign(alice, newcomer, form=new)
    assert list(reconsent_queue(study)) == [other]
    withdraw_consent(actor=alice, participant=other, purposes=["record"])
    assert list(reconsent_queue(study)) == []


def address(person) -> str:
    return f"/studies/{person.study.slug}/participants/{person.code}/consent/"


def test_countersigning_asks_for_the_coordinators_password_and_gives_up_on_guessing(
    alice, newcomer, signed_in
):
    client, values = signed_in(alice), {"record": "on", "signature": "AB", "password": "wrong"}
    for _ in range(5):
        assert client.post(address(newcomer), values).status_code == 422
    right = client.post(address(newcomer), values | {"password": PASSWORD})
    assert "Too many wrong passwords" in right.content.decode()
    assert not ConsentRecord.objects.exists()


def test_wrong_password_keeps_what_was_ticked(alice, newcomer, signed_in):
    page = (
        signed_in(alice)
        .post(address(newcomer), {"annotate": "on", "signature": "AB", "password": "wrong"})
        .content.decode()
    )
    assert 'name="annotate" id="id_annotate" checked' in page.replace("aria-describedby", "x")
    assert "not your password" in page


def test_scanned_form_is_kept_and_each_look_is_recorded(alice, newcomer, signed_in):
    client = signed_in(alice)
    scan = SimpleUploadedFile("Muster Hans.pdf", b"%PDF-1.7 signed")
    client.post(address(newcomer), {"record": "on", "scan": scan, "password": PASSWORD})
    record = ConsentRecord.objects.get()
    assert scan_path(record).read_bytes() == b"%PDF-1.7 signed"
    assert "Muster" not in str(record.document)
    answer = client.get(f"/studies/{newcomer.study.slug}/consents/{record.pk}/scan")
    assert answer.content == b"%PDF-1.7 signed"
    assert AuditEvent.objects.filter(action="consent.scan_viewed", target_id=str(record.pk)).count() == 1


@pytest.mark.parametrize("data", [b"<html>", b"", b"MZ executable"])
def test_what_is_no_scan_is_refused_beside_its_field(alice, newcomer, signed_in, data):
    values = {"record": "on", "scan": SimpleUploadedFile("a.pdf", data), "password": PASSWORD}
    assert signed_in(alice).post(address(newcomer), values).status_code == 422
    assert not ConsentRecord.objects.exists()


def test_copies_can_be_downloaded_and_checked(alice, newcomer, signed_in):
    record, client = sign(alice, newcomer), signed_in(alice)
    base = f"/studies/{newcomer.study.slug}/consents/{record.pk}"
    copy = json.loads(client.get(f"{base}.json").content)
    assert document_hash(copy["document"]) == copy["sha256"] == record.sha256
    assert client.get(f"{base}.pdf")["Content-Type"] == "application/pdf"


def test_unticking_a_yes_leads_to_the_page_that_says_what_is_erased(alice, patient, signed_in):
    still = {
        purpose: "on" for purpose, granted in state_of(patient).items() if granted and purpose != "annotate"
    }
    answer = signed_in(alice).post(address(patient), still | {"signature": "AB", "password": PASSWORD})
    assert answer.url.endswith(f"/participants/{patient.code}/withdraw/?purposes=annotate")
    assert state_of(patient)["annotate"] is True, "nothing ends before it was confirmed"


def test_full_disk_signs_nothing_and_leaves_no_half_scan(alice, newcomer, signed_in, monkeypatch, settings):
    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    scan = SimpleUploadedFile("a.pdf", b"%PDF-1.7 signed")
    values = {"record": "on", "scan": scan, "password": PASSWORD}
    answer = signed_in(alice).post(address(newcomer), values)
    assert DISK_FULL in html.unescape(answer.content.decode())
    assert not ConsentRecord.objects.filter(participant=newcomer).exists()
    assert [
        path for path in Path(settings.DATA_DIR).rglob("*") if "consents" in path.parts and path.is_file()
    ] == []
