"""The page on which a study sets what it asks of its de-identified versions."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from webapp.deidjobs.forms import LimitsForm
from webapp.deidjobs.limits import limits_of, newest_limits, set_limits, words_of
from webapp.studies.access import access_study
from webapp.studies.views import study_context


@login_required
@require_http_methods(["GET", "POST"])
def limits(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_deidentified")
    if request.method == "POST":
        access_study(request.user, slug, "manage_study")
    standing = limits_of(study)
    form = LimitsForm(request.POST if request.method == "POST" else None, initial=standing)
    if form.is_valid():
        reason = form.cleaned_data.pop("reason")
        set_limits(study=study, actor=request.user, values=form.cleaned_data, reason=reason)
        messages.success(request, "The limits count for every version that is measured from now on.")
        return redirect("deidjobs:limits", slug=study.slug)
    context = study_context(request, study, "encounters") | {
        "form": form,
        "newest": newest_limits(study),
        "standing": words_of(standing),
        "history": study.release_limits.select_related("set_by"),
    }
    return render(request, "deidjobs/limits.html", context, status=422 if form.is_bound else 200)
