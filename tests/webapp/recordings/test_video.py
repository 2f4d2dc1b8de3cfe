from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.webapp.recordings.arriving import stored
from webapp.consent.services import record_decisions
from webapp.core.models import AuditEvent
from webapp.recordings import serving, storage

pytestmark = pytest.mark.usefixtures("at_rest")


@pytest.fixture(autouse=True)
def _no_viewings_before():
    cache.clear()


@pytest.fixture
def url(ready) -> str:
    return f"/recordings/{ready.pk}/video"


@pytest.fixture
def bobs(signed_in, bob):
    return signed_in(bob)


def body(answer) -> bytes:
    assert answer["Content-Length"] == str(len(answer.content))
    return answer.content


def test_the_whole_file_is_private_and_says_that_it_takes_ranges(bobs, url, small_video, ready):
    answer = bobs.get(url)
    assert (answer.status_code, body(answer)) == (200, small_video)
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "video/mp4"
    assert answer["ETag"] == f'"{ready.sha256}"'
    assert answer["Content-Length"] == str(len(small_video))


def test_safaris_probe_gets_two_bytes(bobs, url, small_video):
    answer = bobs.get(url, HTTP_RANGE="bytes=0-1")
    assert (answer.status_code, body(answer)) == (206, small_video[:2])
    assert answer["Content-Range"] == f"bytes 0-1/{len(small_video)}"
    assert answer["Content-Length"] == "2"


@pytest.mark.parametrize(
    ("header", "part"), [("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None))]
)
def test_an_open_range_goes_to_the_end(bobs, url, small_video, header, part):
    answer = bobs.get(url, HTTP_RANGE=header)
    assert (answer.status_code, body(answer)) == (206, small_video[part])


def test_a_range_beyond_the_end_is_answered_with_the_size(bobs, url, small_video):
    answer = bobs.get(url, HTTP_RANGE=f"bytes={len(small_video)}-")
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(small_video)}"


def test_a_range_of_another_version_of_the_file_gets_the_whole_file(bobs, url, small_video, ready):
    answer = bobs.get(url, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE='"other"')
    assert (answer.status_code, body(answer)) == (200, small_video)
    answer = bobs.get(url, HTTP_RANGE="bytes=0-1", HTTP_IF_RANGE=f'"{ready.sha256}"')
    assert answer.status_code == 206


def test_a_head_request_gets_headers_and_no_viewing_is_recorded(bobs, url, small_video):
    answer = bobs.head(url)
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(len(small_video)), b"")
    assert not AuditEvent.objects.filter(action="recording.viewed").exists()


def test_a_viewing_is_recorded_once_however_many_ranges_it_takes(bobs, url, bob, ready):
    for start in (0, 0, 500, 1000):
        body(bobs.get(url, HTTP_RANGE=f"bytes={start}-"))
    (event,) = AuditEvent.objects.filter(action="recording.viewed")
    assert (event.actor, event.target_id) == (bob, str(ready.pk))


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_withdrawn_consent_hides_recording_and_poster_from_bob(bobs, url, ready, alice, request, who):
    record_decisions(actor=alice, participant=request.getfixturevalue(who), decisions={"record": False})
    for address in (url, f"/recordings/{ready.pk}/poster.jpg"):
        assert bobs.get(address).status_code == 403


def test_the_poster_is_a_private_jpeg(bobs, ready):
    answer = bobs.get(f"/recordings/{ready.pk}/poster.jpg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"] == "private, no-store"
    assert body(answer)[:2] == b"\xff\xd8"


def test_a_file_that_vanished_from_the_disk_is_not_found(bobs, url, ready):
    storage.original_path(ready).unlink()
    assert bobs.get(url).status_code == 404


def test_a_recording_that_is_not_ready_is_not_found(bobs, tus, small_video):
    recording = tus.send(small_video)
    assert bobs.get(f"/recordings/{recording.pk}/video").status_code == 404


@pytest.fixture
def large(ready) -> int:
    """Make the file five times as large as one answer; return its size."""
    size = 5 * serving.MOST_AT_ONCE
    with storage.original(ready).open("ab") as file:
        file.write(bytes(size - file.tell()))
    return size


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-99999999", "bytes=-99999999"])
def test_a_player_gets_one_piece_of_a_large_file_and_asks_for_the_next(bobs, url, large, header):
    answer = bobs.get(url, HTTP_RANGE=header)
    assert (answer.status_code, len(body(answer))) == (206, serving.MOST_AT_ONCE)
    assert answer["Content-Range"] == f"bytes 0-{serving.MOST_AT_ONCE - 1}/{large}"


def test_the_pieces_that_a_player_asks_for_make_the_file(bobs, url, large, ready):
    received = b""
    while len(received) < large:
        received += body(bobs.get(url, HTTP_RANGE=f"bytes={len(received)}-"))
    assert received == stored(storage.original(ready))


def test_withdrawn_consent_ends_a_viewing_at_the_next_piece(bobs, url, large, alice, patient):
    assert bobs.get(url, HTTP_RANGE="bytes=0-").status_code == 206
    record_decisions(actor=alice, participant=patient, decisions={"record": False})
    assert bobs.get(url, HTTP_RANGE=f"bytes={serving.MOST_AT_ONCE}-").status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"HTTP_RANGE": "bytes=0-1,5-6"}, {"HTTP_RANGE": "bytes=0-", "HTTP_IF_RANGE": '"old"'}]
)
def test_a_large_file_as_a_whole_is_refused_with_a_sentence(bobs, url, large, headers):
    answer = bobs.get(url, **headers)
    assert (answer.status_code, answer["Accept-Ranges"]) == (400, "bytes")
    assert answer.content.decode() == serving.ASK_FOR_A_RANGE


def test_a_head_request_tells_the_size_of_a_large_file(bobs, url, large):
    answer = bobs.head(url)
    assert (answer.status_code, answer["Content-Length"], answer["Accept-Ranges"]) == (
        200,
        str(large),
        "bytes",
    )
