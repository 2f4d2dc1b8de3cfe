"""Settings are read through typed readers, refuse nonsense, and README documents each of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from webapp import settings as module

ROOT = Path(__file__).resolve().parents[3]


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "DATA_DIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "webapp.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_site_refuses_to_start_without_a_secret():
    done = start()
    assert done.returncode != 0
    assert "SECRET_KEY must be set" in done.stderr


@pytest.mark.parametrize(
    "setting",
    ["DEBUG=perhaps", "DEVICE=quantum", "MAX_UPLOAD_MB=lots", "DATABASE_URL=nonsense", "MEDIA_KEYS=short"],
)
def test_site_refuses_to_start_with_a_value_it_does_not_understand(setting):
    name, value = setting.split("=")
    done = start(**{"SECRET_KEY": "x" * 40, name: value})
    assert done.returncode != 0
    assert name in done.stderr


def test_web_process_starts_without_torch_or_opencv():
    code = (
        "import django, sys; django.setup(); import webapp.asgi; "
        "print({'torch', 'cv2', 'av'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_every_setting_is_documented_in_readme():
    readme = (ROOT / "README.md").read_text()
    assert [name for name in sorted(module.env.known) if f"`{name}`" not in readme] == []


def test_policy_allows_no_inline_script_and_no_foreign_host():
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert directives["script-src"] == ["'self'"]
    assert directives["style-src"] == ["'self'"]
    assert directives["default-src"] == ["'none'"]


def test_every_page_carries_the_policy(client, db):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_cookies_are_closed_to_scripts_and_other_sites(client, alice):
    from tests.conftest import PASSWORD

    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    cookie = client.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
