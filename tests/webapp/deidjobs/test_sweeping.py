"""A version whose worker was killed before it wrote its row is deleted, one with a row never."""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from webapp.deidjobs.models import Derivative, Review
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import steps_dir, version_of, version_path
from webapp.deidjobs.sweeping import sweep_what_nobody_needs
from webapp.jobs.models import Job


def test_only_old_versions_without_a_row_are_deleted(recording, derivative):
    cache.clear()
    kept = version_path(recording.pk, derivative.pk)
    orphan, fresh = (version_path(recording.pk, uuid.uuid4()) for _ in range(2))
    for path in (orphan, fresh):
        path.write_bytes(b"hidden video")
    for path in (kept, orphan):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    sweep_what_nobody_needs()
    assert (kept.exists(), orphan.exists(), fresh.exists()) == (True, False, True)


@pytest.mark.parametrize(("state", "stays"), [("paused", True), ("waiting_for_consent", False)])
def test_a_version_that_is_measured_for_days_stays_until_its_job_ends_or_waits(
    recording, alice, state, stays
):
    cache.clear()
    job = request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")
    Job.objects.filter(pk=job.pk).update(state=state)
    path = version_path(recording.pk, version_of(job.pk))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"hidden video")
    os.utime(path, (time.time() - 25 * 3600,) * 2)
    sweep_what_nobody_needs()
    assert path.exists() == stays


@pytest.mark.parametrize(
    ("state", "hours_ago", "stays"),
    [
        ("queued", None, True),
        ("waiting_for_consent", None, False),
        ("failed", 1, True),
        ("failed", 25, False),
        ("done", 25, False),
    ],
)
def test_what_steps_kept_goes_a_day_after_their_job_ended(recording, alice, state, hours_ago, stays):
    cache.clear()
    job = request_derivative(recording=recording, actor=alice, method="blur", audio="remove", donor="auto")
    ended = hours_ago and timezone.now() - timedelta(hours=hours_ago)
    Job.objects.filter(pk=job.pk).update(state=state, finished_at=ended)
    folder, of_nobody = steps_dir(recording.pk, job.pk), steps_dir(recording.pk, uuid.uuid4())
    for one in (folder, of_nobody):
        one.mkdir(parents=True)
    sweep_what_nobody_needs()
    assert (folder.exists(), of_nobody.exists()) == (stays, False)


@pytest.mark.parametrize(
    ("days_ago", "decision", "stays"),
    [(2, None, True), (2, "refused", True), (2, "approved", False), (31, None, False)],
)
def test_the_parts_of_a_version_stay_for_a_while_unless_it_is_approved(
    derivative, alice, days_ago, decision, stays
):
    cache.clear()
    at = timezone.now() - timedelta(days=days_ago)
    Job.objects.filter(pk=derivative.job_id).update(state="done", finished_at=at)
    Derivative.objects.update(finished_at=at)
    if decision:
        Review.objects.create(derivative=derivative, decision=decision, reason="looked", reviewer=alice)
    folder = steps_dir(derivative.recording_id, derivative.job_id)
    folder.mkdir(parents=True)
    sweep_what_nobody_needs()
    assert folder.exists() == stays
