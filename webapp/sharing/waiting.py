"""What Home and a study remind of: recalls that nobody answered, releases to build, and those that failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone

from webapp.core.waiting import WaitingCount, WaitingItem
from webapp.sharing.models import Release
from webapp.sharing.queries import recalls_of, with_counts
from webapp.sharing.states import ReleaseState
from webapp.studies.access import Someone, studies_where
from webapp.studies.models import Study
from webapp.studies.roles import Need
from webapp.studies.states import states_that_allow

MOST = 20
#: So long a recall reminds of a new version; after that nobody seems to want one.
REMIND_FOR = timedelta(days=90)
NEED: Need = "share_releases"


def recalls_to_answer(user: Someone) -> Iterator[WaitingItem]:
    """Yield the recalled releases whose recipients have not all said that they destroyed theirs."""
    for release in _unanswered(Release.objects.filter(study__in=studies_where(user, NEED)))[:MOST]:
        rows = [row for row in recalls_of(release) if row.missing]
        if not rows:  # the last answer has just come
            continue
        due, late = min(row.due_on for row in rows), any(row.overdue for row in rows)
        yield WaitingItem(
            title=f"Recall of release {release.version}, {release.study.title}",
            detail=f"{release.unanswered} of {release.asked} answers are missing, due on {due:%-d %B %Y}.",
            url=release.get_absolute_url(),
            action="Write to them",
            urgency=0 if late else 1,
        )


def releases_to_build(user: Someone) -> Iterator[WaitingItem]:
    """Yield drafts and failed builds, and studies of which researchers have no version since a recall."""
    studies = studies_where(user, NEED).filter(state__in=states_that_allow("share"))
    for release in _to_build(Release.objects.filter(study__in=studies))[:MOST]:
        failed = release.state == ReleaseState.FAILED
        yield WaitingItem(
            title=f"Release {release.version} {'failed' if failed else 'waits to be built'}",
            detail=release.message if failed else release.study.title,
            url=release.get_absolute_url(),
            action="Look at it",
            urgency=1 if failed else 4,
        )
    for release in _without_successor(Release.objects.filter(study__in=studies))[:MOST]:
        yield WaitingItem(
            title=f"Build a new version of {release.title}",
            detail=f"Release {release.version} is recalled; the next one is without what was called back.",
            url=reverse("sharing:release_new", args=[release.study.slug]),
            action="See what goes in",
            urgency=3,
        )


def counts(user: Someone, study: Study) -> Iterator[WaitingCount]:
    if not studies_where(user, "view_releases").filter(pk=study.pk).exists():
        return
    url, mine = reverse("sharing:releases", args=[study.slug]), Release.objects.filter(study=study)
    missing = _unanswered(mine).aggregate(all=Sum("unanswered"))["all"] or 0
    yield WaitingCount("Recipients", "recalls to answer", missing, url)
    states = list(_to_build(mine).values_list("state", flat=True))
    yield WaitingCount("Coordinators", "drafted releases to build", states.count(ReleaseState.DRAFT), url)
    yield WaitingCount("Coordinators", "failed releases to look at", states.count(ReleaseState.FAILED), url)
    without = _without_successor(mine).count()
    yield WaitingCount("Coordinators", "recalled releases without a new version", without, url)


def _unanswered(releases: QuerySet[Release]) -> QuerySet[Any]:
    return with_counts(releases).filter(unanswered__gt=0).select_related("study").order_by("pk")


def _to_build(releases: QuerySet[Release]) -> QuerySet[Release]:
    waiting = releases.filter(state__in=(ReleaseState.DRAFT, ReleaseState.FAILED))
    return waiting.select_related("study").order_by("study", "version")


def _without_successor(releases: QuerySet[Release]) -> QuerySet[Release]:
    """Return the recalled releases that are the newest of their study."""
    newest = Release.objects.filter(study=OuterRef("study")).order_by("-version").values("version")[:1]
    recalled = releases.filter(state=ReleaseState.RECALLED, version=Subquery(newest))
    since = timezone.now() - REMIND_FOR
    return (
        recalled.annotate(called_at=Max("recalls__made_at"))
        .filter(called_at__gte=since)
        .select_related("study")
        .order_by("pk")
    )
