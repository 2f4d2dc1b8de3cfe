from __future__ import annotations

import errno
import hashlib

import pytest

from tests import videos
from tests.webapp.recordings.arriving import stored
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.models import AuditEvent
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.jobs.services import cancel_job, retry_job
from webapp.recordings import services, storage
from webapp.recordings.models import Recording

pytestmark = pytest.mark.usefixtures("at_rest")


REFUSED = {
    "text renamed to .mp4": videos.write_renamed_text,
    "picture renamed to .mp4": videos.write_renamed_picture,
    "playlist renamed to .mp4": videos.write_renamed_playlist,
    "only sound": videos.write_audio_only,
    "no index": videos.write_without_index,
    "nothing decodes": videos.write_undecodable,
}
ACCEPTED = {
    "cut short": videos.write_cut_short,
    "damaged in the middle": videos.write_damaged,
    "variable frame rate": videos.write_variable_frame_rate,
    "10 bits": videos.write_ten_bit,
    "odd size": videos.write_odd_size,
    "one frame": videos.write_single_frame,
    "three hours claimed": videos.write_lying_header,
}


def test_a_good_file_becomes_a_ready_recording(ready, small_video, settings):
    assert ready.sha256 == hashlib.sha256(small_video).hexdigest()
    assert (ready.width, ready.height, ready.frame_rate) == (128, 96, "25")
    assert ready.duration_us == pytest.approx(2_000_000, abs=50_000)
    assert (ready.has_audio, ready.playable, ready.codec) == (True, True, "h264")
    assert stored(storage.original(ready)) == small_video
    assert stored(storage.poster(ready))[:3] == b"\xff\xd8\xff"
    assert list(settings.DATA_DIR.rglob("*.part")) == []
    assert AuditEvent.objects.filter(action="recording.ready", target_id=str(ready.pk)).exists()


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_a_file_without_a_picture_is_refused_with_one_sentence(
    tus, check, tmp_path, write, settings, django_capture_on_commit_callbacks
):
    recording = tus.send(write(tmp_path).read_bytes())
    with django_capture_on_commit_callbacks(execute=True):
        check(recording)
    assert recording.state == "refused"
    assert recording.message.endswith(".")
    assert "Traceback" not in recording.message
    assert str(settings.DATA_DIR) not in recording.message
    assert list((settings.DATA_DIR / "recordings").iterdir()) == []
    assert list(settings.DATA_DIR.rglob("*.part")) == []
    assert Job.objects.get(kind="check_recording").state == "done"


@pytest.mark.parametrize("write", ACCEPTED.values(), ids=ACCEPTED)
def test_an_unusual_file_is_taken_with_what_can_be_seen_of_it(tus, check, tmp_path, write):
    recording = check(tus.send(write(tmp_path).read_bytes()))
    assert (recording.state, recording.message) == ("ready", "")
    assert 0 < recording.duration_us < 10_000_000
    assert storage.poster_path(recording).exists()


@pytest.mark.parametrize(
    ("last_s", "sentence"),
    [
        (13 * 3600, "Expected a recording of at most 12 hours, got 13.0. Split it."),
        (11 * 3600, "This file says that it lasts 39,600 seconds but holds only 3 pictures."),
        (60, "This file says that it lasts 60 seconds but holds only 3 pictures."),
    ],
)
def test_a_file_whose_length_would_hold_a_worker_for_nothing_is_refused(
    tus, check, tmp_path, last_s, sentence
):
    data = videos.write_stretched(tmp_path, last_s=last_s).read_bytes()
    recording = check(tus.send(data, filename="a.mkv", filetype=""))
    assert recording.state == "refused"
    assert recording.message.startswith(sentence)


def test_a_pause_of_seconds_in_a_recording_is_taken_for_what_it_is(tus, check, tmp_path):
    data = videos.write_stretched(tmp_path, last_s=14).read_bytes()
    assert check(tus.send(data, filename="a.mkv", filetype="")).state == "ready"


def test_a_file_that_browsers_cannot_play_says_so(tus, check, tmp_path):
    assert not check(tus.send(videos.write_ten_bit(tmp_path).read_bytes())).playable


def test_a_turned_file_has_the_size_that_viewers_see(tus, check, tmp_path):
    recording = check(tus.send(videos.write_rotated(tmp_path, 90).read_bytes()))
    assert (recording.width, recording.height) == (96, 128)


def test_the_same_file_for_both_cameras_is_refused(tus, ready, check, small_video):
    second = check(tus.send(small_video, camera="doctor"))
    assert second.state == "refused"
    assert second.message == "This very file is here already, as the recording of the patient's camera."


def test_replacing_deletes_the_older_recording_and_its_files(
    tus, ready, check, other_video, settings, django_capture_on_commit_callbacks
):
    derived = storage.derived_dir(ready.pk) / "samples"
    derived.mkdir(parents=True)
    newer = tus.send(other_video, replace="1")
    with django_capture_on_commit_callbacks(execute=True):
        check(newer)
    assert list(Recording.objects.all()) == [newer]
    assert newer.state == "ready"
    assert not storage.recording_dir(ready.pk).exists()
    assert not derived.exists()
    assert AuditEvent.objects.filter(action="recording.replaced", target_id=str(ready.pk)).exists()


def test_a_refused_replacement_leaves_the_older_recording_alone(tus, ready, check, tmp_path):
    refused = check(tus.send(videos.write_renamed_text(tmp_path).read_bytes(), replace="1"))
    ready.refresh_from_db()
    assert (refused.state, ready.state) == ("refused", "ready")
    assert storage.original_path(ready).exists()


def test_a_refused_file_makes_way_for_the_next_one(tus, check, small_video, tmp_path):
    check(tus.send(videos.write_renamed_text(tmp_path).read_bytes()))
    check(tus.send(small_video))
    assert Recording.objects.get().state == "ready"


def test_what_follows_from_a_ready_recording_is_written_with_it_or_not_at_all(
    tus, small_video, check, monkeypatch
):
    heard = []

    def listen(recording):
        heard.append(recording)
        if len(heard) == 1:
            raise RuntimeError("power cut")

    monkeypatch.setattr(services, "_LISTENERS", [listen])
    recording = check(tus.send(small_video))
    assert (recording.state, len(heard)) == ("refused", 1)
    retry_job(job=Job.objects.get(kind="check_recording"), actor=None, study_id=None)
    assert check(recording).state == "ready"
    assert heard == [recording, recording]


def test_a_disk_that_deletes_nothing_does_not_keep_a_replacement_from_being_ready(
    tus, ready, check, other_video, monkeypatch, django_capture_on_commit_callbacks
):
    heard = []
    monkeypatch.setattr(services, "_LISTENERS", [heard.append])

    def trouble(*args):
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(storage.shutil, "rmtree", trouble)
    newer = tus.send(other_video, replace="1")
    with django_capture_on_commit_callbacks(execute=True):
        check(newer)
    assert (newer.state, heard) == ("ready", [newer])


def test_a_check_that_was_interrupted_can_be_done_again(tus, small_video, check, monkeypatch):
    recording = tus.send(small_video)
    real = engines.check_video

    def trouble(*args):
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(engines, "check_video", trouble)
    assert check(recording).state == "checking"
    monkeypatch.setattr(engines, "check_video", real)
    assert check(recording).state == "ready"


def test_a_file_that_vanished_is_an_honest_failure(tus, small_video):
    recording = tus.send(small_video)
    storage.upload_file(recording.upload.pk).unlink()
    job = Job.objects.get(kind="check_recording")
    running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "file_missing")
    recording.refresh_from_db()
    assert recording.state == "refused"
    assert recording.message.endswith(job.error_message)


def fail(job: Job) -> None:
    token = running.claim(job.pk)
    job.refresh_from_db()
    assert running.fail(job, token, code="lost_worker", message="The work was interrupted three times.")


def test_a_failed_check_makes_way_for_another_file(
    tus, small_video, other_video, check, settings, django_capture_on_commit_callbacks
):
    first = tus.send(small_video)
    fail(Job.objects.get(kind="check_recording"))
    first.refresh_from_db()
    assert first.state == "refused"
    assert first.message == "It could not be checked. The work was interrupted three times."
    with django_capture_on_commit_callbacks(execute=True):
        second = check(tus.send(other_video))
    assert list(Recording.objects.all()) == [second]
    assert second.state == "ready"
    assert list(settings.DATA_DIR.rglob("*.part")) == []


def test_a_failed_check_can_be_tried_again_while_the_file_is_there(tus, small_video, check):
    recording = tus.send(small_video)
    job = Job.objects.get(kind="check_recording")
    fail(job)
    retry_job(job=job, actor=None, study_id=None)
    assert check(recording).state == "ready"


def test_a_refused_file_that_is_gone_cannot_be_checked_again(
    tus, small_video, check, alice, django_capture_on_commit_callbacks
):
    recording = tus.send(small_video)
    job = Job.objects.get(kind="check_recording")
    with django_capture_on_commit_callbacks(execute=True):
        cancel_job(job=job, actor=alice, study_id=None)
    retry_job(job=job, actor=alice, study_id=None)
    assert check(recording).state == "refused"
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "file_missing")


def test_a_cancelled_check_lets_go_of_the_file(
    tus, small_video, alice, settings, django_capture_on_commit_callbacks
):
    recording = tus.send(small_video)
    with django_capture_on_commit_callbacks(execute=True):
        cancel_job(job=Job.objects.get(kind="check_recording"), actor=alice, study_id=None)
    recording.refresh_from_db()
    assert recording.state == "refused"
    assert list(settings.DATA_DIR.rglob("*.part")) == []


def test_a_file_is_not_looked_at_after_consent_was_withdrawn(tus, small_video, check, alice, patient):
    recording = tus.send(small_video)
    record_decisions(actor=alice, participant=patient, decisions={"record": False})
    assert check(recording).state == "refused"
    assert Job.objects.get(kind="check_recording").state == "cancelled"


def test_a_storage_that_goes_away_during_the_check_costs_no_file(
    tus, check, small_video, settings, monkeypatch
):
    recording = tus.send(small_video)
    away = settings.DATA_DIR.with_name("away")
    look = engines.check_video

    def interrupted(path, poster):
        settings.DATA_DIR.rename(away)
        return look(path, poster)

    monkeypatch.setattr(engines, "check_video", interrupted)
    check(recording)
    assert (recording.state, Job.objects.get().state) == ("checking", "queued")
    monkeypatch.setattr(engines, "check_video", look)
    away.rename(settings.DATA_DIR)
    check(recording)
    assert recording.state == "ready"
