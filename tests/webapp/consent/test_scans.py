"""Scans of signed forms: encrypted where media are, erased with the consent, swept when forgotten."""

from __future__ import annotations

import datetime
import io
import os
import time

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.conftest import grant_everything
from tests.webapp.recordings.conftest import MASTER
from webapp.consent import scans
from webapp.consent.asking import asked_of
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.models import ConsentRecord, Erasure, ScanKey, Tombstone
from webapp.consent.queries import forms_for
from webapp.consent.retention import apply_retention
from webapp.consent.scans import read_scan, scan_path, sweep_scans
from webapp.consent.signing import sign_consent
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.encryption import DamagedFile
from webapp.core.models import AuditEvent
from webapp.studies.models import Encounter
from webapp.studies.services import add_participant, create_encounter

SCAN = b"%PDF-1.7 signed by Hans Muster"
DAY = datetime.timedelta(days=1)
ORPHAN = "6f1b3c1e-8f0f-4f3a-9a51-0d8f6f9a2b11"


@pytest.fixture
def sign(alice):
    def run(person, scan=SCAN, **said) -> ConsentRecord:
        answers = dict.fromkeys(asked_of(person), True) | said
        form = forms_for(person).first()
        return sign_consent(actor=alice, participant=person, form=form, answers=answers, scan=scan)

    return run


@pytest.fixture
def sign_long_ago(sign, monkeypatch):
    def run(person) -> ConsentRecord:
        then = timezone.now() - 9 * DAY
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda: then)
            return sign(person)

    return run


def plain_bytes(settings) -> list[str]:
    files = (path for path in settings.DATA_DIR.rglob("*") if path.is_file())
    return [path.name for path in files if b"Hans Muster" in path.read_bytes()]


def scan_address(record) -> str:
    return f"/studies/{record.participant.study.slug}/consents/{record.pk}/scan"


def test_a_scan_lies_encrypted_under_a_key_of_its_own_and_opens_as_it_was(
    sign, patient, doctor, settings, signed_in, alice
):
    settings.MEDIA_KEYS = [MASTER]
    record, other = sign(patient), sign(doctor)
    assert plain_bytes(settings) == []
    assert read_scan(record) == SCAN
    assert ScanKey.objects.count() == 2
    first, second = scan_path(record), scan_path(other)
    first.write_bytes(second.read_bytes())
    with pytest.raises(DamagedFile):
        read_scan(record)


def test_encrypting_decrypting_and_a_new_master_key_take_the_scans_along(
    sign, patient, settings, capsys, signed_in, alice
):
    record = sign(patient)
    assert plain_bytes(settings) == [scan_path(record).name]
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    assert plain_bytes(settings) == []
    settings.MEDIA_KEYS = [b"n" * 32, MASTER]
    call_command("rewrap_media_keys")
    settings.MEDIA_KEYS = [b"n" * 32]
    assert read_scan(record) == SCAN
    call_command("encrypt_media")
    call_command("decrypt_media")
    said = [line for line in capsys.readouterr().out.split("\n") if "scans" in line]
    one, none = (f"{count} scans of signed forms encrypted." for count in (1, 0))
    assert said == [one, none, "1 scans of signed forms decrypted."]
    settings.MEDIA_KEYS = []
    assert read_scan(record) == SCAN
    assert not ScanKey.objects.exists()
    done = AuditEvent.objects.filter(target_id=str(record.pk)).values_list("action", flat=True)
    assert [one for one in done if "scan" in one] == ["consent.scan_encrypted", "consent.scan_decrypted"]
    with pytest.raises(CommandError, match="no key to decrypt with"):
        call_command("decrypt_media")


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_withdrawing_everything_erases_the_scan_and_keeps_its_hash(
    sign, patient, doctor, settings, withdraw, signed_in, alice, is_encrypted
):
    settings.MEDIA_KEYS = [MASTER] if is_encrypted else []
    record, other = sign(patient), sign(doctor)
    client, page = signed_in(alice), f"/studies/empathy/participants/{patient.code}/consent/"
    withdraw(patient, "annotate")
    assert client.get(scan_address(record)).content == SCAN
    effects = {one.what: one.count for one in preview(scope_of(patient, ["record"]))}
    assert effects["scans of forms signed on paper"] == 1
    erasure = withdraw(patient, "record")
    assert erasure.state == "done"
    assert not scan_path(record).exists()
    assert client.get(scan_address(record)).status_code == 404
    assert "scan erased" in client.get(page).content.decode()
    assert Tombstone.objects.get(kind="scan of a signed form").sha256 == record.attachment_sha256
    assert ScanKey.objects.count() == is_encrypted
    assert read_scan(other) == SCAN
    again = sign(patient)
    finish_open_erasures()
    assert read_scan(again) == SCAN


def test_a_scan_that_could_not_be_deleted_is_found_by_the_look_through_the_storage(
    sign, patient, withdraw, monkeypatch
):
    record = sign(patient)
    path = scan_path(record)
    with monkeypatch.context() as patch:
        patch.setattr("webapp.consent.scans.scan_path", lambda _: path.with_name("elsewhere"))
        erasure = withdraw(patient, "record")
    assert (erasure.state, path.exists()) == ("done", False)


def test_the_end_of_the_time_to_keep_takes_the_scans_of_those_of_whom_nothing_else_is_kept(
    sign_long_ago, study, alice, doctor, patient, encounter, django_capture_on_commit_callbacks
):
    theirs, doctors = sign_long_ago(patient), sign_long_ago(doctor)
    new = grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))
    today = timezone.localdate()
    create_encounter(actor=alice, study=study, doctor=doctor, patient=new, held_on=today)
    Encounter.objects.filter(pk=encounter.pk).update(keep_until=today - DAY)
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
    assert not scan_path(theirs).exists()
    assert read_scan(doctors) == SCAN
    assert finish_open_erasures() == 1 and Erasure.objects.get().certificate["erased"]
    assert apply_retention() == [], "nothing is left to erase"


def test_what_was_signed_since_the_time_to_keep_ended_is_kept_for_the_visit_to_come(
    sign_long_ago, sign, patient, encounter, django_capture_on_commit_callbacks
):
    old, fresh = sign_long_ago(patient), sign(patient)
    Encounter.objects.filter(pk=encounter.pk).update(keep_until=timezone.localdate() - DAY)
    with django_capture_on_commit_callbacks(execute=True):
        apply_retention()
    assert read_scan(fresh) == SCAN
    assert not scan_path(old).exists()
    assert apply_retention() == []


def test_a_form_that_says_no_on_paper_stays_as_the_proof_of_the_withdrawal(
    sign, patient, django_capture_on_commit_callbacks
):
    yes = sign(patient)
    with django_capture_on_commit_callbacks(execute=True):
        no = sign(patient, record=False)
    assert finish_open_erasures() == 1 and Erasure.objects.get().certificate["erased"]
    assert not scan_path(yes).exists()
    assert read_scan(no) == SCAN


def test_a_scan_whose_file_is_away_is_not_found(sign, patient, signed_in, alice):
    record = sign(patient)
    scan_path(record).unlink()
    assert signed_in(alice).get(scan_address(record)).status_code == 404
    assert not AuditEvent.objects.filter(action="consent.scan_viewed").exists()


def test_a_scan_that_is_erased_while_others_are_encrypted_gets_no_key(
    sign, patient, doctor, settings, withdraw, monkeypatch
):
    records = sorted((sign(patient), sign(doctor)), key=lambda one: one.signed_at, reverse=True)
    settings.MEDIA_KEYS = [MASTER]
    encrypt = scans.encrypt_in_place

    def encrypt_while_the_other_goes(stored):
        withdraw(records[1].participant, "record")
        encrypt(stored)

    monkeypatch.setattr(scans, "encrypt_in_place", encrypt_while_the_other_goes)
    outcome = scans.encrypt_scans(print)
    assert (outcome.done, outcome.failed) == (1, 0)
    assert ScanKey.objects.get().record == records[0]


def test_a_scan_is_written_whole_though_the_disk_takes_little_at_a_time(sign, patient, settings, monkeypatch):
    class Slow(io.FileIO):
        def write(self, data):
            return super().write(bytes(data)[:7])

    monkeypatch.setattr(type(settings.DATA_DIR), "open", lambda self, mode="r", *_, **__: Slow(self, mode))
    assert read_scan(sign(patient)) == SCAN


def test_a_file_that_vanishes_during_the_sweep_does_not_stop_it(sign, patient, monkeypatch):
    folder = scan_path(sign(patient)).parent
    orphan = folder / f"{ORPHAN}.pdf"
    orphan.write_bytes(SCAN)
    os.utime(orphan, (time.time() - 30 * 3600,) * 2)
    monkeypatch.setattr(scans, "_files", lambda: iter([folder / "vanished.pdf", orphan]))
    cache.clear()
    sweep_scans()
    assert not orphan.exists()


def test_old_files_without_a_record_and_half_written_ones_are_swept(sign, patient):
    record = sign(patient)
    folder = scan_path(record).parent
    orphan, half, new = folder / f"{ORPHAN}.pdf", folder / ".abc.part", folder / "just-now.pdf"
    for path in (orphan, half, new):
        path.write_bytes(SCAN)
    for path, hours in ((scan_path(record), 30), (orphan, 30), (half, 2)):
        os.utime(path, (time.time() - hours * 3600,) * 2)
    cache.clear()
    sweep_scans()
    assert {path.name for path in folder.iterdir()} == {scan_path(record).name, new.name}
