from __future__ import annotations

import signal

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from webapp import engines
from webapp.accounts.models import User
from webapp.analysis.demo import credentials_file, load_demo
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.jobs.models import Job, Segment
from webapp.recordings.models import Recording, Upload


@pytest.fixture
def _own_signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def tiny_demo(monkeypatch, tmp_path):
    videos = {camera: tmp_path / f"{camera}.mp4" for camera in ("doctor", "patient")}
    for camera, path in videos.items():
        path.write_bytes(camera.encode() * 100)
    monkeypatch.setattr(engines, "demo_videos", lambda: videos)
    return videos


def passwords() -> dict[str, str]:
    return {line.split()[1]: line.split()[2] for line in credentials_file().read_text().splitlines()}


def test_loading_twice_changes_nothing(db, tiny_demo):
    first = load_demo()
    before = passwords()
    assert load_demo() == first
    assert passwords() == before
    assert (Recording.objects.count(), Upload.objects.count(), Job.objects.count()) == (2, 2, 2)


def test_every_demo_user_can_sign_in_with_the_password_in_the_private_file(db, tiny_demo):
    load_demo()
    assert credentials_file().stat().st_mode & 0o777 == 0o600
    assert set(passwords()) == {f"{name}@demo.example" for name in ("olivia", "alice", "bob", "dora")}
    for email, password in passwords().items():
        answer = Client().post("/accounts/login/", {"login": email, "password": password})
        assert (answer.status_code, answer["Location"]) == (302, "/")


def test_no_password_is_a_constant(db, tiny_demo):
    load_demo()
    before = passwords()
    credentials_file().unlink()
    load_demo()
    assert set(passwords().values()).isdisjoint(before.values())
    assert all(User.objects.get(email=email).check_password(word) for email, word in passwords().items())


def test_missing_demo_files_are_named(db, tiny_demo):
    tiny_demo["doctor"].unlink()
    with pytest.raises(CommandError, match=r"doctor\.mp4"):
        call_command("load_demo")


@pytest.mark.usefixtures("_own_signals", "weights_dir")
@pytest.mark.django_db(transaction=True)
def test_the_demonstration_goes_the_whole_way_from_upload_to_timeline():
    encounter = load_demo()
    call_command("worker", "--batch", "--interval", "0")
    assert [(job.kind, job.state, job.error_message) for job in Job.objects.exclude(state="done")] == []
    run = AnalysisRun.objects.filter(encounter=encounter).first()
    assert set(run.inputs) == {"doctor", "patient"}
    assert run.sync_method
    assert set(run.weights) >= {"centerface"}
    for camera in ("doctor", "patient"):
        rows = SecondRow.objects.filter(run=run, camera=camera)
        assert 30 <= rows.count() <= 60
        assert rows.filter(status="ok").count() > 0.5 * rows.count()
        faces = FaceObservation.objects.filter(run=run, camera=camera)
        assert faces.count() > 2 * rows.filter(status="ok").count()
        assert all(0 <= face.x <= 1 and 0 < face.w <= 1 for face in faces)
    assert abs(run.sync_offset_ms) == pytest.approx(480, abs=40)
    assert Segment.objects.filter(job=run.job, state="done").count() == 4
    assert_equals_an_analysis_in_one_go(run)
    nurse = FaceObservation.objects.filter(run=run, role="irrelevant")
    assert nurse.exists()
    assert set(nurse.values_list("emotion", "confidence")) == {("", 0.0)}


def assert_equals_an_analysis_in_one_go(run: AnalysisRun) -> None:
    """Every row and face that the segments gave is the one of an analysis that was never cut."""
    from emotion.conclude import AnalysisOptions
    from emotion.pipeline import analyse_encounter
    from emotion.tables import TIMELINE_COLUMNS, timeline_rows

    videos = engines.demo_videos()
    uncut = analyse_encounter(
        {camera: videos[camera] for camera in ("doctor", "patient")},
        engine=engines.analysis._load_engine(run.model),
        options=AnalysisOptions(segment_us=3_600_000_000),
    )
    expected = [dict(zip(TIMELINE_COLUMNS, row, strict=True)) for row in timeline_rows(uncut)]
    rows = SecondRow.objects.filter(run=run).order_by("camera", "second").values(*TIMELINE_COLUMNS)
    assert list(rows) == expected
    times = FaceObservation.objects.filter(run=run).order_by("camera", "t_ms", "track")
    assert list(times.values_list("camera", "t_ms", "track")) == sorted(
        (camera.camera, face.time_us // 1000, face.track)
        for camera in uncut.cameras
        for face in camera.observations()
    )


@pytest.mark.real_clips
@pytest.mark.usefixtures("_own_signals", "weights_dir")
@pytest.mark.django_db(transaction=True)
def test_a_real_consultation_goes_the_whole_way(shared_data, monkeypatch, signed_in):
    clips = shared_data / "clips"
    videos = {camera: clips / f"consultation_a_camera_{camera}.mp4" for camera in ("doctor", "patient")}
    monkeypatch.setattr(engines, "demo_videos", lambda: videos)
    encounter = load_demo()
    call_command("worker", "--batch", "--interval", "0")
    run = AnalysisRun.objects.get(encounter=encounter)
    assert (run.sync_method, run.sync_applied) == ("audio", True)
    assert abs(run.sync_offset_ms) == pytest.approx(640, abs=40)
    client = signed_in(User.objects.get(email="bob@demo.example"))
    lanes = client.get(f"/api/v1/runs/{run.pk}/timeline/").json()["lanes"]
    assert [lane["role"] for lane in lanes] == ["doctor", "patient"]
    assert all(lane["summary"]["detection_rate"] > 0.8 for lane in lanes)
    assert client.get(encounter.get_absolute_url()).status_code == 200
