"""An empty database with all its tables: migrated once for every process of a run, and copied by each."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copy_empty_database(target: Path, shared: Path) -> None:
    """Put an empty SQLite database at target. The first who asks migrates it in shared, the others wait."""
    made = shared / "empty.sqlite3"
    with (shared / "empty.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _migrate(shared / "migrating.sqlite3").rename(made)
    shutil.copyfile(made, target)


def _migrate(path: Path) -> Path:
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{path}",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return path
