"""Small results in files, complete or not at all, and what people write by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deid.errors import DeidError
from emotion.media.source import partial_path
from emotion.types import MediaPath


def write_json(values: Mapping[str, Any], destination: MediaPath) -> None:
    temporary = partial_path(destination)
    try:
        with temporary.open("wb") as sink:
            sink.write(json.dumps(dict(values)).encode())
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: MediaPath) -> dict[str, Any]:
    with path.open("rb") as file:
        return dict(json.loads(file.read()))


def read_by_hand(path: Path, what: str, error: type[DeidError]) -> Any:
    """Return the JSON of a file that a person wrote. what: its contents, in words. Raises error."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise error(f"the {what} in {path.name} cannot be read: {cause.strerror}") from cause
    except (ValueError, RecursionError) as cause:
        raise error(f"expected JSON in {path.name}, got something else") from cause
