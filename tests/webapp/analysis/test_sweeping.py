from __future__ import annotations

import os
import time

from webapp.analysis.sweeping import sweep_half_written_samples
from webapp.recordings import storage


def test_half_written_samples_go_after_an_hour_and_whole_ones_stay(cameras):
    folder = storage.derived_dir(cameras["patient"].pk) / "samples" / "key"
    folder.mkdir(parents=True)
    old, young, whole = folder / ".000000.npz.ab.part", folder / ".000030.npz.cd.part", folder / "000060.npz"
    for path in (old, young, whole):
        path.touch()
    for path in (old, whole):
        os.utime(path, (time.time() - 4000,) * 2)
    sweep_half_written_samples()
    assert sorted(path.name for path in folder.iterdir()) == [young.name, whole.name]
