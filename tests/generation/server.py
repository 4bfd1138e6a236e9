"""A model server on this machine: OpenAI's two calls, answered by a tiny model, and many ways of answering badly."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from generation.registry.loading import LoadedModel
from generation.sampling.local import LocalSampler
from generation.sampling.types import Completion, PromptRequest, SamplingSettings


class ModelServer(ThreadingHTTPServer):
    """troubles: what the next requests meet, one each, in place of an answer."""

    daemon_threads = True

    def __init__(self, loaded: LoadedModel) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.loaded = loaded
        self.troubles: deque[Callable[[_Handler], object]] = deque()
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        #: Keys of a chat message besides `content`.
        self.message: dict[str, Any] = {}
        self.most_at_once = 0
        self._at_once = 0
        self._counting, self._sampling = Lock(), Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def sample(self, prompt: str, body: dict[str, Any]) -> Completion:
        settings = SamplingSettings(
            max_new_tokens=body["max_tokens"],
            temperature=body["temperature"],
            top_p=body["top_p"],
            stop=tuple(body.get("stop", ())),
        )
        with self._sampling:
            return LocalSampler(self.loaded).sample([PromptRequest(prompt, body["seed"])], settings)[0]

    def count(self, by: int) -> None:
        with self._counting:
            self._at_once += by
            self.most_at_once = max(self.most_at_once, self._at_once)


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, dict(self.headers)))
        self.server.count(1)
        with suppress(BrokenPipeError, ConnectionResetError):
            trouble = self.server.troubles.popleft() if self.server.troubles else None
            if trouble is not None:
                trouble(self)
            else:
                self.complete(body)
        self.server.count(-1)

    def complete(self, body: dict[str, Any]) -> None:
        chat = self.path == "/v1/chat/completions"
        prompt = body["messages"][0]["content"] if chat else body["prompt"]
        found = self.server.sample(prompt, body)
        # The server reports one number for each token; only their sum is compared.
        logprobs = [(found.logprob or 0.0) / found.scored_tokens] * found.scored_tokens
        choice: dict[str, Any] = {"index": 0, "finish_reason": found.finish}
        if chat:
            choice["message"] = {"role": "assistant", "content": found.text, **self.server.message}
        else:
            choice["text"] = found.text
        if body.get("logprobs"):
            listed = [{"token": "?", "logprob": value} for value in logprobs]
            choice["logprobs"] = {"content": listed} if chat else {"token_logprobs": logprobs}
        self.answer(200, {"choices": [choice], "usage": {"completion_tokens": found.token_count}})

    def answer(self, status: int, content: Any, **headers: str) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Not on the terminal of the tests."""


def status(code: int, content: Any = b"", **headers: str) -> Callable[[_Handler], object]:
    return lambda handler: handler.answer(code, content, **headers)


def silence(handler: _Handler) -> None:
    time.sleep(1.0)


def hang(handler: _Handler) -> None:
    """Longer than any test waits."""
    time.sleep(30)


def dribble(handler: _Handler) -> None:
    """A byte every now and then, each of them in time for a time-out between bytes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def flood(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 2**20)


def hang_up(handler: _Handler) -> None:
    """Half an answer, and the connection is gone."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


@contextmanager
def running_server(loaded: LoadedModel) -> Iterator[ModelServer]:
    server = ModelServer(loaded)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
