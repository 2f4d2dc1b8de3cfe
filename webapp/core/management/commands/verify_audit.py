from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.audit import find_breaks
from webapp.core.models import AuditEvent


class Command(BaseCommand):
    help = "Check the audit trail. Exit status 1 when an event was edited, removed or reordered."

    def handle(self, *args: Any, **options: Any) -> None:
        breaks = list(find_breaks())
        for number, problem in breaks:
            self.stderr.write(f"event {number}: {problem}")
        if breaks:
            raise CommandError(f"The audit trail is broken in {len(breaks)} places.")
        self.stdout.write(f"{AuditEvent.objects.count()} audit events, chain intact.")
