"""What the sockets of a live session have in common: who is there, asked at the beginning and ever again."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID

import structlog
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from webapp.core.errors import AppError, NotSignedIn
from webapp.live.conductor import now_us
from webapp.live.database import asked
from webapp.live.models import LiveSession
from webapp.live.services import CONSENT
from webapp.studies.access import Someone

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 3.0  # a withdrawal must end a session within five
CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404, 413: 4413, 429: 4429, 503: 4503}
NO_ACCESS = 4403
TRY_AGAIN = 1011
OVER = 1000


class LiveSocket(AsyncJsonWebsocketConsumer, ABC):  # type: ignore[misc]
    """Accepts, asks `look` for the session at once and every LOOK_EVERY_S, and closes when it is over."""

    groups: ClassVar[list[str]] = []
    _looking: asyncio.Task[None] | None = None
    _is_closed = False

    @property
    def session_id(self) -> UUID:
        found: UUID = self.scope["url_route"]["kwargs"]["pk"]
        return found

    @abstractmethod
    def look(self) -> LiveSession:
        """Return the session as it is now; runs in a thread. Raises AppError when this must not go on."""

    async def begin(self, session: LiveSession) -> None:
        """What follows a first look that found an open session."""

    async def finish(self) -> None:
        """What follows the end of a socket that began."""

    async def connect(self) -> None:
        await self.accept()  # a refused handshake has no close code that a browser could read
        session = await self._look()
        if session is None:
            return
        await self.begin(session)
        if self._is_closed:
            return
        self._looking = asyncio.create_task(self._look_until_closed())

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message on at once.

        The library would first close old connections in the one thread that asks the database, so that every
        frame and reading waited behind all looks and kept seconds of this process. What asks the database
        here closes its connection itself.
        """
        await getattr(self, get_handler_name(message))(message)

    async def disconnect(self, code: int) -> None:
        self._is_closed = True
        if self._looking is None:
            return
        self._looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._looking
        await self.finish()

    async def stop(self, code: int) -> None:
        """Close with a code, once."""
        if not self._is_closed:
            self._is_closed = True
            await self.close(code)

    async def answer_ping(self, content: dict[str, Any]) -> None:
        """Tell the server's time, from which a page learns how far its own clock is off."""
        await self.send_json({"type": "pong", "t": content.get("t"), "now": now_us()})

    async def _look_until_closed(self) -> None:
        while not self._is_closed:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> LiveSession | None:
        """Return the open session, or None after closing."""
        try:
            session: LiveSession = await asked(self.look)()
        except AppError as error:
            if self._looking is not None and await asked(self._is_erased)():
                await self._tell_end(CONSENT)
            else:
                await self.stop(CLOSE_CODES.get(error.status, NO_ACCESS))
        except Exception:  # a page whose socket closes connects again; one left silent shows old states
            log.exception("socket_failed")
            await self.stop(TRY_AGAIN)
        else:
            if session.ended_at is None:
                return session
            await self._tell_end(session.end_reason)
        return None

    async def _tell_end(self, reason: str) -> None:
        if not self._is_closed:
            await self.send_json({"type": "end", "reason": reason})
        await self.stop(OVER)

    def _is_erased(self) -> bool:
        """Return whether the session is gone altogether, as it is when consent was withdrawn."""
        return not LiveSession.objects.filter(pk=self.session_id).exists()

    def user_now(self) -> Someone:
        """Return whom the session cookie belongs to now. Raises NotSignedIn when it ended or expired."""
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(
            self.scope["session"].session_key
        )
        user = get_user(request)
        if not user.is_authenticated:
            raise NotSignedIn
        return user
