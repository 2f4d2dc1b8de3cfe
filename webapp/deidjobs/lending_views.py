"""Faces for averaging: how many agreed and are ready, and the button that makes those that are missing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from webapp import engines
from webapp.deidjobs.lending import failures_in, plan_lending, start_lending
from webapp.deidjobs.means import PURPOSE
from webapp.studies.access import access_study, site_of, visible_encounters
from webapp.studies.views import study_context


@login_required
@require_http_methods(["GET", "POST"])
def faces(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "run_deidentification")
    site = site_of(request.user, study)
    if request.method == "POST":
        _, count = start_lending(study=study, actor=request.user, site=site)
        words = "1 face is" if count == 1 else f"{count} faces are"
        messages.success(request, f"{words} being made. You may close this page; Home tells the end.")
        return redirect("deidjobs:faces", slug=study.slug)
    plan = plan_lending(study, site=site)
    _, usual = engines.ks_of_means()
    context = study_context(request, study, "encounters") | {
        "plan": plan,
        "usual": usual,
        "needed": usual + 1,
        "missing": usual + 1 - plan.ready,
        "purpose": PURPOSE.label,
        "failed": failures_in(visible_encounters(request.user).filter(study=study)),
    }
    return render(request, "deidjobs/faces.html", context)
