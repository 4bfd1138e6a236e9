"""Worked examples for few-shot prompts, written for this project (`prompts/README.md`): questions of split `prompt`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accounts.audit import Actor
from problems.types import Family
from ratings.library.datasets import get_dataset
from ratings.library.options import check_names, refuse
from ratings.library.services import import_questions

FOLDER = Path(__file__).with_name("prompts")
#: Whose the examples' solutions are.
WORKED_EXAMPLE = "worked_example"
#: Families whose examples stand in files; sums and made word problems bring questions of split `prompt` themselves.
FILES = {Family.GSM8K: "gsm8k.jsonl", Family.COMMONSENSEQA: "commonsenseqa.jsonl"}


def import_prompts(dataset: str, *, dry_run: bool = False, actor: Actor) -> dict[str, Any]:
    """Puts the project's worked examples of the dataset's family into it. Again it changes nothing.

    Returns the counts of import_questions. Raises UnknownDataset; InvalidInput for a family that has none.
    """
    check_names(dataset=dataset)
    family = Family(get_dataset(dataset).family)
    if family not in FILES:
        expected = " or ".join(one.value for one in FILES)
        refuse("dataset", dataset, f"one of family {expected}; this one is of family {family.value}")
    path = FOLDER / FILES[family]
    return import_questions(
        path, format="jsonl", dataset=dataset, family=family.value, dry_run=dry_run, actor=actor
    )
