"""Ask for de-identified versions of an encounter, compare one with its original, sign it off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp import engines
from webapp.analysis.state import encounter_state
from webapp.core import audit
from webapp.deidjobs import services
from webapp.deidjobs.access import access_derivative, access_derivative_file
from webapp.deidjobs.batches import known_speeds
from webapp.deidjobs.cards import expression_rows, mean_rows, privacy_rows, voices_row
from webapp.deidjobs.chart import make_charts, make_rows
from webapp.deidjobs.covers import moments_of
from webapp.deidjobs.donors import donor_of, person_of
from webapp.deidjobs.forms import MEAN, HidingForm, ReviewForm
from webapp.deidjobs.limits import limits_of, words_of
from webapp.deidjobs.means import barred, is_barred, people_in
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import (
    hideable,
    may_be_hidden,
    newest_review,
    number_of,
    spans_of,
    unreviewed_in,
    versions_of,
)
from webapp.deidjobs.storage import version
from webapp.jobs.durations import as_clock
from webapp.jobs.queries import live_workers
from webapp.recordings.models import Recording
from webapp.recordings.serving import serve_file
from webapp.studies.access import access_encounter, access_study, needs_of, site_of, visible_encounters
from webapp.studies.lists import PAGE_SIZE
from webapp.studies.models import Encounter
from webapp.studies.roles import Need
from webapp.studies.views import study_context

ONE_VIEWING_S = 15 * 60


@login_required
@require_http_methods(["GET", "POST"])
def versions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The versions of an encounter, and the form for another one to those who may."""
    need: Need = "view_deidentified" if request.method == "GET" else "run_deidentification"
    encounter = access_encounter(request.user, pk, need)
    may_run = "run_deidentification" in needs_of(request.user, encounter.study)
    form = HidingForm(request.POST or None, encounter=encounter) if may_run else None
    if form is not None and request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        with transaction.atomic():
            for recording in chosen["recordings"]:
                services.request_derivative(
                    recording=recording,
                    actor=request.user,
                    method=chosen["method"],
                    audio=chosen["audio"],
                    donor=chosen["donor"] or "auto",
                    neutral_s=chosen["neutral_s"],
                    k=chosen["k"] if chosen["look"] == MEAN else None,
                )
        messages.success(request, "The work is queued; this page shows the result when it is there.")
        return redirect("deidjobs:versions", pk=encounter.pk)
    previews = form is not None and "view_original" in needs_of(request.user, encounter.study)
    consents = _consents(encounter)
    if previews and consents:
        engines.warm_previews()
    rows = make_rows([(one, newest_review(one)) for one in versions_of(encounter)])
    context = study_context(request, encounter.study, "encounters") | {
        "encounter": encounter,
        "state": encounter_state(request.user, encounter),
        "form": form,
        "rows": rows,
        "charts": make_charts(rows, limits_of(encounter.study)),
        "consents": consents,
        "barred": set(barred(versions_of(encounter)).values_list("pk", flat=True)),
        "estimate": _estimate(encounter) if form else None,
        "previews": previews,
        "markable": _markable(encounter) if previews else [],
    }
    status = 422 if form is not None and form.is_bound else 200
    return render(request, "deidjobs/versions.html", context, status=status)


@login_required
@require_safe
def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """The versions of a study that wait for a second person, the oldest first."""
    study = access_study(request.user, slug, "view_deidentified")
    found = unreviewed_in(visible_encounters(request.user).filter(study=study))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "encounters") | {"page": page}
    return render(request, "deidjobs/reviews.html", context)


@login_required
@require_safe
def derivative(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative(request.user, pk, "view_deidentified")
    return _show(request, found, ReviewForm(verdict=_allowed_verdict(found)))


@login_required
@require_POST
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative(request.user, pk, "review_deidentified")
    form = ReviewForm(request.POST, verdict=_allowed_verdict(found))
    if not form.is_valid():
        return _show(request, found, form)
    services.review_derivative(derivative=found, actor=request.user, **form.cleaned_data)
    messages.success(request, "Your decision is recorded.")
    return redirect(found)


@login_required
@require_safe
def video(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative_file(request.user, pk)
    if request.method == "GET" and cache.add(f"viewing:{request.user.pk}:{found.pk}", True, ONE_VIEWING_S):
        with transaction.atomic():
            audit.record(
                actor=request.user,
                action="derivative.viewed",
                target=found,
                study_id=found.recording.encounter.study_id,
            )
    stored = version(found.recording_id, found.pk)
    return serve_file(request, stored, content_type="video/mp4", etag=found.sha256)


def _show(request: HttpRequest, found: Derivative, form: ReviewForm) -> HttpResponse:
    encounter = found.recording.encounter
    needs = needs_of(request.user, encounter.study)
    made_of, elsewhere = people_in(found, site=site_of(request.user, encounter.study))
    context = study_context(request, encounter.study, "encounters") | {
        "encounter": encounter,
        "derivative": found,
        "number": number_of(found),
        "moments": [_moment(one) for one in moments_of(found)],
        "form": form,
        "review": newest_review(found),
        "earlier_reviews": found.reviews.select_related("reviewer")[1:],
        "may_sign": "review_deidentified" in needs and found.requested_by_id != request.user.pk,
        "donor": donor_of(found.recording)
        if found.report.get("donors") and not found.report.get("look")
        else None,
        "person": person_of(found.recording),
        "may_refuse": "review_deidentified" in needs,
        "may_cover": "run_deidentification" in needs,
        "shows_original": "view_original" in needs and found.recording.playable,
        "is_consented": may_be_hidden(found.recording, found.audio),
        "is_barred": is_barred(found),
        "made_of": made_of if "manage_consent" in needs else None,
        "made_elsewhere": elsewhere if "manage_consent" in needs else 0,
        "limits": words_of(found.limits),
        "privacy": [
            *mean_rows(found.report.get("look")),
            *privacy_rows(found.privacy, found.limits),
            voices_row(found.media),
        ],
        "expression": expression_rows(found.expression, found.limits),
    }
    return render(request, "deidjobs/derivative.html", context, status=422 if form.is_bound else 200)


def _moment(moment: dict[str, Any]) -> dict[str, Any]:
    """Return where to look in seconds and in words."""
    start_s, end_s = (moment[name] / engines.SECOND_US for name in ("start_us", "end_us"))
    words = [as_clock(int(at_s)) for at_s in (start_s, end_s)]
    return {"at_s": start_s, "when": " to ".join(dict.fromkeys(words)), "why": moment["why"]}


def _allowed_verdict(derivative: Derivative) -> str:
    """Return the verdict of the audit, or that of a failed one where nobody may approve a version."""
    return "fail" if is_barred(derivative) else derivative.verdict


def _estimate(encounter: Encounter) -> dict[str, Any]:
    """Return what the time that a version takes is estimated from."""
    return {
        "lengths_s": {str(one.pk): (one.duration_us or 0) / engines.SECOND_US for one in hideable(encounter)},
        "speeds": known_speeds(),
        "workers": live_workers().count(),
    }


def _markable(encounter: Encounter) -> list[tuple[Recording, int]]:
    """Return the recordings in whose sound spans may be marked, and how many are."""
    found = [one for one in hideable(encounter) if one.has_audio and may_be_hidden(one, engines.MARKED)]
    return [(one, spans_of(one).count()) for one in found]


def _consents(encounter: Encounter) -> bool:
    return any(may_be_hidden(recording, "remove") for recording in hideable(encounter))
