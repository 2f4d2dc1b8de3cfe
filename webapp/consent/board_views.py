"""The board of consent in the browser."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from webapp.consent.board import EXPORTED, BoardForm, columns_of, exported_row, rows_of
from webapp.consent.queries import reconsent_queue
from webapp.core import audit
from webapp.core.csv_files import csv_answer
from webapp.studies.access import access_study
from webapp.studies.lists import PAGE_SIZE, saved_views
from webapp.studies.views import study_context


@login_required
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_audit")
    filters = BoardForm(request.GET, study=study)
    found = filters.found(request.user, study)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    due = reconsent_queue(study)
    context = study_context(request, study, "consent") | {
        "filters": filters,
        "filtered": bool(filters.chosen()),
        "page": page,
        "rows": rows_of(page.object_list),
        "columns": columns_of(found),
        "due": set(due.filter(pk__in=[one.pk for one in page.object_list]).values_list("pk", flat=True)),
        "views": saved_views(request.user, study, "board"),
    }
    return render(request, "consent/board.html", context)


@login_required
@require_POST
def board_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Return the chosen participants as CSV, or all who were found. Taking them along is an event itself."""
    study = access_study(request.user, slug, "view_audit")
    found = BoardForm(request.POST, study=study).found(request.user, study)
    if chosen := request.POST.getlist("chosen")[:PAGE_SIZE]:
        found = found.filter(code__in=[code.replace("\0", "") for code in chosen])
    rows = rows_of(found.select_related("site"))
    with transaction.atomic():
        audit.record(
            actor=request.user,
            action="consent.exported",
            target=study,
            study_id=study.pk,
            details={"participants": len(rows)},
        )
    return csv_answer(f"{study.slug}-consent.csv", EXPORTED, map(exported_row, rows))
