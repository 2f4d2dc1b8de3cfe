"""The demonstration study: made with the same services as any other, and loaded as often as you like."""

from __future__ import annotations

import datetime
import os
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from webapp import engines
from webapp.accounts.models import User
from webapp.consent.asking import asked_of
from webapp.consent.services import publish_form, record_decisions
from webapp.core.errors import AppError
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.uploads import create_upload, receive
from webapp.studies.models import Encounter, Participant, Study
from webapp.studies.protocol import change_state
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter, create_study
from webapp.studies.states import StudyState

SLUG: Final = "demo"
CAST: Final = {
    Role.OWNER: ("olivia@demo.example", "Olivia Owner"),
    Role.COORDINATOR: ("alice@demo.example", "Alice Coordinator"),
    Role.ANNOTATOR: ("bob@demo.example", "Bob Annotator"),
    Role.DOCTOR: ("dora@demo.example", "Dr Dora"),
}
PURPOSE: Final = (
    "Shows what this site does, with a consultation of two synthetic people. Nobody's face is in it, "
    "and what they express each second is known because it was scripted."
)
FORM: Final = (
    "Demonstration of a consent form. You are asked to agree, separately for each purpose, to the recording "
    "of your consultation, to the analysis of your facial expression, to labels by hand and live feedback, "
    "to the sharing of a version in which your face is replaced, to that of its sound, and to the use of "
    "your face in an average of several that hides somebody else. You may withdraw each answer at any time."
)
HELD_ON: Final = datetime.date(2026, 1, 15)


def load_demo() -> Encounter:
    """Make whatever of the demonstration is missing, queue its files to be checked, and return its encounter.

    Raises AppError when the recordings are not where the project ships them.
    """
    videos = engines.demo_videos()
    missing = [path.name for path in videos.values() if not path.is_file()]
    if missing:
        names = ", ".join(missing)
        raise AppError(f"The demo recordings {names} are missing from deid/demo; restore them.")
    with transaction.atomic():
        users = _cast()
        encounter = _encounter(users[Role.COORDINATOR], users[Role.DOCTOR], _study(users))
    for camera, path in videos.items():
        _upload(users[Role.COORDINATOR], encounter, camera, path)
    return encounter


def credentials_file() -> Path:
    return Path(settings.DATA_DIR) / "demo_credentials"


def _cast() -> dict[Role, User]:
    """Return the users of the cast; whoever is new gets a password, everyone when their list was lost."""
    known = credentials_file().exists()
    users: dict[Role, User] = {}
    lines: list[str] = []
    for role, (email, name) in CAST.items():
        user = User.objects.filter(email=email).first() or User(email=email, display_name=name)
        if user.pk is None or not known:
            password = secrets.token_urlsafe(12)
            user.set_password(password)
            user.save()
            lines.append(f"{role.label:<12} {email:<20} {password}")
        users[role] = user
    if lines:
        _write_privately(credentials_file(), lines)
    return users


def _write_privately(path: Path, lines: list[str]) -> None:
    kept = path.read_text().splitlines() if path.exists() else []
    new = {line.split()[1] for line in lines}
    kept = [line for line in kept if line.split()[1:2] and line.split()[1] not in new]
    partial = path.with_suffix(".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join([*kept, *lines]) + "\n")
    partial.replace(path)


def _study(users: dict[Role, User]) -> Study:
    found = Study.objects.filter(slug=SLUG).first()
    if found is not None:
        return found
    olivia = users[Role.OWNER]
    study = create_study(
        actor=olivia,
        slug=SLUG,
        title="Demonstration",
        protocol_number="DEMO-1",
        purpose=PURPOSE,
        target_encounters=1,
    )
    for role, user in users.items():
        add_member(actor=olivia, study=study, user=user, role=role)
    publish_form(actor=olivia, study=study, text=FORM)
    for state in (StudyState.APPROVED, StudyState.RECRUITING):
        change_state(actor=olivia, study=study, to=state)
    return study


def _encounter(alice: User, dora: User, study: Study) -> Encounter:
    found = study.encounters.order_by("number").first()
    if found is not None:
        return found
    people = {
        "doctor": add_participant(actor=alice, study=study, kind=Participant.Kind.DOCTOR, user=dora),
        "patient": add_participant(actor=alice, study=study, kind=Participant.Kind.PATIENT),
    }
    for participant in people.values():
        answers = dict.fromkeys(map(str, asked_of(participant)), True)
        record_decisions(actor=alice, participant=participant, decisions=answers)
    return create_encounter(
        actor=alice,
        study=study,
        doctor=people["doctor"],
        patient=people["patient"],
        held_on=HELD_ON,
        department="Demonstration clinic",
    )


def _upload(alice: User, encounter: Encounter, camera: str, path: Path) -> None:
    there = Recording.objects.filter(encounter=encounter, camera=camera)
    if there.exclude(state=RecordingState.REFUSED).exists():
        return
    length = path.stat().st_size
    upload = create_upload(actor=alice, encounter=encounter, camera=camera, length=length, name=path.name)
    with path.open("rb") as file:
        receive(upload=upload, actor=alice, offset=0, source=file, announced=length, checksum=None)
