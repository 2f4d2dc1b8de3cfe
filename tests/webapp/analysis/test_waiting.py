from __future__ import annotations

import pytest

from tests.webapp.records import add_job, add_recording
from webapp.jobs.models import Job
from webapp.recordings.models import Upload


@pytest.fixture
def home(signed_in):
    def text_for(user) -> str:
        return signed_in(user).get("/").content.decode()

    return text_for


def test_home_shows_a_failed_job_to_the_coordinator_until_it_was_tried_again(home, encounter, alice, bob):
    job = add_job(encounter)
    Job.objects.filter(pk=job.pk).update(state="failed", error_message="The disk was full.")
    assert "The disk was full." in home(alice)
    assert "The disk was full." not in home(bob)
    add_job(encounter)
    assert "The disk was full." not in home(alice)


def test_home_shows_an_upload_to_whoever_began_it(home, encounter, alice, carol):
    Upload.objects.create(
        encounter=encounter,
        camera="patient",
        original_name="a.mp4",
        suffix=".mp4",
        length=100,
        offset=40,
        uploaded_by=alice,
    )
    assert "40 % of a.mp4 has arrived" in home(alice)
    assert "a.mp4" not in home(carol)


def test_home_shows_a_refused_file_with_its_reason(home, encounter, alice):
    add_recording(
        encounter, "doctor", state="refused", message="There is no picture in it.", uploaded_by=alice
    )
    assert "There is no picture in it." in home(alice)
