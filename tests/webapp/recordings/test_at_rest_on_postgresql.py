"""Keys of recordings once more with PostgreSQL."""

from __future__ import annotations

import pytest

from tests.on_postgresql import assert_passes

CLAIMS = "key or in_place or interruption or survives"


@pytest.mark.timeout(600)
def test_keys_are_made_wrapped_anew_and_destroyed_as_well_with_postgresql():
    folder = "tests/webapp/recordings"
    assert_passes(f"{folder}/test_at_rest.py", f"{folder}/test_at_rest_killed.py", "-k", CLAIMS)
