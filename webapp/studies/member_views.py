"""Members of a study in the browser, and the page behind an invitation's link."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.core.errors import AppError, Forbidden, NotFound
from webapp.studies import members as services
from webapp.studies.access import access_study
from webapp.studies.models import Invitation, Membership, Study
from webapp.studies.protocol_forms import InvitationForm, MembershipForm, NewAccountForm
from webapp.studies.views import signed_in_user, study_context

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_required
@require_GET
def members(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_members")
    return _page(request, study, InvitationForm(study=study))


@login_required
@never_cache
@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation and show its link, this once."""
    study = access_study(request.user, slug, "manage_members")
    form = InvitationForm(request.POST, study=study)
    if not form.is_valid():
        return _page(request, study, form)
    values = {"site": None} | form.cleaned_data
    _, token = services.invite(actor=signed_in_user(request), study=study, **values)
    link = request.build_absolute_uri(reverse("studies:invitation", args=[token]))
    return _page(request, study, InvitationForm(study=study), link=link, invited=values["email"])


@login_required
@require_POST
def invitation_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    study = access_study(request.user, slug, "manage_members")
    invitation = Invitation.objects.filter(study=study, pk=pk).first()
    if invitation is None:
        raise NotFound
    services.revoke_invitation(actor=signed_in_user(request), invitation=invitation)
    messages.success(request, f"The link for {invitation.email} no longer works.")
    return redirect("studies:members", slug=slug)


@login_required
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a member's role and site, or take them out of the study."""
    study = access_study(request.user, slug, "manage_members")
    membership = Membership.objects.select_related("study", "user", "site").filter(study=study, pk=pk).first()
    if membership is None:
        raise NotFound
    form = MembershipForm(request.POST or None, instance=membership, study=study)
    if request.method == "POST" and (request.POST.get("remove") or form.is_valid()):
        try:
            return _change(request, study, Membership.objects.get(pk=pk), form)
        except Forbidden:
            raise
        except AppError as error:
            messages.error(request, error.message)
            return redirect("studies:member", slug=slug, pk=pk)
    context = study_context(request, study, "members") | {"form": form, "membership": membership}
    return render(request, "studies/member.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: as who is signed in, or with an account that is made here."""
    found = services.find_invitation(token)
    if request.user.is_authenticated:
        if request.method == "POST":
            services.accept_invitation(user=signed_in_user(request), token=token)
            messages.success(request, f"You now belong to {found.study}.")
            return redirect(found.study)
        return render(request, "studies/invitation.html", {"invitation": found})
    known = User.objects.filter(email=found.email).exists()
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and not known and form.is_valid():
        user = services.join_with_new_account(token=token, **form.cleaned_data)
        login(request, user, backend=BACKEND)
        UserSession.objects.create_from_request(request)
        messages.success(request, f"Welcome. You now belong to {found.study}.")
        return redirect(found.study)
    context = {"invitation": found, "form": form, "known": known}
    return render(request, "studies/invitation.html", context, status=422 if form.is_bound else 200)


def _change(request: HttpRequest, study: Study, membership: Membership, form: MembershipForm) -> HttpResponse:
    actor = signed_in_user(request)
    if request.POST.get("remove"):
        services.dismiss_member(actor=actor, membership=membership)
        messages.success(request, f"{membership.user} no longer belongs to the study.")
    else:
        values = {"site": None} | form.cleaned_data
        services.change_member(actor=actor, membership=membership, **values)
        messages.success(request, f"{membership.user} is changed.")
    return redirect("studies:members", slug=study.slug)


def _page(request: HttpRequest, study: Study, form: InvitationForm, **more: object) -> HttpResponse:
    open_ones = study.invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    context = study_context(request, study, "members") | {
        "members": study.memberships.select_related("user", "site").order_by("role", "user__display_name"),
        "invitations": open_ones.select_related("site", "invited_by"),
        "form": form,
    }
    return render(request, "studies/members.html", context | more, status=422 if form.errors else 200)
