"""A face made of others, from their recordings to the delivered file: what it says, when there is none."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from deid.__main__ import main
from deid.average import name_of
from deid.contribute import contribute
from deid.contribution import read_contribution, write_contribution
from deid.contributors import read_contributors
from deid.demo import demo_videos
from deid.donors import Looks
from deid.errors import NobodySeen, ResultLost, TooFewContributors, UnknownMethod
from deid.groups import KSame, make_look
from deid.mark import read_look, read_mark
from deid.nobody import Nobody
from deid.observe import find_faces
from deid.pipeline import deidentify
from deid.task import Task, describe, load_hiding
from emotion.media import probe_video, read_frames, write_video
from tests import videos
from tests.deid.contributors import axis, somebody


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("k-same") / "clip.mp4"
    frames = read_frames(demo_videos()["patient"], end_us=400_000)
    write_video(path, ((frame.time_us, frame.image_bgr) for frame in frames))
    return path


@pytest.fixture(scope="module")
def hiding(weights_dir):
    return load_hiding(weights_dir, device="cpu")


@pytest.fixture(scope="module")
def own(clip, hiding):
    return contribute(clip, hiding=hiding)


@pytest.fixture
def others(own):
    """Three people who share a rendered face's picture, each of another shape and not alike."""
    return [
        replace(somebody(number), pictures=own.pictures, seen=own.seen, looks=own.looks)
        for number in (3, 4, 5)
    ]


@pytest.fixture
def anybody_will_do(monkeypatch):
    """A mean of the person's own rendered pictures is like them; of few candidates the best does."""
    monkeypatch.setattr("deid.nobody.MOST_ALIKE", 1.01)
    monkeypatch.setattr("deid.casting.LEAST", 0.0)


def test_a_contribution_holds_the_person_s_shape_face_and_identity(own):
    assert own.calm.shape == (468, 3)
    assert "calm" in own.pictures
    assert own.pictures["calm"].std() > 10
    assert np.linalg.norm(own.embeddings["identity"]) == pytest.approx(1, abs=1e-3)
    assert own.seen["calm"].max() > 200


def test_the_same_recording_contributes_the_same(clip, hiding, own):
    assert contribute(clip, hiding=hiding) == own


def test_of_whom_it_was_settled_where_they_are_the_same_is_taken(clip, hiding, own):
    found = find_faces(clip, probe_video(clip), engine=hiding.finder)
    (track,) = found.tracks
    places = [(int(found.samples.face_times_us[row]), box_of(found, row)) for row in track.faces]
    assert contribute(clip, hiding=hiding, places=places) == own


def test_where_somebody_else_is_nothing_is_taken(clip, hiding):
    for places in ([], [(0, (0.0, 0.0, 20.0, 20.0)), (200_000, (0.0, 0.0, 20.0, 20.0))]):
        with pytest.raises(NobodySeen):
            contribute(clip, hiding=hiding, places=places)


def box_of(found, row):
    return tuple(found.samples.boxes_px[row].tolist())


def test_a_recording_without_a_face_contributes_nothing(tmp_path, hiding):
    with pytest.raises(NobodySeen):
        contribute(videos.write_normal(tmp_path), hiding=hiding)


@pytest.mark.usefixtures("anybody_will_do")
def test_the_face_is_the_mean_of_k_others_and_record_and_mark_say_so(clip, hiding, others):
    output = clip.with_name("hidden.mp4")
    report = describe(deidentify(clip, output, Task("swap", look=make_look(others, 3)), hiding=hiding))
    donor = report["donors"]["1"]
    assert donor.startswith("k-same-")
    assert report["look"] == {
        "kind": "k-same", "k": 3, "contributors": 3, "bound": 0.3333,
        "members": {donor: sorted(one.digest for one in others)},
        "lent": {donor: sorted(one.digest for one in others)},
    }  # fmt: skip
    assert report["faces_covered_instead"] == 0
    assert read_mark(output) == "swap"
    said = {"kind": "k-same", "k": 3, "contributors": 3, "donors": [donor], "bound": 0.3333}
    assert read_look(output) == said


@pytest.mark.usefixtures("anybody_will_do")
def test_the_same_task_writes_the_same_file(clip, hiding, others):
    written = []
    for name in ("first.mp4", "again.mp4"):
        deidentify(clip, clip.with_name(name), Task("swap", look=make_look(others, 2), seed=7), hiding=hiding)
        written.append(clip.with_name(name).read_bytes())
    assert written[0] == written[1]


def test_a_person_who_is_among_the_contributors_is_no_part_of_their_own_face(clip, hiding, own, others):
    output = clip.with_name("own.mp4")
    with pytest.raises(TooFewContributors, match="other than the person who is hidden, got 2"):
        deidentify(clip, output, Task("swap", look=make_look([own, *others[:2]], 3)), hiding=hiding)
    assert not output.exists()


def test_a_mean_that_is_still_like_the_person_is_not_drawn(clip, hiding, others, monkeypatch):
    monkeypatch.setattr("deid.nobody.MOST_ALIKE", -1.0)
    report = describe(
        deidentify(clip, clip.with_name("alike.mp4"), Task("swap", look=make_look(others, 3)), hiding=hiding)
    )
    assert report["donors"] == {"1": None}
    assert report["faces_covered_instead"] == report["covers"]
    assert report["look"]["members"] == {}


def test_a_look_is_for_swap_alone(clip, hiding, others):
    with pytest.raises(UnknownMethod, match="expected the method swap"):
        deidentify(clip, clip.with_name("x.mp4"), Task("avatar", look=make_look(others, 2)), hiding=hiding)


def test_a_face_that_was_made_of_somebody_who_has_withdrawn_is_not_made_again(others):
    nobody = Nobody(KSame(tuple(others[:2]), 2))
    nobody.remember({"members": {"k-same-0123": [one.digest for one in others]}})
    person = replace_looks()
    with pytest.raises(ResultLost):
        nobody.face("k-same-0123", person, None)


@pytest.mark.parametrize("embeddings", [{}, {"identity": axis(4)}])
def test_over_a_piece_of_a_person_who_may_be_a_member_no_mean_is_drawn(others, embeddings):
    nobody = Nobody(KSame((*others, somebody(6)), 3))
    name = name_of(others, 3)
    nobody.remember({"members": {name: [one.digest for one in others]}})
    assert nobody.face(name, replace_looks(embeddings), None) is None
    assert nobody.face(name, replace_looks(), None) is not None


def test_a_mean_that_somebody_else_wears_is_not_tried(others):
    look = make_look(others, 3)
    (only,) = (one.name for one in Nobody(look).candidates(replace_looks(), "key", None))
    with pytest.raises(TooFewContributors, match="nobody else has been given"):
        list(Nobody(look).candidates(replace_looks(), "key", None, {only}))


def test_a_person_who_wears_a_mean_is_tried_with_no_other(others):
    worn = [one.digest for one in others[:2]]
    (only,) = Nobody(make_look(others, 2, worn)).candidates(replace_looks(), "key", None)
    assert only.name == name_of(others[:2], 2)


def replace_looks(embeddings=None):
    given = {"identity": axis(400)} if embeddings is None else embeddings
    return Looks(np.array([90, 110, 150], np.float32), 40.0, 0.0, given)


def test_tasks_of_other_contributors_are_other_tasks(others):
    assert Task("swap", look=make_look(others, 2)) != Task("swap", look=make_look(others[:2], 2))
    assert repr(make_look(others, 2)) != repr(make_look(others[:2], 2))


@pytest.fixture
def folder(tmp_path, others):
    place = tmp_path / "people"
    place.mkdir()
    for number, one in enumerate(others):
        write_contribution(one, place / f"{number}.npz")
    return place


def test_what_cannot_contribute_is_named_with_its_reason_and_the_rest_counts(folder, hiding):
    (folder / "notes.mp4").write_text("no video")
    (folder / "broken.npz").write_bytes(b"PK")
    (folder / "two\nlines\x1b[2J.npz").write_text("hostile")
    (folder / ".hidden.npz").write_text("not looked at")
    (folder / "deeper").mkdir()
    found, left_out = read_contributors(folder, hiding=hiding)
    assert len(found) == 3
    assert list(left_out) == ["broken.npz", "notes.mp4", "two?lines?[2J.npz"]
    assert all(reason.isprintable() for reason in left_out.values())


def test_what_is_no_folder_has_no_contributors(tmp_path, hiding):
    with pytest.raises(TooFewContributors, match="expected a folder"):
        read_contributors(tmp_path / "absent", hiding=hiding)


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_too_few_contributors_are_one_sentence_status_1_and_no_file(clip, folder, capsys, weights_dir):
    output = clip.with_name("few.mp4")
    arguments = ("--method", "swap", "--look", "k-same", "--contributors", folder, "--device", "cpu")
    status, out, err = run(capsys, "run", clip, output, *arguments)
    assert (status, out) == (1, "")
    assert "expected 8 different people" in err
    assert len(err.strip().splitlines()) == 1
    assert not output.exists()


@pytest.mark.usefixtures("anybody_will_do")
def test_the_command_makes_a_face_of_a_folder_and_says_of_whom(clip, folder, capsys, weights_dir):
    (folder / "broken.npz").write_bytes(b"PK")
    output = clip.with_name("command.mp4")
    arguments = (
        "--method",
        "swap",
        "--look",
        "k-same",
        "--contributors",
        folder,
        "--k",
        2,
        "--device",
        "cpu",
    )
    status, out, err = run(capsys, "run", clip, output, *arguments)
    assert (status, err) == (0, "")
    assert "the mean of 2 of 3 people" in out
    assert "broken.npz does not contribute" in out
    assert read_look(output)["k"] == 2


def test_a_contribution_is_written_by_a_command(clip, tmp_path, capsys, own, weights_dir):
    output = tmp_path / "somebody.npz"
    status, out, _ = run(capsys, "contribute", clip, output, "--device", "cpu", "--json")
    assert (status, json.loads(out)["digest"]) == (0, own.digest)
    assert read_contribution(output) == own


def test_a_contribution_that_cannot_be_written_is_status_1(clip, tmp_path, capsys, weights_dir):
    status, _, err = run(capsys, "contribute", clip, tmp_path / "absent" / "x.npz", "--device", "cpu")
    assert (status, len(err.strip().splitlines())) == (1, 1)


@pytest.mark.parametrize(
    "arguments", [["--look", "k-same"], ["--contributors", "people"], ["--look", "painted"], ["--k", "many"]]
)
def test_a_look_that_is_half_asked_for_is_wrong_usage(arguments):
    with pytest.raises(SystemExit) as ended:
        main(["run", "a.mp4", "b.mp4", "--method", "swap", *arguments])
    assert ended.value.code == 2
