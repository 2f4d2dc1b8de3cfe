"""Withdrawing consent in the browser: what would happen, the word to do it, and the proof."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from webapp.accounts.models import User
from webapp.consent.access import access_erasure, visible_erasures
from webapp.consent.erasing import erased_counts
from webapp.consent.forms import WithdrawalForm
from webapp.consent.models import Erasure
from webapp.consent.queries import state_of
from webapp.consent.services import withdraw_consent
from webapp.consent.withdrawing import preview, scope_of
from webapp.core.errors import NotFound
from webapp.studies.access import access_participant, access_study
from webapp.studies.views import study_context

PAGE_SIZE = 50


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Show what withdrawing the chosen purposes does, and do it once the code was typed."""
    study = access_study(request.user, slug, "manage_consent")
    participant = access_participant(request.user, study, code, "manage_consent")
    in_force = [purpose for purpose, granted in state_of(participant).items() if granted]
    bound = request.POST if request.method == "POST" else request.GET if "purposes" in request.GET else None
    form = WithdrawalForm(
        bound, participant=participant, in_force=in_force, confirming=request.method == "POST"
    )
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)
        erasure = withdraw_consent(
            actor=request.user, participant=participant, purposes=form.cleaned_data["purposes"]
        )
        if erasure is not None:
            messages.success(request, "Consent is withdrawn. Nothing uses what it allowed any more.")
            return redirect(erasure)
    chosen = form.chosen()
    effects = preview(scope_of(participant, chosen)) if chosen else []
    context = study_context(request, study, "participants") | {
        "participant": participant,
        "form": form,
        "in_force": in_force,
        "effects": effects,
        "deletes": any(effect.action in ("delete", "recall") for effect in effects),
    }
    return render(request, "consent/withdraw.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_GET
def erasures(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_audit")
    found = visible_erasures(request.user, study).select_related("participant", "study")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "consent") | {"page": page}
    return render(request, "consent/erasures.html", context)


@login_required
@require_GET
def erasure(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    found = access_erasure(request.user, slug, pk, "view_audit")
    context = study_context(request, found.study, "consent") | {
        "erasure": found,
        "counts": erased_counts(found),
        "tombstones": found.tombstones.all()[:PAGE_SIZE],
        "tombstone_count": found.tombstones.count(),
    }
    return render(request, "consent/erasure.html", context)


@login_required
@require_GET
def certificate(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Return the certificate as JSON, once the erasure is done."""
    found = access_erasure(request.user, slug, pk, "view_audit")
    if found.state != Erasure.State.DONE:
        raise NotFound("This erasure is still under way, so there is no certificate yet.")
    answer = JsonResponse(
        {"certificate": found.certificate, "sha256": found.certificate_sha256},
        json_dumps_params={"indent": 2},
    )
    answer["Content-Disposition"] = f'attachment; filename="erasure-{found.pk}.json"'
    return answer
