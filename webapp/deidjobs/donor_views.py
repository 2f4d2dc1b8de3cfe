"""The donor of a person: look at one on a frame of theirs, refuse one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from webapp import engines
from webapp.core import audit
from webapp.core.errors import Invalid
from webapp.deidjobs.access import access_derivative, access_recording_to_preview
from webapp.deidjobs.donors import AUTO, donors_now, refuse_donor
from webapp.deidjobs.forms import RefusalForm
from webapp.deidjobs.services import check_choice, seed_of
from webapp.deidjobs.turns import one_at_a_time
from webapp.recordings import storage
from webapp.recordings.models import Recording

LONGEST = 15  # digits of a moment in microseconds


@login_required
@require_GET
@never_cache
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One frame of a recording as a method and a donor would show it; nothing of it is kept."""
    recording = access_recording_to_preview(request.user, pk)
    method, donor = request.GET.get("method", ""), request.GET.get("donor") or AUTO
    check_choice(method=method, audio="remove", donor=donor)
    at_us = _moment(recording, request.GET.get("at_us", ""))
    own, taken = donors_now(recording)
    with one_at_a_time("previewing", request.user.pk):
        shown = engines.preview_hiding(
            storage.original(recording),
            method,
            donor=own if donor == AUTO else donor,
            seed=seed_of(recording),
            taken=tuple(taken),
            at_us=at_us,
        )
    recording = access_recording_to_preview(request.user, pk)  # consent may have ended while this waited
    with transaction.atomic():
        audit.record(
            actor=request.user,
            action="recording.previewed",
            target=recording,
            study_id=recording.encounter.study_id,
            details={"method": method},
        )
    answer = HttpResponse(shown.jpeg, content_type="image/jpeg")
    answer["X-Donor"], answer["X-Faces"] = shown.donor or "", str(shown.faces)
    answer["X-Time-Us"] = str(shown.time_us)
    return answer


def _moment(recording: Recording, said: str) -> int | None:
    """Return the moment that is asked for, None to let one be chosen. Raises Invalid."""
    if not said:
        return None
    if not said.isdecimal() or len(said) > LONGEST or int(said) > (recording.duration_us or 0):
        raise Invalid("Expected a moment of the recording, in microseconds.")
    return int(said)


@login_required
@require_POST
def donor_refused(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative(request.user, pk, "review_deidentified")
    form = RefusalForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say which donor is refused, and why the person needs another face.")
    gone = refuse_donor(derivative=found, actor=request.user, **form.cleaned_data)
    messages.success(request, f"{gone.donor} is refused; the next version gets another one.")
    return redirect(found)
