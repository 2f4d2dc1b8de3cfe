"""`manage.py feed_camera SESSION CAMERA SOURCE`: a server's camera, or a recording, as a live camera.

SOURCE is rtsp://…, /dev/video0 or a file; a file is played at its own speed, which replays a recorded
encounter for training and demonstrations. The site must be running.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from django.core.management.base import BaseCommand, CommandError

from webapp import engines
from webapp.core.errors import AppError
from webapp.live import tokens
from webapp.live.camera_client import CameraClient
from webapp.live.models import LiveSession
from webapp.live.socket_client import Closed
from webapp.recordings.models import Camera

REASONS: Final = {
    4403: "the consent on file does not allow this camera",
    4404: "there is no such session",
    4409: "another device sends as this camera now",
    4413: "its pictures are too large",
    4429: "it sent too fast",
}
AGAIN_AFTER_S: Final = (0.5, 1, 2, 4, 5)


class Command(BaseCommand):
    help = "Feed an RTSP or USB camera, or a recording at its own speed, into an open live session."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("session", type=uuid.UUID)
        parser.add_argument("camera", choices=Camera.values)
        parser.add_argument("source", help="rtsp://…, /dev/video0 or a video file")
        parser.add_argument("--url", default="ws://127.0.0.1:8000", help="where the site listens")
        parser.add_argument("--fps", type=float, default=10.0, help="most frames per second")
        parser.add_argument("--loop", action="store_true", help="play a file over and over")

    def handle(self, *args: Any, **options: Any) -> None:
        session = LiveSession.objects.filter(pk=options["session"], ended_at=None).first()
        if session is None:
            raise CommandError("There is no open live session of this number; open one in the browser first.")
        newest = Newest(engines.read_camera_jpegs(options["source"], options["fps"], loop=options["loop"]))
        query = urlencode({"token": tokens.make(session.pk, options["camera"])})
        url = f"{options['url'].rstrip('/')}/ws/live/{session.pk}/camera/{options['camera']}/?{query}"
        try:
            client = asyncio.run(feed(url, newest, fps=options["fps"]))
        except AppError as error:
            raise CommandError(error.message) from None
        if client.end_reason and not client.acknowledged:
            raise CommandError("The session ended before a frame was taken; consent may have been withdrawn.")
        self.stdout.write(f"{client.acknowledged} frames taken, {client.dropped} dropped.")


class Newest:
    """Reads a camera in a thread of its own and keeps the newest picture alone."""

    def __init__(self, pictures: Iterator[bytes]) -> None:
        self._picture: bytes | None = None
        self._pictures = pictures
        self.error: AppError | None = None
        self.is_over = False
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> bytes | None:
        """Return the newest picture once."""
        picture, self._picture = self._picture, None
        return picture

    def _read(self) -> None:
        try:
            for picture in self._pictures:
                self._picture = picture
        except AppError as error:
            self.error = error
        self.is_over = True


async def feed(url: str, newest: Newest, *, fps: float) -> CameraClient:
    """Send until the source or the session ends, coming back after every lost line.

    Raises AppError when the source fails or the server refuses the camera.
    """
    client = CameraClient(url, newest.take, fps=fps)
    attempt = 0
    while not newest.is_over:
        before = client.acknowledged
        if await _run_until_over(client, newest):
            break
        attempt = 0 if client.acknowledged > before else attempt + 1
        await asyncio.sleep(AGAIN_AFTER_S[min(attempt, len(AGAIN_AFTER_S) - 1)])
    if newest.error is not None:
        raise newest.error
    return client


async def _run_until_over(client: CameraClient, newest: Newest) -> bool:
    """Return True when there is nothing more to send, False after a lost line."""
    running = asyncio.create_task(client.run())
    while not running.done() and not newest.is_over:
        await asyncio.wait({running}, timeout=0.2)
    if not running.done():
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return True
    try:
        await running
    except Closed as closed:
        if closed.code in REASONS:
            raise AppError(f"The server refused this camera: {REASONS[closed.code]}.") from None
        return False
    except (OSError, TimeoutError):
        return False
    return True
