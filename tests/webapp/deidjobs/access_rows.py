"""The rows of the access table for de-identified versions."""

from __future__ import annotations

from tests.webapp.answers import COORDINATOR, MEMBERS, TO_SIGN_IN, api_coordinator

ROWS: dict[tuple[str, str], tuple[int, ...]] = {
    ("deidjobs:batch_new", "GET"): COORDINATOR,
    ("deidjobs:batch_new", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("deidjobs:faces", "GET"): COORDINATOR,
    ("deidjobs:faces", "POST"): (TO_SIGN_IN, 302, 403, 403, 403, 404),
    ("deidjobs:reviews", "GET"): MEMBERS,
    ("deidjobs:limits", "GET"): MEMBERS,
    ("deidjobs:limits", "POST"): (TO_SIGN_IN, 422, 403, 403, 403, 404),
    ("deidjobs:versions", "GET"): MEMBERS,
    ("deidjobs:versions", "POST"): (TO_SIGN_IN, 422, 403, 403, 403, 404),
    ("deidjobs:derivative", "GET"): MEMBERS,
    ("deidjobs:review", "POST"): (TO_SIGN_IN, 422, 403, 403, 422, 404),
    ("deidjobs:video", "GET"): MEMBERS,
    ("deidjobs:preview", "GET"): (TO_SIGN_IN, 400, 403, 403, 403, 404),
    ("deidjobs:api_moments", "GET"): api_coordinator(400),
    ("deidjobs:spans", "GET"): COORDINATOR,
    ("deidjobs:api_spans", "GET"): api_coordinator(200),
    ("deidjobs:api_spans", "POST"): api_coordinator(400),
    ("deidjobs:api_sound", "GET"): api_coordinator(400),
    ("deidjobs:api_speech", "POST"): api_coordinator(400),
    ("deidjobs:donor_refused", "POST"): (TO_SIGN_IN, 400, 403, 403, 400, 404),
    ("deidjobs:covers", "GET"): COORDINATOR,
    ("deidjobs:covered_version", "POST"): (TO_SIGN_IN, 409, 403, 403, 403, 404),
    ("deidjobs:api_covers", "GET"): api_coordinator(200),
    ("deidjobs:api_covers", "POST"): api_coordinator(400),
    ("deidjobs:api_frames", "GET"): api_coordinator(400),
    ("deidjobs:api_follow", "POST"): api_coordinator(400),
}
