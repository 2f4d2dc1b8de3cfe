"""manage.py deidentify_missing STUDY: queue the de-identification of every recording that consent allows."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.core.errors import AppError
from webapp.deidjobs.batches import USUAL_METHOD, USUAL_SOUND, HidingPlan, plan_hiding, start_hiding
from webapp.studies.models import Study


class Command(BaseCommand):
    help = "De-identify every recording of a study whose consent allows sharing and that has no such version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's short name, as in its address")
        parser.add_argument("--method", default=USUAL_METHOD, help=f"default: {USUAL_METHOD}")
        parser.add_argument("--audio", default=USUAL_SOUND, help=f"default: {USUAL_SOUND}")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']!r}.")
        choice = {"method": options["method"], "audio": options["audio"]}
        try:
            self.stdout.write(_describe(plan_hiding(study, **choice)))
            if not options["dry_run"]:
                batch, count = start_hiding(study=study, actor=None, **choice)
                self.stdout.write(f"{count} recordings queued as batch {batch.pk}.")
        except AppError as error:
            raise CommandError(error.message) from error


def _describe(plan: HidingPlan) -> str:
    return (
        f"to de-identify {len(plan.to_do)}, de-identified {plan.hidden}, in work {plan.in_work}, "
        f"without consent {plan.without_consent}, not checked {plan.not_ready}\n{plan.estimate}"
    )
