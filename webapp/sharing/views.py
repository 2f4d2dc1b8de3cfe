"""Releases in the browser: the list, and a new one, whose plan is shown before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.core import audit
from webapp.core.csv_files import csv_answer
from webapp.core.errors import AppError
from webapp.sharing.building import start_build
from webapp.sharing.forms import ReleaseForm
from webapp.sharing.models import Release
from webapp.sharing.planning import LeftOut, ReleasePlan, plan_release
from webapp.sharing.queries import releases_of
from webapp.sharing.services import draft_release
from webapp.studies.access import access_study, needs_of
from webapp.studies.lists import PAGE_SIZE
from webapp.studies.models import Study
from webapp.studies.views import signed_in_user, study_context

#: So many of each group stand on the page; the file names all of them.
MOST_SHOWN = 50
PLANNED = ("encounter", "camera", "goes_in", "method", "sound", "timeline", "why_not")
WORDS = ("title", "description", "terms", "licence")


@login_required
@require_GET
def releases(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_releases")
    page = Paginator(releases_of(study), PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "releases") | {
        "page": page,
        "may_begin": may_begin(request, study),
    }
    return render(request, "sharing/releases.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def release_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what would go in and what not; draft the release, and begin to build it unless asked to wait."""
    study = access_study(request.user, slug, "share_releases")
    form = ReleaseForm(request.POST or None, initial=_words_of_newest(study))
    if request.method == "POST" and form.is_valid():
        try:
            release = _draft(request, study, form)
        except AppError as error:
            form.add_error(None, error.message)
        else:
            return redirect(release)
    plan = plan_release(study)
    context = study_context(request, study, "releases") | {
        "plan": plan,
        "shown": plan.encounters[:MOST_SHOWN],
        "left_out": _by_reason(plan),
        "most": MOST_SHOWN,
        "form": form,
        "may_begin": may_begin(request, study),
        "next_version": (study.releases.values_list("version", flat=True).first() or 0) + 1,
    }
    return render(request, "sharing/release_new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def plan_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Return what would go in, and what not and why, as CSV. Taking it along is an event itself."""
    study = access_study(request.user, slug, "share_releases")
    plan = plan_release(study)
    with transaction.atomic():
        audit.record(
            actor=request.user,
            action="release.plan_exported",
            target=study,
            study_id=study.pk,
            details={"videos": plan.videos, "left_out": len(plan.left_out)},
        )
    return csv_answer(f"{study.slug}-release-plan.csv", PLANNED, _rows(plan))


def may_begin(request: HttpRequest, study: Study) -> bool:
    """Return whether this person may make a release of the study in its present state."""
    return "share_releases" in needs_of(request.user, study) and "share" in study.rule.allows


@transaction.atomic
def _draft(request: HttpRequest, study: Study, form: ReleaseForm) -> Release:
    actor = signed_in_user(request)
    release = draft_release(actor=actor, study=study, **form.cleaned_data)
    if request.POST.get("action") == "draft":
        messages.success(request, f"Release {release.version} is drafted. Nothing is packed yet.")
        return release
    start_build(actor=actor, release=release)
    messages.success(request, f"Release {release.version} is queued. You may close this page.")
    return release


def _words_of_newest(study: Study) -> dict[str, str]:
    """Return the words of the study's newest release, for the next one seldom says something else."""
    return study.releases.values(*WORDS).first() or {}


def _by_reason(plan: ReleasePlan) -> list[tuple[str, int, list[LeftOut]]]:
    """Return for each reason how many recordings are left out, and the first of them; the commonest first."""
    in_order = sorted(plan.left_out, key=lambda one: one.why)
    groups = {why: list(ones) for why, ones in groupby(in_order, key=lambda one: one.why)}
    return [(why, count, groups[why][:MOST_SHOWN]) for why, count in plan.reasons.items()]


def _rows(plan: ReleasePlan) -> Iterator[tuple[str, ...]]:
    for one in plan.encounters:
        timeline = " ".join(sorted(one.analysed)) if one.run else ""
        for video in one.videos:
            camera = video.recording.camera
            yield (one.encounter.code, camera, "yes", video.method, video.audio, timeline, "")
    for left in plan.left_out:
        yield (left.encounter.code, left.camera, "no", "", "", "", left.why)
