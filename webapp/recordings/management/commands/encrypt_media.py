"""manage.py encrypt_media: encrypt in place what was stored before MEDIA_KEYS was set."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.encrypting import stored_kinds
from webapp.core.wrapped_keys import encrypts


class Command(BaseCommand):
    help = "Encrypt media that lie plain. Can be interrupted and run again. Status 1 if some stay plain."

    def handle(self, *args: Any, **options: Any) -> None:
        if not encrypts():
            raise CommandError("MEDIA_KEYS is not set, so there is no key to encrypt with.")
        troubles = []
        for what, kind in stored_kinds().items():
            outcome = kind.encrypt(self.stderr.write)
            self.stdout.write(f"{outcome.done} {what} encrypted.")
            if outcome.waiting or outcome.failed:
                troubles.append(
                    f"{outcome.waiting} {what} are being worked on, {outcome.failed} could not be encrypted"
                )
        if troubles:
            raise CommandError(f"{'; '.join(troubles)}; run this again.")
