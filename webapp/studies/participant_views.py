"""Participants in the browser: the list, one more, and many from a file."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.core.signing import BadSignature, dumps, loads
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.core.errors import AppError, Invalid
from webapp.studies.access import access_study, site_of
from webapp.studies.attributes import define_attribute
from webapp.studies.encounters import GIVEN
from webapp.studies.importing import COLUMNS, Fate, fates, import_participants, read_rows
from webapp.studies.lists import PAGE_SIZE, ParticipantList, saved_views
from webapp.studies.models import Study
from webapp.studies.participant_forms import AttributeForm, ImportForm, ParticipantForm
from webapp.studies.services import add_participant
from webapp.studies.views import signed_in_user, study_context

SALT = "participants-import"


@login_required
@require_GET
def participants(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_participants")
    filters = ParticipantList(request.GET, study=study)
    found = filters.found(request.user, study)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "participants") | {
        "filters": filters,
        "filtered": bool(filters.chosen()),
        "page": page,
        "attributes": list(study.attributes.all()),
        "reasons": [(one.value, one.label) for one in GIVEN],
        "views": saved_views(request.user, study, "participants"),
    }
    return render(request, "studies/participants.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def participant_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_participants")
    form = ParticipantForm(request.POST or None, study=study, user=request.user)
    if request.method == "POST" and form.is_valid():
        site = site_of(request.user, study) or form.cleaned_data.get("site")
        participant = add_participant(actor=signed_in_user(request), study=study, site=site, **form.values())
        messages.success(request, f"Participant {participant.code} added. Now record what they consent to.")
        return redirect("consent:record", slug=study.slug, code=participant.code)
    context = study_context(request, study, "participants") | {"form": form}
    return render(request, "studies/participant_new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def participant_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what would become of each row of a file; import the rows that were shown, when asked to."""
    study = access_study(request.user, slug, "manage_participants")
    if request.method == "GET":
        return _import_page(request, study, ImportForm())
    try:
        rows = _rows_shown(request) if "rows" in request.POST else None
        form = ImportForm(request.POST, request.FILES)
        if rows is None and form.is_valid():
            rows = read_rows(form.cleaned_data["file"].read())
        if rows is None:
            return _import_page(request, study, form)
        found = fates(study, rows, site_of(request.user, study))
        if "rows" not in request.POST:
            return _import_page(request, study, ImportForm(), found=found)
        added = import_participants(actor=signed_in_user(request), study=study, found=found)
    except AppError as error:
        form = ImportForm({})
        form.full_clean()
        form.errors.clear()
        form.add_error("file", error.message)
        return _import_page(request, study, form)
    context = study_context(request, study, "participants") | {"added": zip(found, added, strict=True)}
    return render(request, "studies/imported.html", context)


@login_required
@require_POST
def attribute_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_study")
    form = AttributeForm(request.POST, study=study)
    if not form.is_valid():
        return _import_page(request, study, ImportForm(), attribute_form=form)
    define_attribute(actor=signed_in_user(request), study=study, **form.cleaned_data)
    messages.success(request, "The attribute is part of the protocol now.")
    return redirect("studies:participant_import", slug=slug)


def _rows_shown(request: HttpRequest) -> list[dict[str, str]]:
    try:
        rows: list[dict[str, str]] = loads(request.POST["rows"], salt=SALT, max_age=3600)
    except BadSignature:
        raise Invalid("The preview is older than an hour. Choose the file again.") from None
    return rows


def _import_page(
    request: HttpRequest,
    study: Study,
    form: ImportForm,
    found: list[Fate] | None = None,
    attribute_form: AttributeForm | None = None,
) -> HttpResponse:
    attributes = list(study.attributes.all())
    context = study_context(request, study, "participants") | {
        "form": form,
        "attribute_form": attribute_form or AttributeForm(study=study),
        "attributes": attributes,
        "columns": [*COLUMNS, *(one.name for one in attributes)],
        "found": found,
        "good": bool(found) and all(fate.good for fate in found or ()),
        "bad_count": sum(not fate.good for fate in found or ()),
        "signed_rows": dumps([fate.cells for fate in found], salt=SALT, compress=True) if found else "",
    }
    refused = bool(form.errors or (attribute_form and attribute_form.errors))
    return render(request, "studies/import.html", context, status=422 if refused else 200)
