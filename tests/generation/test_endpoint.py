"""Model servers: their completions are ours, and none of their troubles is a mystery or a leak."""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from generation.sampling import endpoint
from generation.sampling.endpoint import EndpointSampler
from generation.sampling.errors import EndpointError
from generation.sampling.local import LocalSampler
from generation.sampling.thinking import split_thinking
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.generation.asking import GREEDY, KEY, sampler
from tests.generation.models import gptj
from tests.generation.server import (
    ModelServer,
    dribble,
    flood,
    hang_up,
    running_server,
    silence,
    status,
)


def failure(running: ModelServer, **given: Any) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        sampler(running.url, **given).sample([PromptRequest("Q:", 1)], GREEDY)
    return caught.value


@pytest.mark.parametrize("path", ["", "/", "/completions", "/chat/completions"])
def test_completions_are_those_of_the_model_behind_the_server(server: ModelServer, path: str) -> None:
    requests = [PromptRequest(f"Q: {number}", seed=number) for number in range(12)]
    settings = SamplingSettings(max_new_tokens=12, temperature=0.9, top_p=0.9)
    expected = LocalSampler(gptj()).sample(requests, settings)
    found = sampler(server.url + path).sample(requests, settings)
    assert [one.text for one in found] == [one.text for one in expected]
    assert [one.finish for one in found] == [one.finish for one in expected]
    assert [one.token_count for one in found] == [one.token_count for one in expected]
    assert [one.logprob for one in found] == pytest.approx([one.logprob for one in expected])
    assert [one.scored_tokens for one in found] == [one.scored_tokens for one in expected]
    called = "/v1/chat/completions" if "chat" in path else "/v1/completions"
    assert {asked for asked, _, _ in server.asked} == {called}


def test_the_request_is_the_documented_one(server: ModelServer) -> None:
    settings = SamplingSettings(max_new_tokens=5, temperature=0.5, top_p=0.25, stop=("\n\nQ:",))
    sampler(server.url).sample([PromptRequest("Hello", 2**62 + 7)], settings)
    sampler(server.url, chat=True).sample([PromptRequest("Hello", 8)], GREEDY)
    (_, first, headers), (_, second, _) = server.asked
    assert first == {
        "model": "tiny",
        "prompt": "Hello",
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.25,
        "seed": 7,
        "stop": ["\n\nQ:"],
        "stream": False,
        "logprobs": 1,
    }
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert second["messages"] == [{"role": "user", "content": "Hello"}]
    assert second["logprobs"] is True and "stop" not in second and "prompt" not in second


def test_without_a_key_there_is_no_header(server: ModelServer) -> None:
    EndpointSampler(server.url, "", "tiny").sample([PromptRequest("Q:", 1)], GREEDY)
    assert "Authorization" not in server.asked[0][2]


def test_answers_come_in_the_order_of_the_requests_however_slow_the_first_one_is(server: ModelServer) -> None:
    def answer(handler: Any) -> None:
        prompt = handler.body["prompt"]
        time.sleep(0.4 if prompt == "first" else 0)
        handler.answer(200, {"choices": [{"text": f"to the {prompt}"}]})

    server.troubles.extend([answer, answer])
    found = sampler(server.url, concurrency=2).sample(
        [PromptRequest("first", 1), PromptRequest("second", 2)], GREEDY
    )
    assert [one.text for one in found] == ["to the first", "to the second"]


def test_no_more_requests_are_under_way_than_allowed(server: ModelServer) -> None:
    requests = [PromptRequest("Q:", number) for number in range(20)]
    assert len(sampler(server.url, concurrency=3).sample(requests, GREEDY)) == 20
    assert server.most_at_once <= 3


def test_a_stop_text_that_the_server_ignored_is_obeyed_all_the_same(server: ModelServer) -> None:
    server.troubles.append(status(200, {"choices": [{"text": " 4\n\nQ: next", "finish_reason": "length"}]}))
    settings = SamplingSettings(max_new_tokens=5, stop=("\n\nQ:",))
    (found,) = sampler(server.url).sample([PromptRequest("Q:", 1)], settings)
    assert (found.text, found.finish) == (" 4", "stop")


@pytest.mark.parametrize(
    "logprobs",
    [None, {}, {"token_logprobs": None}, {"token_logprobs": []}, {"token_logprobs": [None, -1.0]}],
)
def test_a_server_that_does_not_say_how_likely_its_text_is_gets_no_number(
    server: ModelServer, logprobs: Any
) -> None:
    server.troubles.append(
        status(200, {"choices": [{"text": "4", "finish_reason": "stop", "logprobs": logprobs}]})
    )
    (found,) = sampler(server.url).sample([PromptRequest("Q:", 1)], GREEDY)
    assert (found.text, found.logprob, found.scored_tokens) == ("4", None, 0)


def test_a_server_that_refuses_to_be_asked_is_not_asked_again(server: ModelServer) -> None:
    server.troubles.append(status(400, {"error": {"message": "logprobs is not supported"}}))
    asking = sampler(server.url, concurrency=1)
    found = asking.sample([PromptRequest("Q:", 1), PromptRequest("Q:", 2)], GREEDY)
    assert [one.logprob for one in found] == [None, None]
    assert ["logprobs" in body for _, body, _ in server.asked] == [True, False, False]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_thinking_that_a_chat_server_keeps_apart_stays_apart(server: ModelServer, key: str) -> None:
    server.message = {key: "Let me see."}
    (found,) = sampler(server.url, chat=True).sample([PromptRequest("Q:", 1)], GREEDY)
    assert found.reasoning == "Let me see." and "Let me see." not in found.text
    server.message = {key: "Too long a thou", "content": None}
    (found,) = sampler(server.url, chat=True).sample([PromptRequest("Q:", 1)], GREEDY)
    assert (found.reasoning, found.text) == ("Too long a thou", "")


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        (" 4.\n#### 4", "", " 4.\n#### 4"),
        ("<think>\nTwo and two.\n</think>\n\nIt is 4.", "Two and two.", "It is 4."),
        ("Two and two.</think>It is 4.", "Two and two.", "It is 4."),
        ("<think></think>\nIt is 4.", "", "It is 4."),
        ("<think>Two and", "Two and", ""),
        ("", "", ""),
    ],
)
def test_thinking_inside_a_text_is_taken_out(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text) == (thinking, answer)


def test_thinking_inside_an_answer_is_kept_apart_unless_the_caller_wants_it_as_it_came(
    server: ModelServer,
) -> None:
    for keep, expected in ((False, ("Hm.", "4")), (True, ("", "<think>Hm.</think>4"))):
        server.troubles.append(status(200, {"choices": [{"text": "<think>Hm.</think>4"}]}))
        (found,) = sampler(server.url, keep_tags=keep).sample([PromptRequest("Q:", 1)], GREEDY)
        assert (found.reasoning, found.text) == expected


@pytest.mark.parametrize("trouble", [status(429), status(500), status(503, b"busy"), hang_up])
def test_what_may_pass_is_tried_again(server: ModelServer, trouble: Callable[..., object]) -> None:
    server.troubles.extend([trouble, trouble])
    expected = LocalSampler(gptj()).sample([PromptRequest("Q:", 1)], GREEDY)
    found = sampler(server.url, attempts=3).sample([PromptRequest("Q:", 1)], GREEDY)
    assert found[0].text == expected[0].text
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(status(429), "429"), (status(500, b"oh no"), "500: oh no"), (hang_up, "no connection")],
)
def test_what_does_not_pass_is_an_error_that_may_be_tried_later(
    server: ModelServer, trouble: Callable[..., object], said: str
) -> None:
    server.troubles.extend([trouble] * 9)
    error = failure(server, attempts=3)
    assert (error.code, error.transient) == ("endpoint_unavailable", True)
    assert said in error.message and len(server.asked) == 3


def test_the_server_may_say_how_long_to_wait(server: ModelServer) -> None:
    server.troubles.append(status(429, b"", Retry_After="0.4"))
    begun = time.monotonic()
    sampler(server.url).sample([PromptRequest("Q:", 1)], GREEDY)
    assert time.monotonic() - begun >= 0.4


def test_waits_double_and_have_an_end() -> None:
    patient = sampler("http://127.0.0.1:9/v1", backoff_seconds=1.0)
    waits = [patient._wait(attempt, 0.0) for attempt in range(1, 12)]
    assert 0.75 <= waits[0] <= 1.25 and 1.5 <= waits[1] <= 2.5 and 3 <= waits[2] <= 5
    assert max(waits) == patient._wait(1, 1e9) == 30


def test_a_server_that_is_not_there_is_said_to_be_unavailable(server: ModelServer) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        asking = sampler(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", attempts=2)
        with pytest.raises(EndpointError, match="no connection") as caught:
            asking.sample([PromptRequest("Q:", 1)], GREEDY)
    assert (caught.value.code, caught.value.transient) == ("endpoint_unavailable", True)


@pytest.mark.parametrize("trouble", [silence, dribble])
def test_a_server_that_is_too_slow_times_out(server: ModelServer, trouble: Callable[..., object]) -> None:
    server.troubles.append(trouble)
    begun = time.monotonic()
    error = failure(server, timeout_seconds=0.3)
    assert (error.code, error.transient) == ("endpoint_timeout", True)
    assert "0.3 seconds" in error.message and time.monotonic() - begun < 2


@pytest.mark.parametrize("code", [400, 401, 404, 422])
def test_a_refusal_is_final_and_quoted(server: ModelServer, code: int) -> None:
    server.troubles.append(status(code, {"error": {"message": "no such\nmodel"}}))
    error = failure(server)
    assert (error.code, error.transient) == ("endpoint_refused", False)
    assert error.details == {"host": "127.0.0.1", "model": "tiny", "status": code}
    assert "no such" in error.message and "\n" not in error.message and len(server.asked) == 1


def test_redirects_are_not_followed(server: ModelServer) -> None:
    with running_server(gptj()) as elsewhere:
        for code in (301, 302, 307, 308):
            server.troubles.append(status(code, b"", Location=f"{elsewhere.url}/completions"))
            error = failure(server)
            assert (error.code, error.details["status"]) == ("endpoint_refused", code)
        assert elsewhere.asked == []


GARBAGE: list[Any] = [
    b"",
    b"<html>Welcome</html>",
    b"\xff\xfe\x00",
    b"{",
    b"[" * 100_000,
    [],
    None,
    {},
    {"choices": []},
    {"choices": {}},
    {"choices": [None]},
    {"choices": [{}]},
    {"choices": [{"text": None}]},
    {"choices": [{"text": 4}]},
    {"choices": [{"text": "4", "logprobs": {"tokens": ["4"]}}]},
    {"choices": [{"text": "4", "logprobs": [1]}]},
    {"choices": [{"text": "4"}], "usage": [1]},
]


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_an_error_that_shows_its_beginning(server: ModelServer, content: Any) -> None:
    server.troubles.append(
        status(200, content if isinstance(content, bytes) else json.dumps(content).encode())
    )
    error = failure(server)
    assert (error.code, error.transient) == ("endpoint_garbage", False)
    assert "no completion" in error.message and len(error.message) < 400 and error.message.isprintable()


@pytest.mark.parametrize(
    "message", [None, {}, {"content": None}, {"content": 4}, {"content": "4", "reasoning": 5}, "4"]
)
def test_garbage_of_a_chat_is_an_error_too(server: ModelServer, message: Any) -> None:
    server.troubles.append(status(200, {"choices": [{"message": message}]}))
    assert failure(server, chat=True).code == "endpoint_garbage"


def test_an_answer_without_end_is_cut_off(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_MAX_ANSWER_BYTES", 2**20)
    server.troubles.append(flood)
    assert failure(server).code == "endpoint_garbage"


def test_what_no_file_can_hold_is_replaced(server: ModelServer) -> None:
    server.troubles.append(status(200, rb'{"choices": [{"text": "4 \ud83d."}]}'))
    (found,) = sampler(server.url).sample([PromptRequest("Q:", 1)], GREEDY)
    assert found.text == "4 ?."


def test_the_key_is_in_no_error_log_or_representation(
    server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asking = sampler(server.url, attempts=1)
    said = [repr(asking), str(asking)]
    for trouble in (
        status(401, f"wrong key: {KEY}".encode()),
        status(500, KEY.encode()),
        status(200, KEY.encode()),
        hang_up,
    ):
        server.troubles.append(trouble)
        try:
            asking.sample([PromptRequest("Q:", 1)], GREEDY)
        except EndpointError as error:
            said += [*traceback.format_exception(error), repr(error), json.dumps(error.as_json())]
            # What reports errors shows the variables of each exception in the chain.
            chain: BaseException | None = error
            while chain is not None:
                said.append(repr(vars(chain)))
                chain = chain.__cause__ or chain.__context__
    assert server.asked[0][2]["Authorization"].endswith(KEY)
    assert len(said) > 12 and caplog.text
    assert KEY not in "".join(said) and KEY not in caplog.text


def test_one_request_that_fails_ends_all_of_them_soon(server: ModelServer) -> None:
    server.troubles.append(status(404))
    server.troubles.extend([status(503)] * 100)
    begun = time.monotonic()
    with pytest.raises(EndpointError) as caught:
        sampler(server.url, concurrency=2, backoff_seconds=5).sample(
            [PromptRequest("Q:", number) for number in range(50)], GREEDY
        )
    assert caught.value.code == "endpoint_refused"
    assert time.monotonic() - begun < 3 and len(server.asked) < 10


def test_the_error_is_the_one_that_ended_the_work_and_not_that_of_an_earlier_request(
    server: ModelServer,
) -> None:
    def trouble(handler: Any) -> None:
        # The first request waits for its next try while the second is refused for good.
        handler.answer(503 if handler.body["seed"] == 0 else 404, {"error": "no"})

    server.troubles.extend([trouble] * 10)
    with pytest.raises(EndpointError) as caught:
        sampler(server.url, concurrency=2, backoff_seconds=5).sample(
            [PromptRequest("Q:", number) for number in range(2)], GREEDY
        )
    assert caught.value.code == "endpoint_refused"


@pytest.mark.parametrize("url", ["", "ftp://host/v1", "host/v1", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url: "):
        EndpointSampler(url, "", "tiny")


@pytest.mark.parametrize("key", ["line\nbreak", "sp ace", "schlüssel", "nul\x00"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="key: ") as caught:
        EndpointSampler("http://host/v1", key, "tiny")
    assert key not in str(caught.value)
