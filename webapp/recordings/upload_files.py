"""The open file of an upload that goes on: plain, or encrypted with the same few words."""

from __future__ import annotations

import io
import os

from webapp.core.encryption import EncryptedFile
from webapp.recordings.upload_parts import PartFile


class PlainUploadFile(io.FileIO):
    """A plain file. finish and abandon: it needs neither mark at its end nor anything stored behind."""

    def sync(self) -> None:
        os.fsync(self.fileno())

    def finish(self) -> None:
        pass

    def abandon(self) -> None:
        self.close()


UploadFile = PlainUploadFile | EncryptedFile | PartFile
