"""Rates over HTTP as fast as it is answered (or with think time), and says how long each call took.

Runs as a process of its own, so that its CPU does not count as the server's. Bare sockets: the driver shares the cores
with the server, and every millisecond it spends is one that the server does not get.

    python -m benchmarks.loop_driver http://127.0.0.1:8000 STUDY SECONDS THINK < tokens   (a token a line)

Prints one JSON line: {"ratings", "seconds", "latencies_ms", "errors"}.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One rater's keep-alive connection."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.head = (
            f"Host: {host}:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        )
        self.address = (host, port)
        self.file: Any = None
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        request = f"POST {path} HTTP/1.1\r\n{self.head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self.socket.sendall(request)
        status_line = self.file.readline()
        if not status_line:
            raise ConnectionError("closed")
        status, length, closes = int(status_line.split()[1]), 0, False
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"connection" and value.strip().lower() == b"close":
                closes = True
        answer = self.file.read(length) if length else b""
        if closes:
            self.connect()
        return status, answer


def rate(url: str, study: str, token: str, *, until: float, think: float, out: dict[str, Any]) -> None:
    """One rater's work: claims once, then one request per rating until time or triples run out."""
    parts = urlsplit(url)
    connection = Connection(parts.hostname or "", parts.port or 80, token)
    generator = random.Random(token)
    status, answer = connection.post(f"/api/v1/studies/{study}/assignments/", b"{}")
    view = json.loads(answer) if answer else None
    if status not in (200, 201, 204):
        out["errors"].append([status, answer[:200].decode("utf-8", "replace")])
        return
    while view and time.monotonic() < until:
        if think:
            time.sleep(generator.expovariate(1 / think))
        cards = [card["token"] for card in view["cards"]]
        generator.shuffle(cards)
        body = json.dumps({"ranking": [[card] for card in cards], "active_seconds": 5}).encode()
        begun = time.perf_counter()
        status, answer = connection.post(f"/api/v1/assignments/{view['token']}/rating/", body)
        out["latencies_ms"].append((time.perf_counter() - begun) * 1000)
        if status != 201:
            out["errors"].append([status, answer[:200].decode("utf-8", "replace")])
            return
        view = json.loads(answer)["next"]


def main() -> None:
    url, study, seconds, think = sys.argv[1:5]
    tokens = sys.stdin.read().split()
    out: dict[str, Any] = {"latencies_ms": [], "errors": []}
    begun = time.monotonic()
    threads = [
        threading.Thread(
            target=rate,
            args=(url, study, token),
            kwargs={"until": begun + float(seconds), "think": float(think), "out": out},
        )
        for token in tokens
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out["seconds"] = time.monotonic() - begun
    out["ratings"] = len(out["latencies_ms"])
    print(json.dumps(out))


if __name__ == "__main__":
    main()
