"""Print every speed figure: `python -m benchmarks [VIDEO] [--minutes 60] [--json]`, or `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.deface import VERSION as DEFACE_VERSION
from benchmarks.deface import measure_deface
from benchmarks.memory import ROOT, follow_memory
from benchmarks.pages import measure_pages
from benchmarks.runtimes import measure_runtimes
from deid.demo import demo_videos

WORDS = {
    "times_real_time": "analysis at 5 frames/s, times real time",
    "cpu_s_per_s": "processor seconds per recorded second",
    "every_frame_fps": "analysis of every frame, frames/s",
    "decode_fps": "decoding alone, frames/s",
    "share_of_decode": "speed of the analysis as a share of decoding",
    "peak_rss_mb": "peak memory, MB",
    "frames_per_s": "frames/s, detection and second look included",
    "cpu_ms_per_frame": "processor milliseconds per frame",
    "second_quarter_mb": "memory in the second quarter, MB",
    "last_quarter_mb": "memory in the last quarter, MB",
    "peak_mb": "peak memory, MB",
    "segment_overhead_ms": "queue overhead per segment, ms",
    "overhead_share": "queue overhead as a share of a segment's work",
    "notice_dead_worker_s": "until a dead worker's segment is taken over, s",
    "times_real_time_1_workers": "analysis by 1 worker, times real time",
    "times_real_time_2_workers": "analysis by 2 workers, times real time",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print every speed figure.")
    parser.add_argument("video", type=Path, nargs="?", default=demo_videos()["patient"], metavar="VIDEO")
    parser.add_argument(
        "--minutes", type=float, default=60, help="length of the looped recording, 0 to leave it out"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    for part, values in measure(arguments.video, arguments.minutes):
        figures[part] = values
        if not arguments.json:
            print(show(part, values), flush=True)
    if arguments.json:
        print(json.dumps(figures))


def measure(video: Path, minutes: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each part with its figures as soon as they are known; all take about a quarter of an hour."""
    yield "machine", describe_machine()
    yield "analysis", measure_analysis(video)
    yield "our network, one thread", measure_runtimes()
    if minutes:
        yield "memory", asdict(follow_memory(video, minutes=minutes))
    for one in measure_hiding(video):
        yield f"deid {one.pop('method')}", one
    yield f"deface {DEFACE_VERSION}, on the same file", measure_deface(video)
    yield "jobs", measure_jobs()
    for name, values in measure_at_rest(video).items():
        yield f"at rest: {name}", values
    yield "pages", measure_pages()


def measure_analysis(video: Path) -> dict[str, Any]:
    """Return the figures of `emotion bench`, measured in a process of its own."""
    command = [sys.executable, "-m", "emotion", "bench", str(video), "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure_jobs() -> dict[str, Any]:
    """Return the figures of `benchmarks.jobs`, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.jobs", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure_at_rest(video: Path) -> dict[str, dict[str, float]]:
    """Return the figures of `benchmarks.at_rest`, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.at_rest", str(video), "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, dict[str, float]] = json.loads(done.stdout)
    return result


def measure_hiding(video: Path) -> list[dict[str, Any]]:
    """Return the figures of `deid bench` for every method, measured in a process of its own."""
    command = [sys.executable, "-m", "deid", "bench", str(video), "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: list[dict[str, Any]] = json.loads(done.stdout)["methods"]
    return result


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on: cores, how busy they were, and the interpreter."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def show(part: str, values: dict[str, Any]) -> str:
    """Return the figures of one part as lines for people."""
    named = ((WORDS.get(name, name.replace("_", " ")), value) for name, value in values.items())
    return "\n".join([part, *(f"  {words:<46} {value}" for words, value in named)])


if __name__ == "__main__":
    main()
