"""A hub on this machine: the calls of Hugging Face's that fetching a model makes, answered from a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """repository: the one model's name. refusal: an error code that is answered to every call instead."""

    daemon_threads = True

    def __init__(self, repository: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository, self.folder = repository, folder
        self.refusal: tuple[int, str] | None = None
        self.fetched: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = urlsplit(self.path).path
        repository, files = self.server.repository, f"/{self.server.repository}/resolve/{COMMIT}/"
        if self.server.refusal is not None:
            status, code = self.server.refusal
            self._send(status, b"{}", {"X-Error-Code": code}, body=body)
        elif path.startswith(f"/api/models/{repository}/revision/"):
            self._send_json(
                {"id": repository, "sha": COMMIT, "siblings": self._files("rfilename")}, body=body
            )
        elif path.startswith(f"/api/models/{repository}/tree/"):
            self._send_json(self._files("path"), body=body)
        elif path.startswith(files):
            content = (self.server.folder / path.removeprefix(files)).read_bytes()
            if body:
                self.server.fetched.append(path.removeprefix(files))
            tag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self._send(200, content, tag, body=body)
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)

    def _files(self, key: str) -> list[dict[str, Any]]:
        return [
            {"type": "file", key: path.name, "size": path.stat().st_size, "oid": "0" * 40}
            for path in sorted(self.server.folder.iterdir())
        ]

    def _send_json(self, value: Any, *, body: bool) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, body=body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Not on the terminal of the tests."""


@contextmanager
def running_hub(repository: str, folder: Path) -> Iterator[Hub]:
    hub = Hub(repository, folder)
    Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
