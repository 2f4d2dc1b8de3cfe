"""Withdrawal once more with PostgreSQL, which locks rows and guards tables in its own way."""

from __future__ import annotations

import pytest

from tests.on_postgresql import assert_passes

FILES = ("test_withdrawing.py", "test_retention.py", "test_scans.py", "test_newest_decisions_model.py")


@pytest.mark.timeout(600)
def test_withdrawal_and_retention_end_as_well_with_postgresql():
    assert_passes(*(f"tests/webapp/consent/{name}" for name in FILES))
