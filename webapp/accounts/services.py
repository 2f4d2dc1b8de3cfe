"""Tokens of the API: made once, hashed at once, gone on their day."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import ApiToken, User
from webapp.core import audit
from webapp.core.errors import Invalid, NotFound

LONGEST_DAYS = 365
MOST_TOKENS = 20
NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def create_token(*, user: User, name: str, scope: str, days: int) -> str:
    """Return a new secret, which is shown once; only its hash is kept."""
    if scope not in ApiToken.Scope.values or not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"Expected a known scope and at most {LONGEST_DAYS} days.")
    if user.api_tokens.count() >= MOST_TOKENS:
        raise Invalid(f"You have {MOST_TOKENS} tokens; revoke one first.")
    secret = f"emp_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        token_sha256=token_hash(secret),
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(
        actor=user, action="account.token_created", target=token, details={"scope": scope, "days": days}
    )
    return secret


@transaction.atomic
def revoke_token(*, user: User, pk: int) -> None:
    """Revoke one of the user's own tokens, from this moment on. Raises NotFound for any other."""
    token = ApiToken.objects.filter(user=user, pk=pk).first()
    if token is None:
        raise NotFound
    audit.record(actor=user, action="account.token_revoked", target=token)
    token.delete()


def find_token(secret: str) -> ApiToken | None:
    """Return the token of a secret while it lasts and its owner may sign in; note that it was used."""
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(token_sha256=token_hash(secret), expires_at__gt=now, user__is_active=True)
        .first()
    )
    if token is not None and (token.last_used_at is None or token.last_used_at < now - NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def token_hash(secret: str) -> str:
    """Return the SHA-256 of a secret: it is random enough to need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
