"""What a figure is before it is stored, drawn or saved. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jobs.charts import Chart


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run behind a figure, as its files and its page name it. arm: what it stands for in the figure."""

    run: int
    label: str
    arm: str
    seed: int
    recipe_sha256: str = ""
    data_sha256: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: panels that stand beside each other, and every number in them.

    name: of the kind, also of the files. about: what is seen, for whoever does not know the paper. marks: what its
    lines, bands, bars and ± are, in the picture, too. numbers: one flat dictionary for each point, all with the same
    keys, single seeds as well as means; what the CSV file holds.
    """

    name: str
    title: str
    about: str
    panels: list[Chart]
    numbers: list[dict[str, Any]]
    runs: list[RunFacts] = field(default_factory=list)
    marks: str = ""

    @property
    def seeds(self) -> list[int]:
        return sorted({run.seed for run in self.runs})
