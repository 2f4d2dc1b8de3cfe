"""Two web processes that share one session through Redis: prints as JSON which cameras each dashboard heard,
and what each process says of its channel layer while the sockets are open.

Run in a process of its own, with REDIS_URL and an empty DATA_DIR.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from benchmarks.live import film
from benchmarks.live_site import LiveSite, make_sessions
from tests.services import free_port
from webapp.live.camera_client import CameraClient
from webapp.live.socket_client import Socket

WITHIN_S = 60.0
CAMERAS = {"doctor", "patient"}


async def hear_both(site: LiveSite, session: str, cookie: str) -> dict[str, Any]:
    """Return of which cameras a dashboard at this process heard a reading, as soon as it heard both."""
    heard: set[str] = set()
    socket = Socket()
    await socket.open(f"{site.ws_url}/ws/live/{session}/", cookie=cookie)
    while heard != CAMERAS:
        message = await socket.next()
        if message["type"] == "reading":
            heard.add(message["person"])
    layer = (await asyncio.to_thread(health, site))["channel_layer"]
    await socket.close()
    return {"heard": sorted(heard), "layer": layer}


def health(site: LiveSite) -> dict[str, str]:
    address = site.ws_url.replace("ws://", "http://") + "/healthz"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            found = json.load(answer)
    except HTTPError as error:  # 503: no worker runs here
        found = json.load(error)
    return dict(found["checks"])


async def share(one: LiveSite, other: LiveSite) -> dict[str, dict[str, Any]]:
    """Let the doctor's camera send to one process and the patient's to the other."""
    (made,), cookie = await asyncio.to_thread(make_sessions, 1)
    cameras = []
    for site, (camera, jpegs) in zip((one, other), film().items(), strict=True):
        url = f"{site.ws_url}/ws/live/{made['id']}/camera/{camera}/?token={made[camera]}"
        cameras.append(asyncio.create_task(CameraClient(url, lambda jpegs=jpegs: jpegs[0], fps=2).run()))
    heard = [hear_both(site, made["id"], cookie) for site in (one, other)]
    found = await asyncio.wait_for(asyncio.gather(*heard), WITHIN_S)
    for task in cameras:
        task.cancel()
    await asyncio.gather(*cameras, return_exceptions=True)
    return dict(zip(("one", "other"), found, strict=True))


def main() -> None:
    folder = Path(os.environ["DATA_DIR"])
    with LiveSite(folder) as one, ExitStack() as stack:
        other = LiveSite(folder, free_port())
        stack.push(other)
        other.start()  # without making the database and the static files ready once more
        sys.stdout.write(json.dumps(asyncio.run(share(one, other))))


if __name__ == "__main__":
    main()
