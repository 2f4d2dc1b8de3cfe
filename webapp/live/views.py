"""Pages of a live session: opening it, the way to its cameras, a camera, and the doctor's dashboard."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.analysis.queries import rule_languages
from webapp.live import services, tokens
from webapp.live.access import access_camera, access_session
from webapp.live.forms import OpenForm
from webapp.live.models import LiveSession
from webapp.live.queries import allowed_cameras, open_session
from webapp.recordings.models import Camera
from webapp.studies.access import access_encounter, needs_of
from webapp.studies.views import study_context


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_encounter(request.user, pk, "open_live")
    there = open_session(encounter)
    data = request.POST if request.method == "POST" else None
    form = OpenForm(data, arm=encounter.arm, languages=rule_languages(encounter.study))
    if form.is_valid():
        opened = services.open_live_session(actor=request.user, encounter=encounter, **form.cleaned_data)
        return redirect(opened)
    if there is not None and not form.is_bound:
        return redirect(there)
    context = study_context(request, encounter.study, "encounters") | {
        "encounter": encounter,
        "form": form,
        "allowed": allowed_cameras(encounter),
        "earlier": encounter.live_sessions.all(),
    }
    return render(request, "live/start.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_session(request.user, pk, "open_live")
    allowed = allowed_cameras(found.encounter)
    context = _context(request, found) | {
        "cameras": [
            {
                "name": camera.value,
                "label": camera.label,
                "is_allowed": camera.value in allowed,
                "url": reverse("live:camera", args=[found.pk, camera.value]),
                "link": _link(request, found, camera.value),
            }
            for camera in Camera
        ],
    }
    return render(request, "live/session.html", context)


@login_required
@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_session(request.user, pk, "open_live")
    if services.end_session(actor=request.user, session=found):
        messages.success(request, "The live session has ended. Its seconds and suggestions are kept.")
    return redirect(found.encounter)


@require_GET
def camera(request: HttpRequest, pk: UUID, camera: str) -> HttpResponse:
    token = request.GET.get("token", "")
    if not token and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = access_camera(request.user, pk, camera, token)
    needs = needs_of(request.user, found.encounter.study)
    address = f"/ws/live/{found.pk}/camera/{camera}/"
    context = {
        "session": found,
        "encounter": found.encounter,
        "camera": camera,
        "socket_url": f"{address}?{urlencode({'token': token})}" if token else address,
        "may_record": not token and "upload_recording" in needs,
    }
    return render(request, "live/camera.html", context)


@login_required
@require_GET
def dashboard(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_session(request.user, pk, "view_live")
    people = [
        {"name": "patient", "label": "Patient", "short": "Pt"},
        {"name": "doctor", "label": "You", "short": "Dr"},
    ]
    return render(request, "live/dashboard.html", _context(request, found) | {"people": people})


def _context(request: HttpRequest, found: LiveSession) -> dict[str, Any]:
    encounter = found.encounter
    return study_context(request, encounter.study, "encounters") | {
        "session": found,
        "encounter": encounter,
    }


def _link(request: HttpRequest, found: LiveSession, camera: str) -> str:
    """Return an address that opens this one camera on a device where nobody is signed in."""
    path = reverse("live:camera", args=[found.pk, camera])
    return request.build_absolute_uri(f"{path}?{urlencode({'token': tokens.make(found.pk, camera)})}")
