"""A store in memory, for scripts: a run that is not interrupted needs no other."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from generation.registry.loading import LoadedModel
from training.records import Candidate, Origin


class MemoryStore:
    """`training.collecting.Store` in this process. folder: where trainings save their states, if anywhere."""

    def __init__(self, folder: Path | None = None) -> None:
        self.batches: dict[tuple[int, Origin, int], list[Candidate]] = {}
        self.known_facts: dict[str, dict[str, Any]] = {}
        self.models: dict[str, LoadedModel] = {}
        self._folder = folder

    def batch(self, round: int, origin: Origin, number: int) -> list[Candidate] | None:
        return self.batches.get((round, origin, number))

    def put_batch(self, round: int, origin: Origin, number: int, candidates: Sequence[Candidate]) -> None:
        self.batches[round, origin, number] = list(candidates)

    def candidates(self, round: int, origin: Origin) -> list[Candidate]:
        """All that were stored of one round, in their order."""
        batches = {
            number: found for (r, o, number), found in self.batches.items() if (r, o) == (round, origin)
        }
        return [candidate for _, found in sorted(batches.items()) for candidate in found]

    def facts(self, name: str) -> dict[str, Any] | None:
        return self.known_facts.get(name)

    def put_facts(self, name: str, facts: Mapping[str, Any]) -> None:
        self.known_facts[name] = dict(facts)

    def model(self, name: str) -> LoadedModel | None:
        found = self.models.get(name)
        return None if found is None else clone(found)

    def put_model(self, name: str, loaded: LoadedModel, facts: Mapping[str, Any]) -> None:
        self.models[name] = clone(loaded)
        self.put_facts(name, facts)

    def training_folder(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / name


def clone(loaded: LoadedModel) -> LoadedModel:
    """The same model again, to be trained without changing the first."""
    return replace(loaded, model=copy.deepcopy(loaded.model))
