"""What surrounds every request: an id for the logs, and errors as pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.decorators import sync_only_middleware

from webapp.core.disk_full import NOTHING_CHANGED, is_disk_full
from webapp.core.errors import AppError, InsufficientStorage, Invalid
from webapp.core.views import error_page

log = structlog.get_logger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


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
    """Turn an AppError that leaves a page view into the designed page with its status."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Refuse text with a null character, which PostgreSQL cannot keep and no keyboard types."""
        if not any("\0" in value for values in (request.GET, request.POST) for value in _texts(values)):
            return None
        error = Invalid("The text holds a null character, which cannot be kept. Remove it and try again.")
        if request.path.startswith("/api/"):
            return JsonResponse(error.as_dict(), status=error.status)
        return error_page(request, HTTPStatus(error.status), error.message)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_disk_full(error):
            error = InsufficientStorage(NOTHING_CHANGED)
        if not isinstance(error, AppError):
            return None
        return error_page(request, HTTPStatus(error.status), error.message)


def _texts(values: QueryDict) -> Iterator[str]:
    for name in values:
        yield from (name, *(one for one in values.getlist(name) if isinstance(one, str)))
