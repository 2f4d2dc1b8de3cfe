"""`python -m webapp.run`: prepare the data folder, then web and worker until Ctrl-C.

`stop` ends them from outside; `health` exits 0 when the site answers that all its parts are alive.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import IO
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
PID_FILE = DATA_DIR / "run.pid"
HOST = os.environ.get("HOST") or "127.0.0.1"
PORT = os.environ.get("PORT") or "8000"
READY_WITHIN_S = 60


def main() -> int:
    match sys.argv[1:]:
        case []:
            return start()
        case ["stop"]:
            return stop()
        case ["health"]:
            return 0 if healthy() else 1
        case _:
            say("usage: python -m webapp.run [stop|health]")
            return 2


def start() -> int:
    prepare_environment()
    with PID_FILE.open("a+") as lock:
        if not hold(lock):
            say(f"Already running as process {running_pid()}; `make stop` ends it.")
            return 1
        prepare_site()
        return serve()


def prepare_environment() -> None:
    """Make the data folder and whatever is written into it readable by this user alone."""
    os.umask(0o077)
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(DATA_DIR)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("SECRET_KEY", kept_secret(DATA_DIR / "secret_key"))


def kept_secret(path: Path) -> str:
    """Return this installation's own secret, made at the first start and readable by its owner alone."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.write_text(secrets.token_urlsafe(48))
        unfinished.chmod(0o600)
        unfinished.rename(path)
    return path.read_text().strip()


def prepare_site() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_demo")


def serve() -> int:
    from honcho.environ import parse_procfile
    from honcho.manager import Manager

    manager = Manager()
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(
            name, f"exec {command}", cwd=str(ROOT), env={**os.environ, "HOST": HOST, "PORT": PORT}
        )
    threading.Thread(target=announce, daemon=True).start()
    manager.loop()
    return 0 if manager.returncode in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM) else 1


def announce() -> None:
    """Say where to go and how to sign in, once the site answers."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if healthy():
            say(f"\n  Ready: http://{HOST}:{PORT}\n\n{sign_ins()}\n  Ctrl-C stops everything.\n")
            return
        time.sleep(0.5)
    say(f"The site did not become healthy within {READY_WITHIN_S} s; the lines above say why.")


def healthy() -> bool:
    allowed = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".*")
    address = "127.0.0.1" if HOST == "0.0.0.0" else HOST  # noqa: S104  compared, not bound
    request = urllib.request.Request(f"http://{address}:{PORT}/healthz")
    request.add_header("Host", allowed or "127.0.0.1")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(json.load(answer)["ok"])
    except (URLError, OSError, ValueError):
        return False


def sign_ins() -> str:
    path = DATA_DIR / "demo_credentials"
    lines = path.read_text().splitlines() if path.exists() else []
    return "".join(f"    {line}\n" for line in lines)


def stop() -> int:
    pid = running_pid()
    if pid is None:
        say("Nothing is running.")
        return 0
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if running_pid() is None:
            say("Stopped.")
            return 0
        time.sleep(0.1)
    say(f"Process {pid} is still ending; look again in a moment.")
    return 1


def hold(lock: IO[str]) -> bool:
    """Take the lock that says we are running and write our process number under it; False when it is taken.

    The system lets go of it however the process ends, so a number left behind by a crash names nobody.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return True


def running_pid() -> int | None:
    """Return the process that holds the lock, None when nothing runs."""
    try:
        with PID_FILE.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int(PID_FILE.read_text() or 0) or None
    return None


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  this is the command line


if __name__ == "__main__":
    sys.exit(main())
