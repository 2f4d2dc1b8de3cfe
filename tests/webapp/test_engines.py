"""The seam to the engine, with networks that need no weights: what is kept on disk, and what for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotion import pipeline
from emotion.sampling import LOOKING
from tests import videos
from tests.emotion.stand_ins import Brightness, MeanColour, OneFace
from webapp import engines
from webapp.core.errors import AppError


@pytest.fixture
def detector(monkeypatch) -> OneFace:
    """The stand-in that finds faces; it counts the pictures it was shown."""
    found = OneFace()
    networks = pipeline.Engine(found, Brightness(), MeanColour(), 1)
    monkeypatch.setattr(engines.analysis, "_load_engine", lambda model: networks)
    return found


@pytest.fixture
def sources(tmp_path: Path) -> list[engines.Source]:
    made = []
    for camera in ("doctor", "patient"):
        (tmp_path / camera).mkdir()
        path = videos.write_normal(tmp_path / camera)
        made.append(engines.Source(camera, path, tmp_path / camera / "samples", 2_000_000))
    return made


def analyse(sources: list[engines.Source], *, with_identities: bool = False, **by_hand) -> engines.Findings:
    """Do what workers do, one after another."""
    given = engines.ByHand(**by_hand)
    by_camera = {source.camera: source for source in sources}
    for stretch in engines.plan(sources, model="human", by_hand=given, with_identities=with_identities):
        engines.sample(
            by_camera[stretch.camera],
            stretch,
            model="human",
            progress=lambda _: None,
            cancelled=lambda: False,
        )
    found = engines.conclude(sources, model="human", by_hand=given, with_identities=with_identities)
    assert found is not None
    return found


def test_nothing_is_concluded_while_a_stretch_is_missing(detector, sources):
    assert engines.conclude(sources, model="human") is None


def test_a_forgotten_stretch_is_planned_again(detector, sources):
    (first, *_) = engines.plan(sources, model="human")
    engines.sample(sources[0], first, model="human", progress=lambda _: None, cancelled=lambda: False)
    assert engines.plan(sources, model="human")[0].is_kept
    engines.forget(sources[0], first, model="human")
    assert not engines.plan(sources, model="human")[0].is_kept


def test_what_was_looked_for_in_another_way_is_looked_for_again_and_goes(
    detector, sources, tmp_path: Path, monkeypatch
):
    with monkeypatch.context() as earlier:
        earlier.setattr("emotion.sampling.LOOKING", 1)
        (first, *_) = engines.plan(sources, model="human")
        engines.sample(sources[0], first, model="human", progress=lambda _: None, cancelled=lambda: False)
    assert len(kept_files(tmp_path)) == 1
    assert not any(stretch.is_kept for stretch in engines.plan(sources, model="human"))
    assert analyse(sources).params["looking"] == LOOKING
    assert all(path.name.startswith("people-") for path in kept_files(tmp_path))


def kept_files(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.rglob("samples/**/*.npz"))


def test_no_embedding_is_kept_once_it_is_settled_who_is_who(detector, sources, tmp_path: Path):
    analyse(sources)
    files = kept_files(tmp_path)
    assert len(files) == 2
    for path in files:
        with np.load(path) as stored:
            assert stored["embeddings"].size == 0
            assert not stored["is_embedded"].any()


def test_identities_that_are_asked_for_are_of_the_cameras_own_people(detector, sources, tmp_path: Path):
    assert analyse(sources).identities == {}
    found = analyse(sources, with_identities=True)  # nothing is left of the first time, so it is looked again
    assert set(found.identities) == {"doctor", "patient"}
    one = found.identities["patient"]
    assert np.linalg.norm(one.embedding) == pytest.approx(1, abs=1e-4)
    assert (one.network, one.faces > 0) == ("identity", True)
    for path in kept_files(tmp_path):
        with np.load(path) as stored:
            assert stored["embeddings"].size == 0
    said = {"kind": "reassign", "track": 1, "role": "irrelevant"}
    without = analyse(sources, with_identities=True, corrections={"patient": [said]})
    assert set(without.identities) == {"doctor"}


def test_a_correction_decodes_nothing_again_and_undoing_it_gives_the_first_result(detector, sources):
    first = analyse(sources)
    looked_at = len(detector.seen)
    basis = first.summary["cameras"]["patient"]["people_basis"]
    said = {"kind": "split", "track": 1, "at_us": 1_000_000, "basis": basis}
    split = analyse(sources, corrections={"patient": [said]})
    assert [one["track"] for one in split.summary["cameras"]["patient"]["people"]] == [1, 2]
    assert split.summary["cameras"]["patient"]["corrections"][0]["refusal"] is None
    assert {face["track"] for face in split.faces if face["camera"] == "patient"} == {1, 2}
    again = analyse(sources)
    assert (again.rows, again.faces, again.summary) == (first.rows, first.faces, first.summary)
    assert len(detector.seen) == looked_at


def test_a_person_who_newly_counts_is_looked_at_again(detector, sources):
    analyse(sources, corrections={"patient": [{"kind": "reassign", "track": 1, "role": "irrelevant"}]})
    looked_at = len(detector.seen)
    undone = analyse(sources)
    assert len(detector.seen) > looked_at
    assert {row["status"] for row in undone.rows} == {"ok"}


def test_what_was_settled_beside_one_recording_does_not_serve_beside_another(detector, sources):
    analyse(sources[:1])
    looked_at = len(detector.seen)
    analyse(sources)
    assert len(detector.seen) - looked_at == 2 * looked_at


def test_an_offset_by_hand_moves_the_second_camera(detector, sources):
    found = analyse(sources, offset_ms=1000)
    assert (found.sync or {})["method"] == "by_hand"
    assert found.offsets_ms == {"doctor": 0.0, "patient": 1000.0}


def test_a_studys_own_rules_are_used_and_checked(detector, sources):
    assert analyse(sources, rules=engines.shipped_rules()).summary["suggestions"] == []
    with pytest.raises(AppError, match="the study's rules, line 1"):
        analyse(sources, rules="rules: []")


def test_rules_are_told_in_words_of_a_language(detector):
    english, german = (
        engines.check_rules(engines.shipped_rules()),
        engines.check_rules(engines.shipped_rules(), language="de"),
    )
    assert [rule["id"] for rule in english] == [rule["id"] for rule in german]
    assert english[0]["text"] != german[0]["text"]
    assert english[0]["when"][0]["shows"] == ["anger", "disgust", "sadness"]


def test_a_recording_that_cannot_be_reached_is_no_damaged_file(sources, detector):
    sources[0].path.unlink()
    (stretch, *_) = engines.plan(sources[1:], model="human")
    for ask in (
        lambda: engines.plan(sources, model="human"),
        lambda: engines.conclude(sources, model="human"),
        lambda: engines.sample(
            sources[0], stretch, model="human", progress=lambda _: None, cancelled=lambda: False
        ),
    ):
        with pytest.raises(FileNotFoundError):
            ask()
