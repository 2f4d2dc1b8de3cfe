"""Health, and the designed error pages."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from webapp.core.health import run_checks

_WORDS = {
    HTTPStatus.BAD_REQUEST: "This request could not be understood.",
    HTTPStatus.FORBIDDEN: "Your role does not allow this.",
    HTTPStatus.NOT_FOUND: "There is nothing here, or you have no access to it.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side. Nothing you entered was half-saved.",
}


@never_cache
@require_GET
def healthz(_request: HttpRequest) -> JsonResponse:
    checks = run_checks()
    return JsonResponse(
        {"ok": all(check == "ok" for check in checks.values()), "checks": checks},
        status=HTTPStatus.OK
        if all(check == "ok" for check in checks.values())
        else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def error_page(request: HttpRequest, status: HTTPStatus, message: str, code: str = "") -> HttpResponse:
    """Return the error page of the site, or JSON where the API was asked. code: of an AppError."""
    if request.path.startswith("/api/"):
        name = status.name.lower()
        return JsonResponse({"error": {"code": name, "message": message}}, status=status)
    template = "500.html" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "error.html"
    return render(request, template, {"status": status, "message": message, "code": code}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return error_page(request, HTTPStatus.BAD_REQUEST, _WORDS[HTTPStatus.BAD_REQUEST])


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return error_page(request, HTTPStatus.FORBIDDEN, _WORDS[HTTPStatus.FORBIDDEN])


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return error_page(request, HTTPStatus.NOT_FOUND, _WORDS[HTTPStatus.NOT_FOUND])


def server_error(request: HttpRequest) -> HttpResponse:
    return error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, _WORDS[HTTPStatus.INTERNAL_SERVER_ERROR])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    message = "The page was open for too long or cookies are blocked. Go back, reload the page and try again."
    return error_page(request, HTTPStatus.FORBIDDEN, message)
