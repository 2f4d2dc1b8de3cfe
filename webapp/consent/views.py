"""Recording consent in the browser, and its copies."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from webapp.consent.access import access_record, visible_erasures
from webapp.consent.copies import pdf_copy
from webapp.consent.forms import ConsentTextForm, DecisionsForm
from webapp.consent.models import ConsentForm, ConsentRecord, Erasure
from webapp.consent.queries import forms_for, reconsent_queue, state_of
from webapp.consent.scans import read_scan, with_a_scan
from webapp.consent.services import publish_form
from webapp.consent.signing import confirm_password, sign_consent
from webapp.core import audit
from webapp.core.errors import AppError, NotFound
from webapp.studies.access import access_participant, access_study, visible_participants
from webapp.studies.models import Participant, Study
from webapp.studies.views import signed_in_user, study_context

PAGE_SIZE = 50
SCAN_TYPES = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png"}


@login_required
@require_GET
def home(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the state of consent in the study: who is to be asked anew, texts, and what was erased."""
    study = access_study(request.user, slug, "view_audit")
    mine, erasures = visible_participants(request.user, study), visible_erasures(request.user, study)
    queue = reconsent_queue(study).filter(pk__in=mine.values("pk")).order_by("code")
    page = Paginator(queue, PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "consent") | {
        "page": page,
        "never": mine.filter(decisions=None).order_by("code")[:PAGE_SIZE],
        "versions": study.consent_forms.annotate(people=Count("decisions__participant", distinct=True)),
        "erasures": erasures.select_related("participant", "study")[:5],
        "open_erasures": erasures.filter(state=Erasure.State.OPEN).count(),
    }
    return render(request, "consent/home.html", context)


@login_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def record(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_consent")
    participant = access_participant(request.user, study, code, "manage_consent")
    current = state_of(participant)
    texts = list(forms_for(participant))
    if not texts:
        messages.info(request, "There is no consent form for this participant yet. Publish its text first.")
        return redirect("consent:text", slug=study.slug)
    wanted = request.POST.get("language") or request.GET.get("language", "")
    shown = next((one for one in texts if one.language == wanted), texts[0])
    bound = (request.POST, request.FILES) if request.method == "POST" else ()
    form = DecisionsForm(*bound, participant=participant, current=current)
    if form.is_valid():
        try:
            return _sign(request, participant, shown, form, current)
        except AppError as error:
            form.add_error("password" if error.code == "wrong_password" else None, error.message)
    context = study_context(request, study, "participants") | {
        "form": form,
        "participant": participant,
        "in_force": any(current.values()),
        "consent_text": shown,
        "texts": texts,
        "records": participant.consent_records.select_related("form", "countersigned_by"),
        "with_a_scan": set(with_a_scan().filter(participant=participant)),
        "history": participant.decisions.select_related("recorded_by", "form").order_by("-decided_at", "-pk"),
    }
    return render(request, "consent/record.html", context, status=422 if form.is_bound else 200)


def _sign(
    request: HttpRequest,
    participant: Participant,
    text: ConsentForm,
    form: DecisionsForm,
    current: dict[str, bool],
) -> HttpResponse:
    """Record what is signed; what ends is withdrawn on a page of its own, which says what will be erased."""
    actor, answers = signed_in_user(request), form.answers()
    confirm_password(actor, form.cleaned_data["password"])
    ending = [purpose for purpose, granted in answers.items() if current.get(purpose) and not granted]
    kept = {purpose: granted for purpose, granted in answers.items() if purpose not in ending}
    if kept:
        sign_consent(
            actor=actor,
            participant=participant,
            form=text,
            answers=kept,
            signature=form.cleaned_data["signature"],
            drawing=form.cleaned_data["drawing"],
            scan=form.cleaned_data["scan"],
            valid_until=form.cleaned_data["valid_until"],
        )
    if ending:
        address = reverse("consent:withdraw", args=[participant.study.slug, participant.code])
        return redirect(f"{address}?{urlencode({'purposes': ending}, doseq=True)}")
    messages.success(request, f"Consent of {participant.code} recorded. Its copy is below.")
    return redirect("consent:record", slug=participant.study.slug, code=participant.code)


@login_required
@require_http_methods(["GET", "POST"])
def text(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_consent")
    newest = study.consent_forms.first()
    data = request.POST if request.method == "POST" else None
    form = ConsentTextForm(data, initial={"text": newest.text if newest else ""})
    if form.is_valid():
        try:
            published = publish_form(actor=signed_in_user(request), study=study, **form.cleaned_data)
        except AppError as error:
            form.add_error("language", error.message)
        else:
            messages.success(request, _published(study, published))
            return redirect("consent:home", slug=study.slug)
    context = study_context(request, study, "consent") | {"form": form, "newest": newest}
    return render(request, "consent/text.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def version(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show a version of the text exactly as it was signed."""
    study = access_study(request.user, slug, "view_audit")
    found = study.consent_forms.filter(pk=pk).first()
    if found is None:
        raise NotFound
    context = study_context(request, study, "consent") | {"consent_text": found}
    return render(request, "consent/version.html", context)


@login_required
@require_GET
def copy_json(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    found = access_record(request.user, slug, pk)
    _record_look(request, "consent.copied", found)
    answer = JsonResponse(
        {"document": found.document, "sha256": found.sha256}, json_dumps_params={"indent": 2}
    )
    return _as_file(answer, f"consent-{found.participant.code}.json")


@login_required
@require_GET
def copy_pdf(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    found = access_record(request.user, slug, pk)
    _record_look(request, "consent.copied", found)
    answer = HttpResponse(pdf_copy(found), content_type="application/pdf")
    return _as_file(answer, f"consent-{found.participant.code}.pdf")


@login_required
@require_GET
def scan(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Return the scanned paper form; it bears a name, so each look at it is an audit event."""
    found = access_record(request.user, slug, pk)
    if not with_a_scan().filter(pk=found.pk).exists():
        raise NotFound
    try:
        data = read_scan(found)
    except FileNotFoundError:  # erased a moment ago, or away
        raise NotFound from None
    _record_look(request, "consent.scan_viewed", found)
    answer = HttpResponse(data, content_type=SCAN_TYPES[found.attachment_suffix])
    return _as_file(answer, f"consent-{found.participant.code}{found.attachment_suffix}")


def _record_look(request: HttpRequest, action: str, record: ConsentRecord) -> None:
    with transaction.atomic():
        audit.record(actor=request.user, action=action, target=record, study_id=record.participant.study_id)


def _published(study: Study, form: ConsentForm) -> str:
    again = " The study is in review until it is approved again." if study.state == "draft" else ""
    return f"Consent form {form} published.{again}"


def _as_file(answer: HttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
