"""Packages from before media were encrypted, and encrypting them in place."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.webapp.recordings.conftest import MASTER
from tests.webapp.sharing.conftest import build, everything_in
from webapp.core import encrypting as core_encrypting
from webapp.core.encryption import is_encrypted
from webapp.core.models import AuditEvent
from webapp.sharing import storage
from webapp.sharing.access import access_package
from webapp.sharing.models import ReleaseKey
from webapp.sharing.recalling import recall_release


@pytest.fixture
def packed(release, share, alice, settings):
    """A release whose package was stored plain, in a site that encrypts from now on."""
    share()
    build(release, alice)
    settings.MEDIA_KEYS = [MASTER]
    return release


def content(release) -> bytes:
    with storage.package(release).open("rb") as file:
        return file.read()


def test_a_package_that_lies_plain_is_encrypted_once_and_reads_the_same(packed, alice, capsys):
    before = content(packed)
    for _ in range(2):
        call_command("encrypt_media")
    said = [line for line in capsys.readouterr().out.splitlines() if "packages" in line]
    assert said == ["1 packages encrypted.", "0 packages encrypted."]
    assert is_encrypted(storage.package_path(packed))
    assert content(access_package(alice, "empathy", 1)) == before
    assert ReleaseKey.objects.get().complete
    assert AuditEvent.objects.filter(action="release.encrypted", target_id=str(packed.pk)).count() == 1


def test_after_an_interruption_the_plain_package_is_read_and_the_next_run_goes_on(
    packed, settings, monkeypatch
):
    before, real = content(packed), core_encrypting._sha256

    def stop(stored) -> str:
        if storage.FOLDER in str(stored):
            raise KeyboardInterrupt
        return real(stored)

    monkeypatch.setattr(core_encrypting, "_sha256", stop)
    with pytest.raises(KeyboardInterrupt):
        call_command("encrypt_media")
    assert (content(packed), ReleaseKey.objects.get().complete) == (before, False)
    monkeypatch.setattr(core_encrypting, "_sha256", real)
    call_command("encrypt_media")
    assert is_encrypted(storage.package_path(packed))
    assert content(packed) == before
    assert not [path for path in everything_in(settings.DATA_DIR) if path.suffix == ".part"]


def test_a_full_disk_leaves_the_plain_package(packed, monkeypatch, capsys):
    before = content(packed)

    def full(_self) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("webapp.core.encryption.EncryptedFile.sync", full)
    with pytest.raises(CommandError, match="0 packages are being worked on, 1 could not be encrypted"):
        call_command("encrypt_media")
    assert "No space left" in capsys.readouterr().err
    assert content(packed) == before


def test_a_package_that_is_recalled_while_it_is_encrypted_does_not_come_back(
    packed, alice, monkeypatch, django_capture_on_commit_callbacks
):
    real = core_encrypting._sha256

    def recall_first(stored) -> str:
        found = real(stored)
        if storage.FOLDER in str(stored) and packed.recalls.count() == 0:
            with django_capture_on_commit_callbacks(execute=True):
                recall_release(actor=alice, release=packed, note="a")
        return found

    monkeypatch.setattr(core_encrypting, "_sha256", recall_first)
    call_command("encrypt_media")
    assert packed.recalls.count() == 1
    assert list(storage.files()) == []
    assert not ReleaseKey.objects.exists()


def test_a_package_that_is_being_built_without_a_key_is_waited_for(release, settings):
    settings.MEDIA_KEYS = [MASTER]
    type(release).objects.update(state="building")
    with pytest.raises(CommandError, match="1 packages are being worked on"):
        call_command("encrypt_media")
    assert not ReleaseKey.objects.exists()


def test_a_package_is_laid_down_plain_again_and_its_key_destroyed(release, share, alice, settings):
    settings.MEDIA_KEYS = [MASTER]
    share()
    packed = build(release, alice)
    before = content(packed)
    call_command("decrypt_media")
    assert not ReleaseKey.objects.exists()
    assert storage.package_path(packed).read_bytes() == before == content(packed)
    assert AuditEvent.objects.filter(action="release.decrypted").count() == 1
