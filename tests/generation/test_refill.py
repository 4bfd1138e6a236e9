"""Rows that wait take the places of those that ended, and nobody can tell from what is written."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor

from generation.registry.loading import LoadedModel
from generation.sampling import gptj as fast
from generation.sampling.decoders import Prompts, share, shared_length
from generation.sampling.streams import Stream, streams
from generation.sampling.types import SamplingSettings
from tests.generation.models import PROMPT, gptj, parrot
from tests.generation.test_local import DRAWN, GREEDY, library, prompts, sample


@pytest.fixture
def refilling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)


class Occupancy:
    """How many rows take part in each step of a decoder, and how many came in later."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[int] = []
        self.admitted: list[int] = []
        step, admit = fast.GptjDecoder.step, fast.GptjDecoder.admit

        def counted_step(decoder: Any, tokens: Tensor) -> Tensor:
            self.steps.append(len(tokens))
            return step(decoder, tokens)

        def counted_admit(decoder: Any, batch: Prompts) -> Tensor:
            self.admitted.append(len(batch.owner))
            return admit(decoder, batch)

        monkeypatch.setattr(fast.GptjDecoder, "step", counted_step)
        monkeypatch.setattr(fast.GptjDecoder, "admit", counted_admit)


@pytest.mark.usefixtures("refilling")
@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_refilled_rows_write_what_each_writes_alone(batch_size: int) -> None:
    texts = prompts(40)
    alone = [sample(gptj(), [text], GREEDY)[0] for text in texts]
    for text, one, expected in zip(
        texts, sample(gptj(), texts, GREEDY, batch_size=batch_size), alone, strict=True
    ):
        assert one.tokens == expected.tokens == library(gptj(), text, 24)
        assert one.logprob == pytest.approx(expected.logprob, abs=1e-4)
        assert (one.text, one.finish) == (expected.text, expected.finish)


def test_drawn_rows_are_those_of_batches_that_wait_for_their_last_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = prompts(60)
    expected = sample(gptj(), texts, DRAWN, batch_size=8)
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    seen = Occupancy(monkeypatch)
    found = sample(gptj(), texts, DRAWN, batch_size=8)
    assert [(one.tokens, one.text, one.finish) for one in found] == [
        (one.tokens, one.text, one.finish) for one in expected
    ]
    assert len(seen.admitted) > 8 and max(seen.steps) == 8
    # Nearly full to the end: only the last rows have nobody to follow them.
    assert sum(seen.steps) / len(seen.steps) > 6


@pytest.mark.usefixtures("refilling")
def test_newcomers_meet_the_shared_beginning_the_calculator_and_stop_texts() -> None:
    settings = SamplingSettings(max_new_tokens=24, calculator=True, stop=("\n###",))
    texts = [f"{PROMPT} Tom has {number}" if number % 3 else PROMPT for number in range(30)]
    alone = {text: sample(parrot(), [text], settings)[0] for text in texts}
    for text, one in zip(texts, sample(parrot(), texts, settings, batch_size=4), strict=True):
        assert (one.tokens, one.text, one.finish) == (
            alone[text].tokens,
            alone[text].text,
            alone[text].finish,
        )
        assert one.scored_tokens == alone[text].scored_tokens


@pytest.mark.usefixtures("refilling")
def test_weights_in_place_and_prompts_read_in_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, loaded = prompts(30), gptj()
    expected = tokens_of(loaded, texts)
    monkeypatch.setattr(fast, "_JOIN_BELOW", 0)
    monkeypatch.setattr(fast, "_CHUNK_TOKENS", 50)
    assert tokens_of(loaded, texts) == expected


def tokens_of(loaded: LoadedModel, texts: list[str]) -> list[tuple[int, ...]]:
    return [one.tokens for one in sample(loaded, texts, DRAWN, batch_size=5)]


def test_a_stream_ends_where_its_rows_stop_beginning_alike() -> None:
    one = [(*range(50), 100 + number, 7) for number in range(10)]
    other = [(*range(10), *range(60, 100), 100 + number, 7) for number in range(10)]
    found = list(streams([*one, *other], 4, first=0, refilled=True))
    assert found == [Stream(0, 10, 50), Stream(10, 20, 50)]
    assert [len(share(one, 50).prefix), shared_length([*one, *other])] == [50, 10]
    # Without refill: batches, each with all that it shares.
    assert [(s.first, s.last, s.prefix) for s in streams([*one, *other], 8, first=0, refilled=False)] == [
        (0, 8, 50),
        (8, 16, 10),
        (16, 20, 50),
    ]


def test_the_first_rows_may_share_a_little_more_than_those_that_follow() -> None:
    rows = [(*range(30), 1, 5), (*range(30), 1, 6), (*range(30), 2, 5), (*range(29), 9, 2, 5)]
    assert list(streams(rows, 2, first=0, refilled=True)) == [Stream(0, 4, 29)]
