"""`python -m webapp.run`: prepare the data folder, then web and worker until Ctrl-C.

`stop` ends them from outside; `health` exits 0 when the site answers that all its parts are alive.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path
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
    if running_pid() is not None:
        say(f"Already running as process {running_pid()}; `make stop` ends it.")
        return 1
    prepare_environment()
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
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
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
    PID_FILE.write_text(str(os.getpid()))
    threading.Thread(target=announce, daemon=True).start()
    try:
        manager.loop()
    finally:
        PID_FILE.unlink(missing_ok=True)
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
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip() or "127.0.0.1"
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/healthz", headers={"Host": host})
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


def running_pid() -> int | None:
    try:
        pid = int(PID_FILE.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  this is the command line


if __name__ == "__main__":
    sys.exit(main())
