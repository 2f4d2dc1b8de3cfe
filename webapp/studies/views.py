"""Pages of a study. Each asks access.py first and hands the template what it shows."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from webapp.accounts.models import User
from webapp.core.waiting import counts_waiting_in, waiting_for
from webapp.studies.access import Someone, access_study, needs_of, role_in, site_of, visible_participants
from webapp.studies.flow import flow_of
from webapp.studies.models import Study
from webapp.studies.protocol import missing_for_approval
from webapp.studies.queries import encounters_of, studies_with_counts, with_consent
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
    oversees = "view_audit" in needs_of(request.user, study)
    context = study_context(request, study, "overview") | {
        "encounter_count": encounters.count(),
        "participant_count": visible_participants(request.user, study).count(),
        "next_states": next_states(request.user, study),
        "missing": missing_for_approval(study) if study.state == StudyState.DRAFT else [],
        "latest": encounters[:5],
        "flow": flow_of(study, site_of(request.user, study)),
        "counts": counts_waiting_in(request.user, study) if oversees else [],
        "oversees": oversees,
        "consenting": _consenting(request.user, study) if oversees else 0,
    }
    return render(request, "studies/overview.html", context)


def _consenting(user: Someone, study: Study) -> int:
    return with_consent(visible_participants(user, study)).filter(Q(records=True)).count()


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


def came_from(request: HttpRequest, fallback: str) -> str:
    """Return the list that a form was sent from, with its filters; never an address elsewhere."""
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith(fallback)
    return back if is_ours else fallback


def signed_in_user(request: HttpRequest) -> User:
    """Return the user of a view that asks for a sign-in."""
    assert isinstance(request.user, User)
    return request.user
