"""What this app erases of what people gave to means of several faces, and what becomes of the means."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.core.encrypted_path import Place
from webapp.deidjobs.drawn import remains_drawn
from webapp.deidjobs.leaving import take_back
from webapp.deidjobs.lending import KIND, contribution_of
from webapp.deidjobs.means import FOLDER, PURPOSE, usable_contributions
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember
from webapp.jobs.models import UNFINISHED, Job
from webapp.recordings.models import Recording
from webapp.recordings.storage import derived_dir, entries
from webapp.studies.models import Encounter


def preview(scope: Scope) -> Iterator[Effect]:
    theirs = _of(scope)
    why = "Made of recordings, so that the face could be part of averages."
    yield Effect("delete", "faces for averaging", theirs.count(), why)
    made = Derivative.objects.filter(members__contribution__in=theirs).distinct().count()
    why = (
        "Their files are removed, and what was measured of them stays. Where enough others are left, new "
        "versions are made."
    )
    yield Effect("stop", "versions in whose face it is a part", made, why)


def erase(scope: Scope) -> list[Erased]:
    theirs = _to_erase(scope)
    gone = [Erased("face for averaging", str(one.pk), one.sha256, one.size_bytes) for one in theirs]
    take_back(theirs, MeanMember.Left.CONSENT)
    return gone


def remains(scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    if left := _to_erase(scope).count():
        yield f"{left} faces for averaging are still in the database"
    for path in files():
        if path.stem in erased:
            yield "a face for averaging is still in the storage"
            path.unlink(missing_ok=True)
    if not _ends(scope):
        return
    for path in _without_row(scope):
        yield "a face for averaging that nobody wrote down is still in the storage"
        path.unlink(missing_ok=True)
    study = Encounter.objects.filter(pk__in=scope.encounters).values("study")
    versions = Derivative.objects.filter(recording__encounter__study__in=study)
    yield from remains_drawn(erased, versions, scope.ended_at)


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    given = FaceContribution.objects.filter(recording__encounter__in=encounters)
    return Encounter.objects.filter(pk__in=given.values("recording__encounter"))


def left_with(scope: Scope) -> QuerySet[Derivative]:
    """Return the versions in whose face is what this scope takes back."""
    return Derivative.objects.filter(members__contribution__in=_of(scope)).distinct()


def made_without_consent() -> QuerySet[Derivative]:
    """Return the versions in whose face there is somebody who does not agree at this moment."""
    told = (MeanMember.Left.REPLACED, MeanMember.Left.CORRECTED)
    gone = MeanMember.objects.filter(contribution=None).exclude(left_because__in=told)
    lent = MeanMember.objects.exclude(contribution=None)
    lapsed = lent.exclude(contribution__in=usable_contributions().values("pk"))
    members = Q(pk__in=gone.values("derivative")) | Q(pk__in=lapsed.values("derivative"))
    return Derivative.objects.filter(members)


def made_in_error() -> QuerySet[Derivative]:
    """Return the versions in whose face there is somebody else than was thought."""
    wrong = MeanMember.objects.filter(left_because=MeanMember.Left.CORRECTED)
    return Derivative.objects.filter(pk__in=wrong.values("derivative"))


def files() -> Iterator[Place]:
    """Yield where contributions lie."""
    for _, folder in entries("derived"):
        yield from (folder / FOLDER).glob("[!.]*")


def _of(scope: Scope) -> QuerySet[FaceContribution]:
    """Return what is of the person who withdraws, and with the recordings all that was made of them."""
    theirs = Q(participant=scope.participant) if scope.participant is not None else Q(pk=None)
    if Purpose.RECORD in scope.purposes:
        return FaceContribution.objects.filter(theirs | Q(recording__encounter__in=scope.encounters))
    if PURPOSE in scope.purposes:
        return FaceContribution.objects.filter(theirs)
    return FaceContribution.objects.none()


def _ends(scope: Scope) -> bool:
    return bool({PURPOSE, Purpose.RECORD} & scope.purposes)


def _without_row(scope: Scope) -> list[Place]:
    """Return what killed workers left before they could write it down, beside the recordings of a scope.

    Without what is being made since, for consent can be given again.
    """
    theirs = Recording.objects.filter(encounter__in=scope.encounters)
    if Purpose.RECORD not in scope.purposes:
        theirs = theirs.filter(camera=scope.person)
    known = {
        str(pk) for pk in FaceContribution.objects.filter(recording__in=theirs).values_list("pk", flat=True)
    }
    since = Job.objects.filter(kind=KIND, created_at__gt=scope.ended_at, state__in=UNFINISHED)
    known |= {str(contribution_of(pk)) for pk in since.values_list("pk", flat=True)}
    lying = (path for one in theirs for path in (derived_dir(one.pk) / FOLDER).glob("*"))
    return [path for path in lying if path.name.lstrip(".").split(".")[0] not in known]


def _to_erase(scope: Scope) -> QuerySet[FaceContribution]:
    """Return what is from before the end of consent, or not consented to now."""
    usable = usable_contributions().values("pk")
    return _of(scope).filter(Q(made_at__lte=scope.ended_at) | ~Q(pk__in=usable))


HOLDER = Holder("averaging", preview, erase, remains, holding)
