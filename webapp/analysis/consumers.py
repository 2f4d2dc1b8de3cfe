"""The socket of an encounter page: the same object as the API's, on connect and at every change.

Workers are other processes, possibly on other hosts, and may have no channel layer in common with this one,
so the socket looks into the database once a second. Session and access are asked at each look: who loses
either is shown out.
"""

from __future__ import annotations

import asyncio
import contextlib
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from webapp.analysis.state import State, encounter_state
from webapp.core.errors import AppError, NotSignedIn
from webapp.studies.access import Someone, access_encounter

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404}
NO_ACCESS = 4403
TRY_AGAIN = 1011


class EncounterConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """Sends {"type": "state", …}; takes no messages."""

    groups: ClassVar[list[str]] = []
    _looking: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()  # a refused handshake has no close code that a browser could read
        if not self.scope["user"].is_authenticated:
            await self.close(4401)
            return
        self._looking = asyncio.create_task(self._look_until_closed())

    async def disconnect(self, code: int) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """What a page says is not asked for; ignoring it keeps old pages working."""

    async def _look_until_closed(self) -> None:
        sent: State | None = None
        while True:
            try:
                state = await database_sync_to_async(self._state)()
            except AppError as error:
                await self.close(CLOSE_CODES.get(error.status, NO_ACCESS))
                return
            except Exception:  # a page whose socket closes connects again; one left silent shows old numbers
                log.exception("socket_failed")
                await self.close(TRY_AGAIN)
                return
            if state != sent:
                await self.send_json({"type": "state", **state})
                sent = state
            await asyncio.sleep(LOOK_EVERY_S)

    def _state(self) -> State:
        pk: UUID = self.scope["url_route"]["kwargs"]["pk"]
        user = self._user_now()
        return encounter_state(user, access_encounter(user, pk, "view_encounter"))

    def _user_now(self) -> Someone:
        """Return whom the session belongs to now. Raises NotSignedIn when it ended, expired, or is older than
        the password.
        """
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(
            self.scope["session"].session_key
        )
        user = get_user(request)
        if not user.is_authenticated:
            raise NotSignedIn
        return user
