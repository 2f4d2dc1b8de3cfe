"""Whether memory stays flat over an hour: a recording is looped, analysed in a process of its own, and
watched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import av

ROOT = Path(__file__).resolve().parent.parent
WATCH_S = 0.5


@dataclass(frozen=True)
class MemoryResult:
    """Resident memory of an analysis in megabytes: means of its second and last quarter, and the most it
    held.
    """

    minutes: float
    wall_s: float
    times_real_time: float
    second_quarter_mb: float
    last_quarter_mb: float
    peak_mb: float


def follow_memory(path: Path, *, minutes: float = 60.0) -> MemoryResult:
    """Return the memory of `emotion analyse` over a recording of that length, made by repeating one."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        looped = Path(folder) / "looped.mp4"
        length_s = loop_recording(path, looped, round(minutes * 60))
        command = [sys.executable, "-m", "emotion", "analyse", str(looped), "--out", f"{folder}/out"]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        held = _watch(process)
        wall_s = time.perf_counter() - began
        if process.returncode:
            raise SystemExit(f"the analysis of {minutes} minutes ended with status {process.returncode}")
    quarter = max(1, len(held) // 4)
    return MemoryResult(
        minutes=round(length_s / 60, 2),
        wall_s=round(wall_s, 1),
        times_real_time=round(length_s / wall_s, 2),
        second_quarter_mb=round(mean(held[quarter : 2 * quarter] or held) / 1e6, 1),
        last_quarter_mb=round(mean(held[-quarter:]) / 1e6, 1),
        peak_mb=round(max(held) / 1e6, 1),
    )


def _watch(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the resident bytes of a process (Linux), read twice a second until it ends."""
    held = []
    while process.poll() is None:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        held.append(pages * os.sysconf("SC_PAGE_SIZE"))
        time.sleep(WATCH_S)
    process.wait()
    return held or [0]


def loop_recording(path: Path, destination: Path, seconds: int) -> float:
    """Write the video of a recording over and over, without coding it again; return the length in seconds."""
    with av.open(str(path)) as source, av.open(str(destination), "w") as sink:
        template = source.streams.video[0]
        stream = sink.add_stream_from_template(template)
        assert template.time_base is not None
        length = max(
            (packet.pts or 0) + (packet.duration or 0) for packet in source.demux(template) if packet.size
        )
        rounds = -(-seconds // float(length * template.time_base))
        for number in range(int(rounds)):
            source.seek(0, stream=template)
            for packet in source.demux(template):
                if packet.dts is None or packet.pts is None:
                    continue
                packet.pts += number * length
                packet.dts += number * length
                packet.stream = stream
                sink.mux(packet)
    return float(rounds * length * template.time_base)
