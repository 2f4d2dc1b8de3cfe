"""The one translation of errors into API answers."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from webapp.core.disk_full import NOTHING_CHANGED, is_disk_full
from webapp.core.errors import (
    AppError,
    Forbidden,
    InsufficientStorage,
    Invalid,
    NotFound,
    NotSignedIn,
    TooFast,
    UnsupportedType,
)

log = structlog.get_logger(__name__)


def error_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return {"error": {"code", "message", "fields"?}} with its status; None lets the server answer 500."""
    known = translate(error)
    if known is None:
        return None
    answer = exception_handler(
        error, context
    )  # marks the transaction for rollback, keeps Retry-After and Allow
    headers = {
        name: answer[name] for name in ("Retry-After", "Allow") if answer is not None and name in answer
    }
    return Response(known.as_dict(), status=known.status, headers=headers)


def translate(error: Exception) -> AppError | None:  # noqa: PLR0911  a table reads best as a table
    """Return the AppError that says the same as a Django or REST framework error; None when unknown."""
    if isinstance(error, AppError):
        return error
    if is_disk_full(error):
        return InsufficientStorage(NOTHING_CHANGED)
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return NotSignedIn()
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return Forbidden(str(getattr(error, "detail", "")) or None)
    if isinstance(error, exceptions.ValidationError):
        return Invalid("Some fields need attention.", fields=_fields(error.detail))
    if isinstance(error, exceptions.Throttled):
        return TooFast()
    if isinstance(error, exceptions.UnsupportedMediaType):
        return UnsupportedType(str(error.detail))
    if isinstance(error, exceptions.APIException):
        other = AppError(str(error.detail), code=str(error.get_codes()))
        other.status = error.status_code
        return other
    return None


def _fields(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, dict):
        return {
            str(name): [str(m) for m in (messages if isinstance(messages, list) else [messages])]
            for name, messages in detail.items()
        }
    return {"non_field_errors": [str(message) for message in detail]}
