"""Whether a worker's memory stays flat over weeks: `python -m benchmarks.long_life [--segments 1000]`.

One worker process analyses so many segments with the real networks, and joins them, as it would in a week;
only the segments are short, so that it does not take one. What the C library keeps for later use is given
back before each look, for it comes and goes: what remains is held, and would add up.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import linear_regression, median
from typing import Any

from benchmarks.jobs_site import add_recording, empty_site, make_encounters
from benchmarks.memory import loop_recording
from deid.demo import demo_videos

LOOK_EVERY = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_life", description=__doc__)
    parser.add_argument("--segments", type=int, default=1000, help="how many at least")
    parser.add_argument("--seconds", type=int, default=1, help="length of a segment")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with empty_site() as folder:
        figures = follow_worker(folder, segments=arguments.segments, seconds=arguments.seconds)
    lines = [f"{name.replace('_', ' '):<40} {value}" for name, value in figures.items()]
    print(json.dumps(figures) if arguments.json else "\n".join(lines))


def follow_worker(folder: Path, *, segments: int, seconds: int) -> dict[str, Any]:
    """Return the memory that a worker holds over its segments, in megabytes. Needs Linux with glibc."""
    from django.core.management import call_command

    from webapp.jobs.models import Job, Segment

    _cut_into(seconds)
    held_mb = _watch_every_segment()
    jobs = _queue(folder, segments=segments, seconds=seconds)
    began = time.perf_counter()
    call_command("worker", "--batch", "--interval", "0")
    wall_s = time.perf_counter() - began
    unfinished = Job.objects.exclude(state="done").count()
    if unfinished:
        raise SystemExit(f"{unfinished} of {jobs} analyses did not end well")
    quarter = max(1, len(held_mb) // 4)
    later = held_mb[quarter:]
    return {
        "segments": Segment.objects.filter(state="done").count(),
        "jobs_joined": jobs,
        "wall_s": round(wall_s, 1),
        "load": round(os.getloadavg()[0], 1),
        "second_quarter_mb": round(median(held_mb[quarter : 2 * quarter]), 1),
        "last_quarter_mb": round(median(held_mb[-quarter:]), 1),
        "most_held_mb": round(max(held_mb), 1),
        "peak_resident_mb": round(getrusage(RUSAGE_SELF).ru_maxrss / 1e3, 1),
        "growth_mb_per_1000_segments": round(
            1000 / LOOK_EVERY * linear_regression(range(len(later)), later).slope, 1
        ),
    }


def _cut_into(seconds: int) -> None:
    """Have this process cut recordings into shorter segments than the site does."""
    from emotion import pipeline
    from emotion.samples import Segment, plan_segments

    def plan(duration_us: int) -> tuple[Segment, ...]:
        return plan_segments(duration_us, segment_us=seconds * 1_000_000)

    pipeline.plan_segments = plan  # type: ignore[assignment]


def _watch_every_segment() -> list[float]:
    """Return a list to which the memory that is held is added after every tenth segment."""
    from webapp.analysis.queries import KIND
    from webapp.jobs.registry import find_kind, register_kind

    kind = find_kind(KIND)
    assert kind is not None and kind.segmented is not None
    work = kind.segmented.work
    give_back = ctypes.CDLL("libc.so.6").malloc_trim
    held_mb: list[float] = []
    numbers = count(1)

    def watched(context: Any) -> None:
        work(context)
        if next(numbers) % LOOK_EVERY == 0:
            give_back(0)
            held_mb.append(resident_mb())

    register_kind(replace(kind, segmented=replace(kind.segmented, work=watched)))
    return held_mb


def _queue(folder: Path, *, segments: int, seconds: int) -> int:
    """Queue as many analyses of two cameras as it takes for so many segments; return how many."""
    from webapp.analysis.services import start_run

    film = folder / "film.mp4"
    length_s = loop_recording(demo_videos()["patient"], film, seconds)
    jobs = -(-segments // (2 * -(-round(length_s * 1e6) // (seconds * 1_000_000))))
    for encounter in make_encounters(jobs):
        for camera in ("doctor", "patient"):
            add_recording(encounter, camera, film, round(length_s * 1e6))
        start_run(encounter=encounter, actor=None)
    return jobs


def resident_mb() -> float:
    """Return what this process holds in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
