"""manage.py build_release STUDY: say what would go into the next release, then queue its building."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from webapp.core.errors import AppError
from webapp.sharing.building import start_build
from webapp.sharing.planning import ReleasePlan, plan_release
from webapp.sharing.services import draft_release
from webapp.studies.models import Study


class Command(BaseCommand):
    help = "Build the next release of a study from everything that consent and signed-off audits allow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's short name, as in its address")
        parser.add_argument("--title", default="")
        parser.add_argument("--description", default="")
        parser.add_argument("--terms", type=Path, help="file with the terms of use")
        parser.add_argument("--licence", type=Path, help="file with the licence")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go in and what not")

    def handle(self, *args: Any, **options: Any) -> None:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study {options['study']!r}.")
        self.stdout.write(_describe(plan_release(study)))
        if options["dry_run"]:
            return
        needed = ("title", "description", "terms", "licence")
        if missing := [f"--{name}" for name in needed if not options[name]]:
            raise CommandError(f"A release needs {', '.join(missing)}.")
        try:
            words = {name: options[name] for name in ("title", "description")}
            words |= {name: options[name].read_text(encoding="utf-8") for name in ("terms", "licence")}
            if blank := [name for name in needed if not words[name].strip()]:
                raise CommandError(f"The {', '.join(blank)} must not be empty.")
            with transaction.atomic():
                release = draft_release(actor=None, study=study, **words)
                start_build(actor=None, release=release)
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
        except AppError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Release {release.version} is queued to be built.")


def _describe(plan: ReleasePlan) -> str:
    lines = [
        f"videos {plan.videos}, timelines {plan.timelines}, people {len(plan.people)}, "
        f"hours {plan.media_s / 3600:.2f}, bytes {plan.size_bytes}"
    ]
    for one in plan.left_out:
        lines.append(f"left out: {one.encounter}, {one.camera}: {one.why}")
    return "\n".join(lines)
