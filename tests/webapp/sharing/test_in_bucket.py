"""Packages lie where the media lie: with a bucket, every host finds what a worker built."""

from __future__ import annotations

from django.urls import reverse

from tests.webapp.buckets import everything
from tests.webapp.recordings import test_bucket
from tests.webapp.sharing.conftest import build, everything_in
from webapp.sharing.recalling import recall_release
from webapp.sharing.sweeping import sweep_packages_without_a_release

server, bucket = test_bucket.server, test_bucket.bucket


def packages() -> list[str]:
    return [key for key in everything() if key.endswith(".zip")]


def test_a_package_is_built_taken_along_and_recalled_in_a_bucket(
    bucket, release, share, alice, signed_in, settings, django_capture_on_commit_callbacks
):
    share()
    built = build(release, alice)
    assert built.state == "ready", built.message
    assert packages() == [f"lab/releases/{built.stored_as}"]
    assert not [path for path in everything_in(settings.DATA_DIR) if path.suffix in (".zip", ".part")]
    sweep_packages_without_a_release()
    assert packages(), "what a release names is no orphan"
    address = reverse("sharing:api_package", args=[built.study.slug, built.version])
    answer = signed_in(alice).get(address, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, b"PK\x03\x04")
    with django_capture_on_commit_callbacks(execute=True):
        recall_release(actor=alice, release=built, note="A wrong table.")
    assert packages() == []
