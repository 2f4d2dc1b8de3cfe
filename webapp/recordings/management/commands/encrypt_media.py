"""manage.py encrypt_media: encrypt in place what was stored before MEDIA_KEYS was set."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import AppError
from webapp.recordings import encrypting
from webapp.recordings.keys import encrypts


class Command(BaseCommand):
    help = "Encrypt recordings that lie plain. Can be interrupted and run again. Status 1 if some stay plain."

    def handle(self, *args: Any, **options: Any) -> None:
        if not encrypts():
            raise CommandError("MEDIA_KEYS is not set, so there is no key to encrypt with.")
        done, waiting, failed = 0, 0, 0
        for recording in encrypting.not_encrypted():
            encrypting.prepare(recording)
            if encrypting.is_worked_on(recording):
                waiting += 1
                continue
            try:
                encrypting.encrypt_recording(recording)
                done += 1
            except (AppError, OSError) as error:
                failed += 1
                reason = error.message if isinstance(error, AppError) else str(error.strerror)
                self.stderr.write(f"recording {recording.pk}: {reason}")
        self.stdout.write(f"{done} recordings encrypted.")
        if waiting or failed:
            raise CommandError(
                f"{waiting} recordings are being worked on, {failed} could not be encrypted; run this again."
            )
