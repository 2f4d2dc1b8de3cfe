"""The donor of a person: refuse one."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from webapp.core.errors import Invalid
from webapp.deidjobs.access import access_derivative
from webapp.deidjobs.donors import refuse_donor
from webapp.deidjobs.forms import RefusalForm


@login_required
@require_POST
def donor_refused(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_derivative(request.user, pk, "review_deidentified")
    form = RefusalForm(request.POST)
    if not form.is_valid():
        raise Invalid("Say why the person needs another face.")
    gone = refuse_donor(derivative=found, actor=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, f"{gone.donor} is refused; the next version gets another one.")
    return redirect(found)
