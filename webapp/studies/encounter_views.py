"""Encounters in the browser: the list with what can be done to many at once, and one more."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.core.errors import AppError
from webapp.studies import services
from webapp.studies.access import access_study, site_of, visible_encounters
from webapp.studies.encounters import GIVEN, exclude_encounters, include_encounters
from webapp.studies.forms import EncounterForm
from webapp.studies.lists import PAGE_SIZE, EncounterList, saved_views
from webapp.studies.models import SavedView
from webapp.studies.views import came_from, signed_in_user, study_context

MOST_VIEWS = 20
#: Lists whose views can be saved, and their addresses.
LISTS = {
    "encounters": "studies:encounters",
    "participants": "studies:participants",
    "board": "consent:board",
}


class BulkForm(forms.Form):
    """What to do to the chosen encounters."""

    action = forms.ChoiceField(choices=[("exclude", "exclude"), ("include", "include")])
    chosen = forms.TypedMultipleChoiceField(coerce=UUID)
    reason = forms.ChoiceField(choices=[(one.value, one.label) for one in GIVEN], required=False)
    note = forms.CharField(max_length=200, required=False)


@login_required
@require_GET
def encounters(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_study")
    filters = EncounterList(request.GET, study=study)
    page = Paginator(filters.found(request.user, study), PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "encounters") | {
        "filters": filters,
        "filtered": bool(filters.chosen()),
        "page": page,
        "reasons": [(one.value, one.label) for one in GIVEN],
        "views": saved_views(request.user, study, "encounters"),
    }
    return render(request, "studies/encounters.html", context)


@login_required
@require_POST
def encounters_change(request: HttpRequest, slug: str) -> HttpResponse:
    """Exclude or include the chosen encounters, and return to the list as it was."""
    study = access_study(request.user, slug, "create_encounter")
    form = BulkForm(request.POST)
    mine = visible_encounters(request.user).filter(study=study)
    field = form.fields["chosen"]
    assert isinstance(field, forms.TypedMultipleChoiceField)
    wanted = [one for one in request.POST.getlist("chosen") if len(one) == 36][:PAGE_SIZE]
    field.choices = [(one, one) for one in wanted]
    back = came_from(request, reverse("studies:encounters", args=[slug]))
    if not form.is_valid():
        messages.error(request, "Choose at least one encounter, and what to do with it.")
        return redirect(back)
    chosen, actor = mine.filter(pk__in=form.cleaned_data["chosen"]), signed_in_user(request)
    try:
        if form.cleaned_data["action"] == "include":
            count = include_encounters(actor=actor, study=study, encounters=chosen)
        else:
            reason, note = form.cleaned_data["reason"], form.cleaned_data["note"]
            count = exclude_encounters(actor=actor, study=study, encounters=chosen, reason=reason, note=note)
    except AppError as error:
        messages.error(request, error.message)
    else:
        done = "excluded" if form.cleaned_data["action"] == "exclude" else "taken in again"
        messages.success(request, f"{count} encounter{'' if count == 1 else 's'} {done}.")
    return redirect(back)


@login_required
@require_http_methods(["GET", "POST"])
def encounter_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "create_encounter")
    form = EncounterForm(request.POST or None, study=study, user=request.user)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        values["site"] = site_of(request.user, study) or values.get("site")
        encounter = services.create_encounter(actor=signed_in_user(request), study=study, **values)
        messages.success(request, f"Encounter {encounter.code} created. Now add its camera files.")
        return redirect(encounter)
    context = study_context(request, study, "encounters") | {"form": form}
    return render(request, "studies/encounter_new.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def view_save(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep the filters and order of a list under a name, or forget them, for this person alone."""
    study = access_study(request.user, slug, "view_study")
    page = request.POST.get("page_name", "")
    if page not in LISTS:
        messages.error(request, "There is no such list.")
        return redirect(study)
    mine = SavedView.objects.filter(user=signed_in_user(request), study=study, page=page)
    if forget := request.POST.get("forget", ""):
        mine.filter(name=forget[:40]).delete()
    name, query = request.POST.get("name", "").strip()[:40], request.POST.get("query", "")[:500]
    if name and mine.count() < MOST_VIEWS:
        SavedView.objects.update_or_create(
            user=signed_in_user(request), study=study, page=page, name=name, defaults={"query": query}
        )
    address = reverse(LISTS[page], args=[slug])
    return redirect(f"{address}?{query}" if query else address)
