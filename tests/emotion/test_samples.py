from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from emotion.samples import FaceSamples, partial_files, read_samples, write_samples


def test_what_a_killed_process_left_goes_when_the_file_is_written_again(tmp_path: Path):
    target = tmp_path / "000030.npz"
    left = tmp_path / ".000030.npz.0123.part"
    other = tmp_path / ".000060.npz.0123.part"
    for path in (left, other):
        path.write_bytes(b"half")
    assert partial_files(target) == [left]
    write_samples(FaceSamples.none(3), target)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [other.name, target.name]
    assert len(read_samples(target)) == 0


def test_a_full_disk_leaves_neither_a_half_file_nor_the_old_one_damaged(tmp_path: Path, monkeypatch):
    target = tmp_path / "000000.npz"
    target.write_bytes(b"old")

    def fill_the_disk(sink, **_):
        sink.write(b"some")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fill_the_disk)
    with pytest.raises(OSError, match="No space"):
        write_samples(FaceSamples.none(), target)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [target.name]
    assert target.read_bytes() == b"old"
