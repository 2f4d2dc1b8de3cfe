"""The page on which a study asks to keep identity embeddings, and their way out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.analysis import schemas
from webapp.analysis.access import access_run
from webapp.analysis.forms import WishForm
from webapp.analysis.identities import (
    count_kept,
    identities_of,
    newest_wish,
    record_export,
    set_wish,
)
from webapp.studies.access import access_study
from webapp.studies.views import signed_in_user, study_context


@login_required
@require_http_methods(["GET", "POST"])
def wish(request: HttpRequest, slug: str) -> HttpResponse:
    study = access_study(request.user, slug, "view_results")
    if request.method == "POST":
        access_study(request.user, slug, "manage_study")
    form = WishForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = set_wish(study=study, actor=signed_in_user(request), **form.cleaned_data)
        messages.success(
            request,
            "Kept from the next analysis on, once the study is approved."
            if made.is_kept
            else "Not kept any more; those kept go.",
        )
        return redirect("analysis:identities", slug=study.slug)
    newest = newest_wish(study.pk)
    context = study_context(request, study, "protocol") | {
        "form": form,
        "is_kept": newest is not None and newest.is_kept,
        "kept": count_kept(study),
        "history": study.identity_wishes.select_related("set_by"),
    }
    return render(request, "analysis/identities.html", context, status=422 if form.is_bound else 200)


class Identities(APIView):
    @extend_schema(
        responses=schemas.IdentitiesOutput, summary="Identity embeddings kept with a run, where a study asks"
    )
    def get(self, request: Request, pk: UUID) -> Response:
        run = access_run(request.user, pk, "manage_study")
        found = identities_of(run)
        record_export(run=run, actor=request.user, cameras=sorted(found))
        return Response({"identities": found}, headers={"Cache-Control": "private, no-store"})
