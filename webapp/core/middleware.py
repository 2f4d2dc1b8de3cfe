"""What surrounds every request: an id for the logs, and errors as pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.decorators import sync_only_middleware

from webapp.core.disk_full import NOTHING_CHANGED, is_disk_full
from webapp.core.errors import AppError, InsufficientStorage
from webapp.core.views import error_page

log = structlog.get_logger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]
FORM_ONLY = "This address belongs to a form: nothing is shown here, and nothing was changed."


@sync_only_middleware
def log_context(get_response: Handler) -> Handler:
    """Log one line per request: route template instead of address, user number instead of name."""

    def middleware(request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex)
        started = time.monotonic()
        response = get_response(request)
        match = request.resolver_match
        user = getattr(request, "user", None)
        log.info(
            "request",
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            user_id=user.pk if user is not None and user.is_authenticated else None,
            duration_ms=round((time.monotonic() - started) * 1000),
        )
        return response

    return middleware


class errors_as_pages:  # noqa: N801  a middleware is named like the function it stands for
    """Turn an AppError that leaves a page view into the designed page with its status, and so an address that
    takes what a form sends alone: one comes there by the address bar, or by signing in anew.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = error_page(request, HTTPStatus.METHOD_NOT_ALLOWED, FORM_ONLY)
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_disk_full(error):
            error = InsufficientStorage(NOTHING_CHANGED)
        if not isinstance(error, AppError):
            return None
        return error_page(request, HTTPStatus(error.status), error.message, code=error.code)
