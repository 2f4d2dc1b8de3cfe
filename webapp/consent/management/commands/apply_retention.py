"""manage.py apply_retention: erase what is past its last day, finish every erasure that is under way, and
call back what was shared on a consent that is no longer valid.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.consent.erasing import finish_open_erasures
from webapp.consent.models import Erasure
from webapp.consent.retention import apply_retention, call_back_lapsed


class Command(BaseCommand):
    help = "Erase what is past its last day to be kept and finish open erasures. Status 1 if one stays open."

    def handle(self, *args: Any, **options: Any) -> None:
        opened = apply_retention()
        finish_open_erasures()
        still_open = Erasure.objects.filter(state=Erasure.State.OPEN).count()
        recalled = call_back_lapsed()
        self.stdout.write(
            f"{len(opened)} erasures opened by retention dates, {still_open} still under way; "
            f"{recalled} releases recalled because a consent is no longer valid."
        )
        if still_open:
            raise CommandError("Some erasures wait for a job to stop or could not delete everything yet.")
