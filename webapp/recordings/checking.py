"""The job that looks at a file which arrived: what it is, whether it is new, and a picture that stands for
it.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from webapp import engines
from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import AppError
from webapp.core.wrapped_keys import encrypts
from webapp.jobs.context import JobContext
from webapp.jobs.models import Job, JobState
from webapp.recordings import keys, services, storage
from webapp.recordings.access import VIEW_PURPOSE
from webapp.recordings.encrypting import encrypt_recording
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import is_usable_for

PIECE_BYTES = 4 * 1024 * 1024
HASHING_SHARE = 0.8
FILE_MISSING = "The file is no longer on the server. Upload it again."


def check_recording(context: JobContext) -> None:
    """Decide whether a recording is ready or refused. Once it is ready, doing it again changes nothing."""
    recording = _find(context.job)
    if recording is None or recording.state == RecordingState.READY:
        return
    if recording.state == RecordingState.REFUSED and not services.reopen(recording):
        raise AppError(FILE_MISSING, code="file_missing")
    original = _take_over(recording, UUID(context.params["upload"]))
    sha256 = _hash(original, recording.size_bytes, context)
    twin = services.find_duplicate(recording, sha256)
    try:
        if twin is not None:
            raise AppError(f"This very file is here already, as the recording of the {twin.camera}'s camera.")
        context.progress(HASHING_SHARE, "looking at the picture")
        found = engines.check_video(original, storage.new_poster(recording))
    except AppError as error:
        original.stat()  # a storage that is away is no fault of the file, which would be deleted
        with context.finishing():
            services.refuse(recording, error.message)
        return
    with context.finishing():
        services.accept(recording, found, sha256=sha256)


def may_check(job: Job) -> bool:
    recording = _find(job)
    return recording is None or is_usable_for(recording, VIEW_PURPOSE)


def words_about(job: Job) -> str:
    """Return which camera's file is checked; jobs of before do not say it."""
    camera = job.params.get("camera")
    return f"{camera}’s camera" if camera else ""


def give_up(job: Job) -> None:
    """Let the camera take another file: that of a cancelled check goes, that of a failed one can be tried
    again.
    """
    recording = _find(job)
    if recording is None or recording.state != RecordingState.CHECKING:
        return
    if job.state == JobState.CANCELLED:
        services.refuse(recording, "The check of this file was cancelled. Upload it again.")
    else:
        services.set_aside(recording, f"It could not be checked. {job.error_message}")


def _find(job: Job) -> Recording | None:
    found = Recording.objects.filter(pk=job.params["recording"])
    return found.select_related("encounter", "uploaded_by").first()


def _take_over(recording: Recording, upload_id: UUID) -> StoredFile:
    """Move the arrived file to its own folder, once; return where it lies."""
    try:
        storage.take_over(recording, upload_id)
    except FileNotFoundError:
        raise AppError(FILE_MISSING, code="file_missing") from None
    if encrypts() and not keys.is_all_encrypted(recording.pk):
        encrypt_recording(recording)  # it began to arrive before media were encrypted
    return storage.original(recording)


def _hash(original: StoredFile, size: int, context: JobContext) -> str:
    digest = hashlib.sha256()
    with original.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            context.stop_if_asked()
            context.progress(HASHING_SHARE * file.tell() / size, "computing the checksum")
    return digest.hexdigest()
