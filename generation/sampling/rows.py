"""Many completions, token by token: choose, splice, end, drop, let others in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.registry.tokens import Tokenizer
from generation.sampling.calculator import splice_after
from generation.sampling.decoders import Decoder, Prompts, share
from generation.sampling.drawing import choose, uniforms
from generation.sampling.text import token_text
from generation.sampling.types import Finish, SamplingSettings


@dataclass(slots=True)
class Row:
    """What one row has come to."""

    tokens: list[int]
    logprob: float
    scored: int
    finish: Finish
    text: str


class Ends:
    """Which tokens end a completion or ask the calculator: only behind those is a row's text looked at."""

    def __init__(self, tokenizer: Tokenizer, closing: frozenset[int], settings: SamplingSettings) -> None:
        self.closing = closing
        self.stop = settings.stop
        self.calculator = settings.calculator
        self._tokenizer = tokenizer
        self._text = token_text(tokenizer)
        last = {stop.encode()[-1] for stop in settings.stop}

        def matters(piece: bytes) -> bool:
            return (settings.calculator and piece.endswith(b"=")) or not last.isdisjoint(piece)

        self._matters = [self._text.may_say(token, matters) for token in range(len(tokenizer))]

    def flags(self, vocabulary: int, device: torch.device) -> Tensor:
        """Whether a token must be looked at, by id: bool (V,). The model may have more ids than the tokenizer."""
        flags = torch.zeros(vocabulary, dtype=torch.bool)
        flags[: len(self._matters)] = torch.tensor(self._matters)
        flags[list(self.closing)] = True
        return flags.to(device)

    def text_of(self, tokens: Sequence[int]) -> str:
        return self._text.decode(tokens)

    def before_stop(self, text: str) -> str | None:
        """The text in front of the first stop text; None if it has none."""
        places = [place for stop in self.stop if (place := text.find(stop)) >= 0]
        return text[: min(places)] if places else None

    def splice(self, tokens: Sequence[int]) -> list[int]:
        """The calculator's tokens behind these; [] if it is not asked."""
        if not self.calculator:
            return []
        splice = splice_after(self._text.ascii_text(tokens)[0])
        if splice is None:
            return []
        return list(self._tokenizer(splice, add_special_tokens=False)["input_ids"])


@dataclass(frozen=True, slots=True)
class Work:
    """Rows that are completed together: as many as fit at a time, the others wait for a place.

    prompts: the tokens of each row, equal ones together. seeds: of each. prefix: how many tokens all begin with.
    at_once: rows in the decoder at a time.
    """

    prompts: Sequence[tuple[int, ...]]
    seeds: Sequence[int]
    prefix: int
    at_once: int

    def part(self, first: int, count: int) -> Prompts:
        return share(self.prompts[first : first + count], self.prefix)


def complete(decoder: Decoder, work: Work, settings: SamplingSettings, ends: Ends) -> list[Row]:
    """Complete all rows of the work. Returns them in its order."""
    first = min(work.at_once, len(work.prompts))
    logits = decoder.start(work.part(0, first), settings.max_new_tokens)
    device = logits.device
    flags = ends.flags(logits.shape[1], device)
    numbers = uniforms(work.seeds, settings.max_new_tokens).to(device) if settings.temperature else None
    batch = _Batch(len(work.prompts), settings.max_new_tokens, device)
    batch.admit(first)
    assert decoder.worth_admitting is not None or not batch.waiting, "nobody can come in"
    while True:
        drawn = numbers[batch.rows, batch.places] if numbers is not None else logits[:, 0]
        chosen, logprobs = choose(logits, settings, drawn)
        chosen = batch.record(chosen, logprobs)
        for place in flags[chosen].nonzero()[:, 0].tolist():
            batch.look(place, ends)
        batch.expire(ends)
        if batch.ended == len(batch.rows) and not batch.waiting:
            return batch.finished()
        kept = batch.drop(decoder.worth_dropping)
        if kept is not None:
            decoder.keep(kept)
            chosen = chosen[kept]
        logits = decoder.step(chosen) if len(chosen) else logits[:0]
        batch.step()
        newcomers = min(batch.waiting, work.at_once - len(batch.rows))
        if newcomers and _pays(newcomers, work.at_once, batch, decoder):
            admitted = decoder.admit(work.part(batch.admitted, newcomers))
            logits = torch.cat([logits, admitted])
            batch.admit(newcomers)


def _pays(newcomers: int, at_once: int, batch: _Batch, decoder: Decoder) -> bool:
    worth = decoder.worth_admitting
    return worth is not None and (newcomers >= worth * at_once or newcomers == batch.waiting)


class _Batch:
    """The rows in the decoder, by place, and what all rows have come to, by number."""

    def __init__(self, count: int, room: int, device: torch.device) -> None:
        #: Place in the decoder -> row.
        self.rows = torch.zeros(0, dtype=torch.long, device=device)
        #: Place in the decoder -> how many tokens its row has.
        self.places = torch.zeros(0, dtype=torch.long, device=device)
        #: How many of the places have ended, and how many rows were let in.
        self.ended = self.admitted = 0
        self._count, self._room, self._step = count, room, 0
        #: Step -> how many rows have their last token then, in the order in which they came.
        self._last_steps: dict[int, range] = {}
        self._begun = [0] * count
        self._live = torch.zeros(0, dtype=torch.bool, device=device)
        self._tokens = torch.zeros(count, room, dtype=torch.long, device=device)
        self._lengths = [room] * count
        self._logprobs = torch.zeros(count, dtype=torch.float64, device=device)
        self._scored = torch.zeros(count, dtype=torch.long, device=device)
        self._spliced: dict[int, list[int]] = {}
        self._finish: list[Finish] = ["length"] * count
        self._texts: dict[int, str] = {}

    @property
    def waiting(self) -> int:
        """Rows that were not let in yet."""
        return self._count - self.admitted

    def admit(self, count: int) -> None:
        """Let the next rows in, behind those that are there."""
        new = torch.arange(self.admitted, self.admitted + count, device=self.rows.device)
        self.rows = torch.cat([self.rows, new])
        self.places = torch.cat([self.places, torch.zeros_like(new)])
        self._live = torch.cat([self._live, torch.ones_like(new, dtype=torch.bool)])
        self._begun[self.admitted : self.admitted + count] = [self._step] * count
        self._last_steps[self._step + self._room - 1] = range(self.admitted, self.admitted + count)
        self.admitted += count

    def step(self) -> None:
        """Every row has one token more."""
        self._step += 1
        self.places = self.places + 1

    def record(self, chosen: Tensor, logprobs: Tensor) -> Tensor:
        """Note a step's tokens, the calculator's in place of the model's where it is writing; what was noted."""
        scored = self._live.clone()
        for place, row in self._splicing():
            chosen[place] = self._spliced[row].pop(0)
            scored[place] = False
            if not self._spliced[row]:
                del self._spliced[row]
        self._tokens[self.rows, self.places] = chosen
        self._logprobs[self.rows] += torch.where(scored, logprobs, 0)
        self._scored[self.rows] += scored
        return chosen

    def look(self, place: int, ends: Ends) -> None:
        """A token came that may end its row, or ask the calculator."""
        if not self._live[place]:
            return
        row = int(self.rows[place])
        length = self._step - self._begun[row] + 1
        tokens = self._tokens[row, :length].tolist()
        if tokens[-1] in ends.closing:
            self._end(place, row, length, "stop", ends.text_of(tokens[:-1]))
            return
        if ends.stop and (before := ends.before_stop(ends.text_of(tokens))) is not None:
            self._end(place, row, length, "stop", before)
            return
        if row in self._spliced:
            return
        splice = ends.splice(tokens)
        if length + len(splice) > self._room:
            # Half a result would be taken for the model's own.
            self._end(place, row, length, "length", ends.text_of(tokens))
        elif splice:
            self._spliced[row] = splice

    def expire(self, ends: Ends) -> None:
        """Rows that have all the tokens that they may have are cut off."""
        last = self._last_steps.pop(self._step, None)
        if last is None:
            return
        for place, row in enumerate(self.rows.tolist()):
            if row in last and self._live[place]:
                self._end(place, row, self._room, "length", ends.text_of(self._tokens[row].tolist()))

    def drop(self, worth: float) -> Tensor | None:
        """Let the last live rows take the places of ended ones; the places to keep, None while it does not pay."""
        if self.ended == 0 or self.ended < worth * len(self.rows):
            return None
        count = len(self.rows) - self.ended
        kept = torch.arange(count, device=self.rows.device)
        kept[~self._live[:count]] = count + self._live[count:].nonzero()[:, 0]
        self.rows, self.places, self._live = self.rows[kept], self.places[kept], self._live[kept]
        self.ended = 0
        return kept

    def finished(self) -> list[Row]:
        tokens, logprobs, scored = self._tokens.tolist(), self._logprobs.tolist(), self._scored.tolist()
        return [
            Row(
                tokens=tokens[number][:length],
                logprob=logprobs[number],
                scored=scored[number],
                finish=self._finish[number],
                text=self._texts[number],
            )
            for number, length in enumerate(self._lengths)
        ]

    def _end(self, place: int, row: int, length: int, finish: Finish, text: str) -> None:
        self._live[place] = False
        self.ended += 1
        self._lengths[row], self._finish[row], self._texts[row] = length, finish, text

    def _splicing(self) -> list[tuple[int, int]]:
        if not self._spliced:
            return []
        place_of = {row: place for place, row in enumerate(self.rows.tolist())}
        return [(place_of[row], row) for row in list(self._spliced)]
