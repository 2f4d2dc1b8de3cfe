from __future__ import annotations

import pytest

from tests.webapp.jobs.driving import drive
from tests.webapp.records import add_recording, add_run, findings
from webapp import engines
from webapp.analysis.correcting import by_hand, correct_person, save_rules, set_clock, undo_correction
from webapp.analysis.models import AnalysisRun, ClockCorrection, FaceObservation, PersonCorrection
from webapp.analysis.queries import clock_by_hand, rules_of
from webapp.core.errors import AppError, Conflict, Invalid
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job


def correct(encounter, actor, **said) -> Job:
    values = {"camera": "patient", "kind": "reassign", "track": 2, "role": "patient"} | said
    return correct_person(encounter=encounter, actor=actor, **values)


def add_face(run: AnalysisRun, track: int, t_ms: int) -> None:
    box = {"x": 0.1, "y": 0.1, "w": 0.1, "h": 0.1}
    FaceObservation.objects.create(
        run=run, camera="patient", track=track, role="irrelevant", t_ms=t_ms, confidence=0.0, **box
    )


def test_a_correction_is_kept_with_its_basis_audited_and_analysed(encounter, run, cameras, alice):
    job = correct(encounter, alice)
    said = PersonCorrection.objects.get()
    assert (said.recording, said.kind, said.track, said.role) == (
        cameras["patient"],
        "reassign",
        2,
        "patient",
    )
    assert (said.basis, said.made_by, said.undone_at) == ("b" * 16, alice, None)
    assert (job.state, job.params["model"]) == ("queued", "human")
    assert AuditEvent.objects.filter(action="analysis.person_corrected", target_id=str(said.pk)).exists()


@pytest.mark.parametrize(
    "said",
    [
        {"track": 9},
        {"role": ""},
        {"kind": "merge", "into": 9},
        {"kind": "merge", "into": 2},
        {"kind": "merge"},
        {"kind": "split"},
        {"kind": "split", "at_ms": 0},
        {"kind": "split", "at_ms": 60_000},
    ],
)
def test_what_does_not_fit_the_people_of_the_run_is_refused(encounter, run, alice, said):
    with pytest.raises(Invalid):
        correct(encounter, alice, **said)
    assert not PersonCorrection.objects.exists()
    assert not Job.objects.filter(state="queued").exists()


def test_people_seen_in_one_picture_are_not_merged(encounter, run, alice):
    add_face(run, 2, 200)
    with pytest.raises(Invalid, match="1 pictures together"):
        correct(encounter, alice, kind="merge", into=1)
    FaceObservation.objects.filter(track=2).delete()
    add_face(run, 2, 9000)
    assert correct(encounter, alice, kind="merge", into=1).state == "queued"


def test_a_split_lies_between_faces(encounter, run, alice):
    correct(encounter, alice, kind="split", track=1, at_ms=1000)
    assert PersonCorrection.objects.get().at_ms == 1000


def test_people_of_a_replaced_recording_are_not_corrected(encounter, run, cameras, alice):
    cameras["patient"].delete()
    add_recording(encounter, "patient", b"another file")
    with pytest.raises(Conflict):
        correct(encounter, alice)


def test_an_undone_correction_counts_no_more_and_cannot_be_undone_twice(encounter, run, cameras, alice):
    correct(encounter, alice)
    said = PersonCorrection.objects.get()
    undo_correction(correction=said, actor=alice)
    said.refresh_from_db()
    assert said.undone_by == alice
    assert by_hand(encounter, cameras.values())[0].corrections == {}
    with pytest.raises(Conflict):
        undo_correction(correction=said, actor=alice)


def test_every_known_model_that_has_looked_looks_again(encounter, run, alice):
    other = findings()
    add_run(encounter, engines.Findings(**(vars(other) | {"model": "fer"})))
    add_run(encounter, engines.Findings(**(vars(other) | {"model": "a model of yesterday"})))
    job = correct(encounter, alice)
    queued = Job.objects.filter(state="queued")
    assert sorted(one.params["model"] for one in queued) == ["fer", "human"]
    assert job.params["model"] == "fer"


def test_an_offset_by_hand_counts_until_the_recordings_tell_again(encounter, run, alice):
    set_clock(encounter=encounter, actor=alice, offset_ms=-250)
    set_clock(encounter=encounter, actor=alice, offset_ms=400)
    found = clock_by_hand(encounter)
    assert found is not None
    assert found.offset_ms == 400
    set_clock(encounter=encounter, actor=alice, offset_ms=None)
    assert clock_by_hand(encounter) is None
    assert ClockCorrection.objects.count() == 2, "what was said before stays on record"
    with pytest.raises(Invalid):
        set_clock(encounter=encounter, actor=alice, offset_ms=3_600_001)


def test_the_analysis_is_given_what_was_said_and_the_run_names_it(encounter, run, alice, study, monkeypatch):
    given = []

    def plan(sources, *, by_hand, **_):
        given.append(by_hand)
        return []

    def conclude(sources, *, by_hand, **_):
        given.append(by_hand)
        return findings()

    monkeypatch.setattr(engines, "plan", plan)
    monkeypatch.setattr(engines, "conclude", conclude)
    set_clock(encounter=encounter, actor=alice, offset_ms=400)
    save_rules(study=study, actor=alice, text=engines.shipped_rules())
    job = correct(encounter, alice, kind="split", track=1, at_ms=1500)
    drive(job)
    said = PersonCorrection.objects.get()
    assert given[0] == given[1]
    assert (given[0].offset_ms, given[0].rules) == (400, engines.shipped_rules())
    assert given[0].corrections == {
        "patient": [
            {"kind": "split", "track": 1, "role": None, "into": None, "at_us": 1_500_000, "basis": "b" * 16}
        ]
    }
    assert AnalysisRun.objects.get(job=job).params["by_hand"] == {
        "offset_ms": 400,
        "corrections": {"patient": [str(said.pk)]},
        "rules_version": 1,
    }


def test_rules_are_checked_before_they_are_kept_and_get_versions(study, alice):
    assert rules_of(study) is None
    with pytest.raises(AppError, match="line 1"):
        save_rules(study=study, actor=alice, text="rules: []")
    text = engines.shipped_rules()
    versions = [save_rules(study=study, actor=alice, text=text).version for _ in range(2)]
    found = rules_of(study)
    assert found is not None
    assert (versions, found.version) == ([1, 2], 2)
    assert AuditEvent.objects.filter(action="analysis.rules_saved").count() == 2
