"""manage.py decrypt_media: lay everything down plain and destroy its keys, so that MEDIA_KEYS can go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.encrypting import stored_kinds
from webapp.core.wrapped_keys import encrypts


class Command(BaseCommand):
    help = (
        "Lay media down plain again and destroy their keys, with web and workers stopped. "
        "Can be interrupted and run again. Status 1 if some stay encrypted."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not encrypts():
            raise CommandError("MEDIA_KEYS is not set, so there is no key to decrypt with.")
        troubles = []
        for what, kind in stored_kinds().items():
            outcome = kind.decrypt(self.stderr.write)
            self.stdout.write(f"{outcome.done} {what} decrypted.")
            if outcome.waiting or outcome.failed:
                troubles.append(
                    f"{outcome.waiting} {what} are being worked on, {outcome.failed} could not be decrypted"
                )
        if troubles:
            raise CommandError(f"{'; '.join(troubles)}; run this again.")
