"""An S3 server on loopback, as real as moto makes it: HTTP, signatures' form, ranges and parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.storage import storages

from webapp.core.bucket import bucket_storage
from webapp.core.env import Environment

BUCKET = "media"


@contextmanager
def running_server() -> Iterator[str]:
    """Give the address of a server without a bucket."""
    server = pytest.importorskip(
        "moto.server", reason="moto is not installed: pip install -r requirements-dev.txt"
    ).ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"{host}:{port}"
    finally:
        server.stop()


def use_bucket(settings: Any, address: str, name: str = BUCKET, prefix: str = "lab") -> None:
    """Have the site keep its media in a bucket."""
    url = f"http://key:secret@{address}/{name}/{prefix}"
    settings.MEDIA_BUCKET = Environment({"MEDIA_URL_S3": url}).bucket("MEDIA_URL_S3")
    settings.STORAGES = {**settings.STORAGES, "default": bucket_storage(settings.MEDIA_BUCKET)}


def opened_bucket() -> Any:
    return storages["default"].connection.Bucket(storages["default"].bucket_name)


def everything() -> dict[str, bytes]:
    """Return the bytes of every object by its key."""
    return {one.key: one.get()["Body"].read() for one in opened_bucket().objects.all()}
