"""Recording consent in the browser."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from webapp.accounts.models import User
from webapp.consent.forms import ConsentTextForm, DecisionsForm
from webapp.consent.queries import state_of
from webapp.consent.services import publish_form, record_decisions
from webapp.studies.access import access_participant, access_study
from webapp.studies.models import Participant
from webapp.studies.views import study_context


@login_required
@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_consent")
    participant = access_participant(request.user, study, code, "manage_consent")
    current = state_of(participant)
    if not study.consent_forms.exists():
        messages.info(request, "This study has no consent form yet. Publish its text first.")
        return redirect("consent:text", slug=study.slug)
    data = request.POST if request.method == "POST" else None
    form = DecisionsForm(data, participant=participant, current=current)
    if form.is_valid():
        assert isinstance(request.user, User)
        return _record(request, request.user, participant, form.changes(current), current)
    context = study_context(request, study, "participants") | {
        "form": form,
        "participant": participant,
        "in_force": any(current.values()),
        "consent_text": study.consent_forms.first(),
        "history": participant.decisions.select_related("recorded_by", "form").order_by("-decided_at", "-pk"),
    }
    return render(request, "consent/record.html", context, status=422 if form.is_bound else 200)


def _record(
    request: HttpRequest,
    actor: User,
    participant: Participant,
    changes: dict[str, bool],
    current: dict[str, bool],
) -> HttpResponse:
    """Record what is new; what ends is withdrawn on a page of its own, which says what will be erased."""
    ending = [purpose for purpose, granted in changes.items() if current.get(purpose) and not granted]
    new = {purpose: granted for purpose, granted in changes.items() if purpose not in ending}
    if new:
        record_decisions(actor=actor, participant=participant, decisions=new)
    if ending:
        address = reverse("consent:withdraw", args=[participant.study.slug, participant.code])
        return redirect(f"{address}?{urlencode({'purposes': ending}, doseq=True)}")
    messages.success(request, f"Consent of {participant.code} recorded.")
    return redirect("studies:participants", slug=participant.study.slug)


@login_required
@require_http_methods(["GET", "POST"])
def text(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_consent")
    newest = study.consent_forms.first()
    data = request.POST if request.method == "POST" else None
    form = ConsentTextForm(data, initial={"text": newest.text if newest else ""})
    if form.is_valid():
        assert isinstance(request.user, User)
        published = publish_form(actor=request.user, study=study, text=form.cleaned_data["text"])
        messages.success(request, f"Consent form {published} published.")
        return redirect("studies:participants", slug=study.slug)
    context = study_context(request, study, "participants") | {
        "form": form,
        "newest": newest,
        "versions": study.consent_forms.annotate(people=Count("decisions__participant", distinct=True)),
    }
    return render(request, "consent/text.html", context, status=422 if form.is_bound else 200)
