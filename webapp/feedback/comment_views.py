"""Answering, changing and deleting comments, from the encounter's page and from the doctor's feedback."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.feedback import comments
from webapp.feedback.access import access_comment
from webapp.feedback.forms import AnswerForm, CommentForm
from webapp.feedback.models import Comment
from webapp.studies.access import access_encounter
from webapp.studies.models import Encounter
from webapp.studies.views import study_context


@login_required
@require_POST
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    encounter = access_encounter(request.user, pk, "view_results")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, encounter, form, reverse("feedback:comment_answer", args=[pk]))
    comments.answer_comment(actor=_user(request), encounter=encounter, **form.cleaned_data)
    return _back(request, encounter)


@login_required
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    found = access_comment(request.user, pk)
    form = CommentForm(request.POST if request.method == "POST" else None, initial={"text": found.text})
    if not form.is_valid():
        return _page(request, found.encounter, form, reverse("feedback:comment_change", args=[pk]))
    comments.change_comment(actor=_user(request), comment=found, text=form.cleaned_data["text"])
    return _back(request, found.encounter)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    found: Comment = access_comment(request.user, pk)
    comments.delete_comment(actor=_user(request), comment=found)
    messages.success(request, "The comment is deleted.")
    return _back(request, found.encounter)


def _page(
    request: HttpRequest, encounter: Encounter, form: CommentForm | AnswerForm, action: str
) -> HttpResponse:
    context = study_context(request, encounter.study, "encounters") | {
        "encounter": encounter,
        "form": form,
        "action": action,
        "back": _place(request),
    }
    return render(request, "feedback/comment.html", context, status=422 if form.is_bound else 200)


def _back(request: HttpRequest, encounter: Encounter) -> HttpResponse:
    if _place(request) == "feedback":
        return redirect(reverse("feedback:session", args=[encounter.pk]) + "#comments")
    return redirect(f"{encounter.get_absolute_url()}#comments")


def _place(request: HttpRequest) -> str:
    """Return which page the reader came from, as its forms and links say."""
    return request.POST.get("back") or request.GET.get("back", "")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
