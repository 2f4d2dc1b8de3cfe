"""No erasure is certified while the face of whoever left lies somewhere, or is still being drawn."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.webapp.consent.conftest import withdraw  # noqa: F401, a fixture
from tests.webapp.deidjobs.lenders import add_lenders, work_off
from webapp.consent.erasing import finish_erasure, finish_open_erasures
from webapp.consent.services import withdraw_consent
from webapp.consent.withdrawing import preview, scope_of
from webapp.deidjobs.models import Derivative, FaceContribution
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import steps_dir, version_of, version_path
from webapp.jobs import running
from webapp.jobs.models import Job, Segment
from webapp.recordings.storage import derived_dir

K = 3
SHOWING = ("cast-0.json", "write-0.npz", "write-0.mp4", ".write-1.mp4.ab.part", "audit-0.npz")


@pytest.fixture
def lenders(study, alice, doctor) -> list[FaceContribution]:
    return add_lenders(study, alice, doctor, K + 1)


@pytest.fixture
def job(recording, alice, lenders, drawing) -> Job:
    """A job that may make a face of all four."""
    return request_derivative(
        recording=recording, actor=alice, method="swap", audio="remove", donor="auto", k=K
    )


@pytest.fixture
def spread(job, recording) -> Segment:
    """A segment of the job, with what workers before it have drawn."""
    running.run(job.pk)
    folder = steps_dir(recording.pk, job.pk)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("look-0.npz", *SHOWING):
        (folder / name).write_bytes(b"kept")
    joined_of(job).parent.mkdir(parents=True, exist_ok=True)
    joined_of(job).write_bytes(b"joined")
    return Segment.objects.get(job=job)


@pytest.fixture
def killed(alice, django_capture_on_commit_callbacks):
    """Return a function that withdraws, with a worker that dies as soon as the rows are gone."""

    def run(participant):
        with django_capture_on_commit_callbacks():
            erasure = withdraw_consent(actor=alice, participant=participant, purposes=["average_face"])
            finish_erasure(erasure.pk)
        return erasure

    return run


def joined_of(job):
    return version_path(uuid.UUID(job.params["recording"]), version_of(job.pk))


def parts_of(job) -> list[str]:
    folder = steps_dir(uuid.UUID(job.params["recording"]), job.pk)
    return sorted(path.name for path in folder.iterdir())


def hold(segment, began) -> None:
    found = Segment.objects.filter(pk=segment.pk)
    found.update(state="running", lease_token=uuid.uuid4(), started_at=began)


def test_a_worker_that_dies_when_the_rows_are_gone_leaves_no_face_behind(job, lenders, killed):
    work_off(job)
    made = Derivative.objects.get()
    (steps_dir(made.recording_id, job.pk) / "write-0.mp4").write_bytes(b"kept")
    erasure = killed(lenders[0].participant)
    erasure.refresh_from_db()
    assert erasure.state == "open"
    assert len(erasure.remaining) == 3
    assert finish_open_erasures() == 1
    assert parts_of(job) == []
    assert not version_path(made.recording_id, made.pk).exists()
    assert not (derived_dir(lenders[0].recording_id) / "averaging" / f"{lenders[0].pk}.npz").exists()


def test_while_the_face_is_being_drawn_for_another_person_nothing_is_certified(
    job,
    spread,
    lenders,
    withdraw,  # noqa: F811
):
    hold(spread, timezone.now() - timedelta(seconds=1))
    erasure = withdraw(lenders[0].participant, "average_face")
    assert erasure.state == "open"
    assert erasure.remaining == [
        "a version is being made in which the face may be; the work stops within seconds"
    ]
    for name in ("write-0.npz", "write-1.mp4"):
        (steps_dir(uuid.UUID(job.params["recording"]), job.pk) / name).write_bytes(b"drawn meanwhile")
    joined_of(job).write_bytes(b"joined meanwhile")
    Segment.objects.update(state="queued", lease_token=None)
    finish_open_erasures()
    assert finish_open_erasures() == 1
    assert parts_of(job) == ["look-0.npz"]
    assert not joined_of(job).exists()


def test_a_worker_that_began_after_the_withdrawal_is_not_waited_for_and_keeps_what_it_drew(
    job, spread, lenders, killed
):
    erasure = killed(lenders[0].participant)
    hold(spread, erasure.requested_at + timedelta(microseconds=1))
    folder = steps_dir(uuid.UUID(job.params["recording"]), job.pk)
    for path in (folder / "write-0.npz", joined_of(job)):
        path.write_bytes(b"drawn without them")
    assert finish_open_erasures() == 1
    erasure.refresh_from_db()
    assert erasure.state == "done"
    assert (folder / "write-0.npz").read_bytes() == b"drawn without them"
    assert joined_of(job).exists()


def test_a_version_that_was_put_together_and_not_written_down_goes_at_once(
    job,
    spread,
    lenders,
    withdraw,  # noqa: F811
):
    withdraw(lenders[0].participant, "average_face")
    assert not joined_of(job).exists()
    assert parts_of(job) == ["look-0.npz"]


def test_a_face_that_a_killed_worker_left_without_a_row_goes_too(
    lenders,
    withdraw,  # noqa: F811
):
    mine, other = (derived_dir(one.recording_id) / "averaging" for one in lenders[:2])
    FaceContribution.objects.filter(pk=lenders[0].pk).delete()
    (mine / f".{uuid.uuid4()}.npz.ab.part").write_bytes(b"half")
    erasure = withdraw(lenders[0].participant, "average_face")
    assert erasure.state == "done"
    assert list(mine.iterdir()) == []
    assert [path.stem for path in other.iterdir()] == [str(lenders[1].pk)]


def test_the_file_of_a_version_that_somebody_left_goes_and_its_row_stays(
    job,
    lenders,
    alice,
    signed_in,
    withdraw,  # noqa: F811
):
    work_off(job)
    made = Derivative.objects.get()
    assert version_path(made.recording_id, made.pk).exists()
    said = {one.what: one.why for one in preview(scope_of(lenders[0].participant, ["average_face"]))}
    assert "Their files are removed" in said["versions in whose face it is a part"]
    assert withdraw(lenders[0].participant, "average_face").state == "done"
    assert not version_path(made.recording_id, made.pk).exists()
    page = signed_in(alice).get(made.get_absolute_url()).content.decode()
    assert "The file is removed" in page


def test_a_version_in_which_nobody_left_keeps_its_file(job, lenders, alice, withdraw):  # noqa: F811
    work_off(job)
    made = Derivative.objects.get()
    made.members.filter(contribution=lenders[0]).delete()
    withdraw(lenders[0].participant, "average_face")
    assert version_path(made.recording_id, made.pk).exists()
