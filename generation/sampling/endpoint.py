"""Completions of a model server that speaks OpenAI's protocol (vLLM, llama.cpp, TGI, OpenAI itself).

    POST {url}/completions       {"model", "prompt", "max_tokens", "temperature", "top_p", "seed", "stop", "logprobs"}
    POST {url}/chat/completions  {"model", "messages": [{"role": "user", "content": prompt}], …, "logprobs": true}

A server has no calculator of ours: what stands behind its `<<3*4=` is its own. Its log-probabilities are those that it
reports, of whatever distribution it says.

The key travels in the Authorization header and nowhere else. Redirects are not followed: they would carry prompts, and
with some servers the key, to a place that nobody allowed.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from generation.sampling.errors import EndpointError
from generation.sampling.thinking import split_thinking
from generation.sampling.types import Completion, PromptRequest, SamplingSettings, Watch
from generation.sampling.waiting import Course, run_here

_CHAT, _COMPLETIONS = "/chat/completions", "/completions"
#: Seeds are kept to what every server takes: some read 32 bits with a sign.
_SEEDS = 2**31
_MAX_ANSWER_BYTES = 16 * 2**20
_MAX_WAIT_SECONDS = 30.0
#: How long a server may take for one whole answer: a minute, and a second for every so many tokens that it may write.
_TIMEOUT_SECONDS, _SLOWEST_TOKENS_PER_SECOND, _MAX_TIMEOUT_SECONDS = 60.0, 8, 1_800.0
_ENDED = frozenset({None, "stop", "eos_token", "end_turn"})


class EndpointSampler:
    """`types.Sampler` for a server. Safe for several threads.

    url: of the API (`http://host:8000/v1`) or of one of its two calls; one that ends in `/chat/completions` is asked as
    a chat, all others to continue the text. key: "" for none. model: the name that the server knows it by.
    timeout_seconds: for one whole answer; None: by the tokens that are asked for. attempts: tries of one request in all
    where the server says that it can not answer, or can not be reached; silence is not tried again here.
    backoff_seconds: the wait before the second one, doubled each time. concurrency: requests under way at once.
    keep_tags: thinking inside the text stays in it, as it came, for callers that take it apart themselves. watch: is
    asked whether to go on, and told what is waited for.
    """

    def __init__(
        self,
        url: str,
        key: str,
        model: str,
        *,
        chat: bool = False,
        timeout_seconds: float | None = None,
        attempts: int = 4,
        backoff_seconds: float = 1.0,
        concurrency: int = 8,
        keep_tags: bool = False,
        watch: Watch | None = None,
    ) -> None:
        if not key.isascii() or any(char.isspace() or not char.isprintable() for char in key):
            raise ValueError("key: it holds characters that a header can not carry")
        parsed = httpx.URL(url.rstrip("/"))
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("url: expected http:// or https:// and a host")
        self._url, self._chat = _call_of(parsed, chat=chat)
        self._key, self._model = key, model
        self._timeout, self._attempts, self._backoff = timeout_seconds, attempts, backoff_seconds
        self._concurrency, self._keep_tags, self._watch = concurrency, keep_tags, watch
        #: Some servers refuse to be asked for log-probabilities; then they are not asked again.
        self._asks_logprobs = True

    def __repr__(self) -> str:
        return f"EndpointSampler(host={self._url.host!r}, model={self._model!r})"

    def sample(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[Completion]:
        """One completion per request, in their order. Raises EndpointError, which holds those that there are.

        Bounded in time: once a request has failed for good no other is begun, and those under way have their time-out.
        Raises what the watch raises, at once.
        """
        course = Course(self._url.host, self._attempts, self._timeout_for(settings), self._watch)
        answers = run_here(self._all(requests, settings, course), tick=course.tick)
        failed = course.failed
        if failed is None:
            return [answer for answer in answers if isinstance(answer, Completion)]
        failed.answered = {
            place: answer for place, answer in enumerate(answers) if isinstance(answer, Completion)
        }
        raise failed

    async def _all(
        self, requests: Sequence[PromptRequest], settings: SamplingSettings, course: Course
    ) -> list[Completion | EndpointError | None]:
        """What came of each request, in their order; None of one that was not begun."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = httpx.Timeout(course.timeout_seconds, connect=min(10.0, course.timeout_seconds))
        # Certificates are read for each client, and take longer than many a local answer.
        encrypted = self._url.scheme == "https"
        gate = asyncio.Semaphore(self._concurrency)
        async with httpx.AsyncClient(
            headers=headers, timeout=timeout, follow_redirects=False, verify=encrypted
        ) as client:

            async def one(number: int) -> Completion | EndpointError | None:
                async with gate:
                    if course.over.is_set():
                        return None
                    try:
                        return await self._complete(client, requests[number], settings, course, number)
                    except EndpointError as error:
                        course.fail(error)
                        return error

            return await asyncio.gather(*map(one, range(len(requests))))

    async def _complete(
        self,
        client: httpx.AsyncClient,
        request: PromptRequest,
        settings: SamplingSettings,
        course: Course,
        number: int,
    ) -> Completion:
        attempt = 1
        while True:
            asked = self._asks_logprobs
            with course.asking(number, attempt):
                answer = await self._ask(client, self._body(request, settings, logprobs=asked), course)
            if isinstance(answer, _Answer):
                return self._read(answer.body, settings)
            if asked and answer.refuses_logprobs:
                self._asks_logprobs = False
                continue
            if not answer.retried or attempt >= self._attempts:
                raise self._error(answer)
            seconds = self._wait(attempt, answer.wait_seconds)
            attempt += 1
            course.say(f"{course.host}: {answer.why}. Try {attempt} of {self._attempts} in {seconds:.1f} s.")
            if await course.pause(seconds):
                raise self._error(answer)

    def _body(self, request: PromptRequest, settings: SamplingSettings, *, logprobs: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": settings.max_new_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "seed": request.seed % _SEEDS,
            "stream": False,
        }
        if settings.stop:
            body["stop"] = list(settings.stop)
        if self._chat:
            body["messages"] = [{"role": "user", "content": request.prompt}]
        else:
            body["prompt"] = request.prompt
        if logprobs:
            body["logprobs"] = True if self._chat else 1
        return body

    async def _ask(
        self, client: httpx.AsyncClient, body: dict[str, Any], course: Course
    ) -> _Answer | _Failure:
        """One request. Bounded in time and size, also against a server that sends its answer byte by byte."""
        too_slow = f"no whole answer within {course.timeout_seconds:g} seconds"
        content = bytearray()
        try:
            async with (
                asyncio.timeout(course.timeout_seconds),
                client.stream("POST", self._url, json=body) as response,
            ):
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > _MAX_ANSWER_BYTES:
                        return _Failure("endpoint_garbage", "its answer has no end")
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
            return _Failure("endpoint_timeout", too_slow, transient=True)
        except httpx.DecodingError:
            return _Failure("endpoint_garbage", "its answer can not be decoded")
        except httpx.TransportError as error:
            why = f"no connection ({type(error).__name__})"
            return _Failure("endpoint_unavailable", why, transient=True, retried=True)
        return self._sort(response, bytes(content))

    def _sort(self, response: httpx.Response, content: bytes) -> _Answer | _Failure:
        status = response.status_code
        if status == HTTPStatus.OK:
            return _Answer(content)
        said = self._quoted(content)
        why = f"it answered {status}{f': {said}' if said else ''}"
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
            return _Failure(
                "endpoint_unavailable",
                why,
                transient=True,
                retried=True,
                status=status,
                wait_seconds=_seconds(response.headers.get("Retry-After")),
            )
        refuses = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and "logprobs" in said
        return _Failure("endpoint_refused", why, status=status, refuses_logprobs=refuses)

    def _read(self, content: bytes, settings: SamplingSettings) -> Completion:
        found = self._parse(content)
        if found is None:
            # Raised here and not where it was found: what a parser raises holds the whole answer, and the key if the
            # server repeats it.
            said = self._quoted(content) or "nothing"
            raise self._error(_Failure("endpoint_garbage", f"its answer is no completion: {said}"))
        text, reasoning = found.text, found.reasoning
        if not self._keep_tags:
            inside, text = split_thinking(text)
            reasoning = reasoning or inside
        places = [place for stop in settings.stop if (place := text.find(stop)) >= 0]
        return Completion(
            text=text[: min(places)] if places else text,
            finish="stop" if places or found.ended else "length",
            logprob=math.fsum(found.logprobs) if found.logprobs else None,
            scored_tokens=len(found.logprobs),
            token_count=found.token_count,
            reasoning=reasoning,
        )

    def _parse(self, content: bytes) -> _Found | None:
        """What an answer says; None if it is no completion."""
        try:
            answer = json.loads(content)
            choice = answer["choices"][0]
            reasoning, text = _apart(choice["message"]) if self._chat else ("", _text(choice["text"]))
            logprobs = _logprobs(choice.get("logprobs"), chat=self._chat)
            counted = (answer.get("usage") or {}).get("completion_tokens")
            return _Found(
                text=text,
                reasoning=reasoning,
                ended=choice.get("finish_reason") in _ENDED,
                logprobs=logprobs,
                token_count=counted if isinstance(counted, int) and counted >= 0 else len(logprobs),
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None

    def _error(self, failure: _Failure) -> EndpointError:
        details: dict[str, Any] = {"host": self._url.host, "model": self._model}
        if failure.status:
            details["status"] = failure.status
        return EndpointError(
            f"The model server at {self._url.host} did not complete a prompt with {self._model!r}: {failure.why}.",
            code=failure.code,
            transient=failure.transient,
            details=details,
        )

    def _quoted(self, content: bytes) -> str:
        """The beginning of an answer on one line, our key blacked out if the server repeats it."""
        said = content[:2000].decode("utf-8", errors="replace")
        if self._key:
            said = said.replace(self._key, "[key]")
        return " ".join("".join(char if char.isprintable() else " " for char in said).split())[:200]

    def _wait(self, attempt: int, asked: float) -> float:
        """Seconds before the next try: what the server asks for, or doubled each time, and never all at once."""
        doubled: float = self._backoff * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)
        return min(max(asked, doubled), _MAX_WAIT_SECONDS)

    def _timeout_for(self, settings: SamplingSettings) -> float:
        if self._timeout is not None:
            return self._timeout
        seconds = _TIMEOUT_SECONDS + settings.max_new_tokens / _SLOWEST_TOKENS_PER_SECOND
        return min(seconds, _MAX_TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    reasoning: str
    ended: bool
    logprobs: list[float]
    token_count: int


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no answer. An exception of the HTTP library is not kept: it holds the request, key and all."""

    code: str
    why: str
    transient: bool = False
    retried: bool = False
    status: int = 0
    wait_seconds: float = 0.0
    refuses_logprobs: bool = False


def _call_of(url: httpx.URL, *, chat: bool) -> tuple[httpx.URL, bool]:
    path = url.path.rstrip("/")
    if path.endswith(_CHAT):
        return url, True
    if path.endswith(_COMPLETIONS):
        return url, False
    return url.copy_with(path=path + (_CHAT if chat else _COMPLETIONS)), chat


def _apart(message: dict[str, Any]) -> tuple[str, str]:
    """(what the server sends as thinking, content). Raises TypeError when there is neither."""
    apart = message.get("reasoning_content") or message.get("reasoning")
    content = message.get("content")
    if content is None and apart:
        return _text(apart), ""
    return (_text(apart) if apart else ""), _text(content)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    # A lone surrogate can stand in JSON and in no file or database.
    return value.encode("utf-8", errors="replace").decode("utf-8")


def _logprobs(found: Any, *, chat: bool) -> list[float]:
    """ln p of each token; [] where the server does not say, or not of all."""
    if not found:
        return []
    values = [entry["logprob"] for entry in found["content"] or []] if chat else found["token_logprobs"] or []
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        return []
    return [float(value) for value in values]


def _seconds(header: str | None) -> float:
    """Of Retry-After; 0 where it is a date or nothing."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
