"""A local server that speaks the requests of Prolific's API that its documentation describes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "workspace-token"  # noqa: S105 - of this server alone
PAGE = 2


@dataclass
class Workspace:
    """What the server knows, what it was asked, and how it misbehaves."""

    #: session id -> status, of study "study-1".
    submissions: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    #: Answers to give before the real ones: a status, or garbage text.
    trouble: list[int | str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    #: The host of the "next" link of lists; another one would be a trap for the token.
    next_host: str = ""


@contextmanager
def prolific_server() -> Iterator[tuple[str, Workspace]]:
    """(URL, workspace) of a running server."""
    workspace = Workspace()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def body(self) -> Any:
            length = int(self.headers.get("Content-Length") or 0)
            return json.loads(self.rfile.read(length)) if length else None

        def handle_call(self, method: str) -> None:
            body = self.body()
            workspace.calls.append((method, self.path, body))
            if workspace.trouble:
                trouble = workspace.trouble.pop(0)
                return (
                    self.answer(200, trouble)
                    if isinstance(trouble, str)
                    else self.answer(trouble, {"error": 1})
                )
            if self.headers.get("Authorization") != f"Token {TOKEN}":
                return self.answer(401, {"error": {"title": "Authentication credentials were not provided"}})
            return self.route(method, body)

        def route(self, method: str, body: Any) -> None:
            url = urlsplit(self.path)
            match [method, *url.path.strip("/").split("/")[2:]]:
                case ["GET", "submissions"]:
                    return self.list(parse_qs(url.query))
                case ["POST", "submissions", session, "transition"] if session in workspace.submissions:
                    return self.transition(session, body)
                case ["POST", "hooks", "subscriptions"]:
                    return self.answer(
                        201, {"id": "sub-1", "is_enabled": False}, {"X-Hook-Secret": "hook-secret"}
                    )
                case ["POST", "hooks", "subscriptions", "sub-1"] if body == {"secret": "hook-secret"}:
                    workspace.confirmed.append("sub-1")
                    return self.answer(200, {"id": "sub-1", "is_enabled": True})
            return self.answer(404, {"error": {"title": "Not found"}})

        def list(self, query: dict[str, list[str]]) -> None:
            assert query["study"] == ["study-1"]
            first = int(query.get("offset", ["0"])[0])
            rows = [{"id": key, "status": status} for key, status in workspace.submissions.items()]
            more = first + PAGE < len(rows)
            base = workspace.next_host or f"http://{self.headers['Host']}"
            following = f"{base}/api/v1/submissions/?study=study-1&offset={first + PAGE}" if more else None
            self.answer(200, {"results": rows[first : first + PAGE], "_links": {"next": {"href": following}}})

        def transition(self, session: str, body: Any) -> None:
            if body["action"] == "REJECT" and len(body.get("message", "")) < 100:
                return self.answer(400, {"error": {"title": "message is too short"}})
            workspace.submissions[session] = {"APPROVE": "APPROVED", "REJECT": "REJECTED"}[body["action"]]
            return self.answer(200, {"id": session, "status": workspace.submissions[session]})

        def do_GET(self) -> None:
            self.handle_call("GET")

        def do_POST(self) -> None:
            self.handle_call("POST")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/api/v1", workspace
    finally:
        server.shutdown()
        server.server_close()
