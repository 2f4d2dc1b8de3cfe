"""What a person contributes comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from deid import contribution as module
from deid.contribution import read_contribution, write_contribution
from deid.errors import InvalidContribution
from tests.deid.contributors import somebody


def columns_of(path):
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "somebody.npz"
    write_contribution(somebody(1, "open", "happiness"), path)
    return path


def test_a_contribution_is_read_as_it_was_written(written):
    found = read_contribution(written)
    assert found == somebody(1, "open", "happiness")
    assert list(found.pictures) == ["calm", "open", "happiness"]
    assert hash(found) == hash(somebody(1, "open", "happiness"))


def test_contributions_that_differ_in_anything_are_not_the_same():
    assert somebody(1) != somebody(2)
    assert somebody(1) != somebody(1, age=41.0)
    assert somebody(1) != "somebody"


def test_a_name_of_a_contribution_says_all_of_it_and_shows_no_face():
    assert repr(somebody(1)) == f"Contribution({somebody(1).digest})"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("format", np.array(2)),
        ("calm", np.zeros((467, 3), np.float32)),
        ("calm", np.full((468, 3), np.nan, np.float32)),
        ("calm", np.full((468, 3), 11, np.float32)),
        ("looks", np.zeros(5, np.float64)),
        ("looks", np.array([90, 110, 150, 1e30, 0], np.float32)),
        ("picture.calm", np.zeros((9, 9, 3), np.uint8)),
        ("seen.open", np.zeros((288, 288), np.float32)),
        ("embedding.identity", np.zeros(512, np.float32)),
        ("embedding.identity", np.ones(1, np.float32)),
    ],
)
def test_a_file_with_another_column_is_refused(written, name, values):
    np.savez(written, **columns_of(written) | {name: values})
    with pytest.raises(InvalidContribution, match="somebody"):
        read_contribution(written)


@pytest.mark.parametrize("name", ["calm", "picture.calm", "seen.happiness", "embedding.identity"])
def test_a_file_that_lacks_a_column_is_refused(written, name):
    columns = columns_of(written)
    del columns[name]
    np.savez(written, **columns)
    with pytest.raises(InvalidContribution):
        read_contribution(written)


def test_a_file_of_objects_or_of_anything_else_is_refused(tmp_path):
    objects, text = tmp_path / "objects.npz", tmp_path / "text.npz"
    np.savez(objects, format=np.array({"a": 1}, object))
    text.write_text("no zip file")
    empty = tmp_path / "empty.npz"
    empty.touch()
    for path in (objects, text, empty, tmp_path / "absent.npz"):
        with pytest.raises(InvalidContribution):
            read_contribution(path)


def test_a_file_that_unpacks_to_more_than_a_contribution_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_BYTES", 1000)
    path = tmp_path / "large.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("calm.npy", b"\0" * 2000)
    with pytest.raises(InvalidContribution):
        read_contribution(path)


def entry(written, data, *, flag_bits=0):
    """Put data in the place of the face at rest, packed as it is."""
    with zipfile.ZipFile(written) as packed:
        others = {name: packed.read(name) for name in packed.namelist() if name != "calm.npy"}
    with zipfile.ZipFile(written, "w") as packed:
        for name, content in (others | {"calm.npy": data}).items():
            packed.writestr(name, content)
    if flag_bits:
        raw = bytearray(written.read_bytes())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            raw[raw.rindex(mark) + at] |= flag_bits
        written.write_bytes(bytes(raw))


def test_a_file_that_says_it_is_larger_than_any_memory_is_refused_before_room_is_made(written):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 999), }\n"
    entry(written, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InvalidContribution):
        read_contribution(written)


@pytest.mark.parametrize("header", [b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", b"(((\n"])
def test_objects_and_nonsense_are_refused(written, header):
    entry(written, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InvalidContribution):
        read_contribution(written)


def test_what_is_locked_with_a_password_is_refused(written):
    entry(written, b"\x93NUMPY\x01\x00", flag_bits=1)
    with pytest.raises(InvalidContribution):
        read_contribution(written)


def test_what_is_damaged_within_is_refused(written):
    whole = written.read_bytes()
    for at in np.linspace(60, len(whole) - 60, 25).astype(int):
        written.write_bytes(whole[:at] + bytes(16) + whole[at + 16 :])
        with pytest.raises(InvalidContribution):
            read_contribution(written)
