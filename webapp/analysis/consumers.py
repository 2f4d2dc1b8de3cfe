"""The socket of an encounter page: the same object as the API's, on connect and at every change.

Workers are other processes, possibly on other hosts, and may have no channel layer in common with this one,
so the socket looks into the database once a second. Access is asked at each look: who loses it is shown out.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, ClassVar
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import get_user_model

from webapp.analysis.state import State, encounter_state
from webapp.core.errors import AppError, NotSignedIn
from webapp.studies.access import access_encounter

LOOK_EVERY_S = 1.0
CLOSE_CODES = {401: 4401, 403: 4403, 404: 4404}
NO_ACCESS = 4403


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
            if state != sent:
                await self.send_json({"type": "state", **state})
                sent = state
            await asyncio.sleep(LOOK_EVERY_S)

    def _state(self) -> State:
        session = self.scope.get("session")
        user = get_user_model().objects.filter(pk=self.scope["user"].pk, is_active=True).first()
        if user is None or (session is not None and not session.exists(session.session_key)):
            raise NotSignedIn
        pk: UUID = self.scope["url_route"]["kwargs"]["pk"]
        return encounter_state(user, access_encounter(user, pk, "view_encounter"))
