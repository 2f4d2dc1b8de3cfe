"""Withdrawal and keys once more with PostgreSQL, which locks rows and guards tables in its own way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *("consent/test_withdrawing.py", "consent/test_retention.py", "consent/test_scans.py"),
    *("consent/test_newest_decisions_model.py", "recordings/test_at_rest.py"),
    "recordings/test_at_rest_killed.py",
)
#: All about consent, and of the media what is about keys.
CHOSEN = "consent or key or in_place or interruption or survives"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_withdrawal_and_keys_end_as_well_with_postgresql():
    if "postgresql" in services.missing():
        pytest.skip("PostgreSQL is not installed here; `python -m tests.services` installs it")
    files = [f"tests/webapp/{name}" for name in FILES]
    with services.postgres() as database:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", CHOSEN],
            cwd=ROOT,
            env={**os.environ, "TEST_DATABASE_URL": database.url},
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "failed" not in done.stdout.splitlines()[-1]
