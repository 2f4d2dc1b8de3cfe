"""A live camera from its JPEGs to rows and suggestions, without any network or database."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from emotion.calibrate import find_resting_face
from emotion.empathy import suggest
from emotion.empathy_table import load_rules
from emotion.errors import UnreadableImage
from emotion.labels import EMOTIONS
from emotion.live.consultation import GRACE_US, LiveConsultation
from emotion.live.faces import LiveFace, LiveFrame, Sighting
from emotion.live.follow import PersonFollower
from emotion.live.reader import LiveReader
from emotion.live.rest import RestingWatch
from emotion.live.seconds import SecondsKeeper
from emotion.live.settle import Settling
from emotion.media import read_frames
from emotion.media.jpeg import decode_jpeg, encode_jpeg, jpeg_size
from emotion.roles import RoleAssignment
from emotion.samples import FaceSamples
from emotion.timeline import build_timeline
from emotion.track import Track

START_US = 1_700_000_000_000_000
STEP_US = 200_000


def probs(emotion: str, level: float = 0.76) -> tuple[float, ...]:
    rest = (1 - level) / (len(EMOTIONS) - 1)
    return tuple(level if name == emotion else rest for name in EMOTIONS)


def face(x: float, side: float = 100, *, who: int | None = None, emotion: str = "neutral") -> LiveFace:
    embedding = None if who is None else tuple(float(place == who) for place in range(4))
    return LiveFace((x, 100, x + side, 100 + side), 0.8, probs(emotion), embedding)


def frame(*faces: LiveFace) -> LiveFrame:
    return LiveFrame((640, 360), faces)


def sighting(time_us: int, emotion: str | None) -> Sighting:
    return Sighting(time_us, "ok", 0.8, probs(emotion)) if emotion else Sighting(time_us, "no_face")


# JPEG


def test_a_pictures_size_is_known_before_it_is_decoded():
    jpeg = encode_jpeg(np.zeros((90, 160, 3), np.uint8))
    assert jpeg_size(jpeg) == (160, 90)
    assert decode_jpeg(jpeg).shape == (90, 160, 3)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0", b"GIF89a" + bytes(40), b"\xff\xd8\xff" * 9]
)
def test_what_is_no_jpeg_is_refused(data):
    with pytest.raises(UnreadableImage):
        decode_jpeg(data)


def test_a_damaged_picture_is_refused():
    jpeg = encode_jpeg(np.zeros((90, 160, 3), np.uint8))
    with pytest.raises(UnreadableImage):
        decode_jpeg(jpeg[: jpeg.index(b"\xff\xda")])


def test_a_picture_with_too_many_pixels_is_refused_without_decoding_it():
    jpeg = encode_jpeg(np.zeros((90, 160, 3), np.uint8))
    with pytest.raises(UnreadableImage, match="160×90"):
        decode_jpeg(jpeg, max_pixels=1000)


# reading


def test_reading_frames_together_gives_what_reading_each_alone_gives(weights_dir):
    from deid.demo import demo_videos

    reader = LiveReader(weights_dir)
    shown = read_frames(demo_videos()["patient"], sample_fps=Fraction(1), end_us=3_000_000)
    jpegs = [encode_jpeg(one.image_bgr) for one in shown]
    together = reader.read([(jpegs[0], True), (b"no picture", False), (jpegs[1], False)])
    assert together[1] is None
    assert together[0] is not None and together[2] is not None
    assert len(together[0].faces) == 1
    assert len(together[0].faces[0].embedding or ()) == 512
    assert together[2].faces[0].embedding is None
    (alone,) = reader.read([(jpegs[1], False)])
    assert alone is not None
    assert alone.faces[0].box_px == pytest.approx(together[2].faces[0].box_px, abs=0.01)
    assert alone.faces[0].probs == pytest.approx(together[2].faces[0].probs, abs=1e-4)


def test_reading_nothing_gives_nothing(weights_dir):
    assert LiveReader(weights_dir).read([]) == []


# following


def test_an_empty_picture_shows_nobody():
    assert PersonFollower().follow(frame(), 0) == Sighting(0, "no_face")


def test_the_large_central_face_is_the_person_and_motion_keeps_it():
    follower = PersonFollower()
    seen = follower.follow(frame(face(20, 50, emotion="anger"), face(270, emotion="happiness")), 0)
    assert seen.probs == probs("happiness")
    for step in range(1, 20):
        faces = (face(270 + 5 * step, emotion="happiness"), face(20, 130, emotion="anger"))
        assert follower.follow(frame(*faces), step * STEP_US).probs == probs("happiness")


def test_order_of_the_faces_makes_no_difference():
    faces = (face(20, 50, emotion="anger"), face(270, emotion="happiness"))
    assert PersonFollower().follow(frame(*faces), 0) == PersonFollower().follow(frame(*faces[::-1]), 0)


def test_somebody_else_alone_in_the_picture_is_not_taken_for_the_person():
    follower = PersonFollower()
    follower.follow(frame(face(270, who=0)), 0)
    assert follower.wants_identity(2_000_000), "somebody may have come back"
    assert follower.follow(frame(face(270, who=1)), 2_000_000) == Sighting(2_000_000, "irrelevant_face")


def test_the_person_is_found_again_elsewhere_by_their_looks():
    follower = PersonFollower()
    follower.follow(frame(face(100, who=0)), 0)
    again = follower.follow(frame(face(400, who=0, emotion="sadness"), face(100, who=1)), 9_000_000)
    assert again.probs == probs("sadness")


def test_identity_is_asked_for_only_where_motion_cannot_decide():
    follower = PersonFollower()
    assert follower.wants_identity(0)
    follower.follow(frame(face(270, who=0)), 0)
    assert not follower.wants_identity(STEP_US)
    follower.follow(frame(face(270), face(20)), STEP_US)
    assert follower.wants_identity(2_000_000)
    assert not follower.wants_identity(2_100_000), "at most once a second"


def test_whoever_stays_for_long_after_the_person_left_is_taken_for_them():
    follower = PersonFollower()
    follower.follow(frame(face(270, who=0)), 0)
    statuses = [
        follower.follow(frame(face(100, who=1)), second * 1_000_000).status for second in range(2, 30)
    ]
    assert statuses[:18] == ["irrelevant_face"] * 18
    assert statuses[-1] == "ok"


# settling


def test_one_frame_of_another_expression_changes_nothing():
    settling = Settling()
    for step in range(10):
        settling.take(sighting(step * STEP_US, "happiness"))
    assert settling.take(sighting(10 * STEP_US, "anger")).emotion == "happiness"
    assert settling.take(sighting(11 * STEP_US, "happiness")).emotion == "happiness"


def test_a_lasting_change_is_shown_within_two_seconds():
    settling = Settling()
    for step in range(10):
        settling.take(sighting(step * STEP_US, "happiness"))
    shown = [settling.take(sighting(step * STEP_US, "anger")).emotion for step in range(10, 20)]
    assert shown[0] == "happiness"
    assert shown[-1] == "anger"


def test_without_the_face_the_state_is_forgotten():
    settling = Settling()
    settling.take(sighting(0, "happiness"))
    assert settling.at(1_900_000).emotion == "happiness"
    assert settling.at(2_100_000).emotion is None


# seconds


def test_rows_are_those_that_an_analysis_of_the_same_faces_gives():
    times = [START_US + step * STEP_US for step in range(15)]
    seen = [
        sighting(time_us, "anger" if place % 3 else "fear")
        for place, time_us in enumerate(times)
        if place != 7
    ]
    keeper = SecondsKeeper("patient")
    for one in [*seen, Sighting(times[7], "no_face")]:
        keeper.take(one, start_us=START_US)
    faces = len(seen)
    samples = FaceSamples(
        frame_times_us=np.array(times) - START_US,
        face_times_us=np.array([one.time_us for one in seen]) - START_US,
        boxes_px=np.zeros((faces, 4), np.float32),
        scores=np.ones(faces, np.float32),
        points_px=np.zeros((faces, 5, 2), np.float32),
        qualities=np.array([one.quality for one in seen], np.float32),
        probs=np.array([one.probs for one in seen], np.float32),
        is_embedded=np.zeros(faces, np.bool_),
        embeddings=np.zeros((0, 0), np.float32),
    )
    expected = build_timeline(
        samples,
        (Track(1, np.arange(faces), None),),
        (RoleAssignment(1, "patient", 1.0, ()),),
        camera="patient",
        duration_us=3_000_000,
        sample_fps=Fraction(5),
    )
    assert tuple(keeper.close(second) for second in range(3)) == expected


def test_a_second_without_a_frame_was_not_analysed_and_late_frames_change_nothing():
    keeper = SecondsKeeper("doctor")
    assert keeper.close(0).status == "not_analysed"
    keeper.take(sighting(START_US + 500_000, "anger"), start_us=START_US)
    keeper.take(sighting(START_US + 1_500_000, None), start_us=START_US)
    assert keeper.close(1).status == "no_face"


# the whole


def play(consultation: LiveConsultation, seconds: range, sad_from: int) -> list:
    closed = []
    for second in seconds:
        for step in range(5):
            time_us = START_US + second * 1_000_000 + step * STEP_US
            consultation.take("patient", sighting(time_us, "sadness" if second >= sad_from else "neutral"))
            consultation.take("doctor", sighting(time_us + 1000, "neutral"))
        closed.extend(consultation.close_until(START_US + (second + 1) * 1_000_000 + GRACE_US))
    return closed


def consultation() -> LiveConsultation:
    return LiveConsultation(table=load_rules(), start_us=START_US)


def test_suggestions_are_those_of_the_same_rows_afterwards():
    closed = play(consultation(), range(120), sad_from=80)
    rows = [row for one in closed for row in one.rows]
    doctor = [row for row in rows if row.camera == "doctor"]
    patient = [row for row in rows if row.camera == "patient"]
    live = [one.suggestion for one in closed if one.suggestion]
    assert len(live) == 1
    assert live == list(suggest(doctor, patient, load_rules()))
    assert live[0].rule.id in ("patient-negative-expression", "patient-sadness-name")


def test_a_restart_changes_neither_rows_nor_suggestions():
    whole = play(consultation(), range(120), sad_from=80)
    first = play(consultation(), range(82), sad_from=80)
    second = consultation()
    second.restore(row for one in first for row in one.rows)
    assert second.next_second == 82
    assert first + play(second, range(82, 120), sad_from=80) == whole


def test_time_that_nobody_watched_is_kept_as_a_gap():
    machine = consultation()
    play(machine, range(3), sad_from=80)
    closed = list(machine.close_until(START_US + 8_000_000))
    assert [one.second for one in closed] == [3, 4, 5, 6]
    assert {row.status for one in closed for row in one.rows} == {"not_analysed"}


def test_too_little_seen_of_late_is_not_enough_to_show_anything():
    machine = consultation()
    play(machine, range(10), sad_from=80)
    assert machine.now("patient", START_US + 10_000_000).is_enough
    list(machine.close_until(START_US + 30_000_000))
    now = machine.now("patient", START_US + 30_000_000)
    assert now.detection == pytest.approx(10 / 29)
    assert not now.is_enough


def test_an_unknown_camera_is_refused():
    with pytest.raises(ValueError, match="ward"):
        consultation().take("ward", sighting(START_US, None))


# the face at rest


def test_the_resting_face_is_the_one_that_a_recording_of_the_same_seconds_gives():
    rows, watch, keeper = [], RestingWatch(), SecondsKeeper("patient")
    for second, emotion in enumerate(["happiness", *["sadness"] * 4, "happiness", *["sadness"] * 7]):
        keeper.take(sighting(START_US + second * 1_000_000, emotion), start_us=START_US)
        rows.append(keeper.close(second))
        watch.see(rows[-1])
        assert watch.face == find_resting_face(rows)
    assert watch.face is not None and watch.face.seconds == (6, 7, 8, 9, 10)


def test_a_resting_face_is_looked_for_in_the_first_two_minutes_alone():
    watch, keeper = RestingWatch(), SecondsKeeper("patient")
    for second in range(140):
        keeper.take(
            sighting(START_US + second * 1_000_000, "sadness" if second > 120 else None), start_us=START_US
        )
        watch.see(keeper.close(second))
    assert watch.face is None
    assert watch.sighting(sighting(0, "sadness")) == sighting(0, "sadness")
