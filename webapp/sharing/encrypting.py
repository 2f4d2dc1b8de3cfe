"""Packages that were stored before media were encrypted: replaced by encrypted ones, going on after an
interruption; and the way back.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from webapp.core import audit
from webapp.core.encrypted_path import EncryptedPath
from webapp.core.encrypting import Outcome, Say, decrypt_in_place, encrypt_in_place, reason_of
from webapp.core.encryption import is_encrypted
from webapp.core.errors import AppError
from webapp.sharing import storage
from webapp.sharing.models import Release, ReleaseKey
from webapp.sharing.states import PACKED, ReleaseState


def encrypt_packages(say: Say) -> Outcome:
    """Encrypt every package that lies plain. One that is being built without a key waits for its end."""
    building = Release.objects.filter(state=ReleaseState.BUILDING, key=None)
    outcome = Outcome(waiting=building.count())
    plain = Release.objects.filter(Q(key=None) | Q(key__complete=False), state__in=PACKED)
    for pk in list(plain.values_list("pk", flat=True)):
        try:
            outcome.done += _encrypt_package(pk)
        except (AppError, OSError) as error:
            if not Release.objects.filter(pk=pk, state__in=PACKED).exists():
                continue  # it was called back meanwhile, and its file with it
            outcome.failed += 1
            say(f"release {pk}: {reason_of(error)}")
    return outcome


def _encrypt_package(pk: UUID) -> bool:
    """Encrypt one package; False when it was called back meanwhile. Raises as encrypt_in_place."""
    key = _prepare(pk)
    if key is None:
        return False
    stored = storage.under(key, key.release.stored_as)
    if isinstance(stored, EncryptedPath) and not is_encrypted(stored.place):
        encrypt_in_place(stored)
    with transaction.atomic():
        if not ReleaseKey.objects.filter(pk=key.pk, complete=False).update(complete=True):
            return False
        audit.record(
            actor=None,
            action="release.encrypted",
            target=key.release,
            study_id=key.study_id,
            details={"version": key.release.version},
        )
    return True


@transaction.atomic
def _prepare(pk: UUID) -> ReleaseKey | None:
    """Return the key of a package, which it has from now on: whoever opens it hereafter asks for it."""
    release = Release.objects.select_for_update().filter(pk=pk, state__in=PACKED).first()
    if release is None:
        return None
    found = ReleaseKey.objects.filter(release=release).first()
    key = found or storage.add_key(release, complete=False)
    key.release = release
    return key


def decrypt_packages(say: Say) -> Outcome:
    """Lay every package down plain and destroy its key. One that is being built waits for its end."""
    outcome = Outcome()
    for pk in list(ReleaseKey.objects.values_list("pk", flat=True)):
        key = ReleaseKey.objects.select_related("release").filter(pk=pk).first()
        if key is None:
            continue
        if key.release.state not in PACKED:
            outcome.waiting += key.release.state == ReleaseState.BUILDING
            continue
        try:
            _decrypt_package(key)
            outcome.done += 1
        except (AppError, OSError) as error:
            outcome.failed += 1
            say(f"release {key.release_id}: {reason_of(error)}")
    return outcome


def _decrypt_package(key: ReleaseKey) -> None:
    ReleaseKey.objects.filter(pk=key.pk).update(complete=False)  # from now on a plain file is taken for it
    stored = storage.under(key, key.release.stored_as)
    if isinstance(stored, EncryptedPath) and is_encrypted(stored.place):
        decrypt_in_place(stored)
    with transaction.atomic():
        key.delete()
        details = {"version": key.release.version}
        audit.record(
            actor=None, action="release.decrypted", target=key.release, study_id=key.study_id, details=details
        )
