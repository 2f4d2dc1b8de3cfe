"""Small results in files, complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
