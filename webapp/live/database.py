"""Questions of the sockets to the database, over one connection that stays open.

The library's own way closes the connection after every question. Sockets ask dozens of times a second, and
opening one costs more than most questions; on SQLite the last one to close also writes the whole log back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


def asked(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Return what runs a function in the thread that asks the database.

    After an error of the database the next question opens a new connection: the old one may be dead.
    """

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Error:
            close_old_connections()
            raise

    return sync_to_async(ask)
