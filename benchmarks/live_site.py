"""A site of its own for measuring live sessions: a web process over an empty data folder, and its people."""

from __future__ import annotations

import datetime
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 120


@dataclass
class LiveSite:
    """data_dir: of the site. Entering sets this process up for the same database and starts the site."""

    data_dir: Path
    port: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    web: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LiveSite:
        self.port = self.port or _free_port()
        os.environ.update(
            DATA_DIR=str(self.data_dir),
            SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_urlsafe(48),
            DJANGO_SETTINGS_MODULE="webapp.settings",
        )
        self._manage("migrate", "--verbosity=0")
        self._manage("collectstatic", "--verbosity=0", "--noinput")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._stack.close()

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the web process and wait until it answers."""
        log = self._stack.enter_context((self.data_dir / "web.log").open("ab"))
        command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "webapp.asgi:application"]
        self.web = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/accounts/login/", timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.2)
        raise SystemExit(f"the site did not answer within {READY_WITHIN_S} s; see {self.data_dir}/web.log")

    def kill(self) -> None:
        """End the web process without a warning, as a power cut would."""
        if self.web is not None:
            self.web.kill()
            self.web.wait()
            self.web = None

    def memory_mb(self) -> float:
        """Return the resident memory of the web process and its children in megabytes (Linux)."""
        assert self.web is not None
        pages = 0
        for pid in (self.web.pid, *_children(self.web.pid)):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)

    def cpu_s(self) -> float:
        """Return the processor seconds that the web process and its children have used so far (Linux)."""
        assert self.web is not None
        ticks = 0
        for pid in (self.web.pid, *_children(self.web.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _manage(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True)


def make_sessions(count: int) -> tuple[list[dict[str, str]], str]:
    """Return the ids and camera tokens of new open sessions, and the session cookie of their doctor."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from webapp.accounts.models import User
    from webapp.consent.models import Purpose
    from webapp.consent.services import publish_form, record_decisions
    from webapp.live import tokens
    from webapp.live.services import open_live_session
    from webapp.studies import services
    from webapp.studies.protocol import change_state

    name = secrets.token_hex(4)
    owner, dora = (
        User.objects.create_user(
            f"{who}-{name}@hospital.example", secrets.token_urlsafe(16), display_name=who.title()
        )
        for who in ("owner", "doctor")
    )
    study = services.create_study(
        actor=owner,
        slug=f"bench-{name}",
        title="Measurement",
        protocol_number="1",
        purpose="Measurement",
        target_encounters=count,
    )
    services.add_member(actor=owner, study=study, user=owner, role="owner")
    services.add_member(actor=owner, study=study, user=dora, role="doctor")
    publish_form(actor=owner, study=study, text="For measurement.")
    for state in ("approved", "recruiting"):
        change_state(actor=owner, study=study, to=state)
    doctor = services.add_participant(actor=owner, study=study, kind="doctor", user=dora)
    patient = services.add_participant(actor=owner, study=study, kind="patient")
    for person in (doctor, patient):
        record_decisions(actor=owner, participant=person, decisions=dict.fromkeys(Purpose.values, True))
    held_on, made = datetime.date(2026, 1, 1), []
    for _ in range(count):
        encounter = services.create_encounter(
            actor=owner, study=study, doctor=doctor, patient=patient, held_on=held_on
        )
        pk = open_live_session(actor=owner, encounter=encounter).pk
        links = {camera: tokens.make(pk, camera) for camera in ("doctor", "patient")}
        made.append({"id": str(pk), **links})
    client = Client()
    client.force_login(dora, backend=settings.AUTHENTICATION_BACKENDS[0])
    cookie: Any = client.cookies[settings.SESSION_COOKIE_NAME]
    return made, f"{settings.SESSION_COOKIE_NAME}={cookie.value}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False
    )
    return [int(one) for one in listed.stdout.split()]
