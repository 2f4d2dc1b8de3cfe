"""All jobs of the site, for its staff. They say nothing about whom a job is about."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from webapp.core.errors import NotFound
from webapp.jobs import bulk, lists
from webapp.jobs.models import Job, JobState
from webapp.jobs.registry import known_kinds

PAGE_SIZE = 50


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    _require_staff(request)
    choice = lists.read_choice(request.GET)
    page = Paginator(choice.narrow(Job.objects.all()), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": lists.rows_of(page),
        "figures": lists.figures_of(Job.objects.all()),
        "workers": lists.workers_at_work(),
        "failures": lists.failures_of(Job.objects.all()),
        "may_steer": True,
        **choice_context(choice),
    }
    return render(request, "jobs/overview.html", context)


@login_required
@require_POST
def bulk_action(request: HttpRequest) -> HttpResponse:
    _require_staff(request)
    chosen = bulk.chosen_jobs(Job.objects.all(), request.POST)
    outcome = bulk.act_on(
        chosen, action=request.POST.get("action", ""), actor=request.user, study_of=lambda _: None
    )
    messages.success(request, str(outcome))
    return redirect("jobs:overview")


def choice_context(choice: lists.Choice) -> dict[str, object]:
    """Return what the filters of a list of jobs need."""
    return {
        "choice": choice,
        "states": JobState.choices,
        "kinds": [(kind.name, kind.label) for kind in known_kinds()],
    }


def _require_staff(request: HttpRequest) -> None:
    """Raise NotFound to everybody but staff, as for an address that is not there."""
    if not getattr(request.user, "is_staff", False):
        raise NotFound
