"""manage.py analyse_missing STUDY: queue the analysis of everything that a model has not looked at yet."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp import engines
from webapp.analysis.batches import AnalysisPlan, plan_batch, start_batch
from webapp.core.errors import AppError
from webapp.studies.models import Study


class Command(BaseCommand):
    help = "Analyse everything in a study that a model has not looked at yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's short name, as in its address")
        parser.add_argument("--model", default="", help="default: the site's default model")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']!r}.")
        model = options["model"] or engines.default_model()
        try:
            self.stdout.write(_describe(plan_batch(study, model)))
            if not options["dry_run"]:
                batch, count = start_batch(study=study, model=model, actor=None)
                self.stdout.write(f"{count} analyses queued as batch {batch.pk}.")
        except AppError as error:
            raise CommandError(error.message) from error


def _describe(plan: AnalysisPlan) -> str:
    return (
        f"to analyse {len(plan.to_do)}, analysed {plan.analysed}, in work {plan.in_work}, "
        f"without consent {plan.without_consent}, without a recording {plan.without_recording}\n"
        f"{plan.estimate}"
    )
