"""Listen to one recording and mark what must not be heard in a version of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from webapp import engines
from webapp.deidjobs.access import access_recording_to_mark
from webapp.deidjobs.queries import spans_of
from webapp.deidjobs.spans import span_state
from webapp.studies.views import study_context


@login_required
@require_safe
def spans(request: HttpRequest, pk: UUID) -> HttpResponse:
    recording = access_recording_to_mark(request.user, pk)
    context = study_context(request, recording.encounter.study, "encounters") | {
        "encounter": recording.encounter,
        "recording": recording,
        "duration_s": f"{(recording.duration_us or 0) / engines.SECOND_US:.2f}",
        "marked": {
            "spans": [span_state(one) for one in spans_of(recording)],
            "duration_us": recording.duration_us or 0,
        },
    }
    return render(request, "deidjobs/spans.html", context)
