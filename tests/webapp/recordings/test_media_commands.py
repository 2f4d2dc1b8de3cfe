"""The commands on stored media: encrypting what lies plain, wrapping keys anew; stopped and refused."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.webapp.recordings.arriving import files, stored
from tests.webapp.recordings.conftest import MASTER
from tests.webapp.records import add_job, add_recording
from webapp.core import encrypting as core_encrypting
from webapp.core.audit import find_breaks
from webapp.core.master_keys import MediaLocked, name_of
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job
from webapp.recordings import encrypting, keys, rewrapping, storage
from webapp.recordings.models import MediaKey
from webapp.recordings.sweeping import sweep_half_written_files

NEWER, NEWEST = b"n" * 32, b"w" * 32


def test_what_was_stored_plain_is_encrypted_in_place_once(ready, small_video, settings, capsys):
    samples = storage.derived_dir(ready.pk) / "samples" / "key" / "000000.npz"
    samples.parent.mkdir(parents=True)
    samples.write_bytes(b"faces")
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    assert files(ready) == {"original": True, "poster": True, "samples/key/000000.npz": True}
    assert stored(storage.original(ready)) == small_video
    assert stored(storage.new_derived(ready.pk, "samples") / "key" / samples.name) == b"faces"
    assert not list(settings.DATA_DIR.rglob(".*.part"))
    call_command("encrypt_media")
    said = [line for line in capsys.readouterr().out.split("\n") if "recordings" in line]
    assert said == ["1 recordings encrypted.", "0 recordings encrypted."]
    assert AuditEvent.objects.filter(action="recording.encrypted", target_id=str(ready.pk)).count() == 1


def test_encrypting_goes_on_after_an_interruption(ready, small_video, settings, monkeypatch, signed_in, bob):
    settings.MEDIA_KEYS = [MASTER]
    real = encrypting.encrypt_in_place

    def stop_at_the_poster(target):
        if target.purpose == "poster":
            raise KeyboardInterrupt
        real(target)

    monkeypatch.setattr(encrypting, "encrypt_in_place", stop_at_the_poster)
    with pytest.raises(KeyboardInterrupt):
        call_command("encrypt_media")
    assert files(ready) == {"original": True, "poster": False}
    for what in ("video", "poster.jpg"):
        assert signed_in(bob).get(f"/recordings/{ready.pk}/{what}").status_code == 200
    monkeypatch.setattr(encrypting, "encrypt_in_place", real)
    call_command("encrypt_media")
    assert files(ready) == {"original": True, "poster": True}
    assert stored(storage.original(ready)) == small_video


def test_a_full_disk_leaves_the_plain_file_and_no_half_one(ready, small_video, settings, monkeypatch, capsys):
    settings.MEDIA_KEYS = [MASTER]

    def full(self) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("webapp.core.encryption.EncryptedFile.sync", full)
    with pytest.raises(CommandError, match="1 could not be encrypted"):
        call_command("encrypt_media")
    assert "No space left" in capsys.readouterr().err
    assert stored(storage.original(ready)) == small_video
    assert [path.name for path in storage.recording_dir(ready.pk).glob(".*")] == []


def test_a_file_that_is_deleted_while_it_is_encrypted_does_not_come_back(ready, settings, monkeypatch):
    settings.MEDIA_KEYS = [MASTER]
    real = core_encrypting._sha256

    def delete_first(file):
        found = real(file)
        if file == storage.poster_path(ready):
            file.unlink()
        return found

    monkeypatch.setattr(core_encrypting, "_sha256", delete_first)
    call_command("encrypt_media")
    assert files(ready) == {"original": True}


def test_a_recording_that_is_worked_on_waits(ready, encounter, settings):
    settings.MEDIA_KEYS = [MASTER]
    job = add_job(encounter)
    Job.objects.filter(pk=job.pk).update(state="running")
    with pytest.raises(CommandError, match="1 recordings are being worked on"):
        call_command("encrypt_media")
    assert not any(files(ready).values())
    assert keys.find_key(ready.pk) is not None, "whoever opens a file from now on asks for the key"
    Job.objects.filter(pk=job.pk).update(state="done")
    call_command("encrypt_media")
    assert all(files(ready).values())


def test_a_file_that_is_replaced_under_a_request_is_not_served_as_it_lies(
    ready, settings, signed_in, bob, monkeypatch
):
    settings.MEDIA_KEYS = [MASTER]
    plain = storage.original(ready)
    encrypting.encrypt_recording(ready)
    monkeypatch.setattr(storage, "original", lambda _: plain)
    assert signed_in(bob).get(f"/recordings/{ready.pk}/video").status_code == 409


def test_temporary_files_of_a_killed_encryption_go_after_an_hour(encounter):
    import os

    folder = storage.recording_dir(add_recording(encounter, "patient").pk)
    left = folder / ".0123.part"
    left.touch()
    os.utime(left, (0, 0))
    sweep_half_written_files()
    assert not left.exists()


@pytest.mark.parametrize("command", ["encrypt_media", "rewrap_media_keys"])
def test_commands_without_a_master_key_say_so(db, command):
    with pytest.raises(CommandError, match="MEDIA_KEYS is not set"):
        call_command(command)


def test_a_new_master_key_takes_over_and_the_older_ones_are_no_longer_needed(
    recording, tus, settings, small_video
):
    tus.start(100, camera="doctor")
    before = storage.original_path(recording).read_bytes()
    settings.MEDIA_KEYS = [NEWEST, NEWER, MASTER]
    call_command("rewrap_media_keys")
    settings.MEDIA_KEYS = [NEWEST]
    assert set(MediaKey.objects.values_list("master", flat=True)) == {name_of(NEWEST)}
    assert storage.original_path(recording).read_bytes() == before
    assert stored(storage.original(recording)) == small_video
    events = AuditEvent.objects.filter(action="media_key.rewrapped")
    assert events.count() == 2
    assert {event.study_id for event in events} == {recording.encounter.study_id}
    call_command("rewrap_media_keys")
    assert events.count() == 2
    assert list(find_breaks()) == []


def test_taking_over_goes_on_after_an_interruption_and_each_key_opens_all_the_while(
    recording, tus, settings, monkeypatch
):
    tus.start(100, camera="doctor")
    settings.MEDIA_KEYS = [NEWER, MASTER]
    real, calls = rewrapping.opened, []

    def killed_at_the_second(key):
        calls.append(key)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(key)

    monkeypatch.setattr(rewrapping, "opened", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        call_command("rewrap_media_keys")
    monkeypatch.setattr(rewrapping, "opened", real)
    assert {real(key) for key in MediaKey.objects.all()}
    assert len(set(MediaKey.objects.values_list("master", flat=True))) == 2
    call_command("rewrap_media_keys")
    settings.MEDIA_KEYS = [NEWER]
    assert len({real(key) for key in MediaKey.objects.all()}) == 2


def test_a_key_whose_master_key_is_missing_is_counted_and_the_others_are_done(recording, tus, settings):
    settings.MEDIA_KEYS = [NEWER]
    tus.start(100, camera="doctor")
    settings.MEDIA_KEYS = [NEWEST, NEWER]
    with pytest.raises(CommandError, match="1 keys open with none"):
        call_command("rewrap_media_keys")
    with pytest.raises(MediaLocked):
        storage.original(recording)
    settings.MEDIA_KEYS = [NEWEST, MASTER]
    call_command("rewrap_media_keys")
    settings.MEDIA_KEYS = [NEWEST]
    assert {key.master for key in MediaKey.objects.all()} == {name_of(NEWEST)}


def test_everything_is_laid_down_plain_again_and_its_keys_are_destroyed(
    ready, small_video, settings, capsys, signed_in, bob
):
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    call_command("decrypt_media")
    assert files(ready) == {"original": False, "poster": False}
    assert storage.original_path(ready).read_bytes() == small_video
    assert "1 recordings decrypted." in capsys.readouterr().out
    assert not MediaKey.objects.exists()
    assert AuditEvent.objects.filter(action="recording.decrypted", target_id=str(ready.pk)).exists()
    settings.MEDIA_KEYS = []
    assert signed_in(bob).get(f"/recordings/{ready.pk}/video").status_code == 200


def test_decrypting_waits_for_a_worker_and_goes_on_where_it_was_stopped(
    ready, small_video, settings, monkeypatch, signed_in, bob
):
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    job = add_job(ready.encounter)
    Job.objects.filter(pk=job.pk).update(state="running")
    with pytest.raises(CommandError, match="1 recordings are being worked on"):
        call_command("decrypt_media")
    assert files(ready) == {"original": True, "poster": True}
    Job.objects.filter(pk=job.pk).update(state="done")
    real = encrypting.decrypt_in_place

    def stop_at_the_poster(source):
        if source.purpose == "poster":
            raise KeyboardInterrupt
        real(source)

    monkeypatch.setattr(encrypting, "decrypt_in_place", stop_at_the_poster)
    with pytest.raises(KeyboardInterrupt):
        call_command("decrypt_media")
    assert files(ready) == {"original": False, "poster": True}
    for what in ("video", "poster.jpg"):
        assert signed_in(bob).get(f"/recordings/{ready.pk}/{what}").status_code == 200
    monkeypatch.setattr(encrypting, "decrypt_in_place", real)
    call_command("decrypt_media")
    assert files(ready) == {"original": False, "poster": False}


def test_what_was_written_meanwhile_is_not_left_without_its_key(ready, settings, monkeypatch, capsys):
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    monkeypatch.setattr(encrypting, "decrypt_in_place", lambda source: None)
    with pytest.raises(CommandError, match="1 could not be decrypted"):
        call_command("decrypt_media")
    assert "something was written meanwhile" in capsys.readouterr().err
    assert MediaKey.objects.get().complete is False
