"""What a killed writer leaves beside a recording goes after an hour."""

from __future__ import annotations

import os
import time

import pytest
from django.core.cache import cache

from tests.webapp.records import add_recording
from webapp.recordings import storage
from webapp.recordings.sweeping import sweep_half_written_files


@pytest.mark.parametrize("inside", ["samples/key", "deidentified"])
def test_half_written_files_go_after_an_hour_and_whole_ones_stay(encounter, inside):
    cache.clear()
    folder = storage.derived_dir(add_recording(encounter, "patient").pk) / inside
    folder.mkdir(parents=True)
    old, young, whole = folder / ".0123.part", folder / ".000030.npz.cd.part", folder / "000060.npz"
    for path in (old, young, whole):
        path.touch()
    for path in (old, whole):
        os.utime(path, (time.time() - 4000,) * 2)
    sweep_half_written_files()
    assert sorted(path.name for path in folder.iterdir()) == [young.name, whole.name]
