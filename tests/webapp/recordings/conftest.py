"""Uploads as tus clients make them, and the videos they carry."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from django.test import Client

from tests import videos
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.recordings.models import Recording

TUS = {"HTTP_TUS_RESUMABLE": "1.0.0"}
MASTER = bytes(range(32))
CHUNK = "application/offset+octet-stream"


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


class TusClient:
    """Speaks the protocol for one user."""

    def __init__(self, client: Client, encounter) -> None:
        self.client = client
        self.encounter = encounter

    def create(self, length: int | str, *, camera="patient", filename="a.mp4", filetype="video/mp4", **more):
        pairs = {
            "encounter": str(self.encounter.pk),
            "camera": camera,
            "filename": filename,
            "filetype": filetype,
        }
        return self.client.post(
            "/api/v1/uploads/",
            HTTP_UPLOAD_LENGTH=str(length),
            HTTP_UPLOAD_METADATA=metadata(**(pairs | more)),
            **TUS,
        )

    def start(self, length: int, **more) -> str:
        answer = self.create(length, **more)
        assert answer.status_code == 201, answer.content
        return answer["Location"]

    def patch(self, url: str, offset: int, data: bytes, **headers):
        return self.client.generic(
            "PATCH", url, data, content_type=CHUNK, HTTP_UPLOAD_OFFSET=str(offset), **(TUS | headers)
        )

    def head(self, url: str):
        return self.client.head(url, **TUS)

    def offset(self, url: str) -> int:
        return int(self.head(url)["Upload-Offset"])

    def delete(self, url: str):
        return self.client.delete(url, **TUS)

    def send(self, data: bytes, **more) -> Recording:
        """Upload a whole file in one chunk and return its recording."""
        url = self.start(len(data), **more)
        assert self.patch(url, 0, data).status_code == 204
        return Recording.objects.get(upload__pk=url.rstrip("/").rsplit("/", 1)[1])


@pytest.fixture(params=["plain", "encrypted"])
def at_rest(request, settings) -> str:
    """How what arrives is stored."""
    settings.MEDIA_KEYS = [MASTER] if request.param == "encrypted" else []
    return request.param


@pytest.fixture
def tus(signed_in, alice, encounter) -> TusClient:
    return TusClient(signed_in(alice), encounter)


@pytest.fixture(scope="session")
def small_video(tmp_path_factory) -> bytes:
    """Two seconds with a tone, as any phone would write it."""
    return videos.write_normal(tmp_path_factory.mktemp("video")).read_bytes()


@pytest.fixture(scope="session")
def other_video(tmp_path_factory) -> bytes:
    return videos.write_silent(tmp_path_factory.mktemp("video")).read_bytes()


@pytest.fixture
def check() -> Callable[[Recording], Recording]:
    """Return a function that runs the check of a recording that arrived."""

    def run(recording: Recording) -> Recording:
        running.run(Job.objects.get(kind="check_recording", params__recording=str(recording.pk)).pk)
        recording.refresh_from_db()
        return recording

    return run


@pytest.fixture
def ready(tus, small_video, check) -> Recording:
    """A checked recording of the patient's camera."""
    recording = check(tus.send(small_video))
    assert recording.state == "ready", recording.message
    return recording


@pytest.fixture
def encrypted(settings):
    settings.MEDIA_KEYS = [MASTER]


@pytest.fixture
def recording(encrypted, ready) -> Recording:
    return ready
