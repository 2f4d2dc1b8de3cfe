"""manage.py load_demo: the demonstration study, ready to be looked at once the worker has done its jobs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.analysis.demo import credentials_file, load_demo
from webapp.core.errors import AppError


class Command(BaseCommand):
    help = "Load the demonstration study; a second call changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            encounter = load_demo()
        except AppError as error:
            raise CommandError(error.message) from None
        self.stdout.write(
            f"Demonstration loaded: {encounter.get_absolute_url()}. Sign-ins: {credentials_file()}"
        )
