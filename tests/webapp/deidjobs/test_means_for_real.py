"""With the networks: a rendered person gives their face through the site, and is hidden by that of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deid import delivery
from deid.contribution import read_contribution, write_contribution
from deid.demo import demo_videos
from deid.observe import find_faces
from deid.readings import Readings
from emotion.media import probe_video, read_frames, write_video
from tests.deid.contributors import somebody
from tests.webapp.deidjobs.conftest import hidden_video
from tests.webapp.deidjobs.lenders import add_patient, work_off
from tests.webapp.records import add_recording, add_run, findings
from webapp import engines
from webapp.analysis.models import AnalysisRun
from webapp.deidjobs.lending import start_lending
from webapp.deidjobs.means import new_contribution, stored
from webapp.deidjobs.models import Derivative, FaceContribution
from webapp.deidjobs.services import request_derivative
from webapp.jobs.models import Job

END_US = 400_000
K = 3


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("mean") / "clip.mp4"
    frames = read_frames(demo_videos()["patient"], end_us=END_US)
    write_video(path, ((frame.time_us, frame.image_bgr) for frame in frames))
    return path


@pytest.fixture
def recording(encounter, clip, alice):
    video = probe_video(clip)
    size = {"width": video.width, "height": video.height}
    return add_recording(
        encounter, "patient", clip.read_bytes(), duration_us=END_US, uploaded_by=alice, **size
    )


@pytest.fixture
def analysed(recording, clip, weights_dir):
    """An analysis that found the person where they are."""
    found = find_faces(clip, probe_video(clip), engine=engines.hiding.load_hiding_networks().finder)
    width, height = recording.width, recording.height
    faces = [
        {"camera": "patient", "t_ms": int(time_us) // 1000, "track": 1, "role": "patient"}
        | {"x": left / width, "y": top / height, "w": (right - left) / width, "h": (bottom - top) / height}
        | {"emotion": "neutral", "confidence": 0.9}
        for time_us, (left, top, right, bottom) in zip(
            found.samples.face_times_us, found.samples.boxes_px.tolist(), strict=True
        )
    ]
    run: AnalysisRun = add_run(recording.encounter, replace(findings(("patient",)), faces=faces))
    return run


class NoAudit:
    """Reads nothing, and says what the file's record says."""

    def __init__(self, *_args, **_options) -> None:
        pass

    def read(self, *_args, **_options) -> Readings:
        return Readings()

    def conclude(self, parts, scratch, **_options) -> dict:
        said = vars(hidden_video())
        return {name: said[name] for name in ("privacy", "expression", "media", "verdict", "reasons")}


def test_a_person_gives_their_face_and_is_hidden_by_the_mean_of_others(
    study, alice, doctor, recording, analysed, monkeypatch
):
    start_lending(study=study, actor=alice)
    (job,) = Job.objects.filter(kind="contribute_face")
    work_off(job)
    assert job.state == "done", job.error_message
    own = FaceContribution.objects.get()
    made = read_contribution(stored(recording.pk, own.pk))
    assert made.digest == own.digest
    assert made.pictures["calm"].std() > 10

    for number in (3, 4, 5):  # alike in picture to a rendered person, of other shapes
        other = add_patient(study, alice, doctor)
        given = replace(somebody(number), pictures=made.pictures, seen=made.seen, looks=made.looks)
        one = FaceContribution.objects.create(
            participant=other.encounter.patient, recording=other, digest=given.digest,
            sha256="c" * 64, size_bytes=7, made_at=own.made_at,
        )  # fmt: skip
        file = new_contribution(other.pk, one.pk)
        file.parent.mkdir(parents=True)
        write_contribution(given, file)

    monkeypatch.setattr("deid.nobody.MOST_ALIKE", 1.01)  # a rendered person is like everybody
    monkeypatch.setattr("deid.casting.LEAST", 0.0)
    monkeypatch.setattr(engines.hiding, "_load_tools", lambda: None)
    monkeypatch.setattr(delivery, "Audit", NoAudit)
    engines.hiding._open.cache_clear()
    job = request_derivative(
        recording=recording, actor=alice, method="swap", audio="remove", donor="auto", k=K
    )
    work_off(job)
    assert job.state == "done", job.error_message
    version = Derivative.objects.get()
    assert version.members.filter(at_rest=True).count() == K
    assert not version.members.filter(contribution=own).exists()
    (name,) = version.report["look"]["members"]
    assert version.report["donors"] == {"1": name}
    assert version.recipe["look"]["k"] == K
