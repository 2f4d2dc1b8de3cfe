"""Look at a version frame by frame, draw covers over what should not be seen, make a version with them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from webapp.core.errors import Invalid
from webapp.deidjobs.access import access_derivative_file
from webapp.deidjobs.covers import cover_state, moments_of, request_another
from webapp.deidjobs.forms import AnotherForm
from webapp.deidjobs.queries import covers_of
from webapp.deidjobs.storage import steps_dir
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.queries import is_usable_for
from webapp.studies.access import needs_of
from webapp.studies.views import study_context


@login_required
@require_safe
def covers(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative_file(request.user, pk, "run_deidentification")
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
            "inside": found.recipe.get("cover_rows", []),
            "width": recording.width,
            "height": recording.height,
        },
        "form": AnotherForm(derivative=found),
        "has_parts": found.job_id is not None and steps_dir(recording.pk, found.job_id).is_dir(),
    }
    return render(request, "deidjobs/covers.html", context)


@login_required
@require_POST
def covered_version(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative_file(request.user, pk, "run_deidentification")
    form = AnotherForm(request.POST, derivative=found)
    if not form.is_valid():
        raise Invalid("; ".join(str(errors[0]) for errors in form.errors.values()))
    request_another(derivative=found, actor=request.user, **form.cleaned_data)
    messages.success(request, "The version with these covers is queued; it appears here when it is there.")
    return redirect("deidjobs:versions", pk=found.recording.encounter_id)
