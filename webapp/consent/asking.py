"""What each kind of participant is asked."""

from __future__ import annotations

from typing import Final

from webapp.consent.models import Purpose
from webapp.studies.models import Participant

#: What one kind alone is asked; the doctor's expression is theirs, and so is who sees it.
OF_ONE_KIND: Final[dict[Purpose, Participant.Kind]] = {
    Purpose.ANALYSE_PATIENT: Participant.Kind.PATIENT,
    Purpose.ANALYSE_DOCTOR: Participant.Kind.DOCTOR,
    Purpose.SHOW_DOCTOR: Participant.Kind.DOCTOR,
}
ASKED: Final[dict[Participant.Kind, list[Purpose]]] = {
    kind: [purpose for purpose in Purpose if OF_ONE_KIND.get(purpose, kind) == kind]
    for kind in Participant.Kind
}


def asked_of(participant: Participant) -> list[Purpose]:
    return ASKED[Participant.Kind(participant.kind)]
