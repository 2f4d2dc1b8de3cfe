"""Pages of a study. Each asks access.py first and hands the template what it shows."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from webapp.accounts.models import User
from webapp.core.waiting import waiting_for
from webapp.studies import services
from webapp.studies.access import Someone, access_study, needs_of, role_in, site_of, visible_participants
from webapp.studies.forms import EncounterForm, ParticipantForm
from webapp.studies.models import Study
from webapp.studies.protocol import missing_for_approval
from webapp.studies.queries import encounters_of, studies_with_counts
from webapp.studies.roles import Need
from webapp.studies.states import StudyState

PAGE_SIZE = 50


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    context = {"studies": studies_with_counts(request.user), "waiting": waiting_for(request)}
    return render(request, "studies/home.html", context)


@login_required
@require_GET
def study_list(request: HttpRequest) -> HttpResponse:
    return render(request, "studies/list.html", {"studies": studies_with_counts(request.user)})


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_study")
    encounters = encounters_of(request.user, study)
    context = study_context(request, study, "overview") | {
        "encounter_count": encounters.count(),
        "participant_count": study.participants.count(),
        "next_states": next_states(request.user, study),
        "missing": missing_for_approval(study) if study.state == StudyState.DRAFT else [],
        "latest": encounters[:5],
    }
    return render(request, "studies/overview.html", context)


@login_required
@require_GET
def encounters(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_study")
    search = request.GET.get("q", "").strip()
    page = Paginator(encounters_of(request.user, study, search), PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, study, "encounters") | {"page": page, "search": search}
    return render(request, "studies/encounters.html", context)


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
    status = 422 if form.is_bound else 200
    context = study_context(request, study, "encounters") | {"form": form}
    return render(request, "studies/encounter_new.html", context, status=status)


@login_required
@require_GET
def participants(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_participants")
    context = study_context(request, study, "participants") | {
        "participants": visible_participants(request.user, study)
        .select_related("user", "site")
        .prefetch_related("decisions")
    }
    return render(request, "studies/participants.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def participant_new(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "manage_participants")
    form = ParticipantForm(request.POST or None, study=study, user=request.user)
    if request.method == "POST" and form.is_valid():
        participant = services.add_participant(
            actor=signed_in_user(request),
            study=study,
            kind=form.cleaned_data["kind"],
            user=form.cleaned_data["account"],
            site=site_of(request.user, study) or form.cleaned_data.get("site"),
        )
        messages.success(request, f"Participant {participant.code} added. Now record what they consent to.")
        return redirect("consent:record", slug=study.slug, code=participant.code)
    status = 422 if form.is_bound else 200
    context = study_context(request, study, "participants") | {"form": form}
    return render(request, "studies/participant_new.html", context, status=status)


def next_states(user: Someone, study: Study) -> list[StudyState]:
    """Return where this user may take the study."""
    needs = needs_of(user, study)
    return [state for state, need in study.rule.leads_to.items() if need in needs]


def study_context(request: HttpRequest, study: Study, tab: str) -> dict[str, object]:
    """Return what every page of a study needs: the open tab, the user's role and what they may do."""
    needs: frozenset[Need] = needs_of(request.user, study)
    return {
        "study": study,
        "tab": tab,
        "role": role_in(request.user, study),
        "may": dict.fromkeys(needs, True),
    }


def signed_in_user(request: HttpRequest) -> User:
    """Return the user of a view that asks for a sign-in."""
    assert isinstance(request.user, User)
    return request.user
