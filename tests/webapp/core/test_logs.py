import io
import json
import logging
import logging.config

import pytest
import structlog

from webapp.core.logs import logging_config


@pytest.fixture
def lines():
    """Log as in production and return the JSON lines."""
    written = io.StringIO()
    config = logging_config("json")
    config["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(config)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.config.dictConfig(logging_config("json"))


def test_only_listed_keys_reach_the_log(lines):
    structlog.get_logger("t").warning("upload_refused", upload_id="u", filename="Mrs Example.mp4")
    [line] = lines()
    assert line["upload_id"] == "u"
    assert "filename" not in line


def test_exception_is_reduced_to_type_and_place(lines):
    try:
        raise ValueError("patient Mrs Example, born 1950")
    except ValueError:
        structlog.get_logger("t").error("job_failed", exc_info=True)
    [line] = lines()
    assert line["error_type"] == "ValueError"
    assert "Example" not in json.dumps(line)


def test_other_libraries_arguments_stay_out(lines):
    try:
        raise KeyError("Mrs Example")
    except KeyError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/p/Mrs-Example/")
    [line] = lines()
    assert line["event"] == "Internal Server Error: %s"
    assert "Example" not in json.dumps(line)


def test_request_is_logged_by_route_not_address(lines, client, db):
    client.get("/studies/secret-study/?q=Mrs+Example")
    text = json.dumps(lines())
    assert "studies/<slug:slug>/" in text
    assert "secret-study" not in text
    assert "Example" not in text
