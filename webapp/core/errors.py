"""One family of errors for pages, API, sockets and jobs: a code, a status, a sentence and perhaps fields."""

from __future__ import annotations

from collections.abc import Mapping


class AppError(Exception):
    """Something the user can be told. message says what was expected, what was found and what to do."""

    code = "error"
    status = 400
    message = "The request could not be carried out."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        fields: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.fields = dict(fields or {})
        super().__init__(self.message)

    def as_dict(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.fields:
            body["fields"] = self.fields
        return {"error": body}


class Invalid(AppError):
    code, status = "invalid", 400


class NotSignedIn(AppError):
    code, status, message = "not_signed_in", 401, "Sign in first."


class Forbidden(AppError):
    code, status, message = "forbidden", 403, "Your role in this study does not allow this."


class NotFound(AppError):
    """Absent, or invisible to this user: the two look alike on purpose."""

    code, status, message = "not_found", 404, "There is nothing here, or you have no access to it."


class Conflict(AppError):
    code, status = "conflict", 409


class TooLarge(AppError):
    code, status = "too_large", 413


class UnsupportedType(AppError):
    code, status = "unsupported_type", 415


class ConsentMissing(AppError):
    code, status, message = "consent_missing", 403, "The consent on file does not cover this."


class TooFast(AppError):
    code, status, message = "too_fast", 429, "Too many requests; wait a moment and try again."


class InsufficientStorage(AppError):
    code, status = "insufficient_storage", 507
    message = "The server's disk is full; what has arrived is kept and the upload can go on later."
