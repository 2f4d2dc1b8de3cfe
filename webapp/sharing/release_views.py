"""One release in the browser: what is in it, who got it, its recall, and everything that is done to it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.core.errors import AppError, Conflict
from webapp.jobs import lists
from webapp.jobs.services import cancel_job
from webapp.sharing.access import access_recall, access_recipient, access_release
from webapp.sharing.building import start_build
from webapp.sharing.forms import ConfirmForm, RecallForm, RecipientForm, ReleaseForm
from webapp.sharing.models import Release
from webapp.sharing.notices import mail_address, recipients_text
from webapp.sharing.queries import recalls_of
from webapp.sharing.recalling import acknowledge, recall_release
from webapp.sharing.services import discard_release, edit_release, record_recipient
from webapp.sharing.views import WORDS, may_begin
from webapp.studies.lists import PAGE_SIZE
from webapp.studies.views import signed_in_user, study_context


@login_required
@require_GET
def release(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    return _show(request, access_release(request.user, slug, version, "view_releases"))


@login_required
@require_POST
def build(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    found = access_release(request.user, slug, version, "share_releases")
    _say(request, "The build is queued.", lambda: start_build(actor=request.user, release=found))
    return redirect(found)


@login_required
@require_POST
def cancel(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Stop the build of a release; nothing is left of it."""
    found = access_release(request.user, slug, version, "share_releases")

    def stop() -> None:
        if found.job is None:
            raise Conflict("This release is not being built.")
        cancel_job(job=found.job, actor=request.user, study_id=found.study_id)

    _say(request, "The build stops.", stop)
    return redirect(found)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Change the words of a release that was never packed."""
    found = access_release(request.user, slug, version, "share_releases")
    if not found.is_discardable:
        messages.error(request, "The words of a release can be changed until it is built.")
        return redirect(found)
    words = {name: getattr(found, name) for name in WORDS}
    form = ReleaseForm(request.POST if request.method == "POST" else None, initial=words)
    if form.is_valid():
        actor, values = signed_in_user(request), form.cleaned_data
        _say(
            request,
            "The words are changed.",
            lambda: edit_release(actor=actor, release=found, **values),
        )
        return redirect(found)
    context = study_context(request, found.study, "releases") | {"release": found, "form": form}
    return render(request, "sharing/release_edit.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def discard(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    found = access_release(request.user, slug, version, "share_releases")
    form = ConfirmForm(request.POST, release=found, prefix="discard")
    if not form.is_valid():
        return _show(request, found, discarding=form)
    try:
        discard_release(actor=request.user, release=found)
    except AppError as error:
        messages.error(request, error.message)
        return redirect(found)
    messages.success(request, f"Release {found.version} is discarded.")
    return redirect("sharing:releases", slug=slug)


@login_required
@require_POST
def recipient_new(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Write down who got the package."""
    found = access_release(request.user, slug, version, "share_releases")
    form = RecipientForm(request.POST, release=found)
    if not form.is_valid():
        return _show(request, found, giving=form)
    actor, values = signed_in_user(request), form.cleaned_data
    _say(
        request,
        f"{values['organisation']} is written down. A recall will ask them to destroy it.",
        lambda: record_recipient(actor=actor, release=found, **values),
    )
    return redirect(found)


@login_required
@require_POST
def recall(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """Call a whole release back because something in it is wrong."""
    found = access_release(request.user, slug, version, "share_releases")
    form = RecallForm(request.POST, release=found, prefix="recall")
    if not form.is_valid():
        return _show(request, found, recalling=form)
    actor, note = signed_in_user(request), form.cleaned_data["note"]
    _say(
        request,
        "The release is recalled and its package deleted here.",
        lambda: recall_release(actor=actor, release=found, note=note),
    )
    return redirect(found)


@login_required
@require_POST
def acknowledgement_new(request: HttpRequest, slug: str, version: int, pk: UUID) -> HttpResponse:
    """Write down that a recipient destroyed what was called back."""
    called = access_recall(request.user, slug, version, pk, "share_releases")
    whose = access_recipient(called.release, request.POST.get("recipient", ""))
    actor, note = signed_in_user(request), request.POST.get("note", "").replace("\0", "").strip()[:200]
    _say(
        request,
        f"The answer of {whose} is recorded.",
        lambda: acknowledge(actor=actor, recall=called, recipient=whose, note=note),
    )
    return redirect(called.release)


@login_required
@require_GET
def recall_text(request: HttpRequest, slug: str, version: int, pk: UUID, recipient: int) -> HttpResponse:
    """Show what to write to a recipient of a recalled release."""
    called = access_recall(request.user, slug, version, pk, "share_releases")
    whose = access_recipient(called.release, recipient)
    text = recipients_text(called, whose)
    context = study_context(request, called.release.study, "releases") | {
        "release": called.release,
        "recipient": whose,
        "text": text,
        "mail_address": mail_address(called, whose, text),
    }
    return render(request, "sharing/recall_text.html", context)


def _say(request: HttpRequest, done: str, act: Callable[[], object]) -> None:
    """Do something and tell how it went."""
    try:
        act()
    except AppError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)


def _show(
    request: HttpRequest,
    found: Release,
    *,
    giving: RecipientForm | None = None,
    recalling: RecallForm | None = None,
    discarding: ConfirmForm | None = None,
) -> HttpResponse:
    items = found.items.select_related("recalled")
    page = Paginator(items, PAGE_SIZE).get_page(request.GET.get("page"))
    context = study_context(request, found.study, "releases") | {
        "release": found,
        "row": lists.rows_of([found.job])[0] if found.job and not found.was_packed else None,
        "page": page,
        "people": found.people.count(),
        "recipients": found.recipients.select_related("recorded_by"),
        "recalls": recalls_of(found),
        "is_standing": items.filter(recalled=None).exists(),
        "versions": found.study.releases.defer("description", "terms", "licence")[:PAGE_SIZE],
        "may_begin": may_begin(request, found.study),
        "giving": giving or RecipientForm(release=found),
        "recalling": recalling or RecallForm(release=found, prefix="recall"),
        "discarding": discarding or ConfirmForm(release=found, prefix="discard"),
    }
    status = 422 if giving or recalling or discarding else 200
    return render(request, "sharing/release.html", context, status=status)
