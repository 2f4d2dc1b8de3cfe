"""Which jobs the page of an encounter shows, and what it calls them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from webapp.analysis.queries import jobs_worth_showing
from webapp.analysis.state import job_state
from webapp.jobs.models import Job


@pytest.fixture
def ended(encounter):
    def make(camera: str, state: str) -> Job:
        return Job.objects.create(
            kind="deidentify_recording",
            params={"recording": camera, "camera": camera, "method": "box"},
            subject_id=encounter.pk,
            state=state,
            finished_at=timezone.now(),
        )

    return make


def test_nothing_is_shown_where_nothing_runs(encounter):
    assert jobs_worth_showing(encounter) == []


def test_a_failure_is_not_made_good_by_work_on_the_other_camera(encounter, ended):
    failed = ended("doctor", "failed")
    ended("patient", "done")
    assert jobs_worth_showing(encounter) == [failed]
    ended("doctor", "done")
    assert jobs_worth_showing(encounter) == []


def test_jobs_on_one_encounter_are_told_apart(ended):
    words = [job_state(ended(one, "failed"), may_steer=False)["label"] for one in ("doctor", "patient")]
    assert words == [
        "De-identify a recording: doctor’s camera by box",
        "De-identify a recording: patient’s camera by box",
    ]


def test_a_job_from_before_that_says_no_camera_keeps_its_name(ended):
    job = ended("doctor", "failed")
    del job.params["camera"]
    assert job_state(job, may_steer=False)["label"] == "De-identify a recording: by box"
    job.kind = "check_recording"
    assert job_state(job, may_steer=False)["label"] == "Check the file"
