"""Faces that are the mean of several participants: who may be in one, and versions that somebody has left.

A version rests on everybody of whose face something is in it. Without the consent of one of them it is
neither shown nor shared, and once what they gave is erased it never is again.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from webapp import engines
from webapp.consent.models import Purpose
from webapp.consent.queries import granting
from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import AppError, Invalid
from webapp.deidjobs.donors import person_of
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember, Review
from webapp.engines import MeanLook
from webapp.jobs.models import Job
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import usable_for
from webapp.recordings.storage import derived, new_derived
from webapp.studies.models import Site, Study

PURPOSE: Final = Purpose.AVERAGE_FACE
METHOD: Final = "swap"  # the one that can draw a mean
FOLDER: Final = "averaging"
MOST_READ: Final = 64  # contributions of one job, of two to three megabytes each in memory
BARRED: Final = (
    "Somebody of whose face a part is in this version has left it: they no longer agree, or their recording "
    "was replaced or corrected. It is not shown and must not be released."
)


def usable_contributions() -> QuerySet[FaceContribution]:
    """Return what may be in a mean at this moment: its person agrees, and its recording may be kept."""
    kept = usable_for(Recording.objects.filter(state=RecordingState.READY), Purpose.RECORD)
    agreeing = granting(PURPOSE).values("pk")
    return FaceContribution.objects.filter(participant__in=agreeing, recording__in=kept.values("pk"))


def contributions_for(recording: Recording) -> QuerySet[FaceContribution]:
    """Return what others of the study give at this moment, of whom the face of a person may be made."""
    usable = usable_contributions().filter(participant__study=recording.encounter.study_id)
    return usable.exclude(participant=person_of(recording)).order_by("pk")


def barred(derivatives: QuerySet[Derivative]) -> QuerySet[Derivative]:
    """Return those of the versions in whose face there is somebody who does not agree at this moment."""
    return derivatives.filter(pk__in=_without_consent().values("derivative"))


def is_barred(derivative: Derivative) -> bool:
    return _without_consent().filter(derivative=derivative).exists()


def _without_consent() -> QuerySet[MeanMember]:
    return MeanMember.objects.filter(
        Q(contribution=None) | ~Q(contribution__in=usable_contributions().values("pk"))
    )


def check_k(k: int, recording: Recording) -> None:
    """Raise Invalid for a k that is too small, or for which there are not enough others."""
    least, _ = engines.ks_of_means()
    if k < least:
        raise Invalid(f"An average is made of {least} people at least.")
    count = contributions_for(recording).count()
    if count < k:
        raise Invalid(
            f"An average of {k} people needs {k} others who agreed and whose faces are ready; there "
            f"{'is' if count == 1 else 'are'} {count}. Make more faces for averaging, or choose a rendered "
            "face."
        )


def look_asked_for(recording: Recording, k: int) -> dict[str, Any]:
    """Return what a job is told: of whom the face may be made, and of whom the person's is made already.

    Raises Invalid as check_k.
    """
    check_k(k, recording)
    worn = worn_by_person(recording, k)
    given = contributions_for(recording).values_list("pk", "digest")
    lots = {str(pk): (digest not in worn, _lot(recording, pk)) for pk, digest in given}
    chosen = sorted(lots, key=lambda pk: lots[pk])[: max(k, MOST_READ)]
    return {"k": k, "contributions": sorted(chosen), "worn": worn}


def _lot(recording: Recording, pk: UUID) -> str:
    """Return what decides whether somebody is among those of whom a person's face may be made."""
    return hashlib.sha256(f"{person_of(recording).pk}:{pk}".encode()).hexdigest()


def asked_of_job(recording: Recording, job: Job) -> QuerySet[FaceContribution]:
    """Return those of whom a job may make a face who agree at this moment."""
    look = job.params.get("look")
    if look is None:
        return FaceContribution.objects.none()
    return contributions_for(recording).filter(pk__in=look["contributions"])


def look_of(recording: Recording, job: Job) -> MeanLook | None:
    """Return whose mean a job draws, of those who agree at this moment. Raises MediaLocked."""
    look = job.params.get("look")
    if look is None:
        return None
    files = tuple(stored(one.recording_id, one.pk) for one in asked_of_job(recording, job))
    return MeanLook(files, look["k"], tuple(look["worn"]))


def worn_by_person(recording: Recording, k: int) -> list[str]:
    """Return the digests of those of whose mean the person's newest such version is made, unless it was
    refused or is barred.
    """
    refused = Review.objects.filter(decision=Review.Decision.REFUSED).values("derivative")
    theirs = _means_in(recording.encounter.study_id).filter(recording__in=_of_person(recording))
    for one in theirs.exclude(pk__in=refused).exclude(pk__in=_without_consent().values("derivative")):
        look = one.report["look"]
        if look["k"] == k and look["members"]:
            return sorted(next(iter(look["members"].values())))
    return []


def worn_by_others(recording: Recording) -> list[str]:
    """Return the names of the means that other people of the study have been given."""
    versions = _means_in(recording.encounter.study_id).exclude(recording__in=_of_person(recording))
    return sorted({name for one in versions.only("report") for name in one.report["look"]["members"]})


def k_of(derivative: Derivative) -> int | None:
    """Return of how many others the face of a version is the mean; None for a rendered one."""
    look: dict[str, Any] = derivative.recipe.get("look") or {}
    return look.get("k")


def public_look(derivative: Derivative) -> dict[str, Any] | None:
    """Return what anybody may know of a face that is a mean, and nothing of whose it is; None for others."""
    look = derivative.report.get("look")
    return look and {name: look[name] for name in ("kind", "k", "contributors", "bound")}


def people_in(derivative: Derivative, *, site: Site | None) -> tuple[list[MeanMember], int]:
    """Return whose faces are in that of a version, those at rest first, and how many more are of other sites.

    It is for those alone who may see who agreed to what. site: theirs, None for all; none of a rendered face.
    """
    members = MeanMember.objects.filter(derivative=derivative).select_related("participant")
    here = members if site is None else members.filter(Q(participant=None) | Q(participant__site=site))
    found = list(here.order_by("-at_rest", "participant__code"))
    return found, members.count() - len(found)


def write_members(derivative: Derivative, job: Job) -> dict[str, Any]:
    """Write down of whom a version is made, and return what the trail says of it; nothing of a rendered face.

    Call it where the version is written. The trail does not say who they are, for it forgets nobody. Raises
    AppError when another person was given the same mean since the job chose it.
    """
    look = derivative.report.get("look")
    if "look" not in job.params or look is None:
        return {}
    Study.objects.select_for_update().get(pk=derivative.recording.encounter.study_id)
    if set(look["members"]) & set(worn_by_others(derivative.recording)):
        raise AppError(
            "Another person was given the same face meanwhile. Try again, and another one is chosen.",
            code="mean_taken",
        )
    at_rest, lent = (_all_of(look[name]) for name in ("members", "lent"))
    used = [one for one in asked_of_job(derivative.recording, job) if one.digest in at_rest | lent]
    if {one.digest for one in used} != at_rest | lent:
        raise AppError("Somebody of whom the face is made does not agree any more.", code="contributor_left")
    MeanMember.objects.bulk_create(
        MeanMember(
            derivative=derivative,
            participant_id=one.participant_id,
            contribution=one,
            at_rest=one.digest in at_rest,
        )
        for one in used
    )
    return {"k": look["k"], "people": len(used)}


def stored(recording_id: UUID, contribution_id: UUID) -> StoredFile:
    """Return a contribution to be read. Raises MediaLocked."""
    return derived(recording_id, _name(contribution_id))


def new_contribution(recording_id: UUID, contribution_id: UUID) -> StoredFile:
    """Return where a contribution is to be written. Raises MediaLocked."""
    return new_derived(recording_id, _name(contribution_id))


def _means_in(study_id: int) -> QuerySet[Derivative]:
    return Derivative.objects.filter(recording__encounter__study=study_id, recipe__look__k__isnull=False)


def _of_person(recording: Recording) -> QuerySet[Recording]:
    camera = recording.camera
    return Recording.objects.filter(camera=camera, **{f"encounter__{camera}": person_of(recording)})


def _all_of(groups: dict[str, list[str]] | None) -> set[str]:
    return {digest for digests in (groups or {}).values() for digest in digests}


def _name(contribution_id: UUID) -> str:
    return f"{FOLDER}/{contribution_id}.npz"
