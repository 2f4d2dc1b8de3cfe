"""Encrypted files: what was written comes back, and nothing else is ever taken for it."""

from __future__ import annotations

import io
import os
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core import encryption
from webapp.core.encryption import HEADER_BYTES, RECORD_EXTRA, DamagedFile, EncryptedFile

KEY = secrets.token_bytes(32)
CHUNK = 16
RECORD = CHUNK + RECORD_EXTRA
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]


@pytest.fixture(autouse=True, scope="module")
def _small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "CHUNK_BITS", 4)
        patch.setattr(encryption, "CHUNK_BYTES", CHUNK)
        patch.setattr(encryption, "RECORD_BYTES", RECORD)
        yield


class Disk(io.BytesIO):
    """A raw file whose bytes are still there when it is closed."""

    def close(self) -> None:
        pass

    def fileno(self) -> int:
        raise OSError


def content_of(size: int) -> bytes:
    return bytes(range(1, 250))[:size]


def opened(disk: io.BytesIO, *, key: bytes = KEY, purpose: str = "original", **more) -> EncryptedFile:
    return EncryptedFile(disk, key=key, purpose=purpose, **more)


def written(content: bytes, **more) -> Disk:
    disk = Disk()
    with opened(disk, writable=True, **more) as file:
        file.write(content)
    return disk


def read(disk: bytes | io.BytesIO, **more) -> bytes:
    data = disk if isinstance(disk, bytes) else disk.getvalue()
    with opened(Disk(data), **more) as file:
        return file.read()


def records(disk: Disk) -> list[bytes]:
    data = disk.getvalue()
    return [data[at : at + RECORD] for at in range(HEADER_BYTES, len(data), RECORD)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_comes_back_from_any_place(size):
    content = content_of(size)
    with opened(written(content)) as file:
        assert file.seek(0, os.SEEK_END) == size
        for start in range(size + 2):
            file.seek(start)
            assert file.read(7) == content[start : start + 7]
        file.seek(0)
        assert file.read() == content
        assert file.read(1) == b""


@pytest.mark.parametrize("size", SIZES)
def test_no_run_of_bytes_of_the_content_is_on_the_disk(size):
    content = content_of(size)
    disk = written(content).getvalue()
    assert not [at for at in range(size - 3) if content[at : at + 4] in disk]


OPERATIONS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 120), st.binary(max_size=60)),
    st.tuples(st.just("read"), st.integers(0, 120), st.integers(0, 60)),
    st.tuples(st.just("truncate"), st.integers(0, 120), st.none()),
    st.tuples(st.just("reopen"), st.none(), st.none()),
    st.tuples(st.just("flush"), st.none(), st.none()),
)


@given(st.lists(OPERATIONS, max_size=20))
def test_it_does_what_a_plain_file_does(operations):
    plain, disk = io.BytesIO(), Disk()
    file = opened(disk, writable=True)
    for name, place, value in operations:
        size = len(plain.getvalue())
        if name == "write":
            for one in (plain, file):
                one.seek(min(place, size))
                assert one.write(value) == len(value)
        elif name == "read":
            for one in (plain, file):
                one.seek(place)
            assert plain.read(value) == file.read(value)
        elif name == "truncate":
            assert file.truncate(min(place, size)) == plain.truncate(min(place, size))
        elif name == "flush":
            file.flush()
            assert read(disk) == plain.getvalue()
        else:
            file.close()
            assert read(disk) == plain.getvalue()
            file = opened(disk, writable=True)
    file.close()
    assert read(disk) == plain.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_every_changed_byte_is_noticed(size):
    data = written(content_of(size)).getvalue()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(DamagedFile):
            read(bytes(changed))


@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_was_cut_off_or_went_on_does_not_even_open(size):
    data = written(content_of(size)).getvalue()
    for length in range(len(data)):
        with pytest.raises(DamagedFile):
            opened(Disk(data[:length]))
    for more in (b"\0", records(written(content_of(size)))[-1], data[HEADER_BYTES:]):
        with pytest.raises(DamagedFile):
            opened(Disk(data + more))


def test_records_do_not_change_places():
    disk = written(content_of(4 * CHUNK))
    one, two, three, four = records(disk)
    for order in ([two, one, three, four], [one, one, three, four], [one, three, two, four]):
        with pytest.raises(DamagedFile):
            read(disk.getvalue()[:HEADER_BYTES] + b"".join(order))


def test_a_record_of_another_file_under_the_same_key_does_not_fit():
    first, second = written(content_of(2 * CHUNK)), written(content_of(2 * CHUNK))
    with pytest.raises(DamagedFile):
        read(first.getvalue()[:HEADER_BYTES] + records(second)[0] + records(first)[1])


@pytest.mark.parametrize("other", [{"key": secrets.token_bytes(32)}, {"purpose": "deidentified/1"}])
def test_neither_another_key_nor_another_purpose_opens_a_file(other):
    with pytest.raises(DamagedFile):
        read(written(b"a face"), **other)


def test_the_same_content_is_never_sealed_alike():
    one, other = (records(written(content_of(2 * CHUNK))) for _ in range(2))
    assert not set(one) & set(other)


def test_no_nonce_is_used_twice_however_often_a_chunk_is_rewritten():
    disk, seen = Disk(), set()
    for size in range(3 * CHUNK):
        with opened(disk, resume_at=size) as file:
            file.seek(0, os.SEEK_END)
            file.write(b"x")
        seen.update(records(disk))
    assert len(seen) == len({record[1:13] for record in seen}) > 3 * CHUNK


def unfinished(content: bytes) -> Disk:
    disk = Disk()
    with opened(disk, resume_at=0) as file:
        file.write(content)
    return disk


@pytest.mark.parametrize("size", SIZES)
def test_an_unfinished_file_is_not_read_but_goes_on_where_it_was_left(size):
    disk = unfinished(content_of(size))
    with pytest.raises(DamagedFile):
        read(disk)
    before = disk.getvalue()
    with opened(disk, resume_at=size) as file:
        assert file.seek(0, os.SEEK_END) == size
    assert disk.getvalue() == before, "looking at it changes nothing"
    with opened(disk, resume_at=size) as file:
        file.seek(0, os.SEEK_END)
        file.write(b"the rest")
        file.finish()
    assert read(disk) == content_of(size) + b"the rest"


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_what_a_killed_writer_left_behind_the_acknowledged_bytes_is_cut_off(size, finished):
    content = content_of(size)
    disk = unfinished(content)
    with opened(disk, resume_at=size) as file:
        file.seek(0, os.SEEK_END)
        file.write(b"never acknowledged, and long enough for some chunks")
        if finished:
            file.finish()
    with opened(disk, resume_at=size) as file:
        assert file.read() == content
        file.finish()
    assert read(disk) == content


@pytest.mark.parametrize("size", [5, CHUNK + 5, 2 * CHUNK])
def test_a_last_record_in_pieces_costs_at_most_one_chunk(size):
    content = content_of(size)
    data = unfinished(content).getvalue()
    whole = (size - 1) // CHUNK * CHUNK
    for torn in range(HEADER_BYTES + whole // CHUNK * RECORD, len(data)):
        disk = Disk(data[:torn] + b"\0" * 3)
        with opened(disk, resume_at=size) as file:
            there = file.seek(0, os.SEEK_END)
            assert there == whole
            file.write(content[there:] + b"!")
            file.finish()
        assert read(disk) == content + b"!"


def test_a_writer_that_abandons_leaves_the_disk_as_it_is():
    disk = unfinished(b"abc")
    before = disk.getvalue()
    file = opened(disk, resume_at=3)
    file.seek(0, os.SEEK_END)
    file.write(b"def")
    file.abandon()
    assert disk.getvalue() == before


def test_a_full_disk_can_be_cut_back_from():
    class Full(Disk):
        room = 10_000

        def write(self, data, /) -> int:
            if self.tell() + len(data) > self.room:
                super().write(data[: max(0, self.room - self.tell())])
                raise OSError(28, "No space left on device")
            return super().write(data)

    content = content_of(CHUNK + 5)
    disk = Full(unfinished(content).getvalue())
    disk.room = len(disk.getvalue()) + RECORD + 3
    with opened(disk, resume_at=len(content)) as file:
        file.seek(0, os.SEEK_END)
        with pytest.raises(OSError, match="No space"):
            file.write(bytes(5 * CHUNK))
        file.truncate(len(content))
    with opened(disk, resume_at=len(content)) as file:
        assert file.read() == content


def test_a_file_that_is_only_read_is_not_written():
    with opened(written(b"abc")) as file:
        for change in (lambda: file.write(b"d"), lambda: file.truncate(1)):
            with pytest.raises(io.UnsupportedOperation):
                change()
        with pytest.raises(io.UnsupportedOperation):
            file.fileno()


def test_nobody_writes_behind_the_end():
    with opened(Disk(), writable=True) as file:
        file.seek(3)
        with pytest.raises(ValueError, match="expected to write at 0"):
            file.write(b"a")


def test_an_encrypted_file_is_told_from_a_plain_one(tmp_path: Path):
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    plain.write_bytes(b"\0\0\0\x18ftyp")
    sealed.write_bytes(written(b"abc").getvalue())
    assert (encryption.is_encrypted(plain), encryption.is_encrypted(sealed)) == (False, True)
