"""Who gets what answer: every address × method × role. A new address without a row fails the suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.webapp.answers import (
    API_MEMBERS,
    API_SIGNED_IN,
    COORDINATOR,
    COORDINATOR_AND_AUDITOR,
    COORDINATOR_AND_DOCTOR,
    COORDINATOR_IS_SENT_BACK,
    COORDINATOR_SENDS_NONSENSE,
    DOCTOR,
    MEMBERS,
    NOT_AUDITOR,
    OPEN,
    ROLES,
    SIGNED_IN,
    STAFF,
    TO_SIGN_IN,
    api_coordinator,
)
from tests.webapp.deidjobs import access_rows as deidjobs_rows
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.recordings.conftest import CHUNK, metadata
from tests.webapp.records import add_job, add_recording, add_run, add_suggestion
from tests.webapp.sharing import access_rows as sharing_rows
from webapp.analysis.models import PersonCorrection
from webapp.consent.erasing import finish_open_erasures
from webapp.consent.models import Erasure
from webapp.consent.services import record_decisions, withdraw_consent
from webapp.consent.signing import sign_consent
from webapp.feedback.access import care_token
from webapp.feedback.models import Comment, Note
from webapp.jobs.models import Job
from webapp.live.services import open_live_session
from webapp.recordings import storage
from webapp.recordings.models import Upload
from webapp.studies.members import invite
from webapp.studies.services import add_participant

TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("healthz", "GET"): (503,) * 6,  # no worker runs in this test, and everybody may know
    ("core:home", "GET"): SIGNED_IN,
    ("studies:list", "GET"): SIGNED_IN,
    ("studies:new", "GET"): (TO_SIGN_IN, *(403,) * 5),  # for staff, which nobody here is
    ("studies:new", "POST"): (TO_SIGN_IN, *(403,) * 5),
    ("studies:overview", "GET"): MEMBERS,
    ("studies:protocol", "GET"): COORDINATOR,
    ("studies:protocol", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:site_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:arm_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:state", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("studies:members", "GET"): COORDINATOR,
    ("studies:invite", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:member", "GET"): COORDINATOR,
    ("studies:member", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:invitation", "GET"): OPEN,  # whoever holds the link
    ("studies:invitation", "POST"): (422, *(403,) * 5),  # it was made for another address
    ("studies:invitation_revoke", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("studies:participants", "GET"): COORDINATOR,
    ("studies:participants_change", "POST"): COORDINATOR_IS_SENT_BACK,
    ("studies:participants_export", "POST"): COORDINATOR,
    ("studies:participant_new", "GET"): COORDINATOR,
    ("studies:participant_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:participant_import", "GET"): COORDINATOR,
    ("studies:participant_import", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:attribute_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:audit", "GET"): COORDINATOR_AND_AUDITOR,
    ("studies:audit_export", "POST"): COORDINATOR_AND_AUDITOR,
    ("studies:view_save", "POST"): (TO_SIGN_IN, 302, 302, 302, 302, 404),
    ("studies:encounters_change", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("studies:encounters", "GET"): MEMBERS,
    ("studies:encounter_new", "GET"): COORDINATOR,
    ("studies:encounter_new", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("studies:api_studies", "GET"): API_SIGNED_IN,
    ("studies:api_encounters", "GET"): API_MEMBERS,
    ("studies:api_encounters", "POST"): api_coordinator(400),
    ("consent:record", "GET"): COORDINATOR,
    ("consent:record", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("consent:home", "GET"): COORDINATOR_AND_AUDITOR,
    ("consent:board", "GET"): COORDINATOR_AND_AUDITOR,
    ("consent:board_export", "POST"): COORDINATOR_AND_AUDITOR,
    ("consent:version", "GET"): COORDINATOR_AND_AUDITOR,
    ("consent:copy_json", "GET"): COORDINATOR,
    ("consent:copy_pdf", "GET"): COORDINATOR,
    ("consent:scan", "GET"): COORDINATOR,
    ("consent:text", "GET"): COORDINATOR,
    ("consent:text", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("consent:withdraw", "GET"): COORDINATOR,
    ("consent:withdraw", "POST"): COORDINATOR_SENDS_NONSENSE,
    ("consent:erasures", "GET"): COORDINATOR_AND_AUDITOR,
    ("consent:erasure", "GET"): COORDINATOR_AND_AUDITOR,
    ("consent:certificate", "GET"): COORDINATOR_AND_AUDITOR,
    ("recordings:video", "GET"): NOT_AUDITOR,
    ("recordings:video", "HEAD"): NOT_AUDITOR,
    ("recordings:poster", "GET"): NOT_AUDITOR,
    ("recordings:api_uploads", "OPTIONS"): (401, 204, 204, 204, 204, 204),
    ("recordings:api_uploads", "POST"): api_coordinator(201),
    ("recordings:api_upload", "HEAD"): api_coordinator(200),
    ("recordings:api_upload", "PATCH"): api_coordinator(204),
    ("recordings:api_upload", "DELETE"): api_coordinator(204),
    ("recordings:api_unfinished_uploads", "GET"): api_coordinator(200),
    ("analysis:encounter", "GET"): MEMBERS,
    ("analysis:jobs", "GET"): COORDINATOR_AND_AUDITOR,
    ("analysis:job", "GET"): COORDINATOR_AND_AUDITOR,
    ("analysis:jobs_bulk", "POST"): (TO_SIGN_IN, 400, 403, 403, 403, 404),
    ("analysis:batch_new", "GET"): COORDINATOR,
    ("analysis:batch_new", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("jobs:overview", "GET"): STAFF,
    ("jobs:bulk", "POST"): STAFF,
    ("analysis:api_encounter", "GET"): API_MEMBERS,
    ("analysis:api_runs", "POST"): api_coordinator(202),
    ("analysis:api_timeline", "GET"): API_MEMBERS,
    ("analysis:timeline_csv", "GET"): API_MEMBERS,
    ("analysis:api_faces", "GET"): API_MEMBERS,
    ("analysis:api_people", "POST"): api_coordinator(400),
    ("analysis:api_clock", "POST"): api_coordinator(400),
    ("analysis:api_resting", "POST"): api_coordinator(400),
    ("analysis:api_resting_undo", "POST"): api_coordinator(400),
    ("analysis:api_undo", "POST"): api_coordinator(202),
    ("analysis:rules", "GET"): MEMBERS,
    ("analysis:rules", "POST"): (TO_SIGN_IN, 422, 403, 403, 403, 404),
    ("analysis:identities", "GET"): MEMBERS,
    ("analysis:identities", "POST"): (TO_SIGN_IN, 422, 403, 403, 403, 404),
    ("analysis:api_identities", "GET"): api_coordinator(200),
    ("analysis:api_cancel", "POST"): api_coordinator(200),
    ("analysis:api_retry", "POST"): api_coordinator(409),
    ("live:start", "GET"): (TO_SIGN_IN, 302, 403, 302, 403, 404),  # on to the session that is open
    ("live:start", "POST"): (TO_SIGN_IN, 422, 403, 422, 403, 404),
    ("live:session", "GET"): COORDINATOR_AND_DOCTOR,
    ("live:camera", "GET"): COORDINATOR_AND_DOCTOR,
    ("live:dashboard", "GET"): DOCTOR,
    ("live:api_silence", "POST"): (401, 403, 403, 400, 403, 404),
    ("live:api_answer", "POST"): (401, 403, 403, 400, 403, 404),
    ("live:end", "POST"): (TO_SIGN_IN, 302, 403, 302, 403, 404),
    ("feedback:trends", "GET"): SIGNED_IN,
    ("feedback:session", "GET"): DOCTOR,
    ("feedback:pdf", "GET"): (TO_SIGN_IN, 403, 403, 302, 403, 404),  # their own view comes first
    ("feedback:note", "POST"): (TO_SIGN_IN, 403, 403, 422, 403, 404),
    ("feedback:note_delete", "POST"): (TO_SIGN_IN, 404, 404, 302, 404, 404),
    ("feedback:comment_answer", "POST"): (TO_SIGN_IN, 422, 422, 422, 422, 404),
    ("feedback:comment_change", "GET"): (TO_SIGN_IN, 403, 403, 200, 403, 404),
    ("feedback:comment_change", "POST"): (TO_SIGN_IN, 403, 403, 422, 403, 404),
    ("feedback:comment_delete", "POST"): (TO_SIGN_IN, 403, 403, 302, 403, 404),
    ("feedback:reflect", "POST"): (TO_SIGN_IN, 403, 403, 302, 403, 404),
    ("feedback:care_start", "GET"): (TO_SIGN_IN, 302, 403, 302, 403, 404),
    ("feedback:care", "GET"): OPEN,  # whoever holds the token
    ("feedback:api_timeline", "GET"): (401, 403, 403, 200, 403, 404),
    **deidjobs_rows.ROWS,
    **sharing_rows.ROWS,
    ("schema", "GET"): API_SIGNED_IN,
    ("api_docs", "GET"): SIGNED_IN,
    ("account_login", "GET"): (200, *(TO_SIGN_IN,) * 5),  # who is signed in goes home
    ("account_logout", "GET"): SIGNED_IN,
    ("account_inactive", "GET"): OPEN,
    ("account_change_password", "GET"): SIGNED_IN,
    ("account_reauthenticate", "GET"): SIGNED_IN,
    ("mfa_index", "GET"): SIGNED_IN,
    ("mfa_list_webauthn", "GET"): SIGNED_IN,
    ("mfa_login_webauthn", "GET"): (TO_SIGN_IN,) * 6,  # on to the page for it, or home
    ("mfa_edit_webauthn", "POST"): (TO_SIGN_IN,) * 6,  # first asks who is there
    ("mfa_remove_webauthn", "POST"): (TO_SIGN_IN,) * 6,
    ("account_access", "GET"): SIGNED_IN,
    ("account_session_end", "POST"): (TO_SIGN_IN, *(404,) * 5),  # nobody's
    ("account_token_revoke", "POST"): (TO_SIGN_IN, *(404,) * 5),
}
#: Second factor pages beyond the first ask for a fresh password, the admin for staff: nobody here is that.
SENT_ELSEWHERE = (
    "account_token_new",
    "mfa_authenticate",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
)


def names_of(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}"
        elif pattern.namespace != "admin":
            yield from names_of(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)


def test_every_address_of_the_site_is_in_the_table():
    assert set(names_of(get_resolver())) == {name for name, _ in TABLE} | set(SENT_ELSEWHERE)


@pytest.fixture
def things(encounter, study, patient, alice) -> dict[str, list]:
    """One of everything that an address can name."""
    cache.clear()
    recording = add_recording(encounter, "patient", uploaded_by=alice)
    add_recording(encounter, "doctor", uploaded_by=alice)
    run = add_run(encounter)
    upload = Upload.objects.create(
        encounter=encounter, camera="patient", original_name="a.mp4", suffix=".mp4", length=100
    )
    storage.upload_file(upload.pk).parent.mkdir()
    storage.upload_file(upload.pk).touch()
    job = add_job(encounter)
    erasure = erased(study, alice)
    text = study.consent_forms.first()
    signed = sign_consent(
        actor=alice, participant=patient, form=text, answers={"record": True}, scan=b"%PDF-1.7 a form"
    )
    invitation, token = invite(
        actor=alice, study=study, email="zoe@hospital.example", role="annotator", site=None
    )
    said = PersonCorrection.objects.create(recording=recording, kind="reassign", track=1, role="doctor")
    live = open_live_session(actor=alice, encounter=encounter)
    comment = _comment(encounter)
    return {
        "studies": [study.slug],
        "studies:member": [study.slug, study.memberships.first().pk],
        "studies:invitation": [token],
        "studies:invitation_revoke": [study.slug, invitation.pk],
        "consent": [study.slug, patient.code],
        "consent:text": [study.slug],
        "consent:home": [study.slug],
        "consent:board": [study.slug],
        "consent:board_export": [study.slug],
        "consent:version": [study.slug, study.consent_forms.first().pk],
        **{f"consent:{name}": [study.slug, signed.pk] for name in ("copy_json", "copy_pdf", "scan")},
        "consent:erasures": [study.slug],
        "consent:erasure": [study.slug, erasure.pk],
        "consent:certificate": [study.slug, erasure.pk],
        "recordings": [recording.pk],
        "recordings:api_upload": [upload.pk],
        "recordings:api_unfinished_uploads": [encounter.pk],
        "analysis:encounter": [encounter.pk],
        "analysis:jobs": [study.slug],
        "analysis:jobs_bulk": [study.slug],
        "analysis:batch_new": [study.slug],
        "analysis:job": [job.pk],
        "analysis:api_encounter": [encounter.pk],
        "analysis:api_runs": [encounter.pk],
        "analysis:api_people": [encounter.pk],
        "analysis:api_clock": [encounter.pk],
        "analysis:api_resting": [encounter.pk],
        "analysis:api_resting_undo": [encounter.pk],
        "analysis:api_undo": [said.pk],
        "analysis:rules": [study.slug],
        "analysis:identities": [study.slug],
        "analysis": [run.pk],
        "analysis:api_cancel": [job.pk],
        "analysis:api_retry": [job.pk],
        "recordings:api_uploads": [encounter.pk],
        "account_session_end": [0],
        "account_token_revoke": [0],
        "mfa_edit_webauthn": [0],
        "mfa_remove_webauthn": [0],
        "live": [live.pk],
        "feedback": [encounter.pk],
        "feedback:care": [care_token(encounter)],
        "feedback:note_delete": [_note(encounter).pk],
        **{f"feedback:comment_{name}": [comment.pk] for name in ("change", "delete")},
        "live:start": [encounter.pk],
        "live:camera": [live.pk, "patient"],
        "live:api_answer": [add_suggestion(live).pk],
        "deidjobs": [add_derivative(recording, alice).pk],
        "deidjobs:versions": [encounter.pk],
        **{
            f"deidjobs:{name}": [recording.pk]
            for name in ("preview", "api_moments", "spans", "api_spans", "api_sound", "api_speech")
        },
        **{f"deidjobs:{name}": [study.slug] for name in ("batch_new", "reviews", "limits", "faces")},
        **sharing_rows.things_of(study, alice),
    }


def erased(study, alice) -> Erasure:
    """An erasure that is done, of somebody of whom nothing was recorded."""
    person = add_participant(actor=alice, study=study, kind="patient")
    record_decisions(actor=alice, participant=person, decisions={"record": True})
    found = withdraw_consent(actor=alice, participant=person, purposes=["record"])
    finish_open_erasures()
    found.refresh_from_db()
    return found


NO_ARGUMENT = {
    *("studies:list", "studies:new", "studies:api_studies"),
    *("recordings:api_uploads", "jobs:overview", "jobs:bulk", "feedback:trends"),
}


def _note(encounter) -> Note:
    return Note.objects.create(encounter=encounter, doctor_id=encounter.doctor.user_id, text="mine")


def _comment(encounter) -> Comment:
    author = encounter.doctor.user
    return Comment.objects.create(encounter=encounter, author=author, second=1, text="shared")


def address(name: str, things: dict[str, list]) -> str:
    arguments = things.get(name) or things.get(name.split(":", maxsplit=1)[0], [])
    query = "?camera=patient&to_s=60" if name == "analysis:api_faces" else ""
    return reverse(name, args=() if name in NO_ARGUMENT else arguments) + query


def ask(client: Client, method: str, name: str, things: dict[str, list]) -> int:
    url = address(name, things)
    headers = {"HTTP_TUS_RESUMABLE": "1.0.0"} if name.startswith("recordings:api") else {}
    body, content_type = b"nothing=useful", "application/x-www-form-urlencoded"
    if name.rsplit(":", maxsplit=1)[-1].startswith("api_") and method in ("POST", "PATCH"):
        body, content_type = b"{}", "application/json"
    if name == "recordings:api_uploads" and method == "POST":
        encounter = str(things[name][0])
        pairs = metadata(encounter=encounter, camera="patient", filename="a.mp4", replace="1")
        headers |= {"HTTP_UPLOAD_LENGTH": "100", "HTTP_UPLOAD_METADATA": pairs}
    if name == "recordings:api_upload" and method == "PATCH":
        headers |= {"HTTP_UPLOAD_OFFSET": "0"}
        body, content_type = b"abc", CHUNK
    return client.generic(method, url, body, content_type=content_type, **headers).status_code


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_the_answer_of_the_table(things, role, request, signed_in):
    client = signed_in(None if role == "anonymous" else request.getfixturevalue(role))
    found, expected = {}, {}
    for (name, method), answers in TABLE.items():
        Job.objects.filter(pk=things["analysis:api_cancel"][0]).update(state="queued", cancel_requested=False)
        found[name, method] = ask(client, method, name, things)
        expected[name, method] = answers[ROLES.index(role)]
        PersonCorrection.objects.update(undone_at=None)
        if (name, method) == ("recordings:api_upload", "PATCH"):
            Upload.objects.update(locked_until=None)
    assert found == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [*SENT_ELSEWHERE, "admin:index"])
def test_pages_that_ask_for_more_send_everybody_elsewhere(role, name, request, signed_in, db):
    user = None if role == "anonymous" else request.getfixturevalue(role)
    assert signed_in(user).get(reverse(name)).status_code in (302, 404)
