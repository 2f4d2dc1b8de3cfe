"""A line to the site that a test can cut: what goes through it stops, and what comes anew is refused."""

from __future__ import annotations

import contextlib
import socket
import threading


class Line:
    """Forwards connections from a port of its own until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self._is_cut:
                    client.close()
                    continue
                site = socket.create_connection(("127.0.0.1", self._target))
                for source, sink in ((client, site), (site, client)):
                    self._open.add(source)
                    threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()
        self._open.discard(source)
