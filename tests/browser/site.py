"""A whole site of its own for the browser tests: web and worker as processes, as `make run` starts them."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_S = 60


class Web:
    """The web process, which a test may end without a warning and start again."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        _end(self._process)


@dataclass(frozen=True)
class Site:
    """url: without a slash at its end. addresses: by name what the seed made. data_dir: its files."""

    url: str
    addresses: dict[str, str]
    data_dir: Path
    environment: dict[str, str]
    web: Web

    def run(self, *command: str) -> str:
        """Return what a command of the site's own interpreter prints."""
        return _run(*command, env=self.environment)

    def wait_until_it_answers(self) -> None:
        _wait_for(f"{self.url}/accounts/login/")


def start_site(stack: ExitStack, data_dir: Path, static_root: Path) -> Site:
    """Start web and worker over a data folder with an empty database; closing the stack ends both.

    What arrives is encrypted, what the seed put there lies plain: nobody who looks at a page can tell.
    """
    port = _free_port()
    environment = {
        **os.environ,
        "DATA_DIR": str(data_dir),
        "STATIC_ROOT": str(static_root),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "MEDIA_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    addresses = json.loads(_run("-m", "tests.browser.seed", env=environment))
    serve = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "webapp.asgi:application"]
    web = Web([sys.executable, *serve], environment, data_dir / "web.log")
    stack.callback(web.end)
    log = stack.enter_context((data_dir / "worker.log").open("wb"))
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    stack.callback(_end, worker)
    site = Site(f"http://127.0.0.1:{port}", addresses, data_dir, environment, web)
    site.wait_until_it_answers()
    return site


def _run(*command: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {READY_WITHIN_S} s")
