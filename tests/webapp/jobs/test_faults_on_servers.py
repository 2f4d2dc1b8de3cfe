"""The faults of its neighbours once more, with PostgreSQL, Redis and Celery instead of what is built in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

ROOT = Path(__file__).resolve().parents[3]
#: The whole table of faults takes a minute; these are the ones in which the servers take part.
CHOSEN = (
    "decoding or committing or eight or two_workers or told_to_end or quarantined or restarts or broker "
    "or empty_folder or dies_after_its_clock or thousand_jobs_end"
)
FAULTS = tuple(f"tests/webapp/jobs/test_{name}.py" for name in ("faults", "surroundings", "many"))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_faults_end_as_well_with_postgresql_redis_and_celery():
    absent = services.missing()
    if absent:
        pytest.skip(f"not installed here: {', '.join(absent)}; `python -m tests.services` installs them")
    with services.postgres() as database, services.redis() as broker:
        environment = {
            **os.environ,
            "TEST_DATABASE_URL": database.url,
            "TEST_POSTGRES_DATA": str(database.data),
            "TEST_CELERY_BROKER_URL": broker,
        }
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *FAULTS]
        done = subprocess.run(
            [sys.executable, *command, "-k", CHOSEN],
            cwd=ROOT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
    assert "failed" not in done.stdout.splitlines()[-1]
