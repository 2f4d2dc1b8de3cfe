"""Places of encrypted files, and the master keys behind their keys."""

from __future__ import annotations

import uuid

import pytest

from webapp.core import master_keys
from webapp.core.encrypted_path import EncryptedPath
from webapp.core.encryption import DamagedFile, is_encrypted
from webapp.core.master_keys import MediaLocked

KEY, MASTER, OTHER = b"k" * 32, b"m" * 32, b"o" * 32


@pytest.fixture
def place(tmp_path) -> EncryptedPath:
    return EncryptedPath(tmp_path / "a.mp4", KEY, "original")


def write(place: EncryptedPath, content: bytes) -> None:
    with place.open("wb") as file:
        file.write(content)


def read(place: EncryptedPath) -> bytes:
    with place.open("rb") as file:
        return file.read()


def test_a_file_is_written_read_and_continued(place):
    write(place, b"a face")
    with place.open("ab") as file:
        file.write(b" and a voice")
    assert read(place) == b"a face and a voice"
    assert is_encrypted(place.place)
    assert b"face" not in place.place.read_bytes()


def test_a_temporary_file_takes_the_place_of_the_final_one(place):
    partial = place.with_name(".1.part")
    write(partial, b"new")
    partial.replace(place)
    assert read(place) == b"new"
    assert not partial.is_file()


def test_a_file_does_not_take_the_place_of_one_for_another_purpose(place):
    folder = EncryptedPath(place.parent, KEY, "deidentified")
    write(place, b"an original")
    with pytest.raises(ValueError, match="same purpose"):
        place.replace(folder / "a.mp4")
    place.place.rename(place.parent / "b.mp4")
    with pytest.raises(DamagedFile):
        read(folder / "b.mp4")


def test_a_plain_file_is_read_where_it_may_still_lie_and_nowhere_else(place):
    place.place.write_bytes(b"plain")
    assert read(EncryptedPath(place.place, KEY, "original", may_be_plain=True)) == b"plain"
    with pytest.raises(DamagedFile):
        read(place)


def test_a_missing_file_is_missing(place):
    for mode in ("rb", "ab"):
        with pytest.raises(FileNotFoundError):
            place.open(mode)


def test_a_key_is_shown_nowhere(place):
    assert repr(KEY) not in repr(place)


def test_a_key_opens_with_its_master_key_for_its_owner_alone(settings):
    owner, stranger = uuid.uuid4(), uuid.uuid4()
    key, name = master_keys.new_key(), master_keys.name_of(MASTER)
    wrapped = master_keys.wrap(key, master=MASTER, owner=owner)
    assert key not in wrapped
    settings.MEDIA_KEYS = [OTHER, MASTER]
    assert master_keys.unwrap(wrapped, master_name=name, owner=owner) == key
    for other in (
        {"wrapped": wrapped, "master_name": name, "owner": stranger},
        {"wrapped": wrapped[:-1], "master_name": name, "owner": owner},
        {"wrapped": b"", "master_name": name, "owner": owner},
        {"wrapped": wrapped, "master_name": master_keys.name_of(OTHER), "owner": owner},
    ):
        with pytest.raises(MediaLocked):
            master_keys.unwrap(**other)
    settings.MEDIA_KEYS = [OTHER]
    with pytest.raises(MediaLocked):
        master_keys.unwrap(wrapped, master_name=name, owner=owner)
