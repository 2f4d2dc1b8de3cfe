"""What `make run` and `make stop` rest on."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webapp import run

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from webapp import run
lock = run.PID_FILE.open("a+")
print(run.hold(lock), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(run, "DATA_DIR", tmp_path)
    monkeypatch.setattr(run, "PID_FILE", tmp_path / "run.pid")
    return tmp_path


def start_holder(folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    return holder


def test_nothing_runs_in_a_new_folder(folder):
    assert run.running_pid() is None
    assert run.stop() == 0


def test_number_left_by_a_crash_names_nobody(folder):
    holder = start_holder(folder)
    assert run.running_pid() == holder.pid
    holder.kill()
    holder.wait()
    assert (folder / "run.pid").read_text() == str(holder.pid)
    assert run.running_pid() is None


def test_second_start_is_refused(folder):
    holder = start_holder(folder)
    with run.PID_FILE.open("a+") as lock:
        assert run.hold(lock) is False
    assert run.PID_FILE.read_text() == str(holder.pid)
    holder.kill()
    holder.wait()


def test_secret_is_made_once_and_closed_to_others(folder):
    path = folder / "secret_key"
    secret = run.kept_secret(path)
    assert len(secret) > 40
    assert run.kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_wrong_usage_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["run", "faster"])
    assert run.main() == 2
    assert "usage" in capsys.readouterr().out
