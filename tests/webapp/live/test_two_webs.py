"""Two web processes and a Redis server between them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services
from tests.empty_database import copy_empty_database

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.long
@pytest.mark.timeout(240)
def test_two_web_processes_share_a_session_through_redis(tmp_path, shared_folder, weights_dir):
    absent = [name for name in services.missing() if name == "redis-server"]
    if absent:
        pytest.skip("not installed here: redis-server; `python -m tests.services` installs it")
    copy_empty_database(tmp_path / "db.sqlite3", shared_folder)
    with services.redis() as address:
        environment = {**os.environ, "REDIS_URL": address, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
        done = subprocess.run(
            [sys.executable, "-m", "tests.webapp.live.two_webs"],
            cwd=ROOT,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    each = {"heard": ["doctor", "patient"], "layer": "ok"}
    assert json.loads(done.stdout.splitlines()[-1]) == {"one": each, "other": each}
