"""What a package holds and what it never does; and that nothing is left of one that was not finished."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import bagit
import pytest
from django.conf import settings as django_settings

from tests.webapp.recordings.conftest import MASTER
from tests.webapp.sharing.conftest import add_version, build, everything_in, sign
from webapp.analysis.timelines import COLUMNS
from webapp.consent.services import record_decisions
from webapp.core import master_keys
from webapp.core.errors import Conflict
from webapp.core.models import AuditEvent
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.storage import version_path
from webapp.jobs import running
from webapp.jobs.models import Job
from webapp.recordings.models import Recording
from webapp.recordings.rewrapping import rewrap_keys
from webapp.sharing import packing, planning, storage
from webapp.sharing.building import start_build
from webapp.sharing.models import Release, ReleaseItem, ReleaseKey, ReleasePerson
from webapp.sharing.planning import plan_release
from webapp.sharing.services import draft_release
from webapp.studies.models import Encounter, Participant


def bytes_of(release: Release) -> bytes:
    with storage.package(release).open("rb") as file:
        return file.read()


def texts_of(release: Release) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bytes_of(release))) as archive:
        return {name.removeprefix("release-1/"): archive.read(name) for name in archive.namelist()}


def refuse(alice, person: Participant, **decisions: bool) -> None:
    record_decisions(actor=alice, participant=person, decisions=decisions)


def test_a_package_is_a_valid_bag_with_videos_timelines_and_their_words(release, share, alice, tmp_path):
    share(sex="female", age=93)
    share()
    build(release, alice)
    assert (release.state, release.message) == ("ready", "")
    with zipfile.ZipFile(io.BytesIO(bytes_of(release))) as archive:
        archive.extractall(tmp_path / "out")
    bag = bagit.Bag(str(tmp_path / "out" / "release-1"))
    bag.validate()
    names = {Path(name).name for name in bag.payload_files()}
    assert names == {
        *("doctor.mp4", "patient.mp4", "doctor.cards.json", "patient.cards.json", "timeline.csv"),
        *("participants.csv", "encounters.csv", "README.md", "TERMS.txt", "LICENSE.txt", "datapackage.json"),
    }
    assert (ReleaseItem.objects.count(), ReleasePerson.objects.count()) == (6, 3)
    assert AuditEvent.objects.get(action="release.built").details["sha256"] == release.sha256
    assert b"Every face of everyone was replaced or covered" in texts_of(release)["data/README.md"]


def test_the_card_says_in_which_videos_people_were_left_as_they_are(release, share, alice):
    share()
    for version in Derivative.objects.filter(recording__camera="doctor"):
        version.recipe |= {"exempt": [3, 5], "exempt_reason": "staff"}
        version.save()
    build(release, alice)
    card = texts_of(release)["data/README.md"].decode()
    assert "can be recognised in" in card and "doctor.mp4 (2)." in card
    assert "patient.mp4 (" not in card and "Every face of everyone" not in card


def test_videos_are_the_signed_off_files_and_timelines_have_the_columns_of_the_contract(
    release, share, alice
):
    share()
    texts = texts_of(build(release, alice))
    videos = {data for name, data in texts.items() if name.endswith(".mp4")}
    signed = {version_path(one.recording_id, one.pk).read_bytes() for one in Derivative.objects.all()}
    assert videos == signed
    timeline = next(data for name, data in texts.items() if name.endswith("timeline.csv"))
    rows = list(csv.DictReader(io.StringIO(timeline.decode())))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 6


def test_nothing_in_a_package_leads_back_into_the_study(release, share, alice, study):
    share(sex="female", age=93)
    texts = texts_of(build(release, alice))
    words = b"\n".join(data for name, data in texts.items() if not name.endswith(".mp4")) + b"\n".join(
        name.encode() for name in texts
    )
    ids = [
        str(pk)
        for model in (Encounter, Recording, Derivative, Job, Release)
        for pk in model.objects.values_list("pk", flat=True)
    ]
    codes = [*Participant.objects.values_list("code", flat=True), *(e.code for e in Encounter.objects.all())]
    secrets = [release.code_key, *Recording.objects.values_list("sha256", flat=True), "2026-03-03", '"seed"']
    assert [one for one in (*ids, *codes, *secrets) if one.encode() in words] == []
    assert b"original" not in b"".join(name.encode() for name in texts)


def test_people_have_new_codes_and_ages_in_bands(release, share, alice, study):
    share(sex="female", age=93)
    share(sex="male", age=34)
    texts = texts_of(build(release, alice))
    people = list(csv.DictReader(io.StringIO(texts["data/participants.csv"].decode())))
    assert sorted((one["kind"], one["sex"], one["age_band"]) for one in people) == [
        ("doctor", "", ""),
        ("patient", "female", "90+"),
        ("patient", "male", "30-39"),
    ]
    assert [one["participant"] for one in people] == sorted(one["participant"] for one in people)
    second = build(
        draft_release(actor=alice, study=study, title="a", description="b", terms="c", licence="d"), alice
    )
    first_codes = set(release.people.values_list("code", flat=True))
    assert not first_codes & set(second.people.values_list("code", flat=True))
    release.refresh_from_db()
    assert (release.state, second.state) == ("superseded", "ready")


def test_the_code_book_has_every_column_and_the_hash_of_every_file(release, share, alice):
    share()
    texts = texts_of(build(release, alice))
    book = json.loads(texts["data/datapackage.json"])
    manifest = dict(
        reversed(line.split("  data/")) for line in texts["manifest-sha256.txt"].decode().splitlines()
    )
    hashes = {one["path"]: one["hash"].removeprefix("sha256:") for one in book["resources"]}
    assert hashes == {path: sha for path, sha in manifest.items() if path != "datapackage.json"}
    timeline = next(one for one in book["resources"] if one["path"].endswith("timeline.csv"))
    assert tuple(one["name"] for one in timeline["schema"]["fields"]) == COLUMNS


def test_the_same_inputs_give_the_same_bytes(release, share, alice):
    share()
    share()
    plan, found = plan_release(release.study), []
    for encounters in (plan.encounters, plan.encounters[::-1]):
        sink = io.BytesIO()
        packing.pack(release, planning.ReleasePlan(encounters), sink, report=lambda _: None)
        found.append(sink.getvalue())
    assert found[0] == found[1]
    build(release, alice)
    assert bytes_of(release) == found[0]


def test_each_recording_left_out_has_its_reason(release, share, alice, audrey, study, patient, video):
    from tests.webapp.records import add_recording

    share()
    refuse(alice, share(cameras=("patient",)).patient, share_deidentified=False)
    excluded = share(cameras=("patient",))
    Encounter.objects.filter(pk=excluded.pk).update(status="excluded", reason="other")
    add_recording(share(cameras=()), "patient", state="checking")
    add_recording(share(cameras=()), "patient")
    add_version(add_recording(share(cameras=()), "patient"), alice, video)
    sign(add_version(add_recording(share(cameras=()), "patient"), alice, video), audrey, "refused")
    sound = share(cameras=())
    sign(add_version(add_recording(sound, "patient"), alice, video, audio="keep"), audrey)
    refuse(alice, sound.patient, share_audio=False)
    past = share(cameras=("patient",))
    Encounter.objects.filter(pk=past.pk).update(keep_until="2026-01-01")
    plan = plan_release(study)
    assert plan.reasons == dict.fromkeys(
        [
            *(planning.NO_CONSENT, planning.EXCLUDED, planning.NOT_CHECKED, planning.NO_VERSION),
            *(planning.NOT_SIGNED, planning.REFUSED, planning.SOUND, planning.PAST),
        ],
        1,
    )
    assert plan.videos == 2


def test_an_older_version_without_sound_goes_in_where_sound_is_not_shared(share, alice, audrey, study, video):
    encounter = share(cameras=("patient",))
    silent = Derivative.objects.get()
    sign(add_version(silent.recording, alice, video, audio="keep"), audrey)
    assert plan_release(study).encounters[0].videos[0] != silent
    refuse(alice, encounter.patient, share_audio=False)
    assert plan_release(study).encounters[0].videos == [silent]


def test_seconds_whose_analysis_is_not_agreed_to_say_that_consent_is_withheld(release, share, alice):
    encounter = share()
    refuse(alice, encounter.patient, analyse_patient=False)
    texts = texts_of(build(release, alice))
    timeline = next(data for name, data in texts.items() if name.endswith("timeline.csv"))
    rows = list(csv.DictReader(io.StringIO(timeline.decode())))
    withheld = [row for row in rows if row["camera"] == "patient"]
    assert {(row["status"], row["emotion"], row["happiness"]) for row in withheld} == {
        ("consent_withheld", "", "")
    }
    assert {row["status"] for row in rows if row["camera"] == "doctor"} == {"ok", "no_face"}
    item = ReleaseItem.objects.get(kind="timeline")
    assert item.purposes == ["record", "share_deidentified", "analyse_doctor", "show_doctor"]


def test_the_doctors_seconds_are_in_a_package_only_if_the_doctor_shows_them_to_others(
    release, share, alice, doctor
):
    share()
    refuse(alice, doctor, show_doctor=False)
    texts = texts_of(build(release, alice))
    timeline = next(data for name, data in texts.items() if name.endswith("timeline.csv"))
    rows = list(csv.DictReader(io.StringIO(timeline.decode())))
    doctors = {(row["status"], row["emotion"], row["happiness"]) for row in rows if row["camera"] == "doctor"}
    assert doctors == {("consent_withheld", "", "")}
    assert {row["status"] for row in rows if row["camera"] == "patient"} == {"ok", "no_face"}
    item = ReleaseItem.objects.get(kind="timeline")
    assert item.purposes == ["record", "share_deidentified", "analyse_patient"]


def test_a_package_from_before_doctors_were_asked_about_being_shown_needs_that_too(release, doctor, patient):
    old = ReleaseItem(purposes=["record", "share_deidentified", "analyse_doctor"])
    assert old.needed == [*old.purposes, "show_doctor"]
    assert ReleaseItem(purposes=["record", "analyse_patient"]).needed == ["record", "analyse_patient"]


def test_nothing_to_share_builds_nothing(release, alice):
    with pytest.raises(Conflict, match="Nothing of this study"):
        start_build(actor=alice, release=release)
    release.refresh_from_db()
    assert release.state == "draft"
    assert not Job.objects.exists()


def left_of(release: Release) -> tuple:
    files = everything_in(Path(django_settings.DATA_DIR) / "releases")
    return (files, ReleaseItem.objects.count(), ReleasePerson.objects.count(), ReleaseKey.objects.count())


def test_a_version_that_is_not_what_was_signed_off_fails_the_build_and_leaves_nothing(
    release, share, alice, settings, django_capture_on_commit_callbacks
):
    settings.MEDIA_KEYS = [MASTER]
    share(cameras=("patient",))
    Derivative.objects.update(sha256="0" * 64)
    with django_capture_on_commit_callbacks(execute=True):
        build(release, alice)
    assert release.state == "failed"
    assert "not the file that was signed off" in release.message
    assert left_of(release) == ([], 0, 0, 0)


@pytest.mark.parametrize("words", ["Ask about P-7KQ2M first.", "Without E-0007."])
def test_words_that_name_somebody_of_the_study_fail_the_build(release, share, alice, words):
    share(cameras=("patient",))
    Release.objects.update(description=words)
    build(release, alice)
    assert release.state == "failed"
    assert "leads back to a person" in release.message
    assert left_of(release)[:3] == ([], 0, 0)


def test_a_cancelled_build_leaves_nothing(release, share, alice, monkeypatch):
    share()
    job = start_build(actor=alice, release=release)

    def cancelling(*_args, **_values):
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        return packed(*_args, **_values)

    packed = packing.pack
    monkeypatch.setattr("webapp.sharing.building.pack", cancelling)
    running.run(job.pk)
    release.refresh_from_db(), job.refresh_from_db()
    assert (job.state, release.state, release.message) == ("cancelled", "failed", "The build was cancelled.")
    assert left_of(release) == ([], 0, 0, 0)


def test_consent_withdrawn_while_it_is_written_leaves_that_person_out(release, share, alice, monkeypatch):
    share()
    gone = share()
    job = start_build(actor=alice, release=release)
    verify = packing.folder_of
    calls = []

    def withdrawing(one):
        if not calls:
            refuse(alice, gone.patient, share_deidentified=False)
        calls.append(one)
        return verify(one)

    monkeypatch.setattr("webapp.sharing.building.folder_of", withdrawing)
    running.run(job.pk)
    release.refresh_from_db(), job.refresh_from_db()
    assert (job.state, release.state, left_of(release)[0]) == ("queued", "building", [])
    running.run(job.pk)
    release.refresh_from_db()
    assert release.state == "ready"
    assert not ReleasePerson.objects.filter(participant=gone.patient).exists()


def test_a_package_lies_encrypted_where_the_site_encrypts_and_its_key_is_wrapped_anew(
    release, share, alice, settings
):
    settings.MEDIA_KEYS = [MASTER]
    share()
    build(release, alice)
    raw = storage.package_path(release).read_bytes()
    assert b"PK\x03\x04" not in raw and b"ftyp" not in raw
    assert bytes_of(release).startswith(b"PK\x03\x04")
    newer = master_keys.new_key()
    settings.MEDIA_KEYS = [newer, MASTER]
    assert rewrap_keys().locked == ()
    settings.MEDIA_KEYS = [newer]
    assert bytes_of(release).startswith(b"PK\x03\x04")


def test_a_job_of_a_finished_release_that_runs_again_changes_nothing(release, share, alice):
    share()
    build(release, alice)
    before = release.sha256
    Job.objects.update(state="queued")
    running.run(release.job_id)
    release.refresh_from_db()
    assert (release.state, release.sha256) == ("ready", before)
