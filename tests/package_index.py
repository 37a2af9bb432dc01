"""A package index on the loopback: the simple repository API (PEP 503) over a folder of wheels."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def package_index(wheels: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the index's address and the paths that were asked for."""
    asked: list[str] = []
    files = {path.name: path for path in wheels.glob("*.whl")}
    projects: dict[str, list[Path]] = {}
    for path in files.values():
        projects.setdefault(_normal(path.name.partition("-")[0]), []).append(path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            last = self.path.rstrip("/").rpartition("/")[2]
            if last in files:
                self._send(files[last].read_bytes(), "application/octet-stream")
            elif _normal(last) in projects:
                links = "".join(_link(one) for one in projects[_normal(last)])
                self._send(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
            else:
                self.send_error(404)

        def _send(self, data: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _link(wheel: Path) -> str:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f'<a href="/files/{wheel.name}#sha256={digest}">{wheel.name}</a>\n'


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
