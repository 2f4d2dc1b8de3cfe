"""A hand before a face is found, said, and neither drawn half through nor taken for the face's light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from deid import held
from deid.blend import relight
from deid.commands import show_run
from deid.cover import SEEN, CoverPlan, plan_cover
from deid.demo import demo_videos
from deid.held import (
    CELLS,
    TEXTURE,
    Glimpse,
    HeldFinder,
    carry,
    face_cells,
    glimpse,
    hidden_area,
    hidden_texels,
    moments,
    pack,
    unpack,
)
from deid.landmarks import FaceMesh
from deid.observe import find_faces
from deid.occluders import hold
from deid.pipeline import deidentify
from deid.response import load_response
from deid.stretches import cut
from deid.task import Task, describe, load_hiding
from deid.watch import Watcher
from emotion.detect import CenterFace
from emotion.media import probe_video, read_frames, write_video

POINTS = (load_response().rest[:, :2] * [80, -80] + [160, 160]).astype(np.float32)
HAND_US = (280_000, 640_000)


@pytest.fixture(scope="module")
def finder():
    return HeldFinder()


@pytest.fixture(scope="module")
def faces(weights_dir):
    """Pictures and landmarks of the rendered patient, who talks."""
    detector, mesh = CenterFace(weights_dir), FaceMesh(weights_dir)
    seen = []
    for frame in list(read_frames(demo_videos()["patient"], end_us=2_000_000))[::4]:
        found = detector.detect(frame.image_bgr)
        points = mesh.find(frame.image_bgr, found.points_px[0], found.boxes_px[0]).points_px
        seen.append((frame.image_bgr, points))
    return seen


def behind(image_bgr, points_px, kind="hand", seed=1):
    """Return a face and what hides it, unrolled."""
    thing = hold(image_bgr, points_px, np.random.default_rng(seed), kind=kind)
    mask = glimpse((thing.mask * 255).astype(np.uint8), points_px).texture
    hidden = mask.reshape(CELLS, 2, CELLS, 2).mean(axis=(1, 3)) > 128
    return glimpse(thing.over(image_bgr), points_px), hidden & face_cells()


def one_box(*cells):
    """Return packed (1, PACKED) with some rows of cells set."""
    some = np.zeros((1, CELLS, CELLS), np.bool_)
    for row in cells:
        some[0, row, 8:24] = True
    return pack(some)


def plan_of(times_us, track=1):
    count = len(times_us)
    boxes, whole = np.zeros((count, 4), np.float32), np.arange(count)
    return CoverPlan(
        np.array(times_us, np.int64),
        whole,
        boxes,
        boxes,
        np.full(count, track),
        np.full(count, SEEN),
        whole,
        (),
    )


def test_nobody_is_asked_about_when_no_face_was_seen(finder):
    assert finder.find([]).shape == (0, CELLS, CELLS)


def test_nothing_is_before_a_face_that_only_talks(finder, faces):
    found = finder.find([glimpse(*face) for face in faces])
    assert found.sum(axis=(1, 2)).max() < held.LEAST_SHARE * face_cells().sum()


@pytest.mark.parametrize("kind", ["hand", "cup", "sheet"])
def test_what_is_before_a_face_for_a_while_is_found_where_it_is(finder, faces, kind):
    some = [glimpse(*face) for face in faces]
    some[4], hidden = behind(*faces[4], kind)
    found = finder.find(some)[4]
    assert (found & hidden).sum() / (found | hidden).sum() > 0.5


def test_a_hand_that_lies_before_the_mouth_all_the_time_is_found(finder, faces):
    pairs = [behind(*face) for face in faces]
    found = finder.find([pair[0] for pair in pairs])
    shares = [(here & pair[1]).sum() / pair[1].sum() for here, pair in zip(found, pairs, strict=True)]
    assert min(shares) > 0.5


def test_one_face_alone_is_asked_about_too(finder, faces):
    (found,) = finder.find([behind(*faces[0])[0]])
    assert found.sum() > held.LEAST_SHARE * face_cells().sum()


def test_a_face_unrolls_alike_at_any_size_and_the_picture_is_left_as_it_is(faces):
    image_bgr, points = faces[0]
    before = image_bgr.copy()
    large = cv2.resize(image_bgr, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    pair = [glimpse(image_bgr, points), glimpse(large, points * 2 + 0.5)]
    difference = np.abs(pair[0].texture.astype(int) - pair[1].texture.astype(int))[
        face_cells().repeat(2, 0).repeat(2, 1)
    ]
    assert difference.mean() < 4
    assert (image_bgr == before).all()


def test_a_face_outside_of_the_picture_unrolls_to_something():
    seen = glimpse(np.zeros((20, 20, 3), np.uint8), POINTS + 500)
    assert seen.texture.shape == (TEXTURE, TEXTURE, 3)


def test_packing_loses_nothing():
    some = np.random.default_rng(0).random((3, CELLS, CELLS)) < 0.5
    assert (unpack(pack(some)) == some).all()


def test_a_frame_between_two_looks_holds_what_either_found_and_one_far_away_nothing():
    cells = np.zeros((2, CELLS, CELLS), np.bool_)
    cells[0, 3, 3] = cells[1, 5, 5] = True
    found = carry(cells, [0, 3], np.arange(8), np.arange(8))
    assert found[1, 3, 3] and found[1, 5, 5]
    assert found[0, 3, 3] and not found[0, 5, 5]
    assert not found[6:].any()


def test_moments_are_bridged_and_short_or_small_ones_are_none():
    times = list(range(0, 4_000_000, 100_000))
    bits = np.zeros((len(times), held.PACKED), np.uint8)
    bits[[2, 3, 4, 7, 8]] = one_box(8, 9, 10)  # 0.2 to 0.8 s with a short break
    bits[20] = one_box(8, 9, 10)  # a single frame
    bits[25:35] = one_box(8)  # 16 cells
    found, flags = moments(plan_of(times, track=3), np.arange(len(times)), bits)
    assert [(one.track, one.start_us, one.end_us) for one in found] == [(3, 200_000, 800_000)]
    assert np.flatnonzero(flags).tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert found[0].as_dict() == {"track": 3, "start_ms": 200, "end_ms": 800}


def test_a_recording_in_which_nobody_is_seen_has_no_moment():
    found, flags = moments(plan_of([]), np.zeros(0, np.int64), np.zeros((0, held.PACKED), np.uint8))
    assert (found, len(flags)) == ([], 0)


def test_the_lower_half_of_a_face_is_the_lower_half_of_the_picture():
    lower = one_box(*range(18, 32))[0]
    area = hidden_area(POINTS, lower, (320, 320))
    rows = np.flatnonzero(area.any(axis=1))
    assert area.any() and rows.min() > POINTS[168, 1]
    assert not hidden_area(POINTS, np.zeros_like(lower), (320, 320)).any()
    assert hidden_texels(lower).max() == pytest.approx(1.0)


def test_a_white_sheet_before_the_mouth_does_not_light_the_face():
    face, picture = np.full((60, 60, 3), 0.3, np.float32), np.full((60, 60, 3), 0.15, np.float32)
    mask, hidden = np.ones((60, 60), np.float32), np.zeros((60, 60), np.float32)
    picture[30:], hidden[30:] = 1.0, 1.0
    assert relight(face, picture, mask, hidden) == pytest.approx(0.15, abs=1e-3)
    assert relight(face, picture, mask)[40:].mean() > 0.4
    assert relight(face, picture, mask, np.ones_like(hidden)).mean() > 0.3  # too little to go by


@pytest.fixture(scope="module")
def with_hand(tmp_path_factory, weights_dir):
    """Write the rendered patient with a hand before the face for a third of a second."""
    path = tmp_path_factory.mktemp("held") / "clip.mp4"
    detector, mesh = CenterFace(weights_dir), FaceMesh(weights_dir)

    def film():
        for frame in read_frames(demo_videos()["patient"], end_us=1_000_000):
            image_bgr = frame.image_bgr
            if HAND_US[0] <= frame.time_us < HAND_US[1]:
                found = detector.detect(image_bgr)
                points = mesh.find(image_bgr, found.points_px[0], found.boxes_px[0]).points_px
                image_bgr = hold(image_bgr, points, np.random.default_rng(1), kind="hand").over(image_bgr)
            yield frame.time_us, image_bgr

    write_video(path, film())
    return path


def test_the_record_of_a_swap_says_when_something_was_held_before_the_face(with_hand, weights_dir):
    hiding = load_hiding(weights_dir, device="cpu")
    output = with_hand.with_name("swapped.mp4")
    report = describe(deidentify(with_hand, output, Task("swap", donor="donor-3"), hiding=hiding))
    (one,) = report["held_before"]
    assert abs(one["start_ms"] - HAND_US[0] // 1000) <= 80
    assert abs(one["end_ms"] - HAND_US[1] // 1000) <= 120
    text = show_run({**report, "output": "swapped.mp4"})
    assert "something is held before the face of track 1" in text


@pytest.mark.real_clips
def test_a_real_hand_is_found_and_a_real_face_without_one_is_left_alone(shared_data, weights_dir, finder):
    clip = shared_data / "clips" / "consultation_a_camera_patient.mp4"
    detector, mesh = CenterFace(weights_dir), FaceMesh(weights_dir)
    seen: list[Glimpse] = []
    for start_s in (0.4, 1.2, 4.0, 4.6, 8.0, 8.8, 10.4, 14.0, 18.0, 20.0):
        (frame,) = read_frames(clip, start_us=int(start_s * 1e6), end_us=int(start_s * 1e6) + 1)
        found = detector.detect(frame.image_bgr)
        main = int(np.argmax(np.ptp(found.boxes_px.reshape(-1, 2, 2), axis=1).prod(axis=1)))
        points = mesh.find(frame.image_bgr, found.points_px[main], found.boxes_px[main]).points_px
        seen.append(glimpse(frame.image_bgr, points))
    shares = finder.find(seen).sum(axis=(1, 2)) / face_cells().sum()
    assert [share > held.LEAST_SHARE for share in shares] == [False] * 2 + [True] * 4 + [False] * 4


def test_watching_keeps_what_is_held_by_row(with_hand, weights_dir):
    hiding = load_hiding(weights_dir, device="cpu")
    video = probe_video(with_hand)
    found = find_faces(with_hand, video, engine=hiding.finder)
    plan = plan_cover(
        found.samples, found.tracks, times_us=found.times_us, size_hw=(video.height, video.width)
    )
    (stretch,) = cut(video, plan.frame_times_us)
    seen = Watcher(weights_dir).watch(with_hand, found, plan, stretch, None)
    times_us = plan.frame_times_us[plan.frames]
    hand = (times_us >= HAND_US[0] + 120_000) & (times_us < HAND_US[1] - 120_000)
    assert seen.held[hand].any(axis=1).all()
    assert not seen.held[times_us < HAND_US[0] - 120_000].any()
