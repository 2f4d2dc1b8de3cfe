"""The sockets of a live session: one per camera, one per dashboard."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final
from urllib.parse import parse_qs

from django.conf import settings

from webapp import engines
from webapp.core.errors import AppError, ConsentMissing
from webapp.live import conductor, messages, services
from webapp.live.access import access_camera, access_session
from webapp.live.clock import NEAR_US, CameraClock
from webapp.live.conductor import camera_group, now_us, show_group, work_group
from webapp.live.database import asked
from webapp.live.latency import Latencies
from webapp.live.limits import MAX_FRAME_BYTES, CameraFrame, SpeedLimit, parse_frame
from webapp.live.models import LiveSession
from webapp.live.pool import DROPPED, inference_pool
from webapp.live.queries import allowed_cameras
from webapp.live.sockets import LiveSocket

PRESENT_EVERY_S: Final = 1.0
MAX_TEXT: Final = 2000
TAKEN_OVER: Final = 4409  # another device sends as this camera now


class NoCapacity(AppError):
    code, status = "no_capacity", 503
    close_code = 4503
    message = "As many cameras as this server can take are sending already."


class Sending:
    """The cameras that send through this process now."""

    def __init__(self) -> None:
        self.cameras: set[object] = set()


_SENDING = Sending()


class CameraConsumer(LiveSocket):
    """Takes frames, has them read, and passes on what they say of the expected person, nothing else."""

    _presence: asyncio.Task[None] | None = None
    _is_taken_over = False

    @property
    def camera(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["camera"])

    def look(self) -> LiveSession:
        token = parse_qs(self.scope["query_string"].decode("latin-1")).get("token", [""])[0]
        user = None if token else self.user_now()
        session = access_camera(user, self.session_id, self.camera, token)  # type: ignore[arg-type]
        allowed = allowed_cameras(session.encounter)
        if not allowed and services.end_session(actor=None, session=session, reason=services.CONSENT):
            session.refresh_from_db()
        if session.ended_at is None and self.camera not in allowed:
            raise ConsentMissing
        if self not in _SENDING.cameras and len(_SENDING.cameras) >= settings.LIVE_CAMERAS:
            raise NoCapacity
        return session

    async def begin(self, session: LiveSession) -> None:
        self._clock, self._speed = CameraClock(), SpeedLimit()
        self._follower = engines.live_follower()
        self._pool = inference_pool()
        if self._pool.is_unavailable or self._pool.pace.is_full(len(_SENDING.cameras) + 1):
            await self.stop(NoCapacity.close_code)
            return
        self._reading: set[asyncio.Task[None]] = set()
        self._since = now_us(), self.channel_name
        group = camera_group(self.session_id, self.camera)
        await self.channel_layer.group_add(group, self.channel_name)
        await self.channel_layer.group_send(group, {"type": "live.taken_over", "since": self._since})
        _SENDING.cameras.add(self)
        conductor.join(self.session_id, self)
        self._presence = asyncio.create_task(self._tell_presence())
        self._greeting = asyncio.create_task(self._greet())

    async def _greet(self) -> None:
        """Ask for frames once they can be read; those that came before that are taken all the same."""
        await self._pool.ready()
        await self.send_json({"type": "hello", "now": now_us(), "interval_ms": self._interval_ms()})

    async def finish(self) -> None:
        _SENDING.cameras.discard(self)
        if self._presence is not None:
            self._presence.cancel()
        for task in (self._greeting, *self._reading):
            task.cancel()
        group = camera_group(self.session_id, self.camera)
        await self.channel_layer.group_discard(group, self.channel_name)
        if not self._is_taken_over:
            await self._work({"type": "live.presence", "camera": self.camera, "gone": True})
        await conductor.leave(self.session_id, self)

    async def live_taken_over(self, event: dict[str, Any]) -> None:
        """The camera's group: two devices at once would mix two people's faces, so the newer one sends.

        Everyone hears of everyone, also of those who begin in the same moment: exactly one goes on.
        """
        if tuple(event["since"]) <= self._since:
            return
        self._is_taken_over = True
        await self.stop(TAKEN_OVER)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        if self._is_closed or self._presence is None:
            return
        if bytes_data is None:
            await self._receive_text(text_data or "")
            return
        arrival_us = now_us()
        if len(bytes_data) > MAX_FRAME_BYTES:
            await self.stop(4413)
        elif not self._speed.allows(arrival_us):
            await self.stop(4429)
        else:
            await self._take(parse_frame(bytes_data), arrival_us)

    async def _take(self, frame: CameraFrame | None, arrival_us: int) -> None:
        if frame is None:
            await self._acknowledge(None, "malformed")
        elif not self._clock.is_new(frame.capture_us):
            await self._acknowledge(frame.capture_us, "old")
        else:
            time_us = self._clock.to_server(frame.capture_us, arrival_us)
            task = asyncio.create_task(self._read(frame, time_us))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read(self, frame: CameraFrame, time_us: int) -> None:
        identify = self._follower.wants_identity(time_us)
        key = (self.session_id, self.camera)
        found = await self._pool.read(key, frame.jpeg, identify=identify)
        if self._pool.is_unavailable:
            await self.stop(NoCapacity.close_code)
            return
        if found is None or found == DROPPED:
            await self._acknowledge(frame.capture_us, "dropped" if found else "malformed")
            return
        assert not isinstance(found, str)
        seen = self._follower.follow(found, time_us)
        sighting = {"time_us": time_us, "status": seen.status, "quality": seen.quality, "probs": seen.probs}
        await self._work({"type": "live.sighting", "camera": self.camera, "sighting": sighting})
        await self._acknowledge(frame.capture_us)

    async def _acknowledge(self, capture_us: int | None, reason: str = "") -> None:
        if self._is_closed:
            return
        more = {"reason": reason} if reason else {}
        await self.send_json(
            {
                "type": "ack",
                "t": capture_us,
                "taken": not reason,
                "interval_ms": self._interval_ms(),
                "now": now_us(),
                **more,
            }
        )

    def _interval_ms(self) -> int:
        return self._pool.pace.next_ms(len(_SENDING.cameras))

    async def _receive_text(self, text: str) -> None:
        content = _parsed(text)
        if not self._speed.allows(now_us()):
            await self.stop(4429)
        elif content.get("type") == "ping":
            await self.answer_ping(content)
        elif content.get("type") == "recording":
            await self._keep_recording_start(content.get("t"))

    async def _keep_recording_start(self, start_us: Any) -> None:
        if isinstance(start_us, int) and abs(start_us - now_us()) <= NEAR_US:
            await asked(services.keep_recording_start)(
                session_id=self.session_id, camera=self.camera, start_us=start_us
            )

    async def _tell_presence(self) -> None:
        while True:
            await self._work({"type": "live.presence", "camera": self.camera, "gone": False})
            await asyncio.sleep(PRESENT_EVERY_S)

    async def _work(self, message: dict[str, Any]) -> None:
        await self.channel_layer.group_send(work_group(self.session_id), message)


class DashboardConsumer(LiveSocket):
    """Passes on what there is to see. A page that does not keep up gets the newest readings alone."""

    MOST_UNSEEN = 10
    SLOW_S = 1.0
    _keeping: asyncio.Task[None] | None = None

    def look(self) -> LiveSession:
        session = access_session(self.user_now(), self.session_id, "view_live")
        if not allowed_cameras(session.encounter) and services.end_session(
            actor=None, session=session, reason=services.CONSENT
        ):
            session.refresh_from_db()
        return session

    async def begin(self, session: LiveSession) -> None:
        self._unseen = 0
        self._sent_s: dict[str, float] = {}
        self._latencies = Latencies()
        await self.channel_layer.group_add(show_group(self.session_id), self.channel_name)
        for message in await asked(messages.opening)(session, now_us()):
            await self.send_json(message)
        conductor.join(self.session_id, self)

    async def finish(self) -> None:
        await conductor.leave(self.session_id, self)
        await self.channel_layer.group_discard(show_group(self.session_id), self.channel_name)
        await self._keep_latency()

    async def live_show(self, event: dict[str, Any]) -> None:
        """A message of the show group."""
        message = event["message"]
        if self._is_closed or (message["type"] == "reading" and not self._keeps_up(message["person"])):
            return
        await self.send_json(message)

    def _keeps_up(self, person: str) -> bool:
        """Return whether one more reading may be sent: to a page that is behind, one a second and person."""
        now_s = time.monotonic()
        if self._unseen >= self.MOST_UNSEEN and now_s - self._sent_s.get(person, 0.0) < self.SLOW_S:
            return False
        self._unseen += 1
        self._sent_s[person] = now_s
        return True

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        content = _parsed(text_data or "")
        if self._is_closed or self._looking is None:
            return
        if content.get("type") == "ping":
            await self.answer_ping(content)
        elif content.get("type") == "shown":
            self._unseen = 0
            figures = self._latencies.add(content.get("ms"), time.monotonic())
            if figures is not None:
                await self.send_json({"type": "latency", **figures})
                if self._keeping is None or self._keeping.done():  # readings must not wait for the database
                    self._keeping = asyncio.create_task(self._keep_latency())

    async def _keep_latency(self) -> None:
        figures = self._latencies.figures()
        if figures is not None:
            await asked(services.keep_latency)(
                session_id=self.session_id, p50_ms=figures["p50_ms"], p95_ms=figures["p95_ms"]
            )


def _parsed(text: str) -> dict[str, Any]:
    """Return a small JSON object that a page sent, nothing for anything else."""
    try:
        content = json.loads(text) if len(text) <= MAX_TEXT else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
