"""Cards measured on files: with stand-ins for the networks, and the demonstration once with all of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import PurePath

import numpy as np
import pytest

from deid.audit import Audit, AuditOptions, AuditTools, audit, load_tools
from deid.delivery import Delivery
from deid.errors import NotComparable
from deid.gallery import enrol_gallery, list_gallery
from deid.imitation import TOO_FEW
from deid.kept_readings import read_readings, write_readings
from deid.landmarks import Mesh
from deid.observe import find_faces
from deid.pipeline import deidentify
from deid.readings import Instruments, is_bare
from deid.recognisers import Identifier
from deid.task import Task
from emotion.errors import OutputUnwritable, UnreadableVideo
from emotion.media import probe_video, write_video
from emotion.samples import plan_segments
from tests import videos
from tests.deid.stand_ins import SeesDetail, hiding
from tests.emotion.memory import MemoryPath
from tests.emotion.stand_ins import Brightness, MeanColour, OneFace


class SameMesh:
    def find(self, image_bgr, points_px, box_px):
        return Mesh(np.random.default_rng(1).random((468, 3)).astype(np.float32), 1.0)


@pytest.fixture
def tools():
    identifiers = (Identifier("colour", MeanColour(), 0.999),)
    return AuditTools(
        hiding(), Instruments(OneFace(), SeesDetail(), SameMesh(), identifiers, (Brightness(),))
    )


def test_a_file_that_hides_nothing_fails(tmp_path, tools):
    source = videos.write_normal(tmp_path)
    found = audit(source, source, tools=tools)
    privacy = found["privacy"]
    assert privacy["residual_face_frames"] == privacy["frames"] == videos.FRAMES // 2
    assert privacy["tar_at_far_1e2"] == 1
    assert found["expression"]["agreement"] == found["expression"]["detection_retained"] == 1
    assert found["verdict"] == "fail"


def test_a_hidden_file_shows_no_face_as_it_was(tmp_path, tools):
    source, output = videos.write_normal(tmp_path), tmp_path / "out.mp4"
    deidentify(source, output, Task("box"), hiding=hiding())
    found = audit(source, output, tools=tools)
    assert found["privacy"]["residual_face_frames"] == 0
    assert found["media"]["frames_in"] == found["media"]["frames_out"] == videos.FRAMES
    assert found["media"]["synthetic_mark"] == "box"
    assert found["media"]["audio"] == "none"
    assert found["media"]["heard"] == {"sound": "removed", "voices": "none"}
    assert found["privacy"]["rank1"] is None


@pytest.mark.parametrize("write", [videos.write_normal, videos.write_variable_frame_rate])
def test_stretches_measure_what_the_whole_does(tmp_path, tools, monkeypatch, write):
    source, output = write(tmp_path), tmp_path / "out.mp4"
    deidentify(source, output, Task("blur"), hiding=hiding())
    whole = audit(source, output, tools=tools)
    monkeypatch.setattr("deid.audit.plan_segments", partial(plan_segments, segment_us=600_000))
    cut = audit(source, output, tools=tools)
    for card in ("privacy", "expression"):
        for name in (
            "residual_face_frames",
            "frames",
            "gallery_size",
            "detection_retained",
            "landmark_channels",
        ):
            assert cut[card].get(name) == whole[card].get(name)
    assert cut["media"] == whole["media"]
    assert cut["privacy"]["similarity"]["mean"] == pytest.approx(
        whole["privacy"]["similarity"]["mean"], abs=0.02
    )


def test_readings_come_back_from_their_file_bit_for_bit(tmp_path, tools):
    source = videos.write_normal(tmp_path)
    found = find_faces(source, probe_video(source), engine=tools.hiding.finder)
    one = Audit(source, source, tools=tools, found=lambda: found)
    readings = one.read(one.segments[0], tmp_path / "control.mp4")
    write_readings(readings, tmp_path / "kept.npz")
    again = read_readings(tmp_path / "kept.npz")
    assert (again.bare, again.looks) == (readings.bare, readings.looks)
    assert readings.looks > 0
    assert one.conclude([again], tmp_path.joinpath) == one.conclude([readings], tmp_path.joinpath)
    assert [
        path.name for path in tmp_path.iterdir() if path.suffix == ".part" or "control" in path.name
    ] == []


@pytest.mark.parametrize(("column", "is_told"), [(0, False), (-1, False), (videos.WIDTH // 2, True)])
def test_identity_is_read_of_faces_that_are_mostly_in_the_picture_and_the_rest_is_still_looked_at(
    tmp_path, tools, column, is_told
):
    source = videos.write_normal(tmp_path)
    found = find_faces(source, probe_video(source), engine=tools.hiding.finder)
    points = found.samples.points_px.copy()
    points[..., 0] += column % videos.WIDTH - points[:, 2:3, 0]
    moved = replace(found, samples=replace(found.samples, points_px=points))
    one = Audit(source, source, tools=tools, found=lambda: moved)
    readings = one.read(one.segments[0], tmp_path / "control.mp4")
    assert bool(readings.moments) == bool(readings.versions[1].placed) == is_told
    assert len(readings.bare) == readings.looks > 0


def test_an_exempt_face_is_not_judged(tmp_path, tools):
    source = videos.write_normal(tmp_path)
    found = audit(source, source, tools=tools, options=AuditOptions(exempt=(1,)))
    assert found["privacy"]["residual_face_frames"] == 0
    assert found["expression"]["agreement"] is None


def test_files_that_lie_nowhere_on_a_disk_are_hidden_and_measured_alike_and_nothing_else_is_left(
    tmp_path, tools, monkeypatch
):
    source, output = videos.write_normal(tmp_path), tmp_path / "out.mp4"
    task = Task("blur", audio="keep")
    deidentify(source, output, task, hiding=hiding())
    expected = audit(source, output, tools=tools)
    monkeypatch.setattr("tempfile.TemporaryDirectory", None)
    place = MemoryPath({PurePath("normal.mp4"): source.read_bytes()}, "normal.mp4")
    hidden = place.with_name("out.mp4")
    deidentify(place, hidden, task, hiding=hiding())
    assert place.files == {place.place: source.read_bytes(), hidden.place: output.read_bytes()}
    assert (
        audit(place, hidden, tools=tools, scratch=lambda name: place.with_name(f".{name}.part")) == expected
    )
    assert set(place.files) == {place.place, hidden.place}


def test_a_file_is_not_hidden_into_itself_wherever_it_lies(tmp_path):
    source = videos.write_normal(tmp_path)
    place = MemoryPath({PurePath("normal.mp4"): source.read_bytes()}, "normal.mp4")
    for path in (source, place):
        with pytest.raises(OutputUnwritable, match="never overwritten"):
            deidentify(path, path, Task("box"), hiding=hiding())


@pytest.mark.parametrize("frames", [videos.FRAMES - 4, videos.FRAMES + 4])
def test_files_of_another_length_are_not_compared(tmp_path, tools, frames):
    source = videos.write_normal(tmp_path)
    other = videos.write_recording(tmp_path / "other.mp4", times=range(frames))
    with pytest.raises(NotComparable):
        audit(source, other, tools=tools)


def test_files_of_another_size_are_not_compared(tmp_path, tools):
    source = videos.write_normal(tmp_path)
    other = videos.write_recording(tmp_path / "other.mp4", size=(64, 48))
    with pytest.raises(NotComparable, match="same size"):
        audit(source, other, tools=tools)


def test_a_gallery_has_one_row_per_file_and_one_without_a_face_is_refused_by_name(tmp_path, tools):
    detector, identifiers = tools.instruments.detector, tools.instruments.identifiers
    with pytest.raises(NotComparable):
        enrol_gallery(list_gallery(tmp_path), detector=detector, identifiers=identifiers)
    for number in range(3):
        frames = [(0, np.full((96, 128, 3), 60 * number, np.uint8))]
        write_video(tmp_path / f"{number}.mp4", frames)
    (tmp_path / ".hidden").write_text("not a picture")
    found = enrol_gallery(list_gallery(tmp_path), detector=detector, identifiers=identifiers)
    assert found["colour"].shape == (3, 3)
    nobody = OneFace(blind=range(1000))
    with pytest.raises(NotComparable, match=r"a face in 0\.mp4 of the gallery"):
        enrol_gallery(list_gallery(tmp_path), detector=nobody, identifiers=identifiers)
    assert (
        enrol_gallery(list_gallery(tmp_path), detector=nobody, identifiers=identifiers, skips_unseen=True)
        == {}
    )
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(UnreadableVideo, match="notes"):
        enrol_gallery(list_gallery(tmp_path), detector=detector, identifiers=identifiers)


@pytest.mark.parametrize("method", ["blur", "pixelate"])
def test_a_mask_is_undone_as_far_as_it_can_be_and_a_box_leaves_nothing_to_undo(tmp_path, tools, method):
    source = videos.write_normal(tmp_path)
    for name in (method, "box"):
        deidentify(source, tmp_path / f"{name}.mp4", Task(name), hiding=hiding())
    restored = audit(source, tmp_path / f"{method}.mp4", tools=tools)["privacy"]["restored"]
    assert [one["crops"] for one in restored["recognisers"]] == ["restored"]
    assert restored["recognisers"][0]["probes"] > 0
    assert audit(source, tmp_path / "box.mp4", tools=tools)["privacy"]["restored"] is None


def test_somebody_who_has_the_method_hides_the_gallery_and_other_frames_of_the_person(
    tmp_path, tools, monkeypatch
):
    gallery = tmp_path / "gallery"
    gallery.mkdir()
    for number in range(4):
        frames = [(at * 80_000, np.full((180, 320, 3), 40 * number + 20, np.uint8)) for at in range(8)]
        write_video(gallery / f"{number}.mp4", frames)
    source, output = videos.write_normal(tmp_path), tmp_path / "out.mp4"
    monkeypatch.setattr("deid.rehearsal.SHOWN", 5)
    monkeypatch.setattr("deid.imitation.SHOWN", 5)
    monkeypatch.setattr("deid.imitation.APART_US", 0)
    deidentify(source, output, Task("blur"), hiding=hiding())
    options = AuditOptions(list_gallery(gallery))
    found = audit(source, output, tools=tools, options=options)["privacy"]["informed"]
    assert (found["gallery_size"], found["rank1_chance"]) == (5, 0.2)
    assert [one["attack"] for one in found["recognisers"]] == ["hidden alike"]
    assert found["recognisers"][0]["probes"] > 0
    assert 0 <= found["control"]["rank1"] <= 1
    few = AuditOptions(list_gallery(gallery)[:3])
    missing = audit(source, output, tools=tools, options=few)["privacy"]
    assert (missing["informed"], missing["informed_missing"]) == (None, TOO_FEW)
    unmarked = audit(source, source, tools=tools, options=options)["privacy"]
    assert "by which method" in unmarked["informed_missing"]
    monkeypatch.setattr("deid.imitation.APART_US", 60_000_000)
    short = audit(source, output, tools=tools, options=options)["privacy"]
    assert (short["informed"], short["informed_missing"]) == (None, "the person is not seen for long enough")


def test_donors_that_a_file_shows_are_no_strangers_to_it(tmp_path, tools, monkeypatch):
    class Done:
        task, settled = Task("swap"), "a"

        def read(self, name, reader):
            return {"report": {"donors": {"1": "donor-3", "2": None}}}

        def segments(self):
            return []

        def faces(self):
            return find_faces(source, probe_video(source), engine=tools.hiding.finder)

    asked = []
    monkeypatch.setattr("deid.audit.add_strangers", lambda real, _, shown: asked.append(shown) or real)
    source = videos.write_normal(tmp_path)
    one = Delivery(Done(), source, source, tools=lambda: tools, keep=tmp_path.joinpath)
    one.conclude(options=AuditOptions(with_strangers=True))
    assert asked == [("donor-3",)]


def test_a_file_that_is_not_there_is_unreadable(tmp_path, tools):
    with pytest.raises(UnreadableVideo):
        audit(videos.write_normal(tmp_path), tmp_path / "missing.mp4", tools=tools)


def test_a_place_is_bare_when_it_differs_no_more_than_encoding_explains():
    picture = np.random.default_rng(0).integers(60, 200, (90, 90, 3), np.uint8)
    encoded = np.clip(picture.astype(int) + np.random.default_rng(1).integers(-2, 3, picture.shape), 0, 255)
    box = np.array([10, 10, 60, 60], np.float32)
    assert is_bare(box, [picture, encoded.astype(np.uint8), encoded.astype(np.uint8)])
    assert not is_bare(box, [picture, picture[::-1].copy(), encoded.astype(np.uint8)])


def test_the_demonstration_hidden_by_a_blur_is_not_recognised(tmp_path, weights_dir):
    from deid.demo import demo_videos
    from deid.task import load_hiding
    from emotion.media import read_frames

    source, output = tmp_path / "source.mp4", tmp_path / "out.mp4"
    write_video(
        source,
        ((f.time_us, f.image_bgr) for f in read_frames(demo_videos()["patient"], end_us=800_000)),
    )
    deidentify(source, output, Task("blur"), hiding=load_hiding(weights_dir, device="cpu"))
    found = audit(source, output, tools=load_tools(weights_dir, device="cpu", models=("fer", "human")))
    assert found["privacy"]["residual_face_frames"] == 0
    assert found["privacy"]["similarity"]["mean"] < 0.15
    assert found["privacy"]["control"]["similarity"]["mean"] > 0.9  # what hiding nothing would have got
    assert found["expression"]["control"]["detection_retained"] == 1
    assert found["verdict"] == "review"
