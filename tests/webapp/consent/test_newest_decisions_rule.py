"""After any grants and withdrawals no path serves or processes what the newest decisions forbid.

Over HTTP and with erasing, so for a few sequences; test_newest_decisions_model.py asks after hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.recordings.conftest import TusClient
from tests.webapp.records import add_recording, add_run
from tests.webapp.test_access_table import names_of
from webapp.analysis.analysing import _SegmentBasis, _source, may_analyse
from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow
from webapp.analysis.queries import analysable
from webapp.analysis.services import start_run
from webapp.analysis.timelines import WITHHELD
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.services import record_decisions
from webapp.core.errors import AppError
from webapp.jobs.errors import PlanOutdated
from webapp.jobs.models import Job
from webapp.recordings.models import Camera, Recording

PEOPLE = ("doctor", "patient")
PURPOSES = ("record", "analyse_patient", "analyse_doctor", "show_doctor", "annotate")
#: Of every recordings address: what it would give away, or that it gives nothing of a recording away.
SERVING = {"recordings:video", "recordings:poster"}
TAKING = {"recordings:api_uploads", "recordings:api_upload"}
SILENT = {"recordings:api_unfinished_uploads"}

steps = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PURPOSES), st.booleans()), min_size=2, max_size=3
)


class Undone(Exception):
    """Ends an example, so that its rows are rolled back."""


def test_every_address_of_a_recording_is_probed_here():
    found = {name for name in names_of(get_resolver()) if name.startswith("recordings:")}
    assert found == SERVING | TAKING | SILENT


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(sequence=steps)
def test_no_path_serves_or_processes_what_the_newest_decisions_forbid(
    sequence, encounter, alice, dora, doctor, patient, signed_in
):
    people = {"doctor": doctor, "patient": patient}
    clients = {signed_in(alice): False, signed_in(dora): True}
    newest = {(person, purpose): True for person in PEOPLE for purpose in PURPOSES}
    with pytest.raises(Undone), transaction.atomic():
        for person, purpose, granted in sequence:
            _fill_again(encounter, newest)
            record_decisions(actor=alice, participant=people[person], decisions={purpose: granted})
            newest[person, purpose] = granted
            _probe(encounter, clients, newest)
            finish_open_erasures()
            _probe(encounter, dict([*clients.items()][:1]), newest)
            _look_at_rest(encounter, newest)
        raise Undone


def recording_allowed(newest: dict) -> bool:
    return newest["doctor", "record"] and newest["patient", "record"]


def analysis_allowed(newest: dict, camera: str) -> bool:
    return recording_allowed(newest) and newest[camera, f"analyse_{camera}"]


def showing_allowed(newest: dict, camera: str, is_doctor: bool) -> bool:
    shown = camera != "doctor" or is_doctor or newest["doctor", "show_doctor"]
    return shown and analysis_allowed(newest, camera)


def _fill_again(encounter, newest: dict) -> None:
    """Record and analyse anew what an earlier step erased, wherever consent allows it."""
    if not recording_allowed(newest):
        return
    for camera in Camera.values:
        if not encounter.recordings.filter(camera=camera).exists():
            add_recording(encounter, camera)
    there = SecondRow.objects.filter(run__encounter=encounter).exclude(status=WITHHELD)
    if all(analysis_allowed(newest, camera) and not there.filter(camera=camera) for camera in Camera.values):
        AnalysisRun.objects.filter(encounter=encounter).delete()
        add_run(encounter)


def _probe(encounter, clients: dict[Client, bool], newest: dict) -> None:
    """Ask as everybody; clients: whether each is the doctor's."""
    for client, is_doctor in clients.items():
        _ask_for_files(encounter, client, newest)
        for run in AnalysisRun.objects.filter(encounter=encounter):
            _ask_for_results(run, client, newest, is_doctor)
    accepted = TusClient(next(iter(clients)), encounter).create(100, replace="1").status_code == 201
    assert accepted == recording_allowed(newest)
    _try_to_process(encounter, newest)


def _ask_for_files(encounter, client: Client, newest: dict) -> None:
    for recording in Recording.objects.filter(encounter=encounter):
        for name in ("video", "poster.jpg"):
            served = client.get(f"/recordings/{recording.pk}/{name}").status_code == 200
            assert served == recording_allowed(newest), name
    state = client.get(f"/api/v1/encounters/{encounter.pk}/").json()
    offered = [one for one in state["recordings"] if one["video_url"] or one["poster_url"]]
    assert not offered or recording_allowed(newest)


def _ask_for_results(run: AnalysisRun, client: Client, newest: dict, is_doctor: bool) -> None:
    lanes = client.get(f"/api/v1/runs/{run.pk}/timeline/").json()["lanes"]
    lines = client.get(f"/api/v1/runs/{run.pk}/timeline.csv").content.decode().splitlines()[1:]
    for camera in Camera.values:
        shown = {status for lane in lanes if lane["camera"] == camera for status in lane["status"]}
        shown |= {line.split(",")[4] for line in lines if line.startswith(f"{camera},")}
        faces = client.get(f"/api/v1/runs/{run.pk}/faces/?camera={camera}&to_s=60").json()["t_ms"]
        allowed = showing_allowed(newest, camera, is_doctor)
        assert allowed or (shown <= {WITHHELD} and faces == []), camera


def _try_to_process(encounter, newest: dict) -> None:
    job = Job(subject_id=encounter.pk)
    for recording, consent in analysable(encounter).items():
        assert consent == analysis_allowed(newest, recording.camera)
        assert (_source(recording, consent).path is None) == (not consent)
        segment = SimpleNamespace(job=job, input={"recording": str(recording.pk)})
        try:
            _SegmentBasis(segment)
        except PlanOutdated:
            assert not consent
        else:
            assert consent
    try:
        start_run(encounter=encounter, actor=None, model="human")
    except AppError:
        started = False
    else:
        started = True
    there = list(encounter.recordings.values_list("camera", flat=True))
    assert started == any(analysis_allowed(newest, camera) for camera in there)
    for job in Job.objects.filter(subject_id=encounter.pk, kind="analyse_encounter"):
        assert not there or may_analyse(job) == started


def _look_at_rest(encounter, newest: dict) -> None:
    """Once erased, nothing of it is left to be served by mistake."""
    if not recording_allowed(newest):
        assert not Recording.objects.filter(encounter=encounter).exists()
        assert not AnalysisRun.objects.filter(encounter=encounter).exists()
    for camera in _forbidden(newest):
        assert not FaceObservation.objects.filter(run__encounter=encounter, camera=camera).exists()
        rows = SecondRow.objects.filter(run__encounter=encounter, camera=camera)
        assert not rows.exclude(status=WITHHELD).exists()


def _forbidden(newest: dict) -> Iterator[str]:
    yield from (camera for camera in Camera.values if not analysis_allowed(newest, camera))
