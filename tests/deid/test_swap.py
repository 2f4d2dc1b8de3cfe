"""A donor in the place of a synthetic patient: hidden, still a face, still where it was, and never bare."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

from deid import stretches, work
from deid.blend import FOREHEAD, face_mask, lay_over, raise_forehead, relight, soften
from deid.cover import plan_cover
from deid.demo import demo_videos
from deid.donors import (
    BANK_SIZE,
    OLDEST_YEARS,
    YOUNGEST_YEARS,
    Looks,
    choose_donor,
    find_donor,
    list_donors,
    load_likeness,
    make_donor,
    nearest_skin,
)
from deid.errors import NoCalmFace, UnknownDonor
from deid.gaze import look_of
from deid.observe import find_faces
from deid.pipeline import deidentify
from deid.stretches import cut
from deid.task import Task, describe, load_hiding
from deid.watch import Watcher
from emotion.detect import CenterFace
from emotion.geometry import iou_matrix
from emotion.identify import FaceFeature
from emotion.media import picture_times, probe_video, read_frames, write_video
from emotion.samples import plan_segments

TONE = np.array([120, 150, 190], np.float32)
SOMEBODY = Looks(TONE, 35.0, 0.5)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("swap") / "clip.mp4"
    frames = read_frames(demo_videos()["patient"], end_us=400_000)
    write_video(path, ((frame.time_us, frame.image_bgr) for frame in frames))
    return path


@pytest.fixture(scope="module")
def hiding(weights_dir):
    return load_hiding(weights_dir, device="cpu")


@pytest.fixture
def few_candidates(monkeypatch):
    """Rendered people are like every donor: all would be tried in vain, so the best of few do."""
    monkeypatch.setattr("deid.donors.CANDIDATES", 3)
    monkeypatch.setattr("deid.casting.LEAST", 0.0)


@pytest.mark.usefixtures("few_candidates")
def test_the_swapped_face_is_found_where_it_was_and_is_somebody_else(clip, hiding, weights_dir):
    output = clip.with_name("swapped.mp4")
    report = describe(deidentify(clip, output, Task("swap", seed=3), hiding=hiding))
    assert report["faces_covered_instead"] == 0
    assert list(report["donors"].values()) == [find_donor(report["donors"]["1"]).name]
    detector, embedder = CenterFace(weights_dir), FaceFeature(weights_dir)
    pairs = [
        [(frame.image_bgr, detector.detect(frame.image_bgr)) for frame in read_frames(path)]
        for path in (clip, output)
    ]
    for (before, own), (after, donors) in zip(*pairs, strict=True):
        assert len(own) == len(donors) == 1
        assert iou_matrix(own.boxes_px, donors.boxes_px)[0, 0] > 0.6
        likeness = float(embedder.embed(before, own)[0] @ embedder.embed(after, donors)[0])
        assert likeness < 0.8  # of 1; both are rendered from one parametric head, real people share less


@pytest.mark.real_clips
def test_a_real_person_is_not_recognised_after_the_swap(shared_data, tmp_path, hiding, weights_dir):
    source, output = tmp_path / "clip.mp4", tmp_path / "swapped.mp4"
    frames = read_frames(shared_data / "clips" / "one_face.mp4", end_us=300_000)
    write_video(source, ((frame.time_us, frame.image_bgr) for frame in frames))
    report = describe(deidentify(source, output, Task("swap", seed=3), hiding=hiding))
    assert report["contrast"]["1"] > 1  # a camera's picture is less soft than the rendering
    detector, embedder = CenterFace(weights_dir), FaceFeature(weights_dir)
    for before, after in zip(read_frames(source), read_frames(output), strict=True):
        own, donors = (detector.detect(frame.image_bgr) for frame in (before, after))
        assert len(own) == len(donors) == 1
        likeness = embedder.embed(before.image_bgr, own)[0] @ embedder.embed(after.image_bgr, donors)[0]
        assert float(likeness) < 0.24  # what 1 % of strangers reach


def test_a_time_named_as_calm_at_which_nobody_is_seen_writes_nothing(clip, hiding):
    output = clip.with_name("calm.mp4")
    with pytest.raises(NoCalmFace, match="at 9 s"):
        deidentify(clip, output, Task("swap", neutral_s=9.0), hiding=hiding)
    assert not output.exists()


def test_a_time_named_as_calm_is_taken_for_it(clip, hiding):
    output = clip.with_name("calm.mp4")
    report = deidentify(clip, output, Task("swap", donor="donor-3", neutral_s=0.2), hiding=hiding)
    assert report.details["faces_covered_instead"] == 0


def test_a_person_whom_no_donor_hides_is_covered_and_the_record_says_so(clip, hiding, monkeypatch):
    monkeypatch.setattr("deid.casting.LEAST", 2.0)
    monkeypatch.setattr("deid.casting.SAFE", 2.0)
    monkeypatch.setattr("deid.donors.CANDIDATES", 2)
    report = describe(deidentify(clip, clip.with_name("covered.mp4"), Task("swap"), hiding=hiding))
    assert report["donors"] == {"1": None}
    assert report["casting"]["1"]["tried"] == 2
    assert report["faces_drawn"] == 0
    assert report["faces_covered_instead"] == report["covers"]


def test_a_head_turned_further_than_a_donor_follows_is_covered(clip, hiding, monkeypatch):
    monkeypatch.setattr("deid.swap.LARGEST_YAW", -1.0)
    output = clip.with_name("profile.mp4")
    report = describe(deidentify(clip, output, Task("swap", donor="donor-3"), hiding=hiding))
    assert (report["faces_drawn"], report["faces_covered_instead"]) == (0, report["covers"])


def test_looks_are_read_only_where_the_face_was_detected(clip, hiding, weights_dir, monkeypatch):
    video = probe_video(clip)
    found = find_faces(clip, video, engine=hiding.finder)
    plan = plan_cover(
        found.samples, found.tracks, times_us=found.times_us, size_hw=(video.height, video.width)
    )
    seen = (plan.samples >= 0) & ((plan.frames == 0) | (plan.frames % 4 > 0))
    plan = replace(plan, samples=np.where(seen, plan.samples, -1))
    monkeypatch.setattr("deid.watch.LOOK_EVERY", 4)
    monkeypatch.setattr("deid.age_sex.AgeSexReader.read", lambda *_: np.array([70.0, 1.0], np.float32))
    (stretch,) = cut(video, plan.frame_times_us)
    seen = Watcher(weights_dir).watch(clip, found, plan, stretch, None)
    looks = seen.looks_of(np.flatnonzero(plan.tracks == 1), None)
    assert (looks.age_years, looks.female) == (70.0, 1.0)


def test_a_donor_gets_the_skin_nearest_to_the_person_and_keeps_brows_and_eyes():
    pale, dark = (nearest_skin(np.array(tone, np.float32)) for tone in ([140, 170, 210], [40, 55, 85]))
    own, lent = make_donor("donor-70").identity.look, make_donor("donor-70", pale).identity.look
    assert lent.skin == find_donor(pale).skin != own.skin
    assert (lent.hair, lent.iris, lent.seed) == (own.hair, own.iris, own.seed)
    assert sum(find_donor(pale).skin) > 1.5 * sum(find_donor(dark).skin)


def test_a_face_is_followed_from_one_stretch_into_the_next(clip, hiding, monkeypatch):
    for module in (stretches, work):
        monkeypatch.setattr(module, "plan_segments", partial(plan_segments, segment_us=120_000))
    output = clip.with_name("stretches.mp4")
    report = describe(deidentify(clip, output, Task("swap", donor="donor-3"), hiding=hiding))
    assert (report["faces_drawn"], report["faces_covered_instead"]) == (report["covers"], 0)
    assert len(picture_times(output)) == len(picture_times(clip))


def test_an_avatar_leaves_no_pixel_of_the_original(clip, hiding):
    output = clip.with_name("avatar.mp4")
    deidentify(clip, output, Task("avatar", donor="donor-3"), hiding=hiding)
    from deid.draw import BACKGROUND_BGR

    corners = [frame.image_bgr[:8, :8].reshape(-1, 3) for frame in read_frames(output)]
    assert np.abs(np.concatenate(corners).astype(int) - BACKGROUND_BGR).max() < 12


def test_a_donor_is_the_same_for_one_key_and_another_for_another_person():
    first = choose_donor(SOMEBODY, "key:1")
    assert choose_donor(SOMEBODY, "key:1") == first
    assert choose_donor(SOMEBODY, "key:2", taken=[first.name]) != first
    assert len({choose_donor(SOMEBODY, f"key:{number}").name for number in range(40)}) > 3


@pytest.mark.parametrize("female", [0.05, 0.4, 0.6, 0.95])
@pytest.mark.parametrize("age_years", [25.0, 70.0])
def test_a_donor_is_near_in_age_and_sex(female, age_years):
    for number in range(8):
        donor = choose_donor(Looks(TONE, age_years, female), f"key:{number}")
        assert (donor.female > 0.5) == (female > 0.5)
        assert abs(donor.age - (age_years - YOUNGEST_YEARS) / (OLDEST_YEARS - YOUNGEST_YEARS)) < 0.35


def test_a_donor_who_looks_like_the_person_to_either_recogniser_is_never_chosen():
    for name, likeness in load_likeness().items():
        for seed in range(0, BANK_SIZE, BANK_SIZE // 4):
            twin = Looks(TONE, 40.0, list_donors()[seed].female, {name: likeness[seed]})
            chosen = {choose_donor(twin, f"key:{number}").seed for number in range(8)}
            alike = likeness @ likeness[seed]
            assert max(alike[list(chosen)]) <= np.median(alike) + 1e-3


def test_the_donors_differ_from_each_other():
    for likeness in load_likeness().values():
        assert len(likeness) == BANK_SIZE
        assert np.linalg.norm(likeness, axis=1) == pytest.approx(np.ones(BANK_SIZE), abs=1e-2)
        assert len(np.unique(likeness.round(2), axis=0)) == BANK_SIZE


def test_the_bank_has_both_sexes_all_ancestries_and_ages():
    bank = list_donors()
    assert len(bank) == len({donor.name for donor in bank}) == BANK_SIZE >= 60
    assert {donor.ancestry for donor in bank} == {"african", "asian", "caucasian"}
    assert 0.3 < np.mean([donor.female for donor in bank]) < 0.7
    assert min(donor.age for donor in bank) < 0.15 < 0.85 < max(donor.age for donor in bank)


def test_a_donor_that_does_not_exist_is_refused():
    with pytest.raises(UnknownDonor, match="donor-0 to"):
        find_donor("donor-999")


def test_a_mask_is_full_inside_and_empty_far_outside():
    outline = np.array([[40, 20], [80, 20], [80, 80], [40, 80]], np.float32)
    mask = face_mask(outline, (100, 120))
    assert mask[50, 60] == 1
    assert mask[:10].max() == 0


@pytest.mark.parametrize("size_hw", [(301, 420), (64, 64), (3, 2), (1, 9)])
@pytest.mark.parametrize("sigma_px", [0.6, 5.0, 9.1])
def test_a_soft_edge_made_at_half_size_is_the_same_to_two_grey_levels(size_hw, sigma_px):
    mask = np.zeros(size_hw, np.float32)
    mask[: max(1, size_hw[0] // 2), size_hw[1] // 3 :] = 255
    whole = cv2.GaussianBlur(mask, (0, 0), sigma_px)
    soft = soften(mask, sigma_px)
    assert soft.shape == mask.shape
    inside = (slice(16, -16), slice(16, -16)) if min(size_hw) > 40 else (slice(0), slice(0))
    np.testing.assert_allclose(soft[inside], whole[inside], atol=2.5)


def test_a_relit_face_has_the_mean_colour_of_the_picture():
    rng = np.random.default_rng(0)
    face, picture = rng.random((64, 64, 3), np.float32), np.full((64, 64, 3), (0.1, 0.2, 0.4), np.float32)
    lit = relight(0.2 + 0.5 * face, picture, np.ones((64, 64), np.float32))
    assert lit.mean(axis=(0, 1)) == pytest.approx([0.1, 0.2, 0.4], rel=0.1)


def test_the_side_of_the_lamp_passes_and_a_shadow_of_the_size_of_a_cheek_does_not():
    face = np.full((64, 64, 3), 0.3, np.float32)
    ramp = np.linspace(0.2, 0.6, 64, dtype=np.float32)[None, :, None] * np.ones((64, 64, 3), np.float32)
    picture = ramp.copy()
    picture[40:52, 8:20] *= 0.5
    lit = relight(face, picture, np.ones((64, 64), np.float32))
    assert np.corrcoef(lit[:, :, 0].mean(axis=0), ramp[0, :, 0])[0, 1] > 0.99
    rest = lit / ramp
    assert rest[40:52, 8:20].mean() == pytest.approx(rest[8:20, 8:20].mean(), rel=0.1)


def test_nothing_of_the_forehead_shows_below_the_hair():
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    outline = np.stack([100 + 40 * np.sin(angles), 100 - 60 * np.cos(angles)], axis=1).astype(np.float32)
    higher = raise_forehead(outline, outline[0], np.array([100, 90], np.float32), outline[18])
    assert higher[0, 1] == pytest.approx(40 - FOREHEAD * 120)
    assert np.array_equal(higher[12:25], outline[12:25])


def test_laying_over_changes_nothing_where_alpha_is_0():
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert np.array_equal(
        lay_over(picture, np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32)), picture
    )


@pytest.mark.parametrize(("shift", "sign"), [(-6, -1), (6, 1), (0, 0)])
def test_eyes_look_where_the_dark_of_the_iris_is(shift, sign):
    image = np.full((100, 300, 3), 230, np.uint8)
    points = np.zeros((468, 3), np.float32)
    for (outer, inner), outline, left in (
        ((33, 133), (160, 159, 158, 153, 145, 144), 50),
        ((362, 263), (385, 386, 387, 373, 374, 380), 200),
    ):
        points[[outer, inner], :2] = [[left, 50], [left + 40, 50]]
        for number, x, y in zip(outline, (10, 20, 30, 30, 20, 10), (-9, -9, -9, 9, 9, 9), strict=True):
            points[number, :2] = [left + x, 50 + y]
        image[42:58, left + 14 + shift : left + 27 + shift] = 20
    yaw = float(look_of(image, points)[0])
    assert abs(yaw) < 4 if sign == 0 else yaw * sign > 8
