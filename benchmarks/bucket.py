"""Recordings in a bucket: read by ranges against a copy on the worker's disk, on an S3 server on loopback.

python -m benchmarks.bucket VIDEO [--start-s 60]
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from moto.server import ThreadedMotoServer

from emotion.media import probe_video, read_frames
from webapp.core.bucket import bucket_storage
from webapp.core.object_file import ObjectFile
from webapp.core.object_path import ObjectPath

SEGMENT_S = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("video", type=Path)
    parser.add_argument("--start-s", type=int, default=60)
    arguments = parser.parse_args()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        place = stored(arguments.video, f"http://{host}:{port}")
        compare(arguments.video, place, arguments.start_s)
    finally:
        server.stop()
    return 0


def stored(video: Path, endpoint: str) -> ObjectPath:
    import boto3

    found = {"endpoint": endpoint, "bucket": "bench", "region": "us-east-1", "key": "key", "secret": "secret"}
    options = bucket_storage(found)["OPTIONS"]
    connection = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",  # noqa: S106  of a server that asks for none
        region_name="us-east-1",
        config=options["client_config"],
    )
    connection.create_bucket(Bucket="bench")
    connection.Bucket("bench").upload_file(str(video), video.name)
    storage: Any = SimpleNamespace(connection=connection, bucket_name="bench", transfer_config=None)
    return ObjectPath(storage, PurePosixPath(video.name))


def compare(video: Path, place: ObjectPath, start_s: int) -> None:
    start_us, end_us = start_s * 1_000_000, (start_s + SEGMENT_S) * 1_000_000
    copy = video.with_name(f".{video.name}.copy")
    fetched: list[int] = []
    around = ObjectFile._around

    def counting(self: ObjectFile, at: int, wanted: int) -> tuple[int, bytes]:
        before = self._kept
        found = around(self, at, wanted)
        if self._kept is not before:
            fetched.append(len(found[1]))
        return found

    ObjectFile._around = counting  # type: ignore[method-assign, assignment]

    def decode_copy() -> int:
        with place.open("rb") as source, copy.open("wb") as sink:
            shutil.copyfileobj(source, sink, 8 << 20)
        return decode(copy)

    def decode(path: Any) -> int:
        probe_video(path)
        return sum(1 for _ in read_frames(path, start_us=start_us, end_us=end_us))

    try:
        report("by ranges", lambda: decode(place), fetched)
        report("copied first", decode_copy, fetched)
        report("from this disk", lambda: decode(video), fetched)
    finally:
        copy.unlink(missing_ok=True)
    print(f"the whole file: {video.stat().st_size / 1e6:.1f} MB")


def report(what: str, work: Callable[[], int], fetched: list[int]) -> None:
    fetched.clear()
    began = time.perf_counter()
    frames = work()
    took_s = time.perf_counter() - began
    print(
        f"{what:<16} {frames} frames in {took_s:.2f} s, {len(fetched)} requests, {sum(fetched) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    raise SystemExit(main())
