"""Which dataset an import goes to, and of which family it is."""

from __future__ import annotations

from problems.types import Family
from ratings.library.errors import UnknownDataset
from ratings.library.models import Dataset
from ratings.library.options import refuse
from ratings.library.records import QuestionRow


def get_dataset(name: str) -> Dataset:
    """Raises UnknownDataset."""
    dataset = Dataset.objects.filter(name=name).first()
    if dataset is None:
        named = {"field": "dataset", "value": name[:100], "expected": "the name of a dataset"}
        raise UnknownDataset(f"There is no dataset named {name!r}.", details={"dataset": name[:100], **named})
    return dataset


def get_locked_dataset(name: str) -> Dataset:
    """The dataset with its row locked until the transaction ends, so that two imports take turns."""
    dataset = Dataset.objects.select_for_update().filter(name=name).first()
    return dataset or get_dataset(name)


def wanted_family(asked: str | None, *, implied: Family | None) -> Family | None:
    """The family asked for or implied by the format; None if neither is. Raises InvalidInput if they differ."""
    family = None if asked is None else _family_named(asked)
    if family is not None and implied is not None and family is not implied:
        refuse("family", asked, f"{implied.value}, which is what this format holds")
    return family or implied


def dataset_for_questions(name: str, *, family: Family | None, first: QuestionRow) -> Dataset:
    """The dataset, locked; made if missing, of the family wanted or else the one that the first row looks like."""
    dataset = Dataset.objects.select_for_update().filter(name=name).first()
    if dataset is None:
        looks = Family.COMMONSENSEQA if first.choices else Family.GSM8K
        Dataset.objects.get_or_create(name=name, defaults={"family": (family or looks).value})
        dataset = Dataset.objects.select_for_update().get(name=name)
    if family is not None and dataset.family != family.value:
        refuse("family", family.value, f"{dataset.family}, which is the family of dataset {name!r}")
    return dataset


def _family_named(name: str) -> Family:
    try:
        return Family(name)
    except ValueError:
        refuse("family", name, "one of " + ", ".join(family.value for family in Family))
