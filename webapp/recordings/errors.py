"""What can go wrong with an upload beyond the errors that every part shares."""

from webapp.core.errors import AppError


class UploadLocked(AppError):
    code, status = "upload_locked", 423
    message = "Another request is writing to this upload; wait a moment and try again."


class ChecksumMismatch(AppError):
    code, status = "checksum_mismatch", 460
    message = "This part of the file was damaged on its way and was not kept; send it again."


class WrongProtocol(AppError):
    code, status = "wrong_protocol", 412
    message = "Expected the header Tus-Resumable: 1.0.0."
