"""Where packages lie: named by the release alone, encrypted where the site encrypts media."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from webapp.core import master_keys
from webapp.core.encrypted_path import EncryptedPath, Place, StoredFile
from webapp.core.media_root import media_root
from webapp.recordings import keys
from webapp.recordings.storage import entries
from webapp.sharing.models import Release, ReleaseKey

FOLDER, PURPOSE = "releases", "package"


def package_path(release_id: UUID) -> Place:
    return media_root() / FOLDER / f"{release_id}.zip"


def package(release: Release) -> StoredFile:
    """Return the package to be read. Raises MediaLocked."""
    return _under(ReleaseKey.objects.filter(release=release).first(), release)


@transaction.atomic
def new_package(release: Release) -> StoredFile:
    """Return where the package is to be written, under a key of its own. Raises MediaLocked."""
    key = ReleaseKey.objects.filter(release=release).first()
    if key is None and keys.encrypts():
        master = master_keys.master_keys()[0]
        key = ReleaseKey(release=release, master=master_keys.name_of(master))
        key.wrapped = master_keys.wrap(master_keys.new_key(), master=master, owner=key.pk)
        key.save(force_insert=True)
    return _under(key, release)


def partial_of(target: StoredFile) -> StoredFile:
    """Return a temporary place beside a package."""
    return target.with_name(f".{target.name}-{secrets.token_hex(8)}.part")


def remove_all_of(release_id: UUID) -> None:
    """Remove a package, whole or half-written; one that is gone already is no error."""
    path = package_path(release_id)
    path.unlink(missing_ok=True)
    for half in half_written():
        if half.name.startswith(f".{path.name}-"):
            half.unlink(missing_ok=True)


def packages() -> Iterator[tuple[UUID, Place]]:
    yield from entries(FOLDER)


def half_written() -> Iterator[Place]:
    folder = media_root() / FOLDER
    yield from folder.glob(".*.part") if folder.is_dir() else ()


def _under(key: ReleaseKey | None, release: Release) -> StoredFile:
    path = package_path(release.pk)
    return path if key is None else EncryptedPath(path, keys.opened(key), PURPOSE)
