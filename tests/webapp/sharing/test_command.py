from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.webapp.records import add_recording
from webapp.jobs.models import Job
from webapp.sharing.models import Release


@pytest.fixture
def words(tmp_path) -> list[str]:
    (tmp_path / "terms.txt").write_text("For research only.")
    (tmp_path / "licence.txt").write_text("CC BY-NC 4.0")
    files = ["--terms", str(tmp_path / "terms.txt"), "--licence", str(tmp_path / "licence.txt")]
    return ["--title", "Expressions", "--description", "Of one clinic.", *files]


def test_a_dry_run_says_what_goes_in_and_why_the_rest_does_not(share, encounter, capsys):
    share()
    add_recording(encounter, "patient")
    call_command("build_release", "empathy", "--dry-run")
    printed = capsys.readouterr().out
    assert "videos 2, timelines 1, people 2" in printed
    assert f"left out: {encounter}, patient: there is no de-identified version" in printed
    assert not Release.objects.exists()


def test_without_dry_run_the_next_version_is_queued(share, words, capsys):
    share()
    Job.objects.all().delete()
    call_command("build_release", "empathy", *words)
    assert "Release 1 is queued" in capsys.readouterr().out
    assert (Release.objects.get().state, Job.objects.get().kind) == ("building", "build_release")


@pytest.mark.parametrize("arguments", [["nothing"], ["empathy"], ["empathy", "--title", "Expressions"]])
def test_the_command_says_what_it_cannot_do(study, share, arguments):
    share()
    with pytest.raises(CommandError):
        call_command("build_release", *arguments)
    assert not Release.objects.exists()


def test_nothing_to_share_leaves_no_draft(study, words):
    with pytest.raises(CommandError, match="Nothing of this study"):
        call_command("build_release", "empathy", *words)
    assert not Release.objects.exists()
