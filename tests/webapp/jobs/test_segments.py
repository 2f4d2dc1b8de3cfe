from __future__ import annotations

import errno

import pytest

from tests.webapp.jobs.driving import drive, states
from webapp.core.errors import Conflict, Invalid
from webapp.jobs import leases, registry, running, segments
from webapp.jobs.errors import PlanOutdated, WaitForConsent
from webapp.jobs.lists import rows_of
from webapp.jobs.models import Job, JobState, Segment
from webapp.jobs.services import cancel_job, pause_job, resume_job, retry_job


def first(job: Job) -> Segment:
    return Segment.objects.filter(job=job).order_by("position")[0]


def test_a_job_is_cut_done_in_parts_and_joined_once(segmented, parts):
    assert drive(segmented).state == JobState.DONE
    assert (parts.done, parts.joined) == (["a", "b", "c"], [["a", "b", "c"]])
    assert states(segmented) == ["done"] * 3


def test_a_joined_job_is_listed_with_the_time_at_which_its_first_part_began(segmented):
    job = drive(segmented)
    began_at = Segment.objects.filter(job=job).earliest("started_at").started_at
    assert began_at < job.started_at
    assert [row.began_at for row in rows_of([job])] == [began_at]


def test_a_spread_job_has_no_lease_and_counts_its_segments(segmented):
    job = drive(segmented, steps=2)
    assert (job.state, job.lease_token, round(job.progress, 2)) == (JobState.RUNNING, None, 0.33)
    assert states(job) == ["done", "queued", "queued"]


def test_two_workers_claim_a_segment_once(segmented):
    drive(segmented, steps=1)
    segment = first(segmented)
    assert segments.claim(segment.pk) is not None
    assert segments.claim(segment.pk) is None


def test_a_worker_that_lost_a_segment_cannot_end_it(segmented):
    drive(segmented, steps=1)
    segment = first(segmented)
    stale = segments.claim(segment.pk)
    Segment.objects.update(lease_token="0" * 32)
    segments.fail(segment, stale, code="x", message="x")
    segments.retry_later(segment, stale, OSError())
    segments.hand_back(segment, stale)
    assert states(segmented) == ["running", "queued", "queued"]


def test_what_is_kept_already_is_not_done_again(segmented, parts):
    parts.done.append("b")
    assert drive(segmented).state == JobState.DONE
    assert parts.done == ["b", "a", "c"]


def test_a_job_whose_segments_are_all_kept_is_only_joined(segmented, parts):
    parts.done.extend("abc")
    running.run(segmented.pk)
    segmented.refresh_from_db()
    assert (segmented.state, len(parts.joined)) == (JobState.DONE, 1)


def test_cancelling_takes_every_segment_away_at_once(segmented, parts, alice, monkeypatch):
    monkeypatch.setattr("webapp.jobs.segments.LOOK_EVERY_S", 0.0)

    def during(context):
        assert not context.cancelled()
        cancel_job(job=context.job, actor=alice, study_id=None)
        context.stop_if_asked()
        pytest.fail("went on")

    parts.during = during
    assert drive(segmented).state == JobState.CANCELLED
    assert states(segmented) == ["cancelled"] * 3


def test_a_cancelled_job_that_is_retried_keeps_what_was_done(segmented, parts, alice):
    drive(segmented, steps=2)
    cancel_job(job=segmented, actor=alice, study_id=None)
    retry_job(job=segmented, actor=alice, study_id=None)
    assert drive(segmented).state == JobState.DONE
    assert parts.done == ["a", "b", "c"]


def test_a_paused_job_finishes_what_a_worker_holds_and_begins_nothing(segmented, parts, alice):
    def during(context):
        pause_job(job=context.job, actor=alice, study_id=None)
        parts.during = lambda context: None

    parts.during = during
    job = drive(segmented)
    assert (job.state, states(job)) == (JobState.PAUSED, ["done", "queued", "queued"])
    resume_job(job=job, actor=alice, study_id=None)
    assert drive(job).state == JobState.DONE
    assert parts.done == ["a", "b", "c"]


def test_a_job_paused_during_its_last_segment_is_joined_when_it_is_resumed(segmented, parts, alice):
    def during(context):
        if context.input["name"] == "c":
            pause_job(job=context.job, actor=alice, study_id=None)

    parts.during = during
    job = drive(segmented)
    assert (job.state, states(job), parts.joined) == (JobState.PAUSED, ["done"] * 3, [])
    resume_job(job=job, actor=alice, study_id=None)
    assert drive(job).state == JobState.DONE


def test_a_job_paused_while_it_is_joined_stops_and_joins_later(segmented, parts, alice, monkeypatch):
    monkeypatch.setattr("webapp.jobs.context.LOOK_EVERY_S", 0.0)
    drive(segmented, steps=4)

    def join(context):
        pause_job(job=context.job, actor=alice, study_id=None)
        context.stop_if_asked()

    registry.register_kind(registry.JobKind("test", "Test", join, registry.find_kind("test").segmented))
    assert drive(segmented).state == JobState.PAUSED


def test_only_what_goes_on_can_be_paused_and_only_what_is_paused_resumed(segmented, alice):
    with pytest.raises(Conflict):
        resume_job(job=segmented, actor=alice, study_id=None)
    pause_job(job=segmented, actor=alice, study_id=None)
    with pytest.raises(Conflict):
        pause_job(job=segmented, actor=alice, study_id=None)
    cancel_job(job=segmented, actor=alice, study_id=None)
    with pytest.raises(Conflict):
        resume_job(job=segmented, actor=alice, study_id=None)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(OSError(errno.ENOSPC, "full"), "did_not_heal"), (MemoryError(), "out_of_memory")],
)
def test_what_may_heal_costs_one_segment_a_pause_that_grows(segmented, parts, trouble, code):
    def during(context):
        if context.input["name"] == "b":
            raise trouble

    parts.during = during
    job = drive(segmented)
    assert (job.state, states(job)) == (JobState.RUNNING, ["done", "queued", "done"])
    segment = Segment.objects.get(name="b")
    for attempt in (2, 3):
        segments.run(segment.pk)
        segment.refresh_from_db()
        assert segment.attempts == attempt
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, code)
    assert job.error_message.startswith("Part b: ")


def test_what_cannot_heal_fails_at_once_and_stops_the_rest(segmented, parts):
    def during(context):
        raise Invalid("Expected a picture, found none.", code="no_picture")

    parts.during = during
    job = drive(segmented)
    assert (job.state, job.error_code) == (JobState.FAILED, "no_picture")
    assert job.error_message == "Part a: Expected a picture, found none."
    assert states(job) == ["failed", "cancelled", "cancelled"]


def test_an_unexpected_error_is_told_without_its_text(segmented, parts):
    def during(context):
        raise RuntimeError("Mrs Miller's file")

    parts.during = during
    job = drive(segmented)
    assert (job.state, job.error_code) == (JobState.FAILED, "unexpected")
    assert "Miller" not in job.error_message


def test_a_segment_that_loses_its_worker_three_times_is_quarantined_with_its_input(
    segmented, wait_out, parts
):
    drive(segmented, steps=1)
    segment = first(segmented)
    for _ in range(3):
        assert segments.claim(segment.pk, "w")
        wait_out()
    segment.refresh_from_db()
    segmented.refresh_from_db()
    assert (segment.state, segment.input) == ("quarantined", {"name": "a"})
    assert (segmented.state, segmented.error_code) == (JobState.FAILED, "poison_segment")
    assert drive(segmented).state == JobState.FAILED
    assert parts.done == []


def test_a_lost_worker_costs_one_segment(segmented, parts, wait_out):
    drive(segmented, steps=2)
    segments.claim(Segment.objects.get(name="b").pk, "w")
    assert wait_out() == 1
    assert drive(segmented).state == JobState.DONE
    assert sorted(parts.done) == ["a", "b", "c"]


def test_a_worker_told_to_end_hands_its_segment_back_untouched(segmented, parts):
    def during(context):
        leases.stopping.set()
        context.stop_if_asked()

    parts.during = during
    drive(segmented, steps=2)
    segment = first(segmented)
    assert (segment.state, segment.attempts, segment.lease_token) == ("queued", 0, None)


@pytest.mark.parametrize("change", [PlanOutdated, WaitForConsent])
def test_a_segment_whose_basis_changed_has_the_job_cut_anew(segmented, parts, change):
    def during(context):
        if "b" in parts.names:
            parts.names.remove("b")
            raise change

    parts.during = during
    assert drive(segmented).state == JobState.DONE
    assert parts.joined == [["a", "c"]]
    assert not Segment.objects.filter(name="b").exists()


def test_a_result_that_never_stays_ends_the_job(segmented, parts):
    parts.work = lambda context: None
    kind = registry.find_kind("test")
    registry.register_kind(
        registry.JobKind("test", "Test", kind.run, registry.Segmented(parts.plan, parts.work, lambda: "cpu"))
    )
    job = drive(segmented)
    assert (job.state, job.error_code) == (JobState.FAILED, "results_lost")


def test_segments_of_a_begun_job_go_before_the_next_job(segmented, make_job, parts):
    from webapp.jobs.services import create_job

    second = create_job(
        kind="test", params={}, subject_id=segmented.subject_id, requested_by=None, study_id=None
    )
    drive(segmented, steps=5)
    second.refresh_from_db()
    segmented.refresh_from_db()
    assert (segmented.state, second.state) == (JobState.DONE, JobState.QUEUED)


def test_a_worker_of_an_older_version_hands_on_what_it_does_not_know(segmented, parts):
    drive(segmented, steps=1)
    known = registry._KINDS.pop("test")
    segments.run(first(segmented).pk)
    segment = first(segmented)
    assert (segment.state, segment.attempts, segment.lease_token) == ("queued", 0, None)
    registry.register_kind(known)
    segments.run(segment.pk)
    assert states(segmented) == ["done", "queued", "queued"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "gone"), Invalid("Expected a file, found none.")])
def test_a_segment_whose_storage_is_away_waits_and_loses_no_attempt(segmented, parts, error, storage_away):
    def during(context):
        storage_away.add(True)
        raise error

    parts.during = during
    drive(segmented, steps=2)
    segment = first(segmented)
    segmented.refresh_from_db()
    assert (segment.state, segment.attempts, segmented.state) == ("queued", 0, JobState.RUNNING)
    assert segmented.message == running.STORAGE_AWAY
    storage_away.clear()
    parts.during = lambda context: None
    segments.run(segment.pk)
    segmented.refresh_from_db()
    assert (states(segmented)[0], segmented.message) == ("done", "")
