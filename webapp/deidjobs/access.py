"""The only way to a de-identified version."""

from __future__ import annotations

import uuid

from webapp.core.errors import ConsentMissing, NotFound
from webapp.deidjobs.means import BARRED, is_barred
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import may_be_hidden
from webapp.engines import MARKED
from webapp.recordings.access import access_recording
from webapp.recordings.models import Recording
from webapp.studies.access import Someone, require, visible_encounters
from webapp.studies.roles import Need


def access_derivative(user: Someone, pk: uuid.UUID, need: Need) -> Derivative:
    """Return a version with its recording. Raises NotFound to strangers and Forbidden to members."""
    derivative = (
        Derivative.objects.filter(pk=pk, recording__encounter__in=visible_encounters(user))
        .select_related("recording__encounter__study", "requested_by")
        .first()
    )
    if derivative is None:
        raise NotFound
    require(user, derivative.recording.encounter.study, need)
    return derivative


def access_recording_to_preview(user: Someone, pk: uuid.UUID) -> Recording:
    """Return a recording of which a frame may be shown with its faces hidden.

    What is around them is the original, so it takes the right to that as well. Raises NotFound, Forbidden,
    ConsentMissing.
    """
    recording = access_recording(user, pk, "run_deidentification")
    access_recording(user, pk, "view_original")
    if not may_be_hidden(recording, "remove"):
        raise ConsentMissing("The consent to share a de-identified version is missing or withdrawn.")
    return recording


def access_recording_to_mark(user: Someone, pk: uuid.UUID) -> Recording:
    """Return a recording whose sound may be heard in order to mark what must not be heard in a version.

    That version keeps all other sound, so nobody listens for it without the consent to share that. Raises
    NotFound, Forbidden, ConsentMissing.
    """
    recording = access_recording(user, pk, "run_deidentification")
    access_recording(user, pk, "view_original")
    if not may_be_hidden(recording, MARKED):
        raise ConsentMissing("The consent to share a version with its sound is missing or withdrawn.")
    return recording


def access_derivative_file(user: Someone, pk: uuid.UUID, need: Need = "view_deidentified") -> Derivative:
    """Return a version whose file may be seen. Raises ConsentMissing once consent is withdrawn."""
    derivative = access_derivative(user, pk, need)
    if not may_be_hidden(derivative.recording, derivative.audio):
        raise ConsentMissing("The consent to share a de-identified version is missing or withdrawn.")
    if is_barred(derivative):
        raise ConsentMissing(BARRED)
    return derivative
