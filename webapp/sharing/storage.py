"""Where packages lie: in a folder of their release, under a name that each build draws anew, encrypted where
the site encrypts media. A package counts once its release names it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from webapp.core.encrypted_path import EncryptedPath, Place, StoredFile
from webapp.core.media_root import media_root, remove
from webapp.core.wrapped_keys import encrypts, opened, seal
from webapp.recordings.storage import entries
from webapp.sharing.models import Release, ReleaseKey

FOLDER, PURPOSE = "releases", "package"


def package_path(release: Release) -> Place:
    return place_of(release.stored_as)


def place_of(stored_as: str) -> Place:
    return media_root() / FOLDER / stored_as


def package(release: Release) -> StoredFile:
    """Return the package to be read. Raises MediaLocked."""
    return under(ReleaseKey.objects.filter(release=release).first(), release.stored_as)


@transaction.atomic
def new_package(release: Release) -> tuple[str, StoredFile]:
    """Return the name of a package, and where it is to be written, under a key of its release. No other build
    takes this name, so that one that lost its lease puts nothing in the place of another's.

    Raises MediaLocked.
    """
    key = ReleaseKey.objects.filter(release=release).first()
    if key is None and encrypts():
        key = add_key(release, complete=True)
    stored_as = f"{release.pk}/{secrets.token_hex(8)}.zip"
    return stored_as, under(key, stored_as)


def add_key(release: Release, *, complete: bool) -> ReleaseKey:
    """Give the package of a release a key of its own. Call inside a transaction."""
    key = ReleaseKey(release=release, complete=complete)
    seal(key)
    return key


def partial_of(target: StoredFile) -> StoredFile:
    """Return a temporary place beside a package."""
    return target.with_name(f".{target.name}-{secrets.token_hex(8)}.part")


def remove_all_of(release_id: UUID) -> None:
    """Remove every package of a release, whole or half-written; one that is gone already is no error."""
    for name in (str(release_id), f"{release_id}.zip"):
        remove(place_of(name))


def packages() -> Iterator[tuple[UUID, Place]]:
    """Yield by release what lies there of it: a folder, or a file from before there were folders."""
    yield from entries(FOLDER)


def files() -> Iterator[tuple[str, Place]]:
    """Yield each file with what a release would name it as, half-written ones too."""
    root = media_root() / FOLDER
    for _, place in packages():
        found = place.rglob("*") if place.is_dir() else (place,)
        yield from ((str(file.relative_to(root)), file) for file in found)  # type: ignore[arg-type]


def under(key: ReleaseKey | None, stored_as: str) -> StoredFile:
    """Return a package to be read or written. Raises MediaLocked."""
    place = place_of(stored_as)
    if key is None:
        return place
    return EncryptedPath(place, opened(key), PURPOSE, may_be_plain=not key.complete)
