"""One's own sessions and tokens: what is open in one's name, and how to close it."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts.models import ApiToken, User
from webapp.accounts.services import LONGEST_DAYS, create_token, revoke_token
from webapp.core import audit
from webapp.core.errors import AppError, NotFound
from webapp.core.models import AuditEvent

#: Newest events of the account on its page.
SHOWN = 20


class TokenForm(forms.Form):
    name = forms.CharField(label="What it is for", max_length=60)
    scope = forms.ChoiceField(choices=ApiToken.Scope.choices)
    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=LONGEST_DAYS, initial=30)


@login_required
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    context = {
        "sessions": UserSession.objects.purge_and_list(user),
        "tokens": user.api_tokens.all(),
        "events": AuditEvent.objects.filter(actor=user, action__startswith="account.").order_by("-pk")[
            :SHOWN
        ],
    }
    return render(request, "account/access.html", context)


@login_required
@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions; whoever uses it must sign in again with the next request."""
    user = _user(request)
    session = UserSession.objects.filter(user=user, pk=pk).first()
    if session is None:
        raise NotFound
    with transaction.atomic():
        audit.record(actor=user, action="account.session_ended", target=session)
        session.end()
    messages.success(request, "The session is ended.")
    return redirect("account_access")


@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
@require_http_methods(["GET", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token after one's password was asked, and show its secret this once."""
    form, secret = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            secret = create_token(user=_user(request), **form.cleaned_data)
        except AppError as error:
            form.add_error(None, error.message)
    refused = bool(form.errors)
    return render(
        request, "account/token_new.html", {"form": form, "secret": secret}, status=422 if refused else 200
    )


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    revoke_token(user=_user(request), pk=pk)
    messages.success(request, "The token no longer works.")
    return redirect("account_access")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
