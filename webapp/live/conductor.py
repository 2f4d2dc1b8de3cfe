"""One task per open session and process; the one that holds the lease takes all frames and closes seconds.

Camera sockets of any process put what they see into the session's work group; the conductor puts what is to
be shown into the session's show group. Should its process end, another one's task takes over within LEASE and
goes on from the rows that were kept, and so does the same process after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from typing import Any, Final

import structlog
from channels.layers import get_channel_layer
from django.db import DatabaseError, IntegrityError

from webapp.core.errors import Conflict
from webapp.live import messages, services
from webapp.live.database import asked
from webapp.live.models import LiveSession, Suggestion
from webapp.live.queries import readings_since
from webapp.live.session import Closed, Message, SessionMachine

log = structlog.get_logger(__name__)
TICK_S: Final = 0.25
LEASE_EVERY_S: Final = 1.2  # a second that is kept renews it, so that this is for sessions without a camera


def work_group(session_id: uuid.UUID) -> str:
    return f"live.work.{session_id.hex}"


def show_group(session_id: uuid.UUID) -> str:
    return f"live.show.{session_id.hex}"


def camera_group(session_id: uuid.UUID, camera: str) -> str:
    return f"live.camera.{session_id.hex}.{camera}"


def now_us() -> int:
    return time.time_ns() // 1000


class Conductor:
    """Conducts one session as long as this process has cameras or dashboards of it."""

    def __init__(self, session_id: uuid.UUID) -> None:
        self._session_id = session_id
        self._token = uuid.uuid4()
        self._layer = get_channel_layer()
        self._machine: SessionMachine | None = None
        self._closed: deque[Closed] = deque()
        self._leased_s = -LEASE_EVERY_S
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and give the lease back so that nobody has to wait for it to run out."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        channel = await self._layer.new_channel()  # another prefix would wait behind the sockets on Redis
        await self._layer.group_add(work_group(self._session_id), channel)
        listening = asyncio.create_task(self._listen(channel))
        try:
            while True:
                await self._step()
                await asyncio.sleep(TICK_S)
        finally:
            listening.cancel()
            await self._layer.group_discard(work_group(self._session_id), channel)
            await asked(services.give_lease_back)(session_id=self._session_id, token=self._token)

    async def _step(self) -> None:
        try:
            if time.monotonic() - self._leased_s >= LEASE_EVERY_S:
                await self._renew()
            await self._tick()
        except (Conflict, IntegrityError):  # ended, or conducted elsewhere: go on from what is kept there
            self._machine = None
            self._closed.clear()
        except DatabaseError:  # busy; what is closed waits for the next step
            log.warning("live_second_waits", exc_info=True)

    async def _listen(self, channel: str) -> None:
        while True:
            message = await self._layer.receive(channel)
            if self._machine is None:
                continue
            if message["type"] == "live.presence":
                self._machine.hear(message["camera"], now_us(), is_gone=message["gone"])
                continue
            shown = self._machine.take(message["camera"], message["sighting"], now_us())
            if shown is not None:
                await self._show(shown)

    async def _renew(self) -> None:
        self._leased_s = time.monotonic()
        session = await asked(services.take_lease)(session_id=self._session_id, token=self._token)
        if session is None:
            self._machine = None
            return
        if self._machine is None:
            self._machine = await asked(_restored)(session)
        self._machine.heed(session)

    async def _tick(self) -> None:
        if self._machine is None:
            return
        machine = self._machine
        self._closed.extend(machine.tick(now_us()))
        while self._closed:
            closed = self._closed[0]
            session, made = await asked(_keep)(self._session_id, self._token, closed)
            self._leased_s = time.monotonic()
            self._closed.popleft()
            machine.heed(session)
            if made is not None and made.shown:
                await self._show(await asked(messages.suggestion)(made))
            await self._show(machine.state(now_us(), closed))

    async def _show(self, message: Message) -> None:
        event = {"type": "live.show", "message": message}
        await self._layer.group_send(show_group(self._session_id), event)


def _restored(session: LiveSession) -> SessionMachine:
    machine = SessionMachine(
        start_us=session.started_us,
        mode=session.mode,
        rules=session.rules,
        language=session.language,
        calibrate=session.calibrate,
    )
    kept = readings_since(session, 0).order_by("second", "camera")
    machine.restore(kept.values(*_KEPT).iterator())
    return machine


_KEPT: Final = (
    "camera",
    "second",
    "status",
    "emotion",
    "confidence",
    "probs",
    "frames_sampled",
    "frames_detected",
)


def _keep(session_id: uuid.UUID, token: uuid.UUID, closed: Closed) -> tuple[LiveSession, Suggestion | None]:
    return services.keep_second(
        session_id=session_id, token=token, rows=closed.rows, suggestion=closed.suggestion
    )


_CONDUCTORS: dict[tuple[Any, uuid.UUID], tuple[Conductor, set[object]]] = {}


def join(session_id: uuid.UUID, socket: object) -> None:
    """Have this process ready to conduct a session because a socket of it is here."""
    key = (asyncio.get_running_loop(), session_id)
    if key not in _CONDUCTORS:
        _CONDUCTORS[key] = (Conductor(session_id), set())
    _CONDUCTORS[key][1].add(socket)


async def leave(session_id: uuid.UUID, socket: object) -> None:
    """Let go of a session when its last socket here has gone."""
    key = (asyncio.get_running_loop(), session_id)
    if key not in _CONDUCTORS:
        return
    conductor, sockets = _CONDUCTORS[key]
    sockets.discard(socket)
    if not sockets:
        del _CONDUCTORS[key]
        await conductor.stop()
