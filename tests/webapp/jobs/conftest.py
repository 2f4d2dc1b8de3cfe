"""Kinds of jobs that exist for one test."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from webapp.jobs import leases, registry
from webapp.jobs.models import Job
from webapp.jobs.registry import JobKind, register_kind
from webapp.jobs.services import create_job


@pytest.fixture(autouse=True)
def _clean_process():
    yield
    leases.stopping.clear()
    registry._KINDS.pop("test", None)


@pytest.fixture
def make_job(db, alice) -> Callable[..., Job]:
    """Return a function that registers a handler as the kind "test" and queues a job of it."""

    def make(run=lambda context: None, **hooks) -> Job:
        register_kind(JobKind("test", "Test", run, **hooks))
        return create_job(kind="test", params={}, subject_id=uuid.uuid4(), requested_by=alice, study_id=None)

    return make
