"""Database triggers that forbid UPDATE and DELETE: a history that application code alone cannot rewrite."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunPython

_ACTIONS = ("update", "delete")


def guard_table(connection: BaseDatabaseWrapper, table: str) -> None:
    """Make a table append-only on SQLite and PostgreSQL."""
    with connection.cursor() as cursor:
        for statement in _create(connection.vendor, table):
            cursor.execute(statement)


def unguard_table(connection: BaseDatabaseWrapper, table: str) -> None:
    """Lift the guard again, for migrations that change the table's shape."""
    suffix = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for action in _ACTIONS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{action}{suffix}")


def append_only(table: str) -> RunPython:
    """Return the migration operation that guards the table."""
    return RunPython(
        lambda _apps, editor: guard_table(editor.connection, table),
        lambda _apps, editor: unguard_table(editor.connection, table),
    )


def _create(vendor: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for action in _ACTIONS
        ]
    if vendor == "postgresql":
        function = (
            "CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        return [function] + [
            f"CREATE TRIGGER {table}_no_{action} BEFORE {action.upper()} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION forbid_change()"
            for action in _ACTIONS
        ]
    raise NotImplementedError(f"An append-only table needs SQLite or PostgreSQL, not {vendor}.")
