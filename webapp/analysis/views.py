"""The page of an encounter with its timeline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from webapp import engines
from webapp.analysis.access import access_run
from webapp.analysis.correcting import save_rules
from webapp.analysis.forms import RulesForm
from webapp.analysis.models import UNMOVED, AnalysisRun, PersonCorrection
from webapp.analysis.queries import is_of, latest_run, recordings_now, rule_languages, rules_of
from webapp.analysis.showing import is_doctor_of, shown_to
from webapp.analysis.state import encounter_state, run_state
from webapp.analysis.timelines import timeline
from webapp.analysis.who import clock_of, people_of, runs_of, suggestions_of
from webapp.core.errors import NotFound
from webapp.recordings.models import Camera
from webapp.recordings.names import ACCEPTED
from webapp.recordings.queries import unfinished_uploads
from webapp.studies.access import access_encounter, access_study, needs_of
from webapp.studies.models import Encounter
from webapp.studies.views import study_context

#: What a page sends at once: a lost line costs at most this much, and a request stays short.
CHUNK_BYTES = 4 * 1024 * 1024


@login_required
@require_GET
def encounter(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = access_encounter(request.user, pk, "view_encounter")
    needs = needs_of(request.user, found.study)
    run = _chosen_run(request, found) if "view_results" in needs else None
    state = encounter_state(request.user, found)
    shown = timeline(run, request.user) if run else None
    context = study_context(request, found.study, "encounters") | {
        "encounter": found,
        "state": state,
        "cameras": [_camera_context(camera, found, state, run) for camera in Camera],
        "run": run,
        "shown": run_state(run, recordings_now(found)) if run else None,
        "runs": runs_of(found, run) if run else [],
        "people": people_of(run) if run else [],
        "is_newest": bool(run and state["run"] and state["run"]["id"] == str(run.pk)),
        "suggestions": suggestions_of(run, request.user) if run else [],
        "correction_roles": PersonCorrection.Role.choices,
        "clock": clock_of(found, run) if run else None,
        "models": engines.known_models() if "run_analysis" in needs else (),
        "default_model": engines.default_model() if "run_analysis" in needs else "",
        "timeline": shown,
        "calibratable": [lane["camera"] for lane in shown["lanes"]] if shown else [],
        "only_you": is_doctor_of(found, request.user) and bool(shown_to(None, found).kept),
        "accepted_suffixes": ",".join(sorted(ACCEPTED)),
        "max_upload_bytes": settings.MAX_UPLOAD_BYTES,
        "chunk_bytes": CHUNK_BYTES,
    }
    return render(request, "analysis/encounter.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_results")
    if request.method == "POST":
        access_study(request.user, slug, "run_analysis")
    newest = rules_of(study)
    standing = newest.text if newest else engines.shipped_rules()
    form = RulesForm(request.POST if request.method == "POST" else None, initial={"text": standing})
    if form.is_valid():
        made = save_rules(study=study, actor=request.user, text=form.cleaned_data["text"])
        messages.success(request, f"Empathy rules saved as {made}. They count from the next analysis on.")
        return redirect("analysis:rules", slug=study.slug)
    language = request.GET.get("language", "en")[:12]
    context = study_context(request, study, "rules") | {
        "form": form,
        "newest": newest,
        "versions": study.rule_sets.select_related("made_by"),
        "rules": engines.check_rules(standing, language=language),
        "language": language,
        "languages": rule_languages(study),
    }
    return render(request, "analysis/rules.html", context, status=422 if form.is_bound else 200)


def _chosen_run(request: HttpRequest, encounter: Encounter) -> AnalysisRun | None:
    """Return the run of ?run=…, the newest without one. Raises NotFound for another encounter's."""
    wanted = request.GET.get("run")
    if not wanted:
        return latest_run(encounter)
    try:
        run = access_run(request.user, UUID(wanted), "view_results")
    except ValueError:
        raise NotFound from None
    if run.encounter_id != encounter.pk:
        raise NotFound
    return run


def _camera_context(
    camera: Camera, encounter: Encounter, state: dict[str, Any], run: AnalysisRun | None
) -> dict[str, object]:
    """Return one camera's newest ready recording, what came after it, and an upload that can go on."""
    own = [recording for recording in state["recordings"] if recording["camera"] == camera.value]
    newest = own[0] if own else None
    ready = next((recording for recording in own if recording["state"] == "ready"), None)
    shows_it = run is not None and ready is not None and is_of(run, ready["id"], camera.value)
    return {
        "name": camera.value,
        "label": camera.label,
        "ready": ready,
        "is_analysed": shows_it,
        "pending": newest if newest and newest["state"] != "ready" else None,
        "upload": unfinished_uploads(encounter).filter(camera=camera).first(),
        "clock": run.clock_of(camera.value) if run and shows_it else UNMOVED,
    }
