from __future__ import annotations

import base64

import pytest

from tests.videos import HOSTILE_NAME
from tests.webapp.recordings.arriving import DATA, bytes_on_disk, receive, upload_of
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job
from webapp.recordings import storage, uploads
from webapp.recordings.models import Recording, Upload


def test_a_file_in_three_chunks_becomes_a_recording_that_is_being_checked(tus, encounter, alice):
    url = tus.start(len(DATA), camera="doctor", filename="Room 3.MP4")
    for start in range(0, len(DATA), 4000):
        answer = tus.patch(url, start, DATA[start : start + 4000])
        assert answer.status_code == 204
        assert answer["Upload-Offset"] == str(min(start + 4000, len(DATA)))
        assert answer["Tus-Resumable"] == "1.0.0"
    recording = Recording.objects.get()
    assert (recording.camera, recording.state, recording.original_name) == (
        "doctor",
        "checking",
        "Room 3.MP4",
    )
    assert (recording.suffix, recording.size_bytes) == (".mp4", len(DATA))
    assert Job.objects.get().params["recording"] == str(recording.pk)
    assert bytes_on_disk(url) == DATA
    actions = set(AuditEvent.objects.filter(actor=alice).values_list("action", flat=True))
    assert {"upload.started", "recording.arrived", "job.created"} <= actions


def test_the_server_says_what_it_can_do(tus):
    answer = tus.client.options("/api/v1/uploads/")
    assert answer.status_code == 204
    assert answer["Tus-Extension"] == "creation,termination,checksum"
    assert answer["Tus-Version"] == "1.0.0"
    assert int(answer["Tus-Max-Size"]) > 0


def test_progress_is_told_and_never_cached(tus):
    url = tus.start(100)
    tus.patch(url, 0, b"x" * 30)
    answer = tus.head(url)
    assert (answer["Upload-Offset"], answer["Upload-Length"]) == ("30", "100")
    assert answer["Cache-Control"] == "no-store"


def test_another_version_of_the_protocol_is_refused(tus):
    answer = tus.client.post("/api/v1/uploads/", HTTP_UPLOAD_LENGTH="3", HTTP_TUS_RESUMABLE="0.2.2")
    assert answer.status_code == 412
    assert answer["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("offset", [0, 29, 31, 100])
def test_a_chunk_at_the_wrong_place_is_refused_and_changes_nothing(tus, offset):
    url = tus.start(100)
    tus.patch(url, 0, b"x" * 30)
    answer = tus.patch(url, offset, b"y" * 10)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "wrong_offset"
    assert bytes_on_disk(url) == b"x" * 30
    assert tus.offset(url) == 30


def test_a_chunk_beyond_the_announced_length_is_refused(tus):
    url = tus.start(10)
    assert tus.patch(url, 0, b"x" * 11).status_code == 413
    assert tus.offset(url) == 0


def test_a_body_longer_than_it_said_is_cut_off(tus):
    url = tus.start(10)
    with pytest.raises(uploads.TooLarge):
        receive(url, 0, b"x" * 11)
    assert (tus.offset(url), bytes_on_disk(url)) == (0, b"")


@pytest.mark.parametrize("header", ["", "-1", "abc", "1e3", "9" * 20, "٣"])
def test_a_length_that_is_no_number_is_refused(tus, header):
    assert tus.create(header).status_code == 400


def test_an_empty_file_is_refused_with_a_sentence(tus):
    answer = tus.create(0)
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "This file is empty. Choose the camera's file.",
    )


def test_a_file_over_the_limit_is_refused_before_a_byte_is_sent(tus, settings):
    settings.MAX_UPLOAD_BYTES = 5_000_000
    answer = tus.create(5_000_001)
    assert answer.status_code == 413
    assert "at most" in answer.json()["error"]["message"]
    assert not Upload.objects.exists()


def test_a_file_that_does_not_fit_on_the_disk_is_refused_before_a_byte_is_sent(tus, monkeypatch):
    monkeypatch.setattr(storage, "free_bytes", lambda: 1000)
    answer = tus.create(2000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "insufficient_storage")


@pytest.mark.parametrize(
    ("filename", "filetype"),
    [
        ("notes.txt", "text/plain"),
        ("movie.mp4.exe", "video/mp4"),
        ("movie", "video/mp4"),
        ("movie.mp4", "text/html"),
        ("movie.svg", "image/svg+xml"),
        ("", ""),
    ],
)
def test_what_is_no_video_is_refused(tus, filename, filetype):
    answer = tus.create(100, filename=filename, filetype=filetype)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_type")


@pytest.mark.parametrize("filename", ["a.MP4", "a.mov", "a.webm", "a.mkv"])
def test_a_browser_that_knows_no_type_may_still_upload_a_video(tus, filename):
    assert tus.create(100, filename=filename, filetype="").status_code == 201


def test_a_chunk_of_another_content_type_is_refused(tus):
    url = tus.start(10)
    answer = tus.client.patch(
        url, b"x", content_type="application/json", HTTP_UPLOAD_OFFSET="0", HTTP_TUS_RESUMABLE="1.0.0"
    )
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "header", ["encounter %%%", "encounter " + base64.b64encode(b"\xff\xfe").decode(), "x" * 5000]
)
def test_broken_metadata_is_refused(tus, header):
    answer = tus.client.post(
        "/api/v1/uploads/",
        HTTP_UPLOAD_LENGTH="3",
        HTTP_UPLOAD_METADATA=header,
        HTTP_TUS_RESUMABLE="1.0.0",
    )
    assert answer.status_code == 400


def test_an_unknown_camera_is_refused(tus):
    assert tus.create(100, camera="ceiling").status_code == 400


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\Users\\x\\a.mp4", "a.mp4"),
        ("a\x00b\x1b[2J.mp4", "ab[2J.mp4"),
        ("\u202e4pm.mp4", "4pm.mp4"),
        ("x" * 500 + ".mp4", "x" * 116 + ".mp4"),
        (HOSTILE_NAME, "..%2F patient.mp4"),
    ],
)
def test_a_hostile_name_is_cleaned_for_display_and_never_reaches_the_disk(tus, settings, name, shown):
    url = tus.start(10, filename=name)
    upload = upload_of(url)
    assert upload.original_name.endswith(shown)
    assert len(upload.original_name) <= 120
    assert upload.original_name.isprintable()
    files = [path.relative_to(settings.DATA_DIR).as_posix() for path in settings.DATA_DIR.rglob("*.*")]
    assert files == [f"uploads/{upload.pk}.part"]
