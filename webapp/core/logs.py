"""Structured logs without personal data: only listed keys pass, and errors lose their values."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

#: What may stand in a log line. Identifiers are random or sequence numbers, never names or codes of people.
ALLOWED_KEYS = frozenset(
    [
        "event",
        "level",
        "logger",
        "timestamp",
        "request_id",
        "user_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "job_id",
        "kind",
        "code",
        "attempt",
        "encounter_id",
        "recording_id",
        "segment_id",
        "run_id",
        "upload_id",
        "error_type",
        "error_place",
        "count",
        "bytes",
        "worker",
        "signal",
    ]
)


def drop_unlisted_keys(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Keep the keys that cannot carry personal data and reduce an exception to its type and place."""
    error = event.pop("exc_info", None)
    record = event.get("_record")
    if record is not None and record.exc_info:
        error = record.exc_info
        record.exc_info = record.exc_text = None
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple) and error[0] is not None:
        event.update(_describe_error(error))
    return {key: value for key, value in event.items() if key in ALLOWED_KEYS or key.startswith("_")}


def _describe_error(error: tuple[Any, ...]) -> dict[str, str]:
    place = error[2]
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f"{place.tb_frame.f_globals.get('__name__', '?')}:{place.tb_lineno}"
    return {"error_type": error[0].__name__, "error_place": where}


def hide_foreign_messages(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace other libraries' messages by their unformatted templates: arguments may carry addresses."""
    record = event.get("_record")
    if record is not None:
        event["event"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        event["logger"] = record.name
    return event


def _before() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def logging_config(form: str) -> dict[str, Any]:
    """Return Django's LOGGING: one handler on stderr; form is "json" or "console"."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*_before(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_before(), hide_foreign_messages],
        "processors": [
            drop_unlisted_keys,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
        "keep_exc_info": True,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": logging.INFO},
        "loggers": {
            "django": {"level": "INFO"},
            "django.server": {"level": "WARNING", "propagate": True, "handlers": []},
            "daphne": {"level": "WARNING"},
            "twisted": {"level": "WARNING"},
        },
    }
