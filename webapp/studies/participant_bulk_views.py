"""Many participants at once in the browser."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from webapp.core.csv_files import csv_answer
from webapp.core.errors import AppError
from webapp.studies.access import access_study, visible_encounters, visible_participants
from webapp.studies.encounters import exclude_encounters, include_encounters
from webapp.studies.lists import PAGE_SIZE, ParticipantList
from webapp.studies.models import Participant, Study
from webapp.studies.participant_bulk import (
    COLUMNS,
    ask_anew,
    encounters_with,
    export_participants,
    exported_rows,
)
from webapp.studies.views import came_from, signed_in_user


@login_required
@require_POST
def participants_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Do one thing to the chosen participants, and return to the list as it was."""
    study = access_study(request.user, slug, "manage_participants")
    chosen = _chosen(request, study)
    act = {"ask": _ask, "exclude": _exclude, "include": _include}.get(request.POST.get("action", ""))
    if act is None or not chosen.exists():
        messages.error(request, "Choose at least one participant, and what to do.")
    else:
        _say(request, lambda: act(request, study, chosen))
    return redirect(came_from(request, reverse("studies:participants", args=[slug])))


@login_required
@require_POST
def participants_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Return the chosen participants as CSV, or all who were found when none is."""
    study = access_study(request.user, slug, "manage_participants")
    people = _chosen(request, study)
    if not request.POST.getlist("chosen"):
        people = ParticipantList(request.POST, study=study).found(request.user, study)
    found = export_participants(actor=signed_in_user(request), study=study, participants=people)
    attributes = list(study.attributes.all())
    columns = (*COLUMNS, *(one.name for one in attributes))
    return csv_answer(f"{study.slug}-participants.csv", columns, exported_rows(found, attributes))


def _chosen(request: HttpRequest, study: Study) -> QuerySet[Participant]:
    codes = [code.replace("\0", "") for code in request.POST.getlist("chosen")[:PAGE_SIZE]]
    return visible_participants(request.user, study).filter(code__in=codes)


def _ask(request: HttpRequest, study: Study, chosen: QuerySet[Participant]) -> str:
    count = ask_anew(actor=signed_in_user(request), study=study, participants=chosen)
    said = f"{count} of {chosen.count()} stand in the queue of those to be asked anew."
    return said if count == chosen.count() else f"{said} The others do not agree now, so nothing is to renew."


def _exclude(request: HttpRequest, study: Study, chosen: QuerySet[Participant]) -> str:
    access_study(request.user, study.slug, "create_encounter")
    theirs = encounters_with(chosen) & visible_encounters(request.user)
    count = exclude_encounters(
        actor=signed_in_user(request),
        study=study,
        encounters=theirs,
        reason=request.POST.get("reason", ""),
        note=request.POST.get("note", "").replace("\0", "")[:200],
    )
    return f"{count} encounter{'' if count == 1 else 's'} excluded."


def _include(request: HttpRequest, study: Study, chosen: QuerySet[Participant]) -> str:
    access_study(request.user, study.slug, "create_encounter")
    theirs = encounters_with(chosen) & visible_encounters(request.user)
    count = include_encounters(actor=signed_in_user(request), study=study, encounters=theirs)
    return f"{count} encounter{'' if count == 1 else 's'} taken in again."


def _say(request: HttpRequest, act: Callable[[], str]) -> None:
    try:
        messages.success(request, act())
    except AppError as error:
        messages.error(request, error.message)
