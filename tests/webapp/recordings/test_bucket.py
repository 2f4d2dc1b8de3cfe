"""A recording goes the whole way through the site with its media in a bucket: uploaded, checked, analysed,
de-identified, served by ranges, withdrawn.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from tests.webapp.buckets import everything, opened_bucket, running_server, use_bucket
from tests.webapp.jobs.driving import drive
from tests.webapp.recordings import test_no_plain_byte as whole_way
from tests.webapp.recordings.arriving import stored
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.services import withdraw_consent
from webapp.core import object_file
from webapp.core.media_root import media_root
from webapp.core.object_file import ObjectStoreFails
from webapp.core.scratch import scratch_dir
from webapp.deidjobs.models import Derivative
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.recordings import storage, sweeping
from webapp.recordings.models import Recording, UploadPart

consultation = whole_way.consultation


@pytest.fixture(scope="session")
def server():
    with running_server() as address:
        yield address


@pytest.fixture
def bucket(settings, server):
    """An empty bucket that holds the media, and nothing else on this disk but the database."""
    use_bucket(settings, server)
    found = opened_bucket()
    found.create()
    yield found
    found.objects.delete()
    for left in found.multipart_uploads.all():
        left.abort()
    found.delete()


def scratch_files() -> list[str]:
    return [path.name for path in scratch_dir().iterdir() if path.name != "lock"]


@pytest.mark.timeout(600)
def test_recording_goes_the_whole_way_in_a_bucket_and_no_plain_byte_lies_there(
    bucket, at_rest, tus, consultation, alice, bob, signed_in, settings, weights_dir
):
    recording = whole_way.go_the_whole_way(tus, consultation, alice)
    content = whole_way.content_of(recording)
    assert content["original"] == consultation
    answer = signed_in(bob).get(f"/recordings/{recording.pk}/video", HTTP_RANGE="bytes=100-199")
    assert (answer.status_code, answer.content) == (206, consultation[100:200])
    answer = signed_in(bob).get(f"/recordings/{recording.pk}/video", HTTP_RANGE="bytes=-7")
    assert answer.content == consultation[-7:]
    lying = everything()
    names = {Path(name).name for name in lying}
    assert {"original.mp4", "poster.jpg", f"{Derivative.objects.get().pk}.mp4"} <= names
    assert not any(name.startswith("lab/uploads/") for name in lying), "the parts went with their joining"
    found = whole_way.plain_in(lying, {what: whole_way.windows_of(data) for what, data in content.items()})
    assert bool(found) == (at_rest == "plain")
    assert scratch_files() == []
    folders = {path.name for path in Path(settings.DATA_DIR).iterdir() if path.is_dir()}
    assert folders <= {"scratch"}, "media lie in the bucket alone"


def test_chunks_count_once_they_are_acknowledged_and_only_then(bucket, at_rest, tus, small_video, check):
    url = tus.start(len(small_video))
    middle = len(small_video) // 2
    assert tus.patch(url, 0, small_video[:middle]).status_code == 204
    assert tus.patch(url, 0, b"other bytes").status_code == 409
    wrong = tus.patch(url, middle, small_video[middle:], HTTP_UPLOAD_CHECKSUM="sha256 AAAA")
    assert wrong.status_code == 460
    assert tus.offset(url) == middle
    assert UploadPart.objects.count() == 1
    assert len(everything()) == 1, "what was not acknowledged did not become an object"
    assert tus.patch(url, middle, small_video[middle:]).status_code == 204
    recording = check(Recording.objects.get())
    assert (recording.state, recording.message) == ("ready", "")
    assert stored(storage.original(recording)) == small_video


def test_part_that_nobody_acknowledged_is_not_joined(bucket, at_rest, tus, small_video, check):
    url = tus.start(len(small_video))
    folder = storage.upload_file(uuid.UUID(url.rstrip("/").rsplit("/", 1)[1]))
    (folder / f"{0:015d}-{uuid.uuid4()}").write_bytes(b"of a writer who lost the lock")
    assert tus.patch(url, 0, small_video).status_code == 204
    recording = check(Recording.objects.get())
    assert recording.state == "ready"
    assert stored(storage.original(recording)) == small_video


def test_upload_with_a_lost_part_is_refused_with_a_sentence(bucket, tus, small_video, check):
    url = tus.start(len(small_video))
    tus.patch(url, 0, small_video[:100])
    bucket.objects.delete()
    tus.patch(url, 100, small_video[100:])
    drive(Job.objects.get(kind="check_recording"))
    recording = Recording.objects.get()
    assert recording.state == "refused"
    assert "Upload it again" in recording.message


def test_discarded_upload_leaves_nothing_in_the_bucket(
    bucket, tus, small_video, django_capture_on_commit_callbacks
):
    url = tus.start(len(small_video))
    tus.patch(url, 0, small_video[:100])
    assert len(everything()) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert tus.delete(url).status_code == 204
    assert everything() == {}


def test_range_is_read_without_the_rest_of_the_file(bucket, at_rest, monkeypatch):
    place = media_root() / "big"
    data = bytes(range(256)) * (20 * 4096)
    place.write_bytes(data)
    with place.open("rb") as file:
        fetched: list[int] = []
        original = file._object.get

        def get(**more):
            start, end = more["Range"].removeprefix("bytes=").split("-")
            fetched.append(int(end) - int(start) + 1)
            return original(**more)

        monkeypatch.setattr(file, "_object", type("Seen", (), {"get": staticmethod(get)}))
        file.seek(10_000_000)
        assert file.read(1000) == data[10_000_000:10_001_000]
    assert fetched == [object_file.FIRST_FETCH]


def test_object_that_changes_while_it_is_read_is_not_mixed_with_the_new_one(bucket):
    place = media_root() / "changing"
    place.write_bytes(b"a" * 3_000_000)
    with place.open("rb") as file:
        assert file.read(10) == b"a" * 10
        place.write_bytes(b"b" * 3_000_000)
        file.seek(2_000_000)
        with pytest.raises(ObjectStoreFails):
            file.read(10)


def test_file_that_could_not_be_stored_is_not_there_and_leaves_no_parts(bucket, monkeypatch):
    target = media_root() / "recordings" / str(uuid.uuid4()) / "original.mp4"
    partial = target.with_name(".abc.part")
    with partial.open("wb") as file:
        file.write(bytes(20 * 1024 * 1024))
    refuse_parts_after(monkeypatch, 1)
    with pytest.raises(OSError, match="storage"):
        partial.replace(target)
    monkeypatch.undo()
    partial.unlink()
    assert not target.exists()
    assert list(bucket.multipart_uploads.all()) == []
    assert scratch_files() == []


def refuse_parts_after(monkeypatch, count: int) -> None:
    """Have the storage refuse every part of a multipart upload but the first few."""
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    original, seen = BaseClient._make_api_call, []

    def call(self, operation, parameters):
        if operation == "UploadPart":
            seen.append(operation)
            if len(seen) > count:
                raise ClientError({"Error": {"Code": "InternalError"}}, operation)
        return original(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_upload_of_parts_that_was_broken_off_by_a_kill_is_found_and_ended(bucket, ready):
    key = f"lab/recordings/{ready.pk}/original.mp4"
    bucket.Object(key).initiate_multipart_upload()
    found = list(storage.entries_named({str(ready.pk)}))
    assert [kind for kind, _ in found].count("recordings") >= 2
    for _, place in found:
        storage.remove(place)
    assert list(bucket.multipart_uploads.all()) == []
    assert list(storage.entries_named({str(ready.pk)})) == []


def test_orphan_in_the_bucket_is_swept_once_it_is_old(bucket, ready, monkeypatch):
    lost = media_root() / "recordings" / str(uuid.uuid4()) / "original.mp4"
    lost.write_bytes(b"of nobody")
    cache.clear()
    sweeping.sweep_orphans()
    assert lost.exists(), "it may be on its way"
    monkeypatch.setattr(sweeping, "ORPHAN_AFTER_S", -60)
    cache.clear()
    sweeping.sweep_orphans()
    assert not lost.exists()
    assert storage.original_path(ready).is_file()


def test_storage_that_is_away_makes_a_job_wait_and_go_on_by_itself(
    bucket, tus, small_video, settings, server
):
    recording = tus.send(small_video)
    use_bucket(settings, "127.0.0.1:9")
    job = drive(Job.objects.get(kind="check_recording"))
    assert (job.state, job.message, job.attempts) == ("queued", running.STORAGE_AWAY, 0)
    use_bucket(settings, server)
    running.run(job.pk)
    recording.refresh_from_db()
    assert recording.state == "ready"


def test_health_and_boot_check_say_that_the_bucket_is_missing(db, client, settings, server):
    use_bucket(settings, server, name="nowhere")
    sentence = "The bucket that MEDIA_URL_S3 names does not exist; create it."
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["checks"]["storage"]) == (503, sentence)
    with pytest.raises(SystemCheckError, match="does not exist; create it"):
        call_command("check", databases=["default"])


def test_health_and_boot_check_say_that_the_key_is_refused(db, client, settings, bucket, monkeypatch):
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    def refuse(self, operation, parameters):
        raise ClientError({"Error": {"Code": "403"}}, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    assert "refuses the key and secret" in client.get("/healthz").json()["checks"]["storage"]
    with pytest.raises(SystemCheckError, match="refuses the key and secret"):
        call_command("check", databases=["default"])
    monkeypatch.undo()


def test_boot_check_refuses_a_bucket_that_keeps_what_is_erased(db, bucket):
    call_command("check", databases=["default"])
    bucket.Versioning().enable()
    with pytest.raises(SystemCheckError, match="keeps older versions"):
        call_command("check", databases=["default"])
    bucket.Versioning().suspend()


def test_withdrawal_empties_the_bucket_of_the_person_and_the_second_look_finds_nothing(
    bucket, at_rest, ready, encounter, alice, django_capture_on_commit_callbacks
):
    (storage.derived_dir(ready.pk) / "samples" / "k" / "000000.npz").write_bytes(b"faces")
    bucket.Object(f"lab/recordings/{ready.pk}/original.mp4").initiate_multipart_upload()
    assert [name for name in everything() if str(ready.pk) in name]
    with django_capture_on_commit_callbacks(execute=True):
        erasure = withdraw_consent(actor=alice, participant=encounter.patient, purposes=("record",))
    finish_open_erasures()
    erasure.refresh_from_db()
    assert (erasure.state, erasure.remaining) == ("done", [])
    assert [name for name in everything() if str(ready.pk) in name] == []
    assert list(bucket.multipart_uploads.all()) == []


def test_second_look_finds_and_removes_what_came_back_into_the_bucket(
    bucket, ready, encounter, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        erasure = withdraw_consent(actor=alice, participant=encounter.patient, purposes=("record",))
    late = storage.derived_dir(ready.pk) / "samples" / "000000.npz"
    late.write_bytes(b"by a worker who had not heard")
    finish_open_erasures()
    erasure.refresh_from_db()
    assert erasure.state != "done"
    assert not late.exists()
    finish_open_erasures()
    erasure.refresh_from_db()
    assert erasure.state == "done"
