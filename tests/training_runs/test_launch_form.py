"""What the launch form shows and takes: every key of every recipe comes back as it went in, also from a clone."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from ratings.library.models import Dataset, Source
from ratings.studies.models import Study
from tests.training_runs.worlds import base, launched, make_sums
from tests.worlds import make_study
from training.recipes.errors import RecipeError
from training.recipes.fields import Flag, Kind, Many, Number, OneOf, SetOf, Text, Whole
from training.recipes.reader import RecipeAbout, describe_all
from training.runs.errors import EmptySplit
from training.runs.forms import LaunchForm
from training.runs.models import TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

#: What a form needs from the site: two of each, so that a choice says something.
NAMED: dict[str, Any] = {
    "verifier": "tiny-base",
    "dataset": "sums",
    "base": "tiny-base",
    "studies": ["trial"],
    "sources": ["a", "b"],
}


@pytest.fixture(autouse=True)
def site() -> None:
    make_sums(count=60)
    base()
    make_study(dataset="others")
    Study.objects.update(state="closed")
    for label in NAMED["sources"]:
        Source.objects.get_or_create(label=label)


class Filled(HTMLParser):
    """What a browser would send of a page's launch form if nobody touched it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent = QueryDict(mutable=True)
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        name, value = about.get("name"), about.get("value")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in about or self._select not in self.sent):
            # The first one, until another is marked.
            self.sent[self._select] = value or ""
        elif tag == "input" and name and (about.get("type") != "checkbox" or "checked" in about):
            self.sent.appendlist(
                name, "on" if value is None and about.get("type") == "checkbox" else value or ""
            )


def sent_back(client: Client, address: str, about: RecipeAbout) -> dict[str, Any]:
    page = client.get(address).content.decode()
    sent = Filled(page).sent
    if not sent.get("dataset"):
        sent["dataset"] = "sums"
    form = LaunchForm(sent, about=about)
    form.is_valid()
    assert not {name: errors for name, errors in form.errors.items() if name != "label"}
    return form.chosen()


def other(name: str, kind: Kind, default: Any) -> Any:
    """A value that the key takes and that is not its default."""
    if name in NAMED:
        return NAMED[name]
    match kind:
        case OneOf(options):
            return next(option for option in options if option != default)
        case SetOf(options):
            return next(option for option in options if option != default)
        case Flag():
            return not default
        case Whole(minimum, _):
            return 2**53 if name == "seed" else max(minimum, default) + 1
        case Number(minimum, maximum, _):
            return next(one for one in (1.5e-5, 0.25, maximum) if one not in (default, minimum))
        case Many(of=Whole()):
            return [1, 3]
        case Many():
            return ["one", "two-and-a-half", "three"]
        case Text():
            return "something_else"
    raise TypeError(name)


@pytest.mark.parametrize("about", describe_all(), ids=lambda about: about.name)
def test_every_key_comes_back_from_the_form_and_from_a_clone(client: Client, engineer, about) -> None:
    client.force_login(engineer)
    defaults = {key.name: key.default for key in about.keys}
    untouched = sent_back(client, f"/runs/new/{about.name}/?base=tiny-base", about)
    for name, value in untouched.items():
        assert name in ("dataset", "base") or value == defaults[name], name
    run = launched("star", "first")
    values = {key.name: other(key.name, key.kind, key.default) for key in about.keys}
    kept = {"algorithm": about.algorithm, "recipe_name": about.name, "recipe": values}
    TrainingRun.objects.filter(pk=run.pk).update(**kept)
    cloned = sent_back(client, client.get(f"/runs/{run.pk}/clone/")["Location"], about)
    assert cloned == {name: value for name, value in values.items() if name in cloned}


def test_splits_that_the_dataset_has_not_are_refused_with_those_that_it_has() -> None:
    said = "held_out_splits: dataset 'others' has no questions in split 'nosuch'"
    with pytest.raises(EmptySplit, match=said) as caught:
        launched("dpo", dataset="others", studies=["trial"], held_out_splits=["nosuch"])
    assert caught.value.details["field"] == "held_out_splits"
    assert caught.value.details["expected"] == ["train"]
    with pytest.raises(RecipeError, match="held_out_splits: .*expected splits other than 'train'"):
        launched("dpo", dataset="others", studies=["trial"], held_out_splits=["test", "train"])


def test_the_recipes_own_held_out_splits_need_not_all_be_there() -> None:
    """A dataset without split validation can be learned from by the recipe as it stands."""
    assert launched("dpo", dataset="others", studies=["trial"]).recipe["held_out_splits"] == [
        "validation",
        "test",
    ]


@pytest.mark.parametrize(
    ("recipe", "made", "chosen"),
    [
        ("star_addition", "", "sums"),  # of its family, since its own is not there
        ("star_word_problems", "", ""),  # of another family there are two
        ("star_word_problems", "stories", "stories"),
        ("star_word_problems", "word-problems", "word-problems"),
    ],
)
def test_a_recipe_whose_dataset_is_missing_begins_with_one_of_its_family_or_none(
    client: Client, engineer, recipe: str, made: str, chosen: str
) -> None:
    client.force_login(engineer)
    if made:
        Dataset.objects.create(name=made, family="word_problem")
    page = client.get(f"/runs/new/{recipe}/").content.decode()
    assert Filled(page).sent["dataset"] == chosen
    assert ("Choose a dataset" in page) == (not chosen)


def test_of_two_datasets_of_its_family_a_recipe_takes_none_unasked(client: Client, engineer) -> None:
    client.force_login(engineer)
    Dataset.objects.create(name="more-sums", family="addition")
    sent = Filled(client.get("/runs/new/star_addition/").content.decode()).sent
    assert sent["dataset"] == ""
    # What the page asks for by itself as soon as it is there.
    asked = client.post(
        "/runs/new/star_addition/", {**sent, "act": "estimate"}, headers={"HX-Target": "estimate"}
    )
    assert "No estimate yet. Dataset is missing." in asked.content.decode()


@pytest.mark.parametrize(
    ("recipe", "chosen"),
    [("star_paper", ""), ("star_addition_quick", "tiny-addition"), ("star", "tiny-base")],
)
def test_a_recipe_whose_base_is_not_here_begins_with_no_other(
    client: Client, engineer, recipe: str, chosen: str
) -> None:
    client.force_login(engineer)
    page = client.get(f"/runs/new/{recipe}/").content.decode()
    assert Filled(page).sent["base"] == chosen
    assert ("Choose a base model" in page) == (not chosen)
