"""Drive live sessions and measure capture to dashboard: `python -m benchmarks.live --sessions 1 --fps 10`.

Cameras play the demonstration that ships with the project, at 640×360 pixels, over loopback. A dashboard per
session tells how old each reading is when it arrives, which leaves out only the browser's own drawing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import cycle
from pathlib import Path

from benchmarks.live_site import LiveSite, make_sessions
from deid.demo import demo_videos
from emotion.media import read_frames
from emotion.media.jpeg import encode_jpeg
from webapp.live.camera_client import CameraClient
from webapp.live.socket_client import Closed, Socket

FILM_S = 8
WARM_UP_S = 8.0
SERVER_IS_FULL = 4503


@dataclass(frozen=True)
class LiveResult:
    """Latencies in milliseconds from capture to dashboard, over all sessions after the warm-up.

    refused: cameras that were told that the server is full; the others count. achieved_fps: readings per
    second and camera. dropped: share of sent frames that waited too long or that a newer one replaced.
    first_half_ms, second_half_ms: medians of both halves; a queue that grows would show here. cpu_ms:
    processor time per reading of the web process and its readers together, which other work on the machine
    changes less. load: how busy the machine was.
    """

    sessions: int
    cameras: int
    refused: int
    wanted_fps: float
    achieved_fps: float
    seconds: float
    readings: int
    p50_ms: float
    p95_ms: float
    first_half_ms: float
    second_half_ms: float
    dropped: float
    cpu_ms: float
    load: float
    web_mb_before: float
    web_mb_after: float


class Dashboard:
    """Listens to one session and keeps how late each reading was."""

    def __init__(self) -> None:
        self.late_ms: list[tuple[float, float]] = []

    async def run(self, url: str, cookie: str) -> None:
        socket = Socket()
        await socket.open(url, cookie=cookie)
        try:
            while True:
                message = await socket.next()
                if message["type"] == "reading":
                    ms = time.time() * 1000 - message["t"] / 1000
                    self.late_ms.append((time.monotonic(), ms))
                    await socket.send({"type": "shown", "ms": ms})
        finally:
            await socket.close()


def film() -> dict[str, list[bytes]]:
    """Return some seconds of each camera of the demonstration as JPEGs."""
    return {
        camera: [
            encode_jpeg(frame.image_bgr)
            for frame in read_frames(path, sample_fps=Fraction(10), end_us=FILM_S * 1_000_000)
        ]
        for camera, path in demo_videos().items()
    }


async def drive(site: LiveSite, *, sessions: int, fps: float, seconds: float) -> LiveResult:
    """Return what is measured while so many sessions of two cameras run."""
    made, cookie = await asyncio.to_thread(make_sessions, sessions)
    pictures = film()
    dashboards, clients, tasks = [], [], []
    for one in made:
        dashboards.append(Dashboard())
        tasks.append(asyncio.create_task(dashboards[-1].run(f"{site.ws_url}/ws/live/{one['id']}/", cookie)))
        for camera, jpegs in pictures.items():
            url = f"{site.ws_url}/ws/live/{one['id']}/camera/{camera}/?token={one[camera]}"
            clients.append(CameraClient(url, _taker(jpegs), fps=fps))
            tasks.append(asyncio.create_task(clients[-1].run()))
            await asyncio.sleep(1 / fps / len(pictures) / sessions)
    await asyncio.sleep(WARM_UP_S)
    began_s, before_mb, cpu_s = time.monotonic(), site.memory_mb(), site.cpu_s()
    await asyncio.sleep(seconds)
    after_mb, cpu_s = site.memory_mb(), site.cpu_s() - cpu_s
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    closed = [one.code for one in ends if isinstance(one, Closed)]
    refused = closed.count(SERVER_IS_FULL)
    if refused < len(closed):
        raise SystemExit(f"{len(closed)} sockets were closed, with codes {sorted(set(closed))}")
    late = [found for dashboard in dashboards for found in dashboard.late_ms if found[0] >= began_s]
    if not late:
        raise SystemExit("no reading arrived at any dashboard")
    middle_s = began_s + seconds / 2
    sent = sum(client.acknowledged + client.dropped for client in clients)
    return LiveResult(
        sessions=sessions,
        cameras=len(clients) - refused,
        refused=refused,
        wanted_fps=fps,
        achieved_fps=round(len(late) / seconds / (len(clients) - refused), 2),
        seconds=seconds,
        readings=len(late),
        p50_ms=_rank([ms for _, ms in late], 0.5),
        p95_ms=_rank([ms for _, ms in late], 0.95),
        first_half_ms=_rank([ms for at_s, ms in late if at_s < middle_s], 0.5),
        second_half_ms=_rank([ms for at_s, ms in late if at_s >= middle_s], 0.5),
        dropped=round(sum(client.dropped for client in clients) / max(sent, 1), 4),
        cpu_ms=round(1000 * cpu_s / len(late), 1),
        load=round(os.getloadavg()[0], 1),
        web_mb_before=before_mb,
        web_mb_after=after_mb,
    )


def _taker(jpegs: list[bytes]) -> Callable[[], bytes]:
    endless = cycle(jpegs)
    return lambda: next(endless)


def _rank(values: list[float], share: float) -> float:
    """Return the nearest-rank quantile, 0 without a value."""
    ordered = sorted(values)
    return round(ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)], 1) if ordered else 0.0


def measure_live(*, sessions: int, fps: float, seconds: float) -> LiveResult:
    """Return the figures of a site of its own under this load."""
    with tempfile.TemporaryDirectory(prefix="live-") as folder, LiveSite(Path(folder)) as site:
        return asyncio.run(drive(site, sessions=sessions, fps=fps, seconds=seconds))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--fps", type=float, default=10.0, help="frames per second of each camera")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    result = measure_live(sessions=arguments.sessions, fps=arguments.fps, seconds=arguments.seconds)
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
