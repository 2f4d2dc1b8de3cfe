"""A recording goes the whole way through the site, by real networks, and no byte of it lies plain on a disk.

Every file below the data folder and the temporary folder is looked at when it is deleted or replaced and at
the end, for any run of bytes of the original, the poster and the de-identified version.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from deid.demo import demo_videos
from emotion.media import read_audio, read_frames, write_video
from tests.webapp.jobs.driving import drive, work_through
from tests.webapp.recordings.arriving import stored
from tests.webapp.recordings.conftest import MASTER, TusClient
from webapp.analysis.models import AnalysisRun
from webapp.core.encryption import CHUNK_BYTES
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.services import request_derivative
from webapp.deidjobs.storage import version
from webapp.jobs.models import Job
from webapp.recordings import storage
from webapp.recordings.models import Recording

WINDOW = 12
FRAMES = 26
VIDEO_BOXES = re.compile(rb"^....ftyp|moov....mvhd|mdat....\x00\x00", re.DOTALL)


def windows_of(content: bytes) -> set[bytes]:
    """Return the runs of bytes by which a file is known; those that any file may hold are left out."""
    runs = (content[at : at + WINDOW] for at in range(len(content) - WINDOW + 1))
    return {run for run in runs if len(set(run)) > WINDOW // 2}


class Watch:
    """Keeps what every file below some folders held when it was deleted or gave way to another one."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders, self.seen, self.active = [str(folder) for folder in folders], {}, True

    def __call__(self, event: str, arguments: tuple) -> None:
        if not self.active or event not in ("os.remove", "os.rename"):
            return
        for path in arguments[: 2 if event == "os.rename" else 1]:
            folder = arguments[-1]
            with suppress(OSError, ValueError):
                whole = Path(f"/proc/self/fd/{folder}").readlink() / path if folder >= 0 else Path(path)
                if str(whole).startswith(tuple(self.folders)):
                    self.seen[f"{event} {whole}"] = whole.read_bytes()

    def everything(self) -> dict[str, bytes]:
        files = [path for folder in self.folders for path in Path(folder).rglob("*") if path.is_file()]
        return self.seen | {str(path): path.read_bytes() for path in files}


@pytest.fixture
def watch(settings, tmp_path, monkeypatch) -> Iterator[Watch]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    watch = Watch([settings.DATA_DIR, temporary])
    sys.addaudithook(watch)
    yield watch
    watch.active = False


@pytest.fixture(scope="module")
def consultation(tmp_path_factory) -> bytes:
    """One second of the demonstration, small, with a face and a voice."""
    source = demo_videos()["patient"]
    path = tmp_path_factory.mktemp("consultation") / "patient.mp4"
    frames = ((frame.time_us, frame.image_bgr[::2, ::2]) for frame in islice(read_frames(source), FRAMES))
    write_video(path, frames, audio=read_audio(source, end_us=1_040_000), crf=6)
    return path.read_bytes()


def go_the_whole_way(tus: TusClient, video: bytes, alice) -> Recording:
    """Upload in two chunks with a break, check, analyse and de-identify."""
    url = tus.start(len(video))
    middle = len(video) // 2
    assert tus.patch(url, 0, video[:middle]).status_code == 204
    assert tus.patch(url, middle, video[middle:]).status_code == 204
    recording = Recording.objects.get()
    drive(Job.objects.get(kind="check_recording"))
    recording.refresh_from_db()
    assert recording.state == "ready", recording.message
    assert work_through(Job.objects.get(kind="analyse_encounter")).state == "done"
    assert AnalysisRun.objects.get().summary["cameras"]["patient"]["roles"]["patient"]["detection_rate"] > 0
    job = request_derivative(recording=recording, actor=alice, method="blur", audio="keep", donor="auto")
    job = drive(job)
    assert (job.state, job.error_message) == ("done", "")
    return recording


def content_of(recording: Recording) -> dict[str, bytes]:
    derivative = Derivative.objects.get()
    return {
        "original": stored(storage.original(recording)),
        "poster": stored(storage.poster(recording)),
        "version": stored(version(recording.pk, derivative.pk)),
    }


def plain_in(files: dict[str, bytes], windows: dict[str, set[bytes]]) -> list[str]:
    found = []
    for name, data in files.items():
        runs = {data[at : at + WINDOW] for at in range(len(data) - WINDOW + 1)}
        found += [f"{what} in {name}" for what, known in windows.items() if runs & known]
    return found


@pytest.mark.timeout(600)
def test_no_plain_byte_of_a_recording_touches_a_disk(
    tus, consultation, alice, bob, signed_in, settings, watch, weights_dir
):
    settings.MEDIA_KEYS = [MASTER]
    recording = go_the_whole_way(tus, consultation, alice)
    content = content_of(recording)
    assert content["original"] == consultation
    assert hashlib.sha256(content["version"]).hexdigest() == Derivative.objects.get().sha256
    assert len(consultation) > 2 * CHUNK_BYTES
    answer = signed_in(bob).get(f"/recordings/{recording.pk}/video", HTTP_RANGE="bytes=100-199")
    assert answer.content == consultation[100:200]
    files = watch.everything()
    watch.active = False
    media = [name for name in files if Path(name).suffix in (".mp4", ".jpg", ".part", ".npz")]
    assert {Path(name).suffix for name in media} == {".mp4", ".jpg", ".part", ".npz"}
    assert plain_in(files, {what: windows_of(data) for what, data in content.items()}) == []
    assert [name for name in media if VIDEO_BOXES.search(files[name])] == []
    assert [name for name in media if files[name].startswith((b"\xff\xd8\xff", b"PK"))] == []


@pytest.mark.timeout(600)
def test_the_look_at_the_disk_finds_what_lies_plain(tus, small_video, alice, settings, watch):
    settings.MEDIA_KEYS = []
    url = tus.start(len(small_video))
    tus.patch(url, 0, small_video)
    drive(Job.objects.get(kind="check_recording"))
    found = plain_in(watch.everything(), {"original": windows_of(small_video)})
    assert len(found) >= 2, "as an upload before it was moved, and as a recording"
    assert [name for name, data in watch.everything().items() if VIDEO_BOXES.search(data)]
    assert os.environ["TMPDIR"] in watch.folders
