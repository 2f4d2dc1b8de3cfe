"""De-identify what is left: the counts first, then one click."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from webapp import engines
from webapp.deidjobs.batches import USUAL_METHOD, USUAL_SOUND, plan_hiding, start_hiding
from webapp.deidjobs.forms import METHOD_WORDS, SOUND_WORDS
from webapp.studies.access import access_study, site_of
from webapp.studies.views import study_context


@login_required
@require_http_methods(["GET", "POST"])
def batch_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a batch would do with the chosen method and sound, and begin it."""
    study = access_study(request.user, slug, "run_deidentification")
    given = request.POST if request.method == "POST" else request.GET
    method, audio = given.get("method") or USUAL_METHOD, given.get("audio") or USUAL_SOUND
    site = site_of(request.user, study)
    if request.method == "POST":
        batch, count = start_hiding(study=study, method=method, audio=audio, actor=request.user, site=site)
        messages.success(request, f"{count} recordings queued. You may close this page; Home tells the end.")
        return redirect(f"{reverse('analysis:jobs', args=[study.slug])}?batch={batch.pk}")
    context = study_context(request, study, "jobs") | {
        "plan": plan_hiding(study, method=method, audio=audio, site=site),
        "methods": METHOD_WORDS.items(),
        "sounds": [(name, words) for name, words in SOUND_WORDS.items() if name != engines.MARKED],
    }
    return render(request, "deidjobs/batch_new.html", context)
