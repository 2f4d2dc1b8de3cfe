"""The answers that the columns of the access table share."""

from __future__ import annotations

#: anonymous, alice (coordinator), bob (annotator), dora (doctor), audrey (auditor), carol (another study)
ROLES = ("anonymous", "alice", "bob", "dora", "audrey", "carol")
TO_SIGN_IN = 302
OPEN = (200,) * 6
SIGNED_IN = (TO_SIGN_IN, 200, 200, 200, 200, 200)
MEMBERS = (TO_SIGN_IN, 200, 200, 200, 200, 404)
COORDINATOR = (TO_SIGN_IN, 200, 403, 403, 403, 404)
COORDINATOR_AND_AUDITOR = (TO_SIGN_IN, 200, 403, 403, 200, 404)
COORDINATOR_AND_DOCTOR = (TO_SIGN_IN, 200, 403, 200, 403, 404)
DOCTOR = (TO_SIGN_IN, 403, 403, 200, 403, 404)
NOT_AUDITOR = (TO_SIGN_IN, 200, 200, 200, 403, 404)
COORDINATOR_IS_SENT_BACK = (TO_SIGN_IN, 302, 403, 403, 403, 404)
COORDINATOR_SENDS_NONSENSE = (TO_SIGN_IN, 422, 403, 403, 403, 404)
STAFF = (TO_SIGN_IN, 404, 404, 404, 404, 404)  # nobody here is
API_SIGNED_IN = (401, 200, 200, 200, 200, 200)
API_MEMBERS = (401, 200, 200, 200, 200, 404)


def api_coordinator(status: int) -> tuple[int, ...]:
    return (401, status, 403, 403, 403, 404)
