"""The audit trail of a study: who saw, changed and exported what, to search and to take along."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from webapp.core import audit
from webapp.core.csv_files import csv_answer
from webapp.core.errors import Forbidden
from webapp.core.models import AuditEvent
from webapp.studies.access import Someone, access_study, site_of
from webapp.studies.models import Study
from webapp.studies.views import study_context

PAGE_SIZE = 100
COLUMNS = ("number", "at", "actor", "action", "target_type", "target_id", "reason", "details", "hash")


class AuditFilter(forms.Form):
    """What to look for; a value that makes no sense counts as none."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    action = forms.CharField(required=False, max_length=80)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def found(self, study: Study) -> QuerySet[AuditEvent]:
        """Return the matching events of the study, newest first."""
        chosen = self.chosen()
        events = AuditEvent.objects.filter(study_id=study.pk).select_related("actor").order_by("-pk")
        if "action" in chosen:
            events = events.filter(action=chosen["action"])
        if "since" in chosen:
            events = events.filter(at__gte=_midnight(chosen["since"]))
        if "until" in chosen:
            events = events.filter(at__lt=_midnight(chosen["until"] + datetime.timedelta(days=1)))
        for word in chosen.get("q", "").replace("\0", "").split():
            match = Q(action__icontains=word) | Q(target_type__icontains=word) | Q(target_id__icontains=word)
            events = events.filter(match | Q(actor__display_name__icontains=word) | Q(reason__icontains=word))
        return events


@login_required
@require_GET
def trail(request: HttpRequest, slug: str) -> HttpResponse:
    study = _access(request.user, slug)
    filters = AuditFilter(request.GET, auto_id="filter_%s")
    page = Paginator(filters.found(study), PAGE_SIZE).get_page(request.GET.get("page"))
    actions = AuditEvent.objects.filter(study_id=study.pk).order_by("action").values_list("action", flat=True)
    context = study_context(request, study, "audit") | {
        "filters": filters,
        "filtered": bool(filters.chosen()),
        "page": page,
        "actions": actions.distinct(),
    }
    return render(request, "studies/audit.html", context)


@login_required
@require_POST
def export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Return the matching events as CSV. Taking them out of the site is an event itself."""
    study = _access(request.user, slug)
    found = AuditFilter(request.POST).found(study).order_by("pk")
    last = found.values_list("pk", flat=True).last() or 0
    with transaction.atomic():
        audit.record(
            actor=request.user,
            action="audit.exported",
            target=study,
            study_id=study.pk,
            details={"upto": last},
        )
    return csv_answer(f"{study.slug}-audit.csv", COLUMNS, _rows(found.filter(pk__lte=last)))


def _access(user: Someone, slug: str) -> Study:
    study = access_study(user, slug, "view_audit")
    if site_of(user, study) is not None:
        raise Forbidden("The audit trail is of all sites; your membership is of one.")
    return study


def _rows(events: QuerySet[AuditEvent]) -> Iterator[tuple[object, ...]]:
    for event in events.iterator(chunk_size=1000):
        yield (
            event.pk,
            event.at.isoformat(),
            event.actor.display_name if event.actor else "",
            event.action,
            event.target_type,
            event.target_id,
            event.reason,
            json.dumps(event.details, sort_keys=True),
            event.hash,
        )


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
