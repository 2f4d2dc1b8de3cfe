"""Covers that a person draws: what a file of them may say, and what becomes of them in the result."""

from __future__ import annotations

import json

import numpy as np
import pytest

from deid.__main__ import main
from deid.drawn import DrawnCover, between, boxes_at, from_frames, parse_covers, read_covers
from deid.errors import InvalidCovers, OutputDiffers
from deid.mask import BOX_BGR
from deid.pipeline import deidentify
from deid.reuse import take_over
from deid.task import Task, describe
from deid.verify import check_covered
from deid.work import Work
from emotion.media import read_frames
from emotion.samples import plan_segments
from tests import videos
from tests.deid.stand_ins import FACE_PX, hiding
from tests.deid.test_work import do_all

CORNER = (4.0, 70.0, 34.0, 92.0)  # below, where no face is


class SeesWhatIsLeft:
    """Finds the face in the middle as long as its right edge, which no hand has covered, has any detail."""

    def find(self, image_bgr):
        _, top, right, bottom = FACE_PX.astype(int)
        if image_bgr[top:bottom, right - 8 : right].std(axis=(0, 1)).max() < 8:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        return FACE_PX[None], np.array([0.9], np.float32)


LATER = DrawnCover(((1_000_000, CORNER), (1_400_000, CORNER)))


def is_filled(image, box=CORNER) -> bool:
    left, top, right, bottom = (int(edge) for edge in box)
    return bool(np.abs(image[top + 4 : bottom - 4, left + 4 : right - 4].astype(int) - BOX_BGR).mean() < 12)


def in_pieces_of(monkeypatch, segment_us: int) -> None:
    for module in ("deid.work", "deid.stretches"):
        monkeypatch.setattr(f"{module}.plan_segments", lambda us: plan_segments(us, segment_us=segment_us))


def test_no_covers_are_nowhere():
    assert parse_covers({"covers": []}) == ()
    assert boxes_at((), 0).shape == (0, 4)
    assert between((), 0, 10) == ()


def test_a_cover_that_stays_and_one_that_moves_are_read_alike():
    stays, moves = parse_covers(
        {
            "covers": [
                {"start_s": 1, "end_s": 2.5, "box_px": [1, 2, 3, 4]},
                {"style": "box", "keys": [{"time_s": 0, "box_px": [0, 0, 4, 4]},
                                          {"time_s": 2, "box_px": [8, 0, 12, 4]}]},
            ]
        }
    )  # fmt: skip
    assert (stays.start_us, stays.end_us, stays.box_at(2_000_000)) == (1_000_000, 2_500_000, (1, 2, 3, 4))
    assert moves.box_at(1_000_000) == (4.0, 0.0, 8.0, 4.0)
    assert moves.box_at(2_000_001) is None
    assert parse_covers({"covers": [stays.as_dict(), moves.as_dict()]}) == (stays, moves)


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"covers": {}},
        {"covers": ["box"]},
        {"covers": [{}]},
        {"covers": [{"start_s": 0, "end_s": 1}]},
        {"covers": [{"start_s": 2, "end_s": 1, "box_px": [0, 0, 1, 1]}]},
        {"covers": [{"start_s": -1, "end_s": 1, "box_px": [0, 0, 1, 1]}]},
        {"covers": [{"start_s": 0, "end_s": True, "box_px": [0, 0, 1, 1]}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [5, 0, 1, 1]}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, float("nan")]}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, 10**400]}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, 1], "style": "blur"}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, 1], "colour": "red"}]},
        {"covers": [{"keys": []}]},
        {"covers": [{"keys": [{"time_s": 1, "box_px": [0, 0, 1, 1]}] * 2}]},
        {"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, 1]}] * 501},
    ],
)
def test_what_is_no_cover_is_refused_in_one_sentence(said):
    with pytest.raises(InvalidCovers) as refused:
        parse_covers(said)
    assert str(refused.value).startswith(("expected", "cover 1: expected"))


@pytest.mark.parametrize("more", [{"x" * 9000: 1}, {"style": "x" * 9000}])
def test_what_somebody_wrote_is_quoted_in_short(more):
    with pytest.raises(InvalidCovers) as refused:
        parse_covers({"covers": [{"start_s": 0, "end_s": 1, "box_px": [0, 0, 1, 1], **more}]})
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 100_000, "1e999"])
def test_a_file_that_is_no_list_of_covers_is_refused(tmp_path, text):
    path = tmp_path / "covers.json"
    path.write_text(text)
    with pytest.raises(InvalidCovers):
        read_covers(path)


@pytest.mark.parametrize("method", ["pixelate", "blur"])
def test_a_cover_is_filled_while_it_holds_and_nowhere_else(tmp_path, method):
    source = videos.write_normal(tmp_path)
    report = deidentify(source, tmp_path / "o.mp4", Task(method, covers=(LATER,)), hiding=hiding())
    filled = [frame.time_us for frame in read_frames(tmp_path / "o.mp4") if is_filled(frame.image_bgr)]
    assert (filled[0], filled[-1], len(filled)) == (1_000_000, 1_400_000, 11)
    assert describe(report)["covers_drawn"] == 1


@pytest.mark.parametrize(("start_us", "end_us"), [(1_001_000, 1_039_000), (1_030_000, 1_030_000)])
def test_a_cover_between_two_frames_lies_on_the_one_that_is_on_screen(tmp_path, start_us, end_us):
    keys = tuple((time_us, CORNER) for time_us in sorted({start_us, end_us}))
    deidentify(
        videos.write_normal(tmp_path), tmp_path / "o.mp4", Task("blur", covers=(DrawnCover(keys),)),
        hiding=hiding(),
    )  # fmt: skip
    frames = read_frames(tmp_path / "o.mp4")
    assert [frame.time_us for frame in frames if is_filled(frame.image_bgr)] == [1_000_000]


def test_a_cover_begins_with_the_frame_that_stays_on_screen_for_seconds_and_moves_from_its_own_time_on():
    moves = DrawnCover(((3_000_000, (0, 0, 4, 4)), (5_000_000, (10, 0, 14, 4))))
    (begun,) = from_frames((moves,), np.array([0, 1_000_000, 4_000_000]))
    assert begun.box_at(1_000_000) == (0, 0, 4, 4)
    assert begun.box_at(4_000_000) == moves.box_at(4_000_000)
    assert begun.box_at(999_999) is None
    assert from_frames((LATER,), np.array([0, 1_000_000])) == (LATER,)
    with pytest.raises(InvalidCovers, match=r"cover 1: expected a frame at 1\.00 s"):
        from_frames((LATER,), np.array([], np.int64))


@pytest.mark.parametrize(
    "keys",
    [((60_000_000, CORNER),), ((0, (500.0, 0.0, 510.0, 9.0)),), ((0, (-9.0, 0.0, 0.0, 9.0)),)],
)
def test_a_cover_beside_the_recording_gives_no_file(tmp_path, keys):
    with pytest.raises(InvalidCovers, match="cover 1: expected"):
        deidentify(
            videos.write_normal(tmp_path), tmp_path / "o.mp4", Task("box", covers=(DrawnCover(keys),)),
            hiding=hiding(),
        )  # fmt: skip
    assert not (tmp_path / "o.mp4").exists()


def test_a_written_frame_without_its_cover_is_refused():
    image = np.zeros((90, 120, 3), np.uint8)
    boxes = np.array([CORNER], np.float32)
    with pytest.raises(OutputDiffers):
        check_covered(image, boxes, 3)
    image[:] = BOX_BGR
    check_covered(image, boxes, 3)


def test_a_cover_that_reaches_a_few_pixels_into_the_picture_asks_nothing_of_the_rest():
    image = np.zeros((90, 120, 3), np.uint8)
    check_covered(image, np.array([[-50, 10, 2, 60], [10, -50, 60, 2]], np.float32), 3)


def test_a_face_that_only_the_second_detector_sees_lies_wholly_under_what_a_person_drew_or_gets_a_cover(
    tmp_path,
):
    most = DrawnCover(((0, (20.0, 20.0, 75.0, 80.0)), (2_000_000, (20.0, 20.0, 75.0, 80.0))))
    report = deidentify(
        videos.write_normal(tmp_path), tmp_path / "o.mp4", Task("blur", covers=(most,)),
        hiding=hiding(blind=range(100), second=SeesWhatIsLeft()),
    )  # fmt: skip
    assert report.covers > 0


def test_a_face_that_only_a_person_saw_needs_no_other_cover(tmp_path):
    whole = DrawnCover(((0, (20.0, 20.0, 110.0, 80.0)), (2_000_000, (20.0, 20.0, 110.0, 80.0))))
    report = deidentify(
        videos.write_normal(tmp_path), tmp_path / "o.mp4", Task("blur", covers=(whole,)),
        hiding=hiding(blind=range(100)),
    )  # fmt: skip
    assert (report.found_at_us, report.covers) == ((), 0)


def test_only_the_stretches_that_a_cover_touches_are_written_again_and_the_bytes_are_those_of_a_whole_run(
    tmp_path, monkeypatch
):
    in_pieces_of(monkeypatch, 400_000)
    source = videos.write_normal(tmp_path)
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    before = Work(source, Task("blur"), hiding=hiding(), keep=lambda name: folders[0] / name)
    do_all(before)
    before.finish(tmp_path / "before.mp4")
    task = Task("blur", covers=(LATER,))
    after = Work(source, task, hiding=hiding(), keep=lambda name: folders[1] / name)
    taken = take_over(after, earlier=lambda name: folders[0] / name, keep=lambda name: folders[1] / name)
    assert [name[:11] for name in taken if name.startswith("write")] == [
        f"write-{at:05d}" for at in (0, 1, 4)
    ]
    assert [name[:11] for name in do_all(after)] == ["write-00002", "write-00003"]
    after.finish(tmp_path / "after.mp4")
    deidentify(source, tmp_path / "whole.mp4", task, hiding=hiding())
    assert (tmp_path / "after.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert (tmp_path / "after.mp4").read_bytes() != (tmp_path / "before.mp4").read_bytes()


@pytest.mark.parametrize("spoil", ["remove", "shorten", "say nothing"])
def test_a_result_that_is_damaged_is_not_taken_over(tmp_path, spoil):
    source = videos.write_normal(tmp_path)
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    do_all(Work(source, Task("box"), hiding=hiding(), keep=lambda name: folders[0] / name))
    (picture,) = folders[0].glob("write-*.mp4")
    if spoil == "remove":
        picture.unlink()
    elif spoil == "shorten":
        picture.write_bytes(picture.read_bytes()[:-1])
    else:
        picture.with_suffix(".json").write_text("{}")
    again = Work(source, Task("box"), hiding=hiding(), keep=lambda name: folders[1] / name)
    taken = take_over(again, earlier=lambda name: folders[0] / name, keep=lambda name: folders[1] / name)
    assert {name.split("-")[0] for name in taken} == {"look"}
    assert not list(folders[1].glob("*.part"))


def test_another_method_takes_over_where_the_faces_are_and_no_picture(tmp_path):
    source = videos.write_normal(tmp_path)
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    do_all(Work(source, Task("box"), hiding=hiding(), keep=lambda name: folders[0] / name))
    other = Work(source, Task("blur"), hiding=hiding(), keep=lambda name: folders[1] / name)
    taken = take_over(other, earlier=lambda name: folders[0] / name, keep=lambda name: folders[1] / name)
    assert [name.split("-")[0] for name in taken] == ["look"]


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_command_line_draws_covers_from_a_file(tmp_path, capsys, weights_dir):
    covers = tmp_path / "covers.json"
    covers.write_text(json.dumps({"covers": [LATER.as_dict()]}))
    source, output = videos.write_normal(tmp_path), tmp_path / "o.mp4"
    status, _, err = run(
        capsys, "run", source, output, "--method", "box", "--device", "cpu", "--covers", covers
    )
    assert (status, err) == (0, "")
    assert sum(is_filled(frame.image_bgr) for frame in read_frames(output)) == 11


@pytest.mark.parametrize(
    "text", [None, "[]", '{"covers": [{"start_s": 9, "end_s": 10, "box_px": [0, 0, 4, 4]}]}']
)
def test_covers_that_cannot_be_drawn_are_one_sentence_and_status_1(tmp_path, capsys, weights_dir, text):
    covers = tmp_path / "covers.json"
    if text is not None:
        covers.write_text(text)
    status, out, err = run(
        capsys,
        "run",
        videos.write_normal(tmp_path),
        tmp_path / "o.mp4",
        "--method",
        "box",
        "--covers",
        covers,
    )
    assert (status, out, len(err.strip().splitlines())) == (1, "", 1)
    assert not (tmp_path / "o.mp4").exists()
