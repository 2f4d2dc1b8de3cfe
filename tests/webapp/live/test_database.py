"""The connection of the sockets stays open from question to question, until one fails."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from webapp.live.database import asked
from webapp.live.models import LiveSession

pytestmark = pytest.mark.django_db(transaction=True)


def ask_for_connection():
    """Return the connection of the thread that asks, open."""
    LiveSession.objects.exists()
    return connection.connection


def fail() -> None:
    raise OperationalError("server closed the connection unexpectedly")


async def test_the_next_question_uses_the_same_connection():
    first = await asked(ask_for_connection)()
    assert first is not None
    assert await asked(ask_for_connection)() is first


async def test_after_an_error_of_the_database_a_new_one_is_opened():
    first = await asked(ask_for_connection)()
    with pytest.raises(OperationalError):
        await asked(fail)()
    second = await asked(ask_for_connection)()
    assert second is not None and second is not first


async def test_another_error_leaves_it_as_it_is():
    first = await asked(ask_for_connection)()
    with pytest.raises(ZeroDivisionError):
        await asked(lambda: 1 / 0)()
    assert await asked(ask_for_connection)() is first
