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

from webapp import engines
from webapp.accounts.models import User
from webapp.analysis.queries import rules_of
from webapp.analysis.state import encounter_state
from webapp.feedback import services
from webapp.feedback.access import access_care, access_feedback, access_note, care_token
from webapp.feedback.care import PUBLISHED_MEAN
from webapp.feedback.forms import CareForm, NoteForm, ReflectionForm
from webapp.feedback.models import CareRating, Note, Reflection
from webapp.feedback.queries import care_score, compare_shares, doctor_shares, visits
from webapp.feedback.rows import Source, rows_by_camera, source_of, timeline_of
from webapp.feedback.showing import playable
from webapp.feedback.speaking import speaking_of
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
        context |= _findings(request, encounter, source)
    context |= {
        "notes": Note.objects.filter(encounter=encounter, doctor=_user(request)),
        "note_form": NoteForm(initial={"second": request.GET.get("second", "")}),
        "care": care_score(encounter),
        "care_rated": CareRating.objects.filter(encounter=encounter).exists(),
        "care_published": PUBLISHED_MEAN,
    }
    return render(request, "feedback/session.html", context)


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
        services.write_note(actor=_user(request), encounter=encounter, **form.cleaned_data)
        return redirect(reverse("feedback:session", args=[encounter.pk]) + "#notes")
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


def _findings(request: HttpRequest, encounter: Encounter, source: Source) -> dict[str, Any]:
    rows = rows_by_camera(source)
    rules = rules_of(encounter.study)
    found = engines.session_findings(rows["doctor"], rows["patient"], rules=rules.text if rules else "")
    shares = found["summary"]["doctor"]["share_by_emotion"]
    known = doctor_shares(encounter) if source.run else shares
    return {
        "timeline": timeline_of(source, found["summary"]),
        "timeline_url": reverse("feedback:api_timeline", args=[encounter.pk]),
        "moments": found["moments"],
        "mirroring": [
            one | {"behind_s": abs(one["lag_s"])}
            for one in found["mirroring"]
            if one["correlation"] is not None
        ],
        "comparison": compare_shares(encounter, known) if known else [],
        "had_live": encounter.live_sessions.exists(),
        "speaking": speaking_of(source.run),
        "suggestions": _suggestions(encounter, found["suggestions"]),
        "state": encounter_state(request.user, encounter),
        "cameras": _cameras(request, encounter, source),
    }


def _suggestions(encounter: Encounter, computed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was suggested live with its answers; without a live session, what would have been."""
    live = encounter.live_sessions.first()
    if live is None:
        return [one | {"was_live": False} for one in computed]
    return [
        {
            "second": one.second,
            "text": one.text,
            "framework": one.framework,
            "citations": one.citations,
            "was_live": True,
            "shown": one.shown,
            "answer": one.get_answer_display(),
        }
        for one in live.suggestions.all()
    ]


def _cameras(request: HttpRequest, encounter: Encounter, source: Source) -> list[dict[str, Any]]:
    """Return what the player needs: ready recordings on the clock of the run, or what stands in for them."""
    state = encounter_state(request.user, encounter)
    offsets = source.run.offsets_ms if source.run else {}
    ready = {
        one["camera"]: playable(request.user, one) for one in state["recordings"] if one["state"] == "ready"
    }
    return [
        {
            "name": camera.value,
            "label": camera.label,
            "ready": ready.get(camera.value),
            "is_analysed": False,
            "offset_ms": offsets.get(camera.value, 0),
        }
        for camera in Camera
    ]


def _context(request: HttpRequest, encounter: Encounter) -> dict[str, Any]:
    return study_context(request, encounter.study, "encounters") | {"encounter": encounter}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
