"""From a camera's file to a hidden one, and every way in which there must be no file."""

from __future__ import annotations

import numpy as np
import pytest

from deid.errors import DamagedVideo, FaceRemains, UnknownMethod, UnknownTrack
from deid.mark import read_mark
from deid.mask import BOX_BGR
from deid.pipeline import deidentify
from deid.task import Task, describe
from emotion.errors import Cancelled, EmotionError, OutputUnwritable, UnreadableVideo, WeightsMissing
from emotion.media import probe_video, read_audio, read_frames
from tests import videos
from tests.deid.stand_ins import FACE_PX, SeesAlways, SeesDetail, hiding

BOX = Task("box")


def middle_of(image) -> np.ndarray:
    left, top, right, bottom = FACE_PX.astype(int)
    return image[top:bottom, left:right].reshape(-1, 3).astype(int)


def hidden_frames(path) -> list[bool]:
    return [bool(np.abs(middle_of(f.image_bgr) - BOX_BGR).max() < 30) for f in read_frames(path)]


def files_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "hidden.mp4"


def test_every_frame_is_there_at_its_time_and_hidden(tmp_path, output):
    source = videos.write_variable_frame_rate(tmp_path)
    report = deidentify(source, output, BOX, hiding=hiding())
    times = [frame.time_us for frame in read_frames(output)]
    assert times == [frame.time_us for frame in read_frames(source)]
    assert all(hidden_frames(output))
    assert report.verification.frames == videos.FRAMES
    assert files_in(output.parent) == ["hidden.mp4"]


def test_faces_that_the_detector_loses_for_a_while_stay_hidden(tmp_path, output):
    source = videos.write_normal(tmp_path)
    report = deidentify(source, output, BOX, hiding=hiding(blind=range(11, 30)))
    assert all(hidden_frames(output))
    assert [gap.covered for gap in report.gaps] == [True]


def test_a_face_that_only_the_second_detector_sees_is_covered_in_a_second_writing(tmp_path, output):
    source = videos.write_normal(tmp_path)
    second = SeesDetail()
    report = deidentify(source, output, BOX, hiding=hiding(blind=range(100), second=second))
    assert all(hidden_frames(output))
    assert second.found == len(report.found_at_us) == videos.FRAMES
    assert describe(report)["found_by_second_detector"] == videos.FRAMES


def test_the_same_task_writes_the_same_bytes(tmp_path, output):
    source = videos.write_normal(tmp_path)
    other = output.with_name("again.mp4")
    task = Task("blur", audio="mask", seed=5)
    for path in (output, other):
        deidentify(source, path, task, hiding=hiding())
    assert output.read_bytes() == other.read_bytes()


def test_an_exempt_track_stays_as_it_is(tmp_path, output):
    source = videos.write_normal(tmp_path)
    report = deidentify(source, output, Task("box", exempt=(1,)), hiding=hiding())
    assert not any(hidden_frames(output))
    assert report.hidden == ()


@pytest.mark.parametrize(("faces", "hidden"), [("person", True), ("irrelevant", False), ("1", True)])
def test_a_role_or_track_chooses_who_is_hidden(tmp_path, output, faces, hidden):
    deidentify(videos.write_normal(tmp_path), output, Task("box", faces=faces), hiding=hiding())
    assert set(hidden_frames(output)) == {hidden}


@pytest.mark.parametrize("audio", ["remove", "mask", "keep"])
def test_sound_is_removed_unless_asked_for(tmp_path, output, audio):
    source = videos.write_normal(tmp_path)
    deidentify(source, output, Task("box", audio=audio), hiding=hiding())
    assert probe_video(output).has_audio == (audio != "remove")
    if audio != "remove":
        kept, before = (read_audio(path, rate_hz=8000) for path in (output, source))
        assert len(kept) == pytest.approx(2 * 8000, abs=900)
        likeness = abs(float(np.corrcoef(kept[:15000], before[:15000])[0, 1]))
        assert likeness > 0.9 if audio == "keep" else likeness < 0.2


def test_a_turned_recording_comes_out_upright(tmp_path, output):
    source = videos.write_rotated(tmp_path, 90)
    deidentify(source, output, BOX, hiding=hiding(blind=range(100), second=SeesNothing()))
    before, after = probe_video(source), probe_video(output)
    assert (after.width, after.height, after.rotation_deg) == (before.width, before.height, 0)


class SeesNothing:
    def find(self, image_bgr):
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)


def test_metadata_goes_and_the_mark_comes(tmp_path, output):
    source = videos.write_dated(tmp_path, "2023-02-03T21:18:59Z")
    assert probe_video(source).created_at is not None
    deidentify(source, output, BOX, hiding=hiding())
    assert probe_video(output).created_at is None
    assert b"2023" not in output.read_bytes()
    assert read_mark(output) == "box"


@pytest.mark.parametrize(
    "write",
    [
        videos.write_zero_bytes,
        videos.write_renamed_text,
        videos.write_without_index,
        videos.write_undecodable,
        videos.write_audio_only,
    ],
    ids=lambda write: write.__name__,
)
def test_a_file_that_is_no_video_gives_no_file(tmp_path, output, write):
    with pytest.raises(UnreadableVideo):
        deidentify(write(tmp_path), output, BOX, hiding=hiding())
    assert files_in(output.parent) == []


def test_frames_that_do_not_decode_give_no_file(tmp_path, output):
    source = videos.write_damaged(tmp_path)
    with pytest.raises(EmotionError) as caught:
        deidentify(source, output, BOX, hiding=hiding())
    assert isinstance(caught.value, DamagedVideo | FaceRemains)
    assert files_in(output.parent) == []


def test_a_face_that_cannot_be_covered_gives_no_file(tmp_path, output):
    with pytest.raises(FaceRemains, match="nothing was written"):
        deidentify(videos.write_normal(tmp_path), output, BOX, hiding=hiding(second=SeesAlways()))
    assert files_in(output.parent) == []


def test_stopping_half_way_leaves_no_file(tmp_path, output):
    asked = iter(range(1000))
    with pytest.raises(Cancelled):
        deidentify(
            videos.write_normal(tmp_path), output, BOX, hiding=hiding(), cancelled=lambda: next(asked) > 60
        )
    assert files_in(output.parent) == []


def test_a_crash_while_writing_leaves_no_file(tmp_path, output, monkeypatch):
    def break_down(*_):
        raise MemoryError

    monkeypatch.setattr("deid.hiders.cover", break_down)
    with pytest.raises(MemoryError):
        deidentify(videos.write_normal(tmp_path), output, BOX, hiding=hiding())
    assert files_in(output.parent) == []


def test_a_full_disk_leaves_no_file(tmp_path, output, monkeypatch):
    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("deid.joining.add_mark", no_space)
    with pytest.raises(OutputUnwritable, match="No space left"):
        deidentify(videos.write_normal(tmp_path), output, BOX, hiding=hiding())
    assert files_in(output.parent) == []


def test_missing_weights_give_no_file(tmp_path):
    from deid.task import load_hiding

    with pytest.raises(WeightsMissing):
        load_hiding(tmp_path)


def test_an_older_result_survives_a_run_that_fails(tmp_path, output):
    output.write_bytes(b"an older result")
    with pytest.raises(FaceRemains):
        deidentify(videos.write_normal(tmp_path), output, BOX, hiding=hiding(second=SeesAlways()))
    assert output.read_bytes() == b"an older result"


def test_the_original_is_never_overwritten(tmp_path):
    source = videos.write_normal(tmp_path)
    before = source.read_bytes()
    with pytest.raises(OutputUnwritable, match="never overwritten"):
        deidentify(source, source, BOX, hiding=hiding())
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (Task("invisible"), UnknownMethod),
        (Task("box", faces="9"), UnknownTrack),
        (Task("box", faces="nurse"), UnknownTrack),
        (Task("box", exempt=(4,)), UnknownTrack),
    ],
)
def test_a_task_that_makes_no_sense_gives_no_file(tmp_path, output, task, error):
    with pytest.raises(error):
        deidentify(videos.write_normal(tmp_path), output, task, hiding=hiding())
    assert files_in(output.parent) == []
