"""Drafting releases, writing down who got them, and moving them from state to state."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.jobs.services import Actor
from webapp.sharing.models import Recipient, Release
from webapp.sharing.states import NEVER_PACKED, ONCE_READY, ReleaseState, states_before
from webapp.studies.models import Study
from webapp.studies.services import require_activity


@transaction.atomic
def draft_release(
    *, actor: Actor, study: Study, title: str, description: str, terms: str, licence: str
) -> Release:
    """Begin the study's next version. Raises Conflict when the study's state does not allow sharing."""
    require_activity(study, "share")
    lock_study(study)
    highest = study.releases.aggregate(highest=Max("version"))["highest"] or 0
    release = Release.objects.create(
        study=study,
        version=highest + 1,
        title=title,
        description=description,
        terms=terms,
        licence=licence,
        created_by_id=getattr(actor, "pk", None),
    )
    _record(actor, "release.drafted", release)
    return release


@transaction.atomic
def edit_release(*, actor: Actor, release: Release, **words: str) -> Release:
    """Change what a release says of itself while nobody can have read it. Raises Conflict for one that is
    being built, or of which there was a package.
    """
    changed = {name: text for name, text in words.items() if getattr(release, name) != text}
    same = Release.objects.filter(pk=release.pk, state__in=NEVER_PACKED)
    if not (same.update(**changed) if changed else same.exists()):
        raise Conflict("The words of a release can be changed until it is built; make a new version of it.")
    if changed:
        _record(actor, "release.edited", release, {"fields": sorted(changed)})
    release.refresh_from_db()
    return release


@transaction.atomic
def discard_release(*, actor: Actor, release: Release) -> None:
    """Throw away a release of which there never was a package. Raises Conflict for any other."""
    _record(actor, "release.discarded", release)
    gone, _ = Release.objects.filter(pk=release.pk, state__in=NEVER_PACKED).delete()
    if not gone:
        raise Conflict("Only a draft, or a release whose build failed, can be discarded.")


@transaction.atomic
def record_recipient(
    *,
    actor: User,
    release: Release,
    organisation: str,
    email: str,
    purpose: str,
    agreement: str,
    given_on: datetime.date,
) -> Recipient:
    """Write down who got a package; also of one that is recalled, so that they can be told.

    Raises Conflict while there was none to give, Invalid for a day on which there was none.
    """
    newest = Release.objects.select_for_update().get(pk=release.pk)
    if newest.state not in ONCE_READY or newest.made_at is None:
        raise Conflict("There is no package yet that anybody could have got.")
    if not timezone.localdate(newest.made_at) <= given_on <= timezone.localdate():
        raise Invalid(
            "Expected a day between the making of the package and today.",
            fields={"given_on": ["Choose a day between the making of the package and today."]},
        )
    recipient = Recipient.objects.create(
        release=release,
        organisation=organisation,
        email=email,
        purpose=purpose,
        agreement=agreement,
        given_on=given_on,
        recorded_by=actor,
    )
    _record(actor, "release.given", release, {"recipient": recipient.pk})
    return recipient


def move(release: Release, to: ReleaseState, **values: Any) -> bool:
    """Take a release to a state that its own leads to; False when another was faster."""
    before = Release.objects.filter(pk=release.pk, state__in=states_before(to))
    return bool(before.update(state=to, **values))


def lock_study(study: Study) -> None:
    """Have whoever packs or recalls something of the study next wait for the end of this transaction."""
    Study.objects.select_for_update().get(pk=study.pk)


def _record(actor: Actor, action: str, release: Release, details: Mapping[str, Any] | None = None) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=release,
        study_id=release.study_id,
        details={"version": release.version, **(details or {})},
    )
