"""One batch of completions, token by token: choose, splice, end, drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from generation.registry.tokens import Tokenizer
from generation.sampling.calculator import splice_after
from generation.sampling.decoders import Decoder, Prompts
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


def complete(
    decoder: Decoder, prompts: Prompts, seeds: Sequence[int], settings: SamplingSettings, ends: Ends
) -> list[Row]:
    """Complete every row of a batch. seeds: one per row (`prompts.owner`). Returns the rows in the same order."""
    logits = decoder.start(prompts, settings.max_new_tokens)
    device, count = logits.device, len(seeds)
    flags = ends.flags(logits.shape[1], device)
    numbers = uniforms(seeds, settings.max_new_tokens).to(device) if settings.temperature else None
    batch = _Batch(count, settings.max_new_tokens, device)
    for step in range(settings.max_new_tokens):
        drawn = numbers[batch.rows, step] if numbers is not None else logits[:, 0]
        chosen, logprobs = choose(logits, settings, drawn)
        chosen = batch.record(step, chosen, logprobs)
        for place in flags[chosen].nonzero()[:, 0].tolist():
            batch.look(place, step, ends)
        if batch.ended == len(batch.rows) or step + 1 == settings.max_new_tokens:
            break
        kept = batch.drop(decoder.worth_dropping)
        if kept is not None:
            decoder.keep(kept)
            chosen = chosen[kept]
        logits = decoder.step(chosen)
    return batch.finished(ends)


class _Batch:
    """The rows still in the decoder, by place, and what all rows have come to, by number."""

    def __init__(self, count: int, room: int, device: torch.device) -> None:
        #: Place in the decoder -> row.
        self.rows = torch.arange(count, device=device)
        #: How many of the places have ended.
        self.ended = 0
        self._live = torch.ones(count, dtype=torch.bool, device=device)
        self._tokens = torch.zeros(count, room, dtype=torch.long, device=device)
        self._lengths = [room] * count
        self._logprobs = torch.zeros(count, dtype=torch.float64, device=device)
        self._scored = torch.zeros(count, dtype=torch.long, device=device)
        self._spliced: dict[int, list[int]] = {}
        self._finish: list[Finish] = ["length"] * count
        self._texts: dict[int, str] = {}

    def record(self, step: int, chosen: Tensor, logprobs: Tensor) -> Tensor:
        """Note a step's tokens, the calculator's in place of the model's where it is writing; what was noted."""
        scored = self._live.clone()
        for place, row in self._splicing():
            chosen[place] = self._spliced[row].pop(0)
            scored[place] = False
            if not self._spliced[row]:
                del self._spliced[row]
        self._tokens[self.rows, step] = chosen
        self._logprobs[self.rows] += torch.where(scored, logprobs, 0)
        self._scored[self.rows] += scored
        return chosen

    def look(self, place: int, step: int, ends: Ends) -> None:
        """A token came that may end its row, or ask the calculator."""
        if not self._live[place]:
            return
        row = int(self.rows[place])
        tokens = self._tokens[row, : step + 1].tolist()
        if tokens[-1] in ends.closing:
            self._end(place, row, step, "stop", ends.text_of(tokens[:-1]))
            return
        if ends.stop and (before := ends.before_stop(ends.text_of(tokens))) is not None:
            self._end(place, row, step, "stop", before)
            return
        if row in self._spliced:
            return
        splice = ends.splice(tokens)
        if step + 1 + len(splice) > self._tokens.shape[1]:
            # Half a result would be taken for the model's own.
            self._end(place, row, step, "length", ends.text_of(tokens))
        elif splice:
            self._spliced[row] = splice

    def drop(self, worth: float) -> Tensor | None:
        """Let the last live rows take the places of ended ones; the places to keep, None while it does not pay."""
        if self.ended == 0 or self.ended < worth * len(self.rows):
            return None
        count = len(self.rows) - self.ended
        kept = torch.arange(count, device=self.rows.device)
        kept[~self._live[:count]] = count + self._live[count:].nonzero()[:, 0]
        self.rows, self._live, self.ended = self.rows[kept], self._live[kept], 0
        return kept

    def finished(self, ends: Ends) -> list[Row]:
        tokens, logprobs, scored = self._tokens.tolist(), self._logprobs.tolist(), self._scored.tolist()
        rows = []
        for number, length in enumerate(self._lengths):
            own = tokens[number][:length]
            text = self._texts.get(number)
            rows.append(
                Row(
                    tokens=own,
                    logprob=logprobs[number],
                    scored=scored[number],
                    finish=self._finish[number],
                    text=ends.text_of(own) if text is None else text,
                )
            )
        return rows

    def _end(self, place: int, row: int, step: int, finish: Finish, text: str) -> None:
        self._live[place] = False
        self.ended += 1
        self._lengths[row], self._finish[row], self._texts[row] = step + 1, finish, text

    def _splicing(self) -> list[tuple[int, int]]:
        if not self._spliced:
            return []
        place_of = {row: place for place, row in enumerate(self.rows.tolist())}
        return [(place_of[row], row) for row in list(self._spliced)]
