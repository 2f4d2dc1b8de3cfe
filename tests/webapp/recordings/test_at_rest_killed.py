"""Commands on encrypted media, killed with -9 in every phase, in a process of their own."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from django.core.management import call_command

from tests.webapp.jobs import processes
from tests.webapp.recordings.arriving import stored
from tests.webapp.recordings.conftest import MASTER
from tests.webapp.records import add_recording
from webapp.core import audit
from webapp.core import encrypting as core_encrypting
from webapp.core.encrypted_path import EncryptedPath
from webapp.core.encryption import EncryptedFile, is_encrypted
from webapp.core.master_keys import name_of
from webapp.core.models import AuditEvent
from webapp.recordings import encrypting, keys, storage
from webapp.recordings.models import MediaKey, Recording

pytestmark = pytest.mark.django_db(transaction=True)

NEWER = b"n" * 32
CONTENT = bytes(range(256)) * 12_000  # three pieces of the copy


def at_call(number: int, real: Callable) -> Callable:
    """Return a function that does as the real one, and kills its process at the call of that number."""
    calls = []

    def counted(*args, **more):
        calls.append(args)
        return processes.die() if len(calls) == number else real(*args, **more)

    return counted


def killed(command: str, owner: object, name: str, number: int) -> None:
    """Run a command that dies at a call of some function, counted from 1."""

    def work() -> None:
        setattr(owner, name, at_call(number, getattr(owner, name)))
        call_command(command)

    assert processes.end_of(processes.start(work)) == -signal.SIGKILL


@pytest.fixture
def recordings(encounter) -> list[Recording]:
    return [add_recording(encounter, camera, CONTENT) for camera in ("doctor", "patient")]


PHASES = {
    "before anything": (keys, "add_late_key", 1),
    "in the middle of a copy": (EncryptedFile, "write", 2),
    "before a copy is on the disk": (EncryptedFile, "sync", 1),
    "before the copy was compared": (core_encrypting, "_sha256", 2),
    "before the copy takes its place": (EncryptedPath, "replace", 1),
    "between two files of a recording": (encrypting, "encrypt_in_place", 2),
    "before the row says so": (audit, "record", 2),
    "between two recordings": (encrypting, "prepare", 4),
}


@pytest.mark.parametrize("phase", PHASES)
def test_encrypting_in_place_survives_a_kill(recordings, settings, phase):
    settings.MEDIA_KEYS = [MASTER]
    killed("encrypt_media", *PHASES[phase])
    for recording in recordings:
        assert stored(storage.original(recording)) == CONTENT, "whole, plain or encrypted"
        assert stored(storage.poster(recording)).startswith(b"\xff\xd8")
    call_command("encrypt_media")
    for recording in recordings:
        assert all(is_encrypted(path) for path, _ in storage.files_of(recording))
        assert stored(storage.original(recording)) == CONTENT
        for left in storage.recording_dir(recording.pk).glob(".*.part"):
            assert CONTENT[:16] not in left.read_bytes(), "a sweep deletes it; nobody can read it"
    assert MediaKey.objects.filter(complete=True).count() == 2
    assert AuditEvent.objects.filter(action="recording.encrypted").count() == 2
    assert list(audit.find_breaks()) == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_change_of_the_master_key_survives_a_kill(recordings, settings, number):
    settings.MEDIA_KEYS = [MASTER]
    call_command("encrypt_media")
    settings.MEDIA_KEYS = [NEWER, MASTER]
    killed("rewrap_media_keys", audit, "record", number)
    assert MediaKey.objects.filter(master=name_of(NEWER)).count() == number - 1
    for recording in recordings:
        assert stored(storage.original(recording)) == CONTENT
    call_command("rewrap_media_keys")
    settings.MEDIA_KEYS = [NEWER]
    for recording in recordings:
        assert stored(storage.original(recording)) == CONTENT
    assert AuditEvent.objects.filter(action="media_key.rewrapped").count() == 2
    assert list(audit.find_breaks()) == []
