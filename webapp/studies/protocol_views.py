"""The protocol of a study in the browser: its text, sites, arms, and the steps of its life."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from webapp.core.errors import AppError, Forbidden
from webapp.studies import protocol as services
from webapp.studies.access import access_study
from webapp.studies.models import Study
from webapp.studies.protocol_forms import ArmForm, NewStudyForm, SiteForm, StudyForm
from webapp.studies.roles import Role
from webapp.studies.services import add_member, create_study
from webapp.studies.views import signed_in_user, study_context


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Let staff begin a study; who begins it owns it."""
    user = signed_in_user(request)
    if not user.is_staff:
        raise Forbidden("Only staff can begin a study. Ask whoever runs this server.")
    form = NewStudyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        study = create_study(actor=user, **form.cleaned_data)
        add_member(actor=user, study=study, user=user, role=Role.OWNER)
        messages.success(request, "The study is there, in review. Write its consent form next.")
        return redirect(study)
    return render(request, "studies/new.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def protocol(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_study")
    form = StudyForm(request.POST or None, instance=Study.objects.get(pk=study.pk))
    if request.method == "POST" and form.is_valid():
        changed = services.change_protocol(
            actor=signed_in_user(request), study=study, values=form.cleaned_data
        )
        messages.success(request, _what_happened(study, changed))
        return redirect("studies:protocol", slug=slug)
    return _page(request, study, form=form)


@login_required
@require_POST
def site_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_study")
    form = SiteForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, site_form=form)
    services.add_site(actor=signed_in_user(request), study=study, **form.cleaned_data)
    return redirect("studies:protocol", slug=slug)


@login_required
@require_POST
def arm_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_study")
    form = ArmForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, arm_form=form)
    services.add_arm(actor=signed_in_user(request), study=study, **form.cleaned_data)
    return redirect("studies:protocol", slug=slug)


@login_required
@require_POST
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Take the study to another state; what is missing for it is said on the page."""
    study = access_study(request.user, slug, "manage_study")
    try:
        services.change_state(actor=signed_in_user(request), study=study, to=request.POST.get("to", ""))
    except Forbidden:
        raise
    except AppError as error:
        messages.error(request, error.message)
    return redirect(study)


def _page(request: HttpRequest, study: Study, **forms: object) -> HttpResponse:
    status = 422 if any(getattr(form, "errors", None) for form in forms.values()) else 200
    context = study_context(request, study, "protocol") | {
        "form": forms.get("form") or StudyForm(instance=Study.objects.get(pk=study.pk)),
        "site_form": forms.get("site_form") or SiteForm(study=study),
        "arm_form": forms.get("arm_form") or ArmForm(study=study),
        "sites": study.sites.all(),
        "arms": study.arms.all(),
    }
    return render(request, "studies/protocol.html", context, status=status)


def _what_happened(study: Study, changed: list[str]) -> str:
    if not changed:
        return "Nothing changed."
    if study.state == "draft":
        return "The protocol is changed. The study is in review and needs its approval."
    return "The protocol is changed."
