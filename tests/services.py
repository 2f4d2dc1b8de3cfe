"""PostgreSQL and Redis of Debian, for the tests that need the real ones: `python -m tests.services` installs
them where that is possible. Each runs in a folder of its own on a free port of this machine alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {"initdb": "postgresql", "redis-server": "redis-server"}
START_WITHIN_S = 30.0


@dataclass(frozen=True)
class Postgres:
    """A running server. as_owner: what precedes a command that its owner has to run."""

    url: str
    data: Path
    bin: Path
    as_owner: tuple[str, ...]

    def restart(self) -> None:
        """Stop the server as a power cut would, and start it again."""
        self._control("restart", "-m", "immediate")

    def _control(self, *arguments: str) -> None:
        command = [*self.as_owner, str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def find(program: str) -> Path | None:
    """Return where a server's program is, None when it is not installed."""
    on_path = shutil.which(program)
    if on_path:
        return Path(on_path)
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), default=None)


def missing() -> list[str]:
    """Return the packages that are not there."""
    return [package for program, package in PACKAGES.items() if find(program) is None]


def install() -> None:
    """Install what is missing, as root on Debian; elsewhere say what would be needed."""
    wanted = missing()
    if not wanted:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stdout.write(f"Not installed: {', '.join(wanted)}; the tests that need them are skipped.\n")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *wanted]):
        subprocess.run(["apt-get", *command], check=False, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run an empty server."""
    initdb = find("initdb")
    assert initdb is not None
    owner, as_owner = _owner(), _as_owner()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    data, port = folder / "data", free_port()
    if owner:
        shutil.chown(folder, owner, owner)
    server = Postgres(f"postgres://tester@127.0.0.1:{port}/postgres", data, initdb.parent, as_owner)
    command = [*as_owner, str(initdb), "-D", str(data), "-U", "tester", "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    try:
        server._control("-l", str(folder / "log"), "-o", options, "start")
        yield server
    finally:
        server._control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def running_postgres() -> Postgres:
    """Return the server that another process has started for this one, see test_faults_on_servers.py."""
    initdb = find("initdb")
    assert initdb is not None
    return Postgres(
        os.environ["TEST_DATABASE_URL"], Path(os.environ["TEST_POSTGRES_DATA"]), initdb.parent, _as_owner()
    )


@contextmanager
def redis() -> Iterator[str]:
    """Run an empty server that keeps nothing; give its address."""
    program = find("redis-server")
    assert program is not None
    port = free_port()
    command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _owner() -> str | None:
    """Return whom PostgreSQL runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


def _as_owner() -> tuple[str, ...]:
    owner = _owner()
    return ("setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups") if owner else ()


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing answers on port {port}")


if __name__ == "__main__":
    install()
