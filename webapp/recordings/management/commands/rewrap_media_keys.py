"""manage.py rewrap_media_keys: wrap the keys of all recordings by the first key of MEDIA_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.wrapped_keys import encrypts
from webapp.recordings.rewrapping import rewrap_keys


class Command(BaseCommand):
    help = "Wrap the keys of recordings by the first of MEDIA_KEYS. Status 1 if one of them cannot be opened."

    def handle(self, *args: Any, **options: Any) -> None:
        if not encrypts():
            raise CommandError("MEDIA_KEYS is not set, so there is no key to wrap with.")
        result = rewrap_keys()
        self.stdout.write(f"{result.done} keys wrapped anew.")
        if result.locked:
            raise CommandError(
                f"{len(result.locked)} keys open with none of MEDIA_KEYS; add the one that wrapped them."
            )
        self.stdout.write("Every key is wrapped by the first of MEDIA_KEYS; the others are no longer needed.")
