"""Uploads that break off, meet a full disk, each other or a withdrawal: nothing is lost or half-written."""

from __future__ import annotations

import base64
import errno
import hashlib
from datetime import timedelta

import pytest
from django.http import UnreadablePostError
from django.utils import timezone

from tests.webapp.recordings.arriving import Source, bytes_on_disk, receive, receive_from, upload_of
from webapp.consent.services import record_decisions
from webapp.core.errors import ConsentMissing, InsufficientStorage, NotFound
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job
from webapp.recordings import storage, uploads, writing
from webapp.recordings.models import Recording, Upload

pytestmark = pytest.mark.usefixtures("at_rest")


def test_a_lost_connection_keeps_what_arrived_and_the_upload_goes_on(tus):
    url = tus.start(100)
    receive(url, 0, b"a" * 20, b"b" * 15, UnreadablePostError("gone"))
    assert tus.offset(url) == 35
    assert bytes_on_disk(url) == b"a" * 20 + b"b" * 15
    assert tus.patch(url, 35, b"c" * 65).status_code == 204
    assert bytes_on_disk(url) == b"a" * 20 + b"b" * 15 + b"c" * 65
    assert Recording.objects.exists()


@pytest.mark.parametrize("trouble", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_cuts_back_to_what_was_acknowledged_and_the_upload_goes_on(tus, monkeypatch, trouble):
    url = tus.start(100)
    tus.patch(url, 0, b"a" * 30)
    real = writing._write_all

    def fill_up(sink, piece):
        real(sink, piece[:5])
        raise OSError(trouble, "No space left on device")

    monkeypatch.setattr(writing, "_write_all", fill_up)
    answer = tus.patch(url, 30, b"b" * 20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "insufficient_storage")
    assert answer.json()["error"]["message"] == InsufficientStorage.message
    assert bytes_on_disk(url) == b"a" * 30
    monkeypatch.setattr(writing, "_write_all", real)
    assert tus.offset(url) == 30
    assert tus.patch(url, 30, b"c" * 70).status_code == 204
    assert bytes_on_disk(url) == b"a" * 30 + b"c" * 70


def test_a_full_disk_when_an_upload_starts_leaves_nothing_behind(tus, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.touch", full)
    assert tus.create(100).status_code == 507
    assert not Upload.objects.exists()


def test_bytes_of_a_process_that_died_before_it_could_acknowledge_are_overwritten(tus, settings):
    settings.MEDIA_KEYS = []
    url = tus.start(100)
    tus.patch(url, 0, b"a" * 30)
    with storage.upload_file(upload_of(url).pk).open("ab") as file:
        file.write(b"lost" * 5)
    tus.patch(url, 30, b"b" * 10)
    assert bytes_on_disk(url) == b"a" * 30 + b"b" * 10


def test_two_requests_do_not_write_to_one_upload(tus):
    url = tus.start(100)
    answers = []

    class Overtaken(Source):
        def read(self, size: int, /) -> bytes:
            if self.pieces:
                answers.append(tus.patch(url, 0, b"intruder").status_code)
                answers.append(tus.delete(url).status_code)
            return super().read(size)

    receive_from(Overtaken(b"a" * 40), url)
    assert answers == [423, 423]
    assert bytes_on_disk(url) == b"a" * 40


def test_the_lock_of_a_dead_request_expires(tus):
    url = tus.start(100)
    past = timezone.now() - timedelta(seconds=1)
    Upload.objects.update(lock_token="1" * 32, locked_until=past)
    assert tus.patch(url, 0, b"a").status_code == 204


def test_a_request_whose_lock_was_taken_over_moves_no_offset(tus, monkeypatch):
    monkeypatch.setattr(writing, "RENEW_AFTER", timedelta(0))
    url = tus.start(100)

    class Slow(Source):
        def read(self, size: int, /) -> bytes:
            Upload.objects.update(lock_token="1" * 32)
            return super().read(size)

    with pytest.raises(uploads.UploadLocked):
        receive_from(Slow(b"a"), url)
    assert tus.offset(url) == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_chunk_with_the_right_checksum_is_kept(tus, algorithm):
    url = tus.start(100)
    digest = base64.b64encode(hashlib.new(algorithm, b"abc").digest()).decode()
    answer = tus.patch(url, 0, b"abc", HTTP_UPLOAD_CHECKSUM=f"{algorithm} {digest}")
    assert (answer.status_code, tus.offset(url)) == (204, 3)


def test_a_damaged_chunk_is_dropped(tus):
    url = tus.start(100)
    digest = base64.b64encode(hashlib.sha1(b"abc").digest()).decode()
    answer = tus.patch(url, 0, b"abX", HTTP_UPLOAD_CHECKSUM=f"sha1 {digest}")
    assert (answer.status_code, tus.offset(url), bytes_on_disk(url)) == (460, 0, b"")


@pytest.mark.parametrize("header", ["md5 abc", "sha1 %%%", "sha1"])
def test_a_checksum_that_cannot_be_read_is_refused(tus, header):
    url = tus.start(100)
    assert tus.patch(url, 0, b"abc", HTTP_UPLOAD_CHECKSUM=header).status_code in (400, 460)
    assert tus.offset(url) == 0


def test_a_cancelled_upload_is_gone_with_its_bytes(tus, settings, django_capture_on_commit_callbacks):
    url = tus.start(100)
    tus.patch(url, 0, b"abc")
    with django_capture_on_commit_callbacks(execute=True):
        assert tus.delete(url).status_code == 204
    assert tus.head(url).status_code == 404
    assert list(settings.DATA_DIR.rglob("*.part")) == []


def test_an_upload_that_arrived_cannot_be_cancelled(tus):
    url = tus.start(3)
    tus.patch(url, 0, b"abc")
    assert tus.delete(url).status_code == 409


def test_an_upload_whose_file_vanished_says_so(tus):
    url = tus.start(100)
    storage.upload_file(upload_of(url).pk).unlink()
    assert tus.patch(url, 0, b"abc").status_code == 404


def test_a_reloaded_page_learns_which_uploads_can_go_on(tus, encounter):
    url = tus.start(100, filename="a.mp4")
    tus.patch(url, 0, b"abc")
    finished = tus.start(3, camera="doctor")
    tus.patch(finished, 0, b"abc")
    (found,) = tus.client.get(f"/api/v1/encounters/{encounter.pk}/uploads/").json()
    expected = {"camera": "patient", "filename": "a.mp4", "size_bytes": 100, "offset": 3, "url": url}
    assert {name: found[name] for name in expected} == expected


def test_without_consent_to_record_nothing_is_uploaded(tus, patient, alice):
    record_decisions(actor=alice, participant=patient, decisions={"record": False})
    answer = tus.create(100)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "consent_missing")


def test_a_second_file_for_a_camera_must_be_meant(tus, ready):
    answer = tus.create(100)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "recording_exists")
    assert tus.create(100, replace="1").status_code == 201


def test_a_file_is_not_replaced_while_it_is_being_checked(tus, small_video):
    tus.send(small_video)
    assert tus.create(100, replace="1").json()["error"]["code"] == "being_checked"


def test_an_upload_does_not_go_on_after_consent_was_withdrawn(tus, patient, alice):
    url = tus.start(100)
    tus.patch(url, 0, b"a" * 30)
    record_decisions(actor=alice, participant=patient, decisions={"record": False})
    answer = tus.patch(url, 30, b"b" * 70)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "consent_missing")
    assert (tus.offset(url), bytes_on_disk(url)) == (30, b"a" * 30)
    record_decisions(actor=alice, participant=patient, decisions={"record": True})
    assert tus.patch(url, 30, b"b" * 70).status_code == 204


def test_a_chunk_during_which_consent_was_withdrawn_does_not_complete_a_recording(tus, patient, alice):
    url = tus.start(100)

    class Withdrawing(Source):
        def read(self, size: int, /) -> bytes:
            record_decisions(actor=alice, participant=patient, decisions={"record": False})
            return super().read(size)

    with pytest.raises(ConsentMissing):
        receive_from(Withdrawing(b"a" * 100), url)
    assert tus.offset(url) == 0
    assert not Recording.objects.exists()


def test_a_stalled_writer_that_lost_its_lock_leaves_the_newer_bytes_alone(tus):
    url = tus.start(2000)

    class Stalled(Source):
        def read(self, size: int, /) -> bytes:
            if self.pieces:
                return super().read(size)
            Upload.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
            assert tus.patch(url, 0, b"a" * 1000).status_code == 204
            raise OSError("the connection broke at last")

    with pytest.raises(OSError, match="at last"):
        receive_from(Stalled(b"a" * 100), url)
    assert (tus.offset(url), bytes_on_disk(url)) == (1000, b"a" * 1000)
    assert tus.patch(url, 1000, b"b" * 1000).status_code == 204
    assert bytes_on_disk(url) == b"a" * 1000 + b"b" * 1000


def test_a_file_that_lost_bytes_is_never_filled_up_but_asked_for_again(tus, settings):
    settings.MEDIA_KEYS = []
    url = tus.start(100)
    tus.patch(url, 0, b"a" * 50)
    path = storage.upload_file(upload_of(url).pk)
    path.write_bytes(b"a" * 20)
    answer = tus.patch(url, 50, b"b" * 50)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_offset")
    assert (tus.offset(url), path.read_bytes()) == (20, b"a" * 20)
    assert tus.patch(url, 20, b"c" * 80).status_code == 204
    assert path.read_bytes() == b"a" * 20 + b"c" * 80


def test_an_upload_discarded_under_a_stalled_chunk_is_not_found(
    tus, settings, django_capture_on_commit_callbacks
):
    url = tus.start(100)

    class Stalled(Source):
        def read(self, size: int, /) -> bytes:
            if self.pieces:
                Upload.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
                assert tus.delete(url).status_code == 204
            return super().read(size)

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(NotFound):
        receive_from(Stalled(b"a" * 100), url)
    assert list(settings.DATA_DIR.rglob("*.part")) == []
    assert tus.delete(url).status_code == 404


def test_two_who_discard_the_same_upload_do_not_get_in_each_others_way(tus, alice):
    one, other = (upload_of(url) for url in [tus.start(100)] * 2)
    uploads.discard_upload(upload=one, actor=alice)
    with pytest.raises(NotFound):
        uploads.discard_upload(upload=other, actor=None)


def test_the_audit_names_who_finished_an_upload_that_another_began(tus, carol, alice):
    url = tus.start(3)
    receive_from(Source(b"abc"), url, actor=carol)
    assert AuditEvent.objects.get(action="upload.started").actor == alice
    assert AuditEvent.objects.get(action="recording.arrived").actor == carol
    assert Job.objects.get().requested_by == carol
