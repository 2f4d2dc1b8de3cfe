"""A build whose worker is killed with -9 leaves nothing that counts, and the next one builds the release."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from django.db import connection

from tests.webapp.jobs import processes
from tests.webapp.jobs.processes import end_all, end_of, finish_with_another_worker, start_worker
from tests.webapp.recordings.conftest import MASTER
from webapp.core import audit
from webapp.core.encrypted_path import EncryptedPath
from webapp.jobs import running
from webapp.jobs.models import Job, JobState
from webapp.recordings.sweeping import ORPHAN_AFTER_S
from webapp.sharing import bag, building, storage, sweeping
from webapp.sharing.building import start_build
from webapp.sharing.models import Release, ReleaseItem, ReleaseKey, ReleasePerson

pytestmark = pytest.mark.django_db(transaction=True)

PHASES = {
    "in the middle of a video": (bag.BagWriter, "_write", 3),
    "before it is read again": (building, "verify_package", 1),
    "before it is stored": (EncryptedPath, "replace", 1),
    "between storing and its row": (building, "_make_ready", 1),
    "before its row is committed": (building, "move", 2),
}


@pytest.fixture(autouse=True)
def _clean_process():
    yield
    end_all()


@pytest.fixture
def job(release, share, alice, settings) -> Job:
    """A queued build; a worker counts as lost at once when it does not renew its lease."""
    settings.MEDIA_KEYS = [MASTER]
    share()
    settings.WORKER_LOST_AFTER_S = 2
    return start_build(actor=alice, release=release)


def die_at(owner: object, name: str, number: int) -> Callable[[], None]:
    """Return a patch after which the process dies at a call of some function, counted from 1."""
    real, calls = getattr(owner, name), []

    def counted(*args, **more):
        calls.append(args)
        return processes.die() if len(calls) == number else real(*args, **more)

    return lambda: setattr(owner, name, counted)


@pytest.mark.parametrize("phase", PHASES)
def test_nothing_half_written_counts_and_the_retry_succeeds(job, release, phase):
    assert end_of(start_worker(die_at(*PHASES[phase]))) == -signal.SIGKILL
    release.refresh_from_db()
    assert (release.state, release.stored_as) == ("building", "")
    assert not ReleaseItem.objects.exists() and not ReleasePerson.objects.exists()
    assert finish_with_another_worker(job).state == JobState.DONE
    release.refresh_from_db()
    assert release.state == "ready"
    assert [name for name, _ in storage.files()] == [release.stored_as], "and nothing of the first attempt"
    with storage.package(release).open("rb") as file:
        assert file.read(4) == b"PK\x03\x04"
    assert ReleaseKey.objects.count() == 1
    assert list(audit.find_breaks()) == []


def test_a_package_of_a_killed_build_that_nobody_tries_again_is_swept(job, release, monkeypatch):
    assert end_of(start_worker(die_at(building, "_make_ready", 1))) == -signal.SIGKILL
    assert len(list(storage.files())) == 1
    sweeping.sweep_packages_without_a_release()
    assert len(list(storage.files())) == 1, "it may be on its way to its row"
    now = sweeping.time.time()
    monkeypatch.setattr(sweeping.time, "time", lambda: now + ORPHAN_AFTER_S + 1)
    monkeypatch.setattr(sweeping.cache, "add", lambda *_: True)
    sweeping.sweep_packages_without_a_release()
    assert list(storage.files()) == []


def test_storing_a_package_holds_no_lock_and_what_is_refused_afterwards_leaves_no_file(
    job, release, alice, monkeypatch
):
    real, seen = EncryptedPath.replace, []

    def watched(self, target):
        seen.append(connection.in_atomic_block)
        real(self, target)
        Release.objects.filter(pk=release.pk).update(state="failed")  # somebody was faster

    monkeypatch.setattr(EncryptedPath, "replace", watched)
    running.run(job.pk)
    assert seen == [False]
    assert list(storage.files()) == []
