"""Look at a version frame by frame, draw covers over what should not be seen, make a version with them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp import engines
from webapp.core.errors import Conflict, Invalid
from webapp.deidjobs.access import access_derivative_file
from webapp.deidjobs.covers import cover_state, moments_of, people_at, request_another
from webapp.deidjobs.forms import AnotherForm
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import covers_of, may_be_hidden, spans_of
from webapp.deidjobs.storage import has_parts
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.queries import is_usable_for
from webapp.studies.access import needs_of
from webapp.studies.views import study_context


@login_required
@require_safe
def covers(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative_file(request.user, pk, "run_deidentification")
    return _show(request, found, AnotherForm(derivative=found))


@login_required
@require_POST
def covered_version(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative_file(request.user, pk, "run_deidentification")
    form = AnotherForm(request.POST, derivative=found)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    try:
        request_another(derivative=found, actor=request.user, **form.cleaned_data)
    except (Conflict, Invalid) as refused:
        form.add_error(None, refused.message)
        return _show(request, found, form, status=refused.status)
    messages.success(request, "The version with these covers is queued; it appears here when it is there.")
    return redirect("deidjobs:versions", pk=found.recording.encounter_id)


def _show(request: HttpRequest, found: Derivative, form: AnotherForm, status: int = 200) -> HttpResponse:
    recording, study = found.recording, found.recording.encounter.study
    sees_original = (
        "view_original" in needs_of(request.user, study)
        and recording.playable
        and is_usable_for(recording, VIEW_PURPOSE)
    )
    context = study_context(request, study, "encounters") | {
        "encounter": recording.encounter,
        "derivative": found,
        "sees_original": sees_original,
        "sketch": {
            "covers": [cover_state(one) for one in covers_of(recording)],
            "moments": moments_of(found),
            "people": people_at(found),
            "inside": found.recipe.get("cover_rows", []),
            "differs": _differs(found, form),
            "width": recording.width,
            "height": recording.height,
        },
        "form": form,
        "may_mark": sees_original and recording.has_audio and may_be_hidden(recording, engines.MARKED),
        "has_parts": has_parts(found),
    }
    return render(request, "deidjobs/covers.html", context, status=status)


def _differs(found: Derivative, form: AnotherForm) -> bool:
    """Return whether another version would differ from this one although nothing is drawn or chosen."""
    hides_more = form.others_unknown and bool(found.recipe.get("exempt"))
    marked = sorted(spans_of(found.recording).values_list("pk", flat=True))
    return hides_more or (found.audio == engines.MARKED and marked != found.recipe.get("span_rows"))
