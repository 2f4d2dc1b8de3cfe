"""Encrypted media: whose key opens what, what is said when it is missing, and when it is destroyed."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import transaction

from tests.webapp.recordings.arriving import bytes_on_disk, files, stored, upload_of
from tests.webapp.recordings.conftest import MASTER
from webapp.consent.models import Tombstone
from webapp.consent.services import withdraw_consent
from webapp.core import wrapped_keys
from webapp.core.encryption import CHUNK_BYTES, HEADER_BYTES, is_encrypted
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.recordings import keys, storage
from webapp.recordings.models import MediaKey, Recording, Upload
from webapp.recordings.services import delete_recording

NEWER = b"n" * 32


def test_every_recording_has_a_key_of_its_own(recording, tus, other_video, check):
    other = check(tus.send(other_video, camera="doctor"))
    first, second = (wrapped_keys.opened(keys.find_key(one.pk)) for one in (recording, other))
    assert first != second
    assert files(recording) == files(other) == {"original": True, "poster": True}


def test_a_file_in_the_place_of_another_ones_is_not_served(
    recording, tus, other_video, check, signed_in, bob
):
    other = check(tus.send(other_video, camera="doctor"))
    storage.original_path(other).replace(storage.original_path(recording))
    storage.original_path(other).write_bytes(b"plain bytes in the place of an encrypted file")
    for one in (recording, other):
        answer = signed_in(bob).get(f"/recordings/{one.pk}/video", HTTP_RANGE="bytes=0-99")
        assert answer.status_code == 500
        assert "damaged or exchanged" in answer.content.decode()


def test_a_damaged_piece_in_the_middle_ends_the_answer_before_it_begins(recording, signed_in, bob, settings):
    with storage.original(recording).open("ab") as file:
        file.write(bytes(3 * CHUNK_BYTES))
    path = storage.original_path(recording)
    data = bytearray(path.read_bytes())
    data[HEADER_BYTES + CHUNK_BYTES + 100] ^= 1
    path.write_bytes(data)
    client, url = signed_in(bob), f"/recordings/{recording.pk}/video"
    assert client.get(url, HTTP_RANGE=f"bytes=0-{CHUNK_BYTES - 1}").status_code == 206
    answer = client.get(url, HTTP_RANGE="bytes=0-")
    assert (answer.status_code, "Content-Range" in answer) == (500, False)


@pytest.mark.parametrize("others", [[], [NEWER]])
def test_without_its_master_key_nothing_is_served_and_a_sentence_says_why(
    recording, signed_in, bob, settings, others
):
    settings.MEDIA_KEYS = others
    for what in ("video", "poster.jpg"):
        answer = signed_in(bob).get(f"/recordings/{recording.pk}/{what}")
        assert answer.status_code == 503
        assert "without the key that opens it" in answer.content.decode()
    settings.MEDIA_KEYS = [*others, MASTER]
    assert signed_in(bob).get(f"/recordings/{recording.pk}/poster.jpg").status_code == 200


def test_a_check_without_the_master_key_keeps_the_file_for_another_try(
    encrypted, tus, small_video, check, settings
):
    arrived = tus.send(small_video)
    settings.MEDIA_KEYS = []
    assert check(arrived).state == "refused"
    job = Job.objects.get(kind="check_recording")
    assert (job.state, job.error_code) == ("failed", "media_locked")
    settings.MEDIA_KEYS = [MASTER]
    Job.objects.filter(pk=job.pk).update(state="queued")
    running.run(job.pk)
    arrived.refresh_from_db()
    assert arrived.state == "ready"
    assert stored(storage.original(arrived)) == small_video


def test_an_upload_without_the_master_key_says_so_and_goes_on_with_it(encrypted, tus, settings):
    url = tus.start(100)
    tus.patch(url, 0, b"a" * 30)
    settings.MEDIA_KEYS = [NEWER]
    answer = tus.patch(url, 30, b"b" * 70)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "media_locked")
    settings.MEDIA_KEYS = [NEWER, MASTER]
    assert tus.patch(url, 30, b"b" * 70).status_code == 204


def test_a_chunk_of_a_killed_process_costs_what_arrived_of_one_piece_and_is_asked_for_again(encrypted, tus):
    length = CHUNK_BYTES + 100
    url = tus.start(length)
    tus.patch(url, 0, b"a" * (CHUNK_BYTES + 30))
    path = storage.upload_file(upload_of(url).pk)
    data = path.read_bytes()
    path.write_bytes(data[:-10] + b"torn record, and more of it")
    answer = tus.patch(url, CHUNK_BYTES + 30, b"b" * 70)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_offset")
    assert tus.offset(url) == CHUNK_BYTES
    assert tus.patch(url, CHUNK_BYTES, b"c" * 100).status_code == 204
    assert bytes_on_disk(url) == b"a" * CHUNK_BYTES + b"c" * 100


def test_a_key_goes_with_an_upload_that_is_discarded(encrypted, tus):
    url = tus.start(100)
    assert MediaKey.objects.count() == 1
    tus.delete(url)
    assert not MediaKey.objects.exists()


def test_a_key_goes_with_a_refused_file_and_not_with_one_that_waits_for_another_try(
    encrypted, tus, small_video, check, monkeypatch
):
    refused = check(tus.send(b"no video" * 10))
    assert refused.state == "refused"
    assert not MediaKey.objects.exists()
    waiting = tus.send(small_video, camera="doctor")
    monkeypatch.setattr("webapp.engines.check_video", lambda *_: 1 / 0)
    assert check(waiting).state == "refused"
    assert MediaKey.objects.get().recording == waiting


def test_a_key_goes_with_a_recording_and_what_is_left_of_the_file_is_noise(recording):
    path = storage.original_path(recording)
    copy = path.read_bytes()
    with transaction.atomic():
        delete_recording(recording, action="recording.replaced")
    assert not MediaKey.objects.exists()
    assert Upload.objects.exists(), "the row of the upload outlives the recording, its key does not"
    assert is_encrypted(path) or not path.exists()
    assert b"ftyp" not in copy


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_destroys_the_keys_and_the_certificate_names_them(recording, tus, alice, patient):
    tus.start(100, camera="doctor")
    held = {str(pk) for pk in MediaKey.objects.values_list("pk", flat=True)}
    assert len(held) == 2
    withdraw_consent(actor=alice, participant=patient, purposes=["record"])
    call_command("apply_retention")
    assert not MediaKey.objects.exists()
    named = Tombstone.objects.filter(kind="encryption key").values_list("object_id", flat=True)
    assert set(named) == held


def test_old_and_new_recordings_are_served_side_by_side(
    ready, signed_in, bob, settings, tus, other_video, check
):
    settings.MEDIA_KEYS = [MASTER]
    newer = check(tus.send(other_video, camera="doctor"))
    assert (files(ready)["original"], files(newer)["original"]) == (False, True)
    for one in (ready, newer):
        answer = signed_in(bob).get(f"/recordings/{one.pk}/video", HTTP_RANGE="bytes=4-7")
        assert (answer.status_code, answer.content) == (206, b"ftyp")


def test_what_is_refused_and_gone_gets_no_key(tus, check, settings):
    assert check(tus.send(b"no video" * 10)).state == "refused"
    settings.MEDIA_KEYS = [MASTER]
    storage.delete_files(Recording.objects.get().pk)
    call_command("encrypt_media")
    assert not MediaKey.objects.exists()


def test_an_upload_that_began_plain_is_encrypted_when_it_has_arrived(tus, small_video, settings, check):
    url = tus.start(len(small_video))
    tus.patch(url, 0, small_video[:1000])
    settings.MEDIA_KEYS = [MASTER]
    tus.patch(url, 1000, small_video[1000:])
    recording = check(Recording.objects.get())
    assert recording.state == "ready"
    assert files(recording) == {"original": True, "poster": True}
    assert MediaKey.objects.get().complete
    assert stored(storage.original(recording)) == small_video


def test_the_checks_of_the_site_find_keys_that_are_none_and_recordings_that_do_not_open(recording, settings):
    def found(**more) -> list[str]:
        return [one.id for one in run_checks(**more) if one.id.startswith("recordings.")]

    assert found(databases=["default"]) == []
    settings.MEDIA_KEYS = [NEWER]
    assert found() == []
    assert found(databases=["default"]) == ["recordings.W001"]
    for wrong in ([b"short"], ["text"], [MASTER, MASTER]):
        settings.MEDIA_KEYS = wrong
        assert found() == ["recordings.E001"]


def test_keys_that_were_deleted_are_overwritten_in_the_database(db):
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("a setting of SQLite")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA secure_delete").fetchone() == (1,)
