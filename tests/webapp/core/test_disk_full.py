"""A database whose disk is full says so, to pages and to the API, and changes nothing.

SQLite's own limit on pages stands for the end of the disk: what follows is its real error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection

from webapp.core.api import translate
from webapp.core.audit import find_breaks
from webapp.core.disk_full import NOTHING_CHANGED, is_disk_full
from webapp.core.models import AuditEvent
from webapp.studies.models import Participant

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let the database take what fits into the pages that it has."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute("CREATE TABLE filler (content BLOB)")
        cursor.execute(f"PRAGMA max_page_count = {pages + 40}")
        try:
            while True:
                cursor.execute("INSERT INTO filler VALUES (zeroblob(2000))")
        except OperationalError as error:
            assert is_disk_full(error)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filler")


def test_a_full_disk_is_a_sentence_and_changes_nothing(study, alice, signed_in):
    client, address = signed_in(alice), "/studies/empathy/participants/new/"
    events = AuditEvent.objects.count()
    with full_disk():
        answers = [client.post(address, {"kind": "patient"}) for _ in range(40)]
    assert answers[-1].status_code == 507
    text = answers[-1].content.decode()
    assert NOTHING_CHANGED in text
    done = sum(answer.status_code == 302 for answer in answers)
    assert Participant.objects.filter(study=study).count() == done
    assert AuditEvent.objects.count() == events + done
    assert list(find_breaks()) == []
    assert client.post(address, {"kind": "patient"}).status_code == 302


def test_postgresql_says_it_with_a_state_of_its_own_and_the_api_says_it_alike():
    error = OperationalError("could not extend file")
    error.__cause__ = psycopg.errors.DiskFull("could not extend file")
    assert is_disk_full(error)
    assert translate(error).as_dict()["error"]["message"] == NOTHING_CHANGED
    other = OperationalError("server closed the connection")
    other.__cause__ = psycopg.OperationalError("server closed the connection")
    assert not is_disk_full(other)
