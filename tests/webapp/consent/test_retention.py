from __future__ import annotations

import datetime

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.webapp.consent.conftest import files_left
from webapp.analysis.models import AnalysisRun
from webapp.consent import erasing
from webapp.consent.models import Erasure
from webapp.recordings.models import Recording
from webapp.recordings.queries import consents_to, is_usable_for
from webapp.studies.models import Encounter
from webapp.studies.services import create_encounter


def end_yesterday(encounter) -> None:
    Encounter.objects.filter(pk=encounter.pk).update(
        keep_until=timezone.localdate() - datetime.timedelta(days=1)
    )
    encounter.refresh_from_db()


def test_last_day_is_counted_from_the_consultation(study, alice, doctor, patient):
    study.retention_days = 10
    made = create_encounter(
        actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 2)
    )
    assert made.keep_until == datetime.date(2026, 3, 12)


def test_on_the_last_day_it_may_be_used_and_on_the_next_no_more(held, encounter):
    Encounter.objects.update(keep_until=timezone.localdate())
    encounter.refresh_from_db()
    assert is_usable_for(held["patient"], "record") and consents_to(encounter, "record")
    end_yesterday(encounter)
    assert not is_usable_for(held["patient"], "record") and not consents_to(encounter, "record")


def test_the_command_erases_what_is_over_like_a_withdrawal(
    held, encounter, django_capture_on_commit_callbacks
):
    end_yesterday(encounter)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(CommandError):
        call_command("apply_retention")  # under test nothing commits before its end
    assert not Recording.objects.exists() and not AnalysisRun.objects.exists()
    assert files_left() == []
    erasing.finish_open_erasures()
    erasure = Erasure.objects.get()
    assert (erasure.state, erasure.cause, erasure.participant) == ("done", "retention", None)


def test_the_command_opens_nothing_where_nothing_is_left_or_due(held, encounter):
    call_command("apply_retention")
    assert not Erasure.objects.exists()


def test_the_command_fails_while_something_is_left(held, encounter, monkeypatch):
    end_yesterday(encounter)
    monkeypatch.setattr(erasing, "_waits", lambda _: True)
    with pytest.raises(CommandError, match="wait"):
        call_command("apply_retention")
