"""The doctor's page after an encounter, the look over time, and the patient's form on a tablet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.analysis.models import UNMOVED
from webapp.analysis.state import encounter_state
from webapp.feedback import services
from webapp.feedback.access import access_care, access_feedback, access_note, care_token
from webapp.feedback.care import PUBLISHED_MEAN
from webapp.feedback.comments import write_comment
from webapp.feedback.findings import feedback_of
from webapp.feedback.forms import CareForm, NoteForm, ReflectionForm
from webapp.feedback.models import CareRating, Reflection
from webapp.feedback.pdf import feedback_pdf
from webapp.feedback.queries import visits
from webapp.feedback.rows import Source, source_of
from webapp.feedback.showing import playable
from webapp.recordings.models import Camera
from webapp.studies.access import access_encounter
from webapp.studies.models import Encounter
from webapp.studies.views import study_context


@login_required
@require_GET
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_feedback(request.user, pk)
    reflection = Reflection.objects.filter(encounter=encounter, doctor=_user(request)).first()
    source = source_of(encounter)
    context = _context(request, encounter) | {"reflection": reflection, "source": source}
    if reflection is None:
        return render(request, "feedback/reflect.html", context | {"form": ReflectionForm()})
    if source is not None:
        context |= {
            "state": encounter_state(request.user, encounter),
            "cameras": _cameras(request, encounter, source),
            "timeline_url": reverse("feedback:api_timeline", args=[encounter.pk]),
        }
    context |= feedback_of(encounter, _user(request), source) | {
        "note_form": NoteForm(initial={"second": request.GET.get("second", "")}),
        "care_rated": CareRating.objects.filter(encounter=encounter).exists(),
        "care_published": PUBLISHED_MEAN,
    }
    return render(request, "feedback/session.html", context)


@login_required
@require_GET
def pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter, doctor = access_feedback(request.user, pk), _user(request)
    reflection = Reflection.objects.filter(encounter=encounter, doctor=doctor).first()
    if reflection is None:
        return redirect("feedback:session", pk=encounter.pk)
    page = feedback_of(encounter, doctor, source_of(encounter))
    services.record_export(actor=doctor, encounter=encounter)
    content = feedback_pdf(page | {"encounter": encounter, "reflection": reflection})
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="feedback-{encounter.code}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )


@login_required
@require_POST
def reflect(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_feedback(request.user, pk)
    form = ReflectionForm(request.POST)
    if not form.is_valid():
        context = _context(request, encounter) | {"form": form}
        return render(request, "feedback/reflect.html", context, status=422)
    services.write_reflection(actor=_user(request), encounter=encounter, text=form.cleaned_data["text"])
    return redirect("feedback:session", pk=encounter.pk)


@login_required
@require_POST
def note(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_feedback(request.user, pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        place = _keep(_user(request), encounter, form)
        return redirect(reverse("feedback:session", args=[encounter.pk]) + place)
    context = _context(request, encounter) | {"note_form": form}
    return render(request, "feedback/note.html", context, status=422)


@login_required
@require_POST
def note_delete(request: HttpRequest, pk: int) -> HttpResponse:
    found = access_note(request.user, pk)
    services.delete_note(actor=_user(request), note=found)
    messages.success(request, "The note is deleted.")
    return redirect(reverse("feedback:session", args=[found.encounter_id]) + "#notes")


@login_required
@require_GET
def trends(request: HttpRequest) -> HttpResponse:
    return render(request, "feedback/trends.html", {"visits": visits(request.user)})


@login_required
@require_GET
def care_start(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_encounter(request.user, pk, "open_live")
    return redirect("feedback:care", token=care_token(encounter))


@never_cache
@require_http_methods(["GET", "POST"])
def care(request: HttpRequest, token: str) -> HttpResponse:
    encounter = access_care(token)
    if CareRating.objects.filter(encounter=encounter).exists():
        return render(request, "feedback/care_thanks.html")
    form = CareForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.rate_care(encounter=encounter, ratings=form.ratings())
        return redirect("feedback:care", token=token)
    return render(request, "feedback/care.html", {"form": form}, status=422 if form.is_bound else 200)


def _cameras(request: HttpRequest, encounter: Encounter, source: Source) -> list[dict[str, Any]]:
    """Return what the player needs: ready recordings on the clock of the run, or what stands in for them."""
    state = encounter_state(request.user, encounter)
    ready = {
        one["camera"]: playable(request.user, one) for one in state["recordings"] if one["state"] == "ready"
    }
    return [
        {
            "name": camera.value,
            "label": camera.label,
            "ready": ready.get(camera.value),
            "is_analysed": False,
            "clock": source.run.clock_of(camera.value) if source.run else UNMOVED,
        }
        for camera in Camera
    ]


def _keep(doctor: User, encounter: Encounter, form: NoteForm) -> str:
    """Keep a note, or share it as a comment; return where on the page it stands."""
    data = form.cleaned_data
    if form.is_shared:
        write_comment(actor=doctor, encounter=encounter, second=data["second"], text=data["text"])
        return "#comments"
    fields = {name: data[name] for name in ("text", "second", "cue", "response")}
    services.write_note(actor=doctor, encounter=encounter, **fields)
    return "#notes"


def _context(request: HttpRequest, encounter: Encounter) -> dict[str, Any]:
    return study_context(request, encounter.study, "encounters") | {"encounter": encounter}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
