import pytest

from webapp.core import health


def test_missing_worker_makes_the_site_unhealthy(client, db):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["worker"] == "missing"
    assert answer.json()["checks"]["database"] == "ok"
    assert answer.json()["checks"]["channel_layer"] == "ok"


def test_all_parts_alive_is_healthy(client, db, monkeypatch):
    monkeypatch.setattr(health, "_CHECKS", {"database": health.check_database})
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("part", ["database", "channel_layer"])
def test_dead_part_is_named_and_its_cause_is_not(client, db, monkeypatch, part):
    def dead():
        raise OSError("postgres://user:secret@host refused")

    monkeypatch.setitem(health._CHECKS, part, dead)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"][part] == "missing"
    assert b"secret" not in answer.content
