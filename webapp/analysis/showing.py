"""Whose expression somebody may see now: asked by every path to rows, faces, shares and suggestions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from webapp.analysis.queries import purpose_of
from webapp.consent.models import Purpose
from webapp.recordings.models import Camera
from webapp.recordings.queries import granted_in, needed_decisions
from webapp.studies.access import Someone
from webapp.studies.models import Encounter

#: What stands where the doctor's lane would be.
FOR_THE_DOCTOR_ALONE: Final = "The doctor’s expression is shown to the doctor alone."


@dataclass(frozen=True)
class Shown:
    """cameras: those whose person's expression the reader may see. kept: those of a doctor who agrees to be
    analysed, but to be shown to nobody else.
    """

    cameras: frozenset[str]
    kept: frozenset[str]

    @property
    def is_everybody(self) -> bool:
        """Return whether what speaks of both people may be shown."""
        return self.cameras == set(Camera.values)


def shown_to(reader: Someone | None, encounter: Encounter) -> Shown:
    """Return what the newest decisions let a reader see of an encounter.

    The doctor's expression is the doctor's own; others see it while the doctor allows that as well. reader:
    None for whoever may get what is made, as the recipients of a release.
    """
    granted = granted_in(encounter)
    analysed = {camera for camera in Camera.values if needed_decisions(purpose_of(camera)) <= granted}
    shown = {camera for camera in analysed if needed_decisions(purpose_to_show(camera)) <= granted}
    if is_doctor_of(encounter, reader):
        shown = analysed
    return Shown(frozenset(shown), frozenset(analysed - shown))


def purpose_to_show(camera: str) -> Purpose:
    """Return the purpose without which others do not see a camera's person; it includes that to analyse."""
    return Purpose.SHOW_DOCTOR if camera == Camera.DOCTOR else Purpose(purpose_of(camera))


def is_doctor_of(encounter: Encounter, reader: Someone | None) -> bool:
    return reader is not None and reader.pk is not None and encounter.doctor.user_id == reader.pk
