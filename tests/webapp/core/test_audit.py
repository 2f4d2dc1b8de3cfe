import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from webapp.core import audit
from webapp.core.append_only import unguard_table
from webapp.core.models import AuditEvent
from webapp.studies.services import add_participant, create_study


@pytest.fixture
def history(study, alice):
    for _ in range(3):
        add_participant(actor=alice, study=study, kind="patient")
    return list(AuditEvent.objects.all())


def change(sql: str) -> None:
    unguard_table(connection, "core_auditevent")
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_untouched_trail_has_no_breaks(history):
    assert list(audit.find_breaks()) == []


@pytest.mark.parametrize("sql", ["UPDATE core_auditevent SET action = 'x'", "DELETE FROM core_auditevent"])
def test_database_itself_refuses_to_change_the_trail(history, sql):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert AuditEvent.objects.count() == len(history)


def test_bulk_writes_are_refused_too(history):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(action="x")


def test_edited_event_is_found(history):
    change(f"UPDATE core_auditevent SET action = 'forged' WHERE id = {history[1].pk}")
    assert [number for number, _ in audit.find_breaks()] == [history[1].pk]


def test_removed_event_is_found(history):
    change(f"DELETE FROM core_auditevent WHERE id = {history[1].pk}")
    assert [number for number, _ in audit.find_breaks()] == [history[2].pk]


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused(alice):
    with pytest.raises(TransactionManagementError):
        audit.record(actor=alice, action="x", target=alice)


def test_failed_change_leaves_no_event(alice):
    before = AuditEvent.objects.count()
    create_study(actor=alice, slug="one", title="One")
    with pytest.raises(DatabaseError), transaction.atomic():
        create_study(actor=alice, slug="one", title="One again")
    assert AuditEvent.objects.count() == before + 1
