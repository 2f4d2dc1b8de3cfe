"""Against a real server, as strangers see it."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.handlers.asgi import ASGIHandler

from webapp.core.body_limit import MAX_BODY_BYTES

ROOT = Path(__file__).resolve().parents[3]
MEGABYTE = 1024 * 1024
PIECE = b"\0" * MEGABYTE
HEAD = "POST /api/v1/uploads/ HTTP/1.1\r\nHost: localhost\r\n"


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def memory_mb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024

    def open_files(self) -> set[str]:
        found = set()
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(link.readlink()))
        return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path_factory.mktemp("server")),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "webapp.asgi:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    made = Server(process, port)
    try:
        wait_for(made)
        yield made
    finally:
        process.terminate()
        process.wait(20)


def looks(for_s: float) -> Iterator[int]:
    """Yield as often as somebody can look within a time."""
    until = time.monotonic() + for_s
    yield from itertools.takewhile(lambda _: time.monotonic() < until, itertools.count())


def wait_for(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            server.connect().close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not answer within a minute")


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the answer; the server closes behind it."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def send_until_refused(connection: socket.socket, frame: Callable[[bytes], bytes], megabytes: int) -> None:
    try:
        for _ in range(megabytes):
            connection.sendall(frame(PIECE))
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server does not have to listen to the end


def as_chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def test_a_body_announced_as_too_large_is_refused_before_it_is_sent(server):
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode())
        status, body = answer_of(connection)
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (413, "too_large")
    assert error["message"].startswith("Expected at most 8 MiB in one request")


def test_a_client_that_asks_first_is_not_told_to_go_on(server):
    with server.connect() as connection:
        length = MAX_BODY_BYTES + 1
        connection.sendall(f"{HEAD}Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert answer_of(connection)[0] == 413


def test_a_body_that_is_sent_all_the_same_costs_no_memory(server):
    before = server.memory_mb()
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Content-Length: {200 * MEGABYTE}\r\n\r\n".encode())
        send_until_refused(connection, bytes, 200)
        assert answer_of(connection)[0] == 413
    assert server.memory_mb() - before < 20


def test_a_body_without_announced_length_is_counted(server):
    before = server.memory_mb()
    with server.connect() as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        send_until_refused(connection, as_chunk, 100)
        assert answer_of(connection)[0] == 413
    assert server.memory_mb() - before < 20


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_exactly_the_limit_reaches_the_site(server, announced):
    with server.connect() as connection:
        how = f"Content-Length: {MAX_BODY_BYTES}" if announced else "Transfer-Encoding: chunked"
        connection.sendall(f"{HEAD}Connection: close\r\n{how}\r\n\r\n".encode())
        for _ in range(MAX_BODY_BYTES // MEGABYTE):
            connection.sendall(PIECE if announced else as_chunk(PIECE))
        if not announced:
            connection.sendall(b"0\r\n\r\n")
        assert answer_of(connection)[0] == 401


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_on_its_way_lies_in_no_temporary_file(server, announced):
    before = server.open_files()
    with server.connect() as connection:
        how = f"Content-Length: {MAX_BODY_BYTES}" if announced else "Transfer-Encoding: chunked"
        connection.sendall(f"{HEAD}Connection: close\r\n{how}\r\n\r\n".encode())
        for _ in range(MAX_BODY_BYTES // MEGABYTE - 1):
            connection.sendall(PIECE if announced else as_chunk(PIECE))
        grown = set().union(*(server.open_files() - before for _ in looks(for_s=1.0)))
        assert {path for path in grown if not path.startswith(("socket:", "anon_inode:"))} == set()


async def test_a_body_that_arrived_stays_in_memory_while_the_site_reads_it():
    async def receive():
        return {"type": "http.request", "body": bytes(MAX_BODY_BYTES)}

    with await ASGIHandler().read_body(receive) as body:
        assert not body._rolled
        assert len(body.read()) == MAX_BODY_BYTES
