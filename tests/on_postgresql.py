"""Tests once more with PostgreSQL, which locks rows and guards tables in its own way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

ROOT = Path(__file__).resolve().parents[1]


def assert_passes(*arguments: str) -> None:
    """Run tests with a server of their own; skip where there is none."""
    if "postgresql" in services.missing():
        pytest.skip("PostgreSQL is not installed here; `python -m tests.services` installs it")
    with services.postgres() as database:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=ROOT,
            env={**os.environ, "TEST_DATABASE_URL": database.url},
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "failed" not in done.stdout.splitlines()[-1]
