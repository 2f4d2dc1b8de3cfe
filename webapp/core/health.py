"""What must be alive for the site to work. Later apps add their own checks from AppConfig.ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection

from webapp.core.bucket import BucketUnfit

log = structlog.get_logger(__name__)
ANSWER_WITHIN_S = 3.0
STORAGE = "storage"
Check = Callable[[], None]
_CHECKS: dict[str, Check] = {}


def register_check(name: str, check: Check) -> None:
    """Add a check that raises when its part is not working."""
    _CHECKS[name] = check


def run_checks() -> dict[str, str]:
    """Return {"web": "ok", "database": "ok" | "missing" | a sentence, …}; the cause goes to the log, not to
    strangers.
    """
    results = {"web": "ok"}
    for name in _CHECKS:
        results[name] = "ok" if (cause := _failure(name)) is None else _said_of(cause)
    return results


def is_working(name: str) -> bool:
    """Return whether one part works; a part that nobody checks does."""
    return _failure(name) is None


def _failure(name: str) -> Exception | None:
    check = _CHECKS.get(name)
    try:
        if check is not None:
            check()
    except Exception as error:
        log.warning("health_check_failed", kind=name, exc_info=True)
        return error
    return None


def _said_of(cause: Exception) -> str:
    """Return the sentence that a cause has for everybody, such as that the bucket does not exist."""
    return cause.sentence if isinstance(cause, BucketUnfit) else "missing"


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_channel_layer() -> None:
    layer = get_channel_layer()

    async def round_trip() -> None:
        channel = await layer.new_channel("health")
        await layer.send(channel, {"type": "ping"})
        await asyncio.wait_for(layer.receive(channel), ANSWER_WITHIN_S)

    async_to_sync(round_trip)()


register_check("database", check_database)
register_check("channel_layer", check_channel_layer)
