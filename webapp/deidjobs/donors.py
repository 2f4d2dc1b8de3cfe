"""Whose face a participant is given: the same throughout a study, and never that of another person there.

The database decides who is first: a donor that two workers choose at once for two people is given to one of
them, and the other one's casting is done again without it.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.core import audit
from webapp.core.errors import Conflict
from webapp.deidjobs.models import Casting, Derivative, StudyDonor
from webapp.jobs.models import Job
from webapp.jobs.services import Actor
from webapp.recordings.models import Recording
from webapp.studies.models import Participant

AUTO = "auto"


def person_of(recording: Recording) -> Participant:
    """Return whom a camera is pointed at."""
    encounter = recording.encounter
    return encounter.patient if recording.camera == "patient" else encounter.doctor


def donor_of(recording: Recording) -> StudyDonor | None:
    """Return the donor of the person of a recording, None when none was chosen or it was refused."""
    given = StudyDonor.objects.filter(study=recording.encounter.study_id, participant=person_of(recording))
    return given.filter(refused_at=None).first()


def casting_of(recording: Recording, job: Job) -> Casting:
    """Return what a job is told of donors, the same until settle_donor says that it no longer holds."""
    known = Casting.objects.filter(job=job).first()
    if known is not None:
        return known
    return Casting.objects.get_or_create(job=job, defaults=_as_before(recording, job) or _now(recording))[0]


def settle_donor(*, recording: Recording, job: Job, chosen: str | None) -> bool:
    """Give the person of a recording the donor that a job has chosen; doing it again changes nothing.

    Return whether that holds. If not, the job's casting now says what does, and it has to choose again.
    """
    if chosen is None:
        return True  # nobody hides this person, who is covered
    own = donor_of(recording)
    if own is not None and own.donor == chosen:
        return True
    if own is None and give_donor(recording=recording, donor=chosen, actor=job.requested_by):
        return True
    Casting.objects.filter(job=job).update(**_now(recording))
    return False


def give_donor(*, recording: Recording, donor: str, actor: Actor) -> bool:
    """Give a donor to the person of a recording; False when somebody else has it or they have another one."""
    try:
        with transaction.atomic():
            given = StudyDonor.objects.create(
                study_id=recording.encounter.study_id, participant=person_of(recording), donor=donor
            )
            audit.record(
                actor=actor, action="donor.given", target=given, study_id=given.study_id,
                details={"donor": donor},
            )  # fmt: skip
    except IntegrityError:
        return False
    return True


@transaction.atomic
def claim_donor(*, recording: Recording, donor: str, actor: Actor) -> None:
    """Give the person of a recording a donor that somebody chose by name. Raises Conflict when it is another
    person's, reserved for people who pass by, or the person has another one.
    """
    own = donor_of(recording)
    if own is not None and own.donor != donor:
        raise Conflict(
            f"{person_of(recording)} has {own.donor} throughout this study. Refuse it first, on a version."
        )
    if own is None and not give_donor(recording=recording, donor=donor, actor=actor):
        raise Conflict(f"{donor} was given to another person of this study. Choose another one.")


@transaction.atomic
def refuse_donor(*, derivative: Derivative, actor: Actor, donor: str, reason: str) -> StudyDonor:
    """Take a person's donor away, so that another one is chosen next time. donor: which one was looked at.

    Raises Conflict without one, or when the person has another one by now.
    """
    own = donor_of(derivative.recording)
    if own is not None and own.donor != donor:
        raise Conflict(f"The person has {own.donor} by now, not {donor}. Look at it before you refuse it.")
    at = timezone.now()
    if own is None or not StudyDonor.objects.filter(pk=own.pk, refused_at=None).update(
        refused_at=at, refused_by=getattr(actor, "pk", None), reason=reason
    ):
        raise Conflict("No donor is kept for this person, so there is none to refuse.")
    audit.record(
        actor=actor, action="donor.refused", target=own, study_id=own.study_id, details={"donor": own.donor}
    )
    own.refresh_from_db()
    return own


def donors_now(recording: Recording) -> tuple[str, list[str]]:
    """Return the donor of the person of a recording, or auto, and those that are taken from them."""
    own = donor_of(recording)
    others = StudyDonor.objects.filter(study=recording.encounter.study_id)
    if own is not None:
        others = others.exclude(pk=own.pk)
    return AUTO if own is None else own.donor, sorted(others.values_list("donor", flat=True))


def _now(recording: Recording) -> dict[str, object]:
    donor, taken = donors_now(recording)
    return {"donor": donor, "taken": taken}


def _as_before(recording: Recording, job: Job) -> dict[str, object] | None:
    """Return what the job was told that this one is based on, as long as it led to the person's donor."""
    own, earlier = donor_of(recording), job.params.get("based_on")
    casting = Casting.objects.filter(job=earlier).first() if earlier else None
    version = Derivative.objects.filter(job=earlier).first() if earlier else None
    if own is None or casting is None or version is None or version.method != job.params["method"]:
        return None
    main = version.report.get("main_tracks", [])
    chosen = {version.report.get("donors", {}).get(str(track)) for track in main}
    return {"donor": casting.donor, "taken": casting.taken} if chosen == {own.donor} else None
