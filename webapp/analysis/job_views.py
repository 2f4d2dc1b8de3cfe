"""The jobs of a study: what runs, what failed and why, and analysing everything that is left."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp import engines
from webapp.analysis.access import access_job
from webapp.analysis.batches import plan_batch, start_batch
from webapp.analysis.queries import encounters_by_id, jobs_of_study
from webapp.jobs import bulk, lists
from webapp.jobs.batches import mark_seen
from webapp.jobs.models import Batch, Segment
from webapp.jobs.views import choice_context
from webapp.studies.access import access_study, needs_of, site_of
from webapp.studies.views import study_context

PAGE_SIZE = 50


@login_required
@require_GET
def jobs(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_jobs")
    choice = lists.read_choice(request.GET)
    all_jobs = jobs_of_study(request.user, study)
    page = Paginator(choice.narrow(all_jobs), PAGE_SIZE).get_page(request.GET.get("page"))
    batch = Batch.objects.filter(pk=choice.batch, study_id=study.pk).first() if choice.batch else None
    if batch is not None:
        mark_seen(batch, request.user.pk)
    context = study_context(request, study, "jobs") | {
        "page": page,
        "rows": lists.rows_of(page, encounters_by_id(page)),
        "figures": lists.figures_of(choice.narrow(all_jobs) if batch else all_jobs),
        "failures": lists.failures_of(all_jobs),
        "batch": batch,
        "may_steer": "run_analysis" in needs_of(request.user, study),
        **choice_context(choice),
    }
    return render(request, "analysis/jobs.html", context)


@login_required
@require_POST
def bulk_action(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "run_analysis")
    chosen = bulk.chosen_jobs(jobs_of_study(request.user, study), request.POST)
    action = request.POST.get("action", "")
    outcome = bulk.act_on(chosen, action=action, actor=request.user, study_of=lambda _: study.pk)
    messages.success(request, str(outcome))
    return redirect("analysis:jobs", study.slug)


@login_required
@require_GET
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    found, encounter = access_job(request.user, pk, "view_jobs")
    context = study_context(request, encounter.study, "jobs") | {
        "row": lists.rows_of([found], {encounter.pk: encounter})[0],
        "segments": Segment.objects.filter(job=found),
    }
    return render(request, "analysis/job_page.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def batch_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a batch would do for the chosen model, and begin it."""
    study = access_study(request.user, slug, "run_analysis")
    given = request.POST if request.method == "POST" else request.GET
    model = given.get("model") or engines.default_model()
    site = site_of(request.user, study)
    if request.method == "POST":
        batch, count = start_batch(study=study, model=model, actor=request.user, site=site)
        messages.success(request, f"{count} analyses queued. You may close this page; Home tells the end.")
        return redirect(f"{reverse('analysis:jobs', args=[study.slug])}?batch={batch.pk}")
    context = study_context(request, study, "jobs") | {
        "plan": plan_batch(study, model, site),
        "models": engines.known_models(),
    }
    return render(request, "analysis/batch_new.html", context)
