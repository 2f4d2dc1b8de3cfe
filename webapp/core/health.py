"""What must be alive for the site to work. Later apps add their own checks from AppConfig.ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection

log = structlog.get_logger(__name__)
ANSWER_WITHIN_S = 3.0
STORAGE = "storage"
Check = Callable[[], None]
_CHECKS: dict[str, Check] = {}


def register_check(name: str, check: Check) -> None:
    """Add a check that raises when its part is not working."""
    _CHECKS[name] = check


def run_checks() -> dict[str, str]:
    """Return {"web": "ok", "database": "ok" | "missing", …}; the cause goes to the log, not to strangers."""
    results = {"web": "ok"}
    for name in _CHECKS:
        results[name] = "ok" if is_working(name) else "missing"
    return results


def is_working(name: str) -> bool:
    """Return whether one part works; a part that nobody checks does."""
    check = _CHECKS.get(name)
    try:
        if check is not None:
            check()
    except Exception:
        log.warning("health_check_failed", kind=name, exc_info=True)
        return False
    return True


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
