from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion import pipeline
from emotion.__main__ import main
from emotion.commands import name_camera, plan_jobs
from emotion.errors import OutputUnwritable
from emotion.results import FILES
from emotion.sampling import LOOKING
from tests import videos
from tests.emotion.stand_ins import engine

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _quick_networks(monkeypatch):
    """Commands in this process use networks that need no weights."""
    monkeypatch.setattr(pipeline, "load_engine", lambda *_args, **_named: engine())


def analyse(*arguments: object) -> int:
    return main(["analyse", *map(str, arguments)])


def status_of(*arguments: object) -> int:
    """Return the exit status also where the parser leaves by itself."""
    try:
        return main(list(map(str, arguments)))
    except SystemExit as leaving:
        return int(leaving.code or 0)


def test_analyse_writes_every_file_and_says_where(tmp_path: Path, capsys):
    out = tmp_path / "out"
    assert analyse(videos.write_normal(tmp_path), "--out", out) == 0
    printed = capsys.readouterr()
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert "classified 2 of 2 s" in printed.out
    assert printed.err == ""


def test_json_is_one_object_on_stdout(tmp_path: Path, capsys):
    analyse(videos.write_normal(tmp_path), "--out", tmp_path / "out", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["out"] == str(tmp_path / "out")
    assert "normal" in result["cameras"]


def test_two_named_cameras_are_one_encounter(tmp_path: Path):
    paths = {}
    for name in ("patient", "doctor"):
        (tmp_path / name).mkdir()
        paths[name] = videos.write_silent(tmp_path / name)
    cameras = [f"--camera={name}={path}" for name, path in paths.items()]
    assert analyse(*cameras, "--out", tmp_path / "out") == 0
    with (tmp_path / "out" / "timeline.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert [(row["camera"], row["role"]) for row in rows] == [("patient", "patient")] * 2 + [
        ("doctor", "doctor")
    ] * 2


def test_several_videos_get_a_folder_each(tmp_path: Path):
    one, two = videos.write_normal(tmp_path), videos.write_silent(tmp_path)
    assert analyse(one, two, "--out", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["normal", "silent"]
    assert (tmp_path / "out" / "silent" / "run.json").is_file()


def test_jobs_keep_equal_names_apart():
    jobs = plan_jobs([Path("a/x.mp4"), Path("b/x.mp4"), Path("c/x.mp4")], [], Path("out"))
    assert [job.out_dir.name for job in jobs] == ["x", "x-2", "x-3"]


def test_camera_named_among_the_videos_is_analysed_once():
    (job,) = plan_jobs([Path("p.mp4")], [("patient", Path("p.mp4"))], Path("out"))
    assert job.cameras == {"patient": Path("p.mp4")}


@pytest.mark.parametrize(
    ("name", "camera"),
    [
        ("; rm -rf ~.mp4", "rm_-rf"),
        ("..mp4", "camera"),
        ("…", "camera"),
        ("-o.mp4", "o"),
        ("问诊 3.mp4", "问诊_3"),
    ],
)
def test_hostile_names_make_harmless_folders(name: str, camera: str):
    assert name_camera(Path(name)) == camera


@pytest.mark.parametrize("name", [videos.HOSTILE_NAME.replace("/", "_"), "; rm -rf *.mp4", "-leading.mp4"])
def test_hostile_file_name_is_analysed_like_any_other(tmp_path: Path, monkeypatch, name: str):
    videos.write_normal(tmp_path).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert analyse("--out", "out", "--", name) == 0
    assert (tmp_path / "out" / "run.json").is_file()


@pytest.mark.parametrize(
    "writer",
    [
        videos.write_renamed_text,
        videos.write_renamed_picture,
        videos.write_renamed_playlist,
        videos.write_zero_bytes,
        videos.write_audio_only,
        videos.write_without_index,
        videos.write_undecodable,
        lambda folder: folder / "not there.mp4",
    ],
)
def test_bad_file_gives_one_sentence_and_no_folder(tmp_path: Path, capsys, writer: Callable[[Path], Path]):
    assert analyse(writer(tmp_path), "--out", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    assert "Traceback" not in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "writer",
    [
        videos.write_cut_short,
        videos.write_variable_frame_rate,
        videos.write_ten_bit,
        videos.write_odd_size,
        videos.write_single_frame,
        videos.write_lying_header,
        lambda folder: videos.write_rotated(folder, 270),
    ],
)
def test_unusual_file_is_analysed(tmp_path: Path, writer: Callable[[Path], Path]):
    assert analyse(writer(tmp_path), "--out", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_one_bad_file_among_several_is_found_before_any_work(tmp_path: Path):
    good, bad = videos.write_normal(tmp_path), videos.write_zero_bytes(tmp_path)
    assert analyse(good, bad, "--out", tmp_path / "out") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unheard-of"],
        ["analyse", "x.mp4"],
        ["analyse", "--out", "out"],
        ["analyse", "x.mp4", "--out", "out", "--sample-fps", "0"],
        ["analyse", "x.mp4", "--out", "out", "--sample-fps", "nan"],
        ["analyse", "x.mp4", "--out", "out", "--device", "abacus"],
        ["analyse", "--camera", "nurse=x.mp4", "--out", "out"],
        ["analyse", "--camera", "patient", "--out", "out"],
        ["analyse", "--camera", "patient=x.mp4", "--camera", "patient=y.mp4", "--out", "out"],
        ["analyse", "z.mp4", "--camera", "patient=x.mp4", "--out", "out"],
        ["classify"],
        ["weights", "burn"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status_of(*arguments) == 2
    assert "usage:" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_unknown_model_is_named_with_the_known_ones(tmp_path: Path, capsys):
    assert analyse(videos.write_normal(tmp_path), "--out", tmp_path / "out", "--model", "oracle") == 1
    assert "'oracle'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_unwritable_folder_is_one_sentence(tmp_path: Path, capsys):
    (tmp_path / "out").write_text("a file")
    assert analyse(videos.write_normal(tmp_path), "--out", tmp_path / "out") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_failed_run_leaves_earlier_results_as_they_were(tmp_path: Path, monkeypatch):
    path, out = videos.write_normal(tmp_path), tmp_path / "out"
    analyse(path, "--out", out)
    before = {name: (out / name).read_bytes() for name in FILES}

    def fail(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "conclude_camera", fail)
    assert analyse(path, "--out", out) == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


# --- in a process of its own, with the real networks ---------------------------------------------------


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start an analysis that hears Ctrl-C, also where the tests run in the background of a shell."""
    command = [sys.executable, "-m", "emotion", "analyse", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def wait_for_segment(process: subprocess.Popen[str], out: Path) -> None:
    """Return once the first segment is finished and before the run is."""
    deadline = time.monotonic() + 120
    while not list(out.glob(".partial/*.npz")):
        assert process.poll() is None, "the run ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory) -> Path:
    """Six minutes at five frames a second: long enough to be met in the middle by a machine under load."""
    folder = tmp_path_factory.mktemp("long")
    times = range(0, 370 * 25, 5)
    return videos.write_recording(folder / "long.mp4", times=times, audio=None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_ends_with_130_and_leaves_nothing(
    weights_dir, long_recording: Path, tmp_path: Path, number
):
    out = tmp_path / "out"
    process = start(long_recording, "--out", out)
    wait_for_segment(process, out)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not out.exists()


def test_killed_run_resumes_to_the_same_bytes(weights_dir, long_recording: Path, tmp_path: Path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert start(long_recording, "--out", whole).wait() == 0
    process = start(long_recording, "--out", out)
    wait_for_segment(process, out)
    process.kill()
    process.communicate()
    assert not [path for path in out.iterdir() if path.name in FILES]
    finished = {path.name: path.stat().st_mtime_ns for path in out.glob(".partial/*-0-*.npz")}
    assert finished
    assert start(long_recording, "--out", out, "--resume").wait() == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def test_a_run_takes_over_nothing_that_was_looked_for_in_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, out = videos.write_normal(tmp_path), tmp_path / "out"
    networks = engine()

    def refuse(*_args, **_named):
        raise OutputUnwritable("no room")

    monkeypatch.setattr(pipeline, "load_engine", lambda *_args, **_named: networks)
    monkeypatch.setattr("emotion.results.write_results", refuse)  # so that segments stay to be taken over
    for looking, is_looked_at in ((1, True), (1, False), (LOOKING, True)):
        monkeypatch.setattr("emotion.sampling.LOOKING", looking)
        networks.detector.seen.clear()
        assert analyse(path, "--out", out, "--resume") == 1
        assert bool(networks.detector.seen) == is_looked_at


def test_analysis_does_not_load_what_it_does_not_need(weights_dir, tmp_path: Path):
    path = videos.write_normal(tmp_path)
    script = (
        "import sys\nfrom emotion.__main__ import main\n"
        f"assert main(['analyse', {str(path)!r}, '--out', {str(tmp_path / 'out')!r}]) == 0\n"
        "heavy = {'torch', 'django', 'matplotlib', 'h5py', 'onnx'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_run_killed_before_or_after_any_change_on_disk_resumes_to_the_same_files(tmp_path: Path):
    video = videos.write_recording(tmp_path / "long.mp4", times=range(0, 65 * 25, 25), audio=None)
    command = [sys.executable, "-m", "tests.emotion.killed", str(video), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
