"""A web server on this machine that serves one file as badly as it is told to."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """What is served, how, and what was asked.

    Parameters
    ----------
    data
        The file.

    Attributes
    ----------
    faults
        One for each of the next requests: ``("cut", n)`` ends after n bytes of the body, ``("stall", n)`` says nothing
        more after n bytes, ``("status", code)``, ``("redirect", address)``, ``("corrupt", n)`` alters byte n.
    ranges
        Whether Range is answered.
    tag, date
        ETag and Last-Modified; empty: not sent.
    asked
        Headers of every request, with its path.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.faults: list[tuple[str, Any]] = []
        self.ranges, self.length = True, True
        self.tag, self.date = '"one"', ""
        self.kind = "application/octet-stream"
        self.asked: list[dict[str, str]] = []
        self.texts: dict[str, bytes] = {}
        self.released = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/folder/weights.pth"

    def ranges_asked(self) -> list[str]:
        return [asked.get("Range", "") for asked in self.asked]

    @contextlib.contextmanager
    def serving(self) -> Iterator[FileServer]:
        about = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                about.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append({**dict(request.headers.items()), "path": request.path})
        text = self.texts.get(request.path)
        if text is not None:
            request.send_response(200)
            request.send_header("Content-Type", "text/plain")
            request.send_header("Content-Length", str(len(text)))
            request.end_headers()
            request.wfile.write(text)
            return
        fault, value = self.faults.pop(0) if self.faults else ("", None)
        if fault == "status":
            request.send_response(value)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if fault == "redirect":
            request.send_response(302)
            request.send_header("Location", value)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = self._start(request)
        body = bytearray(self.data[start:])
        if start is not None and start >= len(self.data) > 0:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.data)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if fault == "corrupt":
            body[value] ^= 1
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.data) - 1}/{len(self.data)}")
        request.send_header("Content-Type", self.kind)
        if self.length:
            request.send_header("Content-Length", str(len(body)))
        if self.tag:
            request.send_header("ETag", self.tag)
        if self.date:
            request.send_header("Last-Modified", self.date)
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(bytes(body[:value]) if fault in ("cut", "stall") else bytes(body))
            request.wfile.flush()
            if fault == "stall":
                self.released.wait(20.0)
            if fault in ("cut", "stall"):
                request.close_connection = True
                request.connection.shutdown(socket.SHUT_RDWR)

    def _start(self, request: BaseHTTPRequestHandler) -> int:
        asked = request.headers.get("Range", "")
        if not self.ranges or not asked:
            return 0
        same = request.headers.get("If-Range") in (None, self.tag, self.date)
        return int(asked.removeprefix("bytes=").partition("-")[0]) if same else 0


def wait_until(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
