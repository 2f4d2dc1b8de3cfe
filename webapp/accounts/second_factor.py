"""Each change and use of a second factor is an audit event.

The views that change one run in a transaction (urls.py), so that change and event stand or fall together.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from webapp.accounts.models import User
from webapp.core import audit


def record_changes() -> None:
    """Listen to the table, because the library's own signals for recovery codes come after the commit."""
    post_save.connect(_record_added, sender=Authenticator, dispatch_uid="second_factor_added")
    post_delete.connect(_record_removed, sender=Authenticator, dispatch_uid="second_factor_removed")
    authenticator_used.connect(_record_used, dispatch_uid="second_factor_used")


def _record_added(*, instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record("added", instance.user, type=instance.type)


def _record_removed(*, instance: Authenticator, **_: Any) -> None:
    _record("removed", instance.user, type=instance.type)


def _record_used(*, user: User, authenticator: Authenticator, passwordless: bool, **_: Any) -> None:
    _record("used", user, type=authenticator.type, id=authenticator.pk, passwordless=passwordless)


def _record(verb: str, user: User, **details: Any) -> None:
    with transaction.atomic():
        audit.record(actor=user, action=f"account.second_factor_{verb}", target=user, details=details)
