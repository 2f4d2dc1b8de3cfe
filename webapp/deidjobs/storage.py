"""Where a de-identified file lies: beside whatever else is derived from its recording, and gone with it."""

from __future__ import annotations

from uuid import UUID, uuid5

from webapp.core.encrypted_path import Place, StoredFile
from webapp.deidjobs.models import Derivative
from webapp.recordings.storage import derived, derived_dir, new_derived

FOLDER = "deidentified"
STEPS = "hiding"


def version_path(recording_id: UUID, derivative_id: UUID) -> Place:
    return derived_dir(recording_id) / _name(derivative_id)


def version(recording_id: UUID, derivative_id: UUID) -> StoredFile:
    """Return a version to be read. Raises MediaLocked."""
    return derived(recording_id, _name(derivative_id))


def new_version(recording_id: UUID, derivative_id: UUID) -> StoredFile:
    """Return where a version is to be written. Raises MediaLocked."""
    return new_derived(recording_id, _name(derivative_id))


def version_of(job_id: UUID) -> UUID:
    """Return the name of the version that a job makes, the same for every worker that makes a part of it."""
    return uuid5(job_id, "version")


def steps_of(recording_id: UUID, job_id: UUID) -> StoredFile:
    """Return the folder in which the steps of a job keep what they found. Raises MediaLocked."""
    return new_derived(recording_id, f"{STEPS}/{job_id}")


def steps_dir(recording_id: UUID, job_id: UUID) -> Place:
    return derived_dir(recording_id) / STEPS / str(job_id)


def has_parts(version: Derivative) -> bool:
    """Return whether what a version was made of is kept, from which another one can be made."""
    return version.job_id is not None and steps_dir(version.recording_id, version.job_id).is_dir()


def _name(derivative_id: UUID) -> str:
    return f"{FOLDER}/{derivative_id}.mp4"
