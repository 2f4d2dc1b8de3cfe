"""What encryption at rest costs: `python -m benchmarks.at_rest [VIDEO] [--json]`.

The same recording lies plain and encrypted; both are read, analysed and written in turn, so that whatever
else the machine does meets both alike. Of several rounds the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from deid.demo import demo_videos
from emotion.media import probe_video, read_frames
from emotion.pipeline import load_engine, plan_segments, sample_segment
from webapp.core.encrypted_path import EncryptedPath, StoredFile

SERVED_BYTES: Final = 4 * 1024 * 1024  # what a player gets at once
PIECE_BYTES: Final = 1024 * 1024
FILE_BYTES: Final = 256 * 1024 * 1024
RANGES: Final = 64
ROUNDS: Final = 5
ANALYSIS_ROUNDS: Final = 3
MEGA: Final = 1e6

Stored = dict[str, StoredFile]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.at_rest", description=__doc__)
    parser.add_argument("video", type=Path, nargs="?", default=demo_videos()["patient"], metavar="VIDEO")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = measure(arguments.video)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, values in figures.items():
        print(f"{name:<48}", *(f"{how} {value:<10}" for how, value in values.items()))


def measure(video: Path) -> dict[str, dict[str, float]]:
    """Return every figure, plain and encrypted. Needs 520 MB of the temporary folder for a minute."""
    with tempfile.TemporaryDirectory(prefix="at-rest-") as folder:
        large, film = stored_in(Path(folder) / "large"), stored_in(Path(folder) / "film.mp4")
        content = secrets.token_bytes(PIECE_BYTES)
        writing = [in_turn(large, lambda to: fill(to, content)) for _ in range(ROUNDS)]
        ranges = [in_turn(large, lambda file: read_ranges(file, SERVED_BYTES)) for _ in range(ROUNDS)]
        small = [in_turn(large, lambda file: read_ranges(file, 1)) for _ in range(ROUNDS)]
        for file in film.values():
            copy(video, file)
        decoding = [in_turn(film, decode) for _ in range(ROUNDS)]
        media_s = probe_video(video).duration_us / 1e6
        engine = load_engine()
        analysis = [in_turn(film, lambda file: analyse(file, engine)) for _ in range(ANALYSIS_ROUNDS)]
    size_mb, ranges_mb = FILE_BYTES / MEGA, RANGES * SERVED_BYTES / MEGA
    return {
        "writing, MB/s": figures(writing, lambda s: size_mb / s),
        "ranges of 4 MiB, MB/s": figures(ranges, lambda s: ranges_mb / s),
        "the first byte of a range, ms": figures(small, lambda s: s * 1000 / RANGES),
        "decoding every frame, processor s per recorded s": figures(decoding, lambda s: s / media_s),
        "analysis, processor s per recorded s": figures(analysis, lambda s: s / media_s),
    }


def stored_in(path: Path) -> Stored:
    encrypted = EncryptedPath(path.with_name(f"encrypted-{path.name}"), secrets.token_bytes(32), "original")
    return {"plain": path, "encrypted": encrypted}


def in_turn(stored: Stored, work: Callable[[StoredFile], float]) -> dict[str, float]:
    """Return the seconds that work takes on each, in an order drawn anew."""
    order = random.sample(list(stored), len(stored))
    return {how: work(stored[how]) for how in order}


def figures(rounds: list[dict[str, float]], convert: Callable[[float], float]) -> dict[str, float]:
    """Return the converted median of plain and encrypted rounds, with three digits that count."""
    middle = {how: median(one[how] for one in rounds) for how in ("plain", "encrypted")}
    return {how: float(f"{convert(seconds):.3g}") for how, seconds in middle.items()}


def fill(file: StoredFile, content: bytes) -> float:
    began = time.perf_counter()
    with file.open("wb") as sink:
        for _ in range(FILE_BYTES // len(content)):
            sink.write(content)
    return time.perf_counter() - began


def read_ranges(file: StoredFile, size: int) -> float:
    """Return the seconds for ranges that begin anywhere, the file opened for each as on the site."""
    places = [random.randrange(FILE_BYTES - SERVED_BYTES) for _ in range(RANGES)]  # noqa: S311
    began = time.perf_counter()
    for place in places:
        with file.open("rb") as source:
            source.seek(0, os.SEEK_END)
            source.seek(place)
            if len(source.read(size)) != size:
                raise RuntimeError("a range came back too short")
    return time.perf_counter() - began


def copy(video: Path, file: StoredFile) -> None:
    with video.open("rb") as source, file.open("wb") as sink:
        while piece := source.read(PIECE_BYTES):
            sink.write(piece)


def decode(file: StoredFile) -> float:
    began = time.process_time()
    for _ in read_frames(file):
        pass
    return time.process_time() - began


def analyse(file: StoredFile, engine: Any) -> float:
    """Return the processor seconds of an analysis at 5 samples a second."""
    began = time.process_time()
    for segment in plan_segments(probe_video(file).duration_us):
        sample_segment(file, segment, engine=engine)
    return time.process_time() - began


if __name__ == "__main__":
    main()
