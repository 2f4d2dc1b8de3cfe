"""What an answer betrays: its status, its body but for what is new each time, the shape of its queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.http import HttpResponse
from django.test import Client

from tests.webapp.test_access_table import address, ask

#: A CSRF token is another one each time it is written, whatever was asked.
NEW_EACH_TIME = re.compile(r'(name="csrf-token" content=|name="csrfmiddlewaretoken" value=)"[^"]*"')

SAVEPOINT = re.compile(r'"s\d+_x\d+"')


@dataclass(frozen=True)
class Answer:
    status: int
    leads_to: str
    body: str
    queries: tuple[str, ...]


def answer_of(send: Callable[[], HttpResponse]) -> Answer:
    """Return what a request betrays. Queries have places where values would be."""
    shapes: list[str] = []

    def note(execute, sql, params, many, context):
        shapes.append(SAVEPOINT.sub("", sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = send()
    body = NEW_EACH_TIME.sub(r"\1", answer.getvalue().decode())
    return Answer(answer.status_code, answer.headers.get("Location", ""), body, tuple(shapes))


def answer_to(client: Client, method: str, name: str, arguments: list) -> Answer:
    """Return what a row of the access table betrays when asked with these arguments."""
    things = {name: arguments}
    assert address(name, things)
    kept: list[HttpResponse] = []
    send = client.generic

    def keeping(*args, **values):
        kept.append(send(*args, **values))
        return kept[-1]

    def request() -> HttpResponse:
        ask(client, method, name, things)
        return kept[-1]

    client.generic = keeping  # type: ignore[method-assign]
    try:
        return answer_of(request)
    finally:
        client.generic = send  # type: ignore[method-assign]
