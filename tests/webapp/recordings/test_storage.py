from __future__ import annotations

import shutil

import pytest

from tests.webapp.records import add_recording
from webapp.core.health import run_checks
from webapp.recordings.models import Recording
from webapp.recordings.storage import StorageAway, check_storage, recording_dir


@pytest.fixture
def recording(encounter) -> Recording:
    return add_recording(encounter, "patient")


def test_a_storage_that_holds_the_newest_recording_is_there(recording):
    check_storage()
    assert run_checks()["storage"] == "ok"


def test_a_new_site_without_a_recording_has_its_storage(db):
    check_storage()


@pytest.mark.parametrize("leaves_a_folder", [True, False])
def test_a_storage_that_is_not_mounted_is_away_whatever_stands_in_its_place(
    recording, settings, leaves_a_folder
):
    shutil.rmtree(settings.DATA_DIR)
    if leaves_a_folder:
        settings.DATA_DIR.mkdir()
    with pytest.raises(StorageAway):
        check_storage()
    assert run_checks()["storage"] == "missing"


def test_a_refused_recording_has_no_file_and_its_storage_is_there(recording):
    Recording.objects.update(state="refused")
    shutil.rmtree(recording_dir(recording.pk))
    check_storage()
