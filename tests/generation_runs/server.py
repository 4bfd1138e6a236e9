"""A real HTTP server that speaks as much of OpenAI's protocol as a test needs, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Status, body. Given the request's path and body, and how many came before it.
Behaviour = Callable[[str, dict[str, Any], int], tuple[int, Any]]


@dataclass(slots=True)
class ModelServer:
    """behave: what it answers from now on. asked: (path, headers, body) of every request so far."""

    url: str
    behave: Behaviour
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.asked]


@contextlib.contextmanager
def model_server(behave: Behaviour) -> Iterator[ModelServer]:
    """Listens on a free port of this machine until the block ends."""
    found: list[ModelServer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server = found[0]
            number = len(server.asked)
            server.asked.append((self.path, dict(self.headers), body))
            status, answer = server.behave(self.path, body, number)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            with contextlib.suppress(OSError):  # a client that has lost its patience
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *values: Any) -> None:
            """Says nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    found.append(ModelServer(f"http://127.0.0.1:{listener.server_port}/v1", behave))
    try:
        yield found[0]
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def adds_two(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
    """Answers `What is N plus two?` rightly, by either protocol."""
    prompt = body["prompt"] if "prompt" in body else body["messages"][0]["content"]
    asked = int(prompt.rsplit("What is ", 1)[1].split()[0])
    text = f" {asked} + 2 = {asked + 2}.\n#### {asked + 2}"
    return 200, completion(text, chat=path.endswith("/chat/completions"))


def completion(text: str, *, chat: bool, **apart: str) -> dict[str, Any]:
    """A whole answer of six tokens. apart: further keys of the message, such as reasoning_content."""
    usage = {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15}
    if chat:
        logprobs: Any = {"content": [{"token": "x", "logprob": -0.5}] * 6}
        choice: dict[str, Any] = {"message": {"role": "assistant", "content": text, **apart}}
    else:
        logprobs = {"token_logprobs": [-0.5] * 6, "tokens": ["x"] * 6}
        choice = {"text": text}
    return {
        "choices": [{**choice, "index": 0, "finish_reason": "stop", "logprobs": logprobs}],
        "usage": usage,
    }


def sleeps(seconds: float) -> Behaviour:
    def behave(path: str, body: dict[str, Any], number: int) -> tuple[int, Any]:
        time.sleep(seconds)
        return adds_two(path, body, number)

    return behave
