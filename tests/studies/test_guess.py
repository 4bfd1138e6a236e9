"""The lint's classifier: it tells a planted give-away from a balanced study, and does not cry wolf."""

from __future__ import annotations

from random import Random

import pytest
from django.core.management import call_command

from accounts.audit import COMMAND
from ratings.library.models import Rationale
from ratings.studies.design import StudyDesign
from ratings.studies.guess import MOST_TRIPLES, guess_sources
from ratings.studies.models import Study
from ratings.studies.selectors import lint_study
from ratings.studies.services import create_study
from tests.worlds import SOURCES, make_dataset


def sentence(random: Random) -> str:
    """Words of random letters: nothing about it depends on a source."""
    words = (
        "".join(random.choices("abcdefghij", k=random.randint(2, 8))) for _ in range(random.randint(4, 14))
    )
    return " ".join(words).capitalize()


def balanced(triples: int, *, seed: int) -> list[list[str]]:
    random = Random(seed)
    return [[f"{sentence(random)}." for _ in range(3)] for _ in range(triples)]


def planted(triples: int, *, seed: int, share: float = 0.9) -> list[list[str]]:
    """Each source ends with a mark of its own in this share of its texts, else with another's: nobody can do better."""
    random = Random(seed)
    marks = ".!?"
    return [
        [
            sentence(random)
            + (marks[source] if random.random() < share else random.choice(marks.replace(marks[source], "")))
            for source in range(3)
        ]
        for _ in range(triples)
    ]


def test_a_planted_give_away_of_nine_in_ten_is_found_and_a_balanced_study_is_not():
    given_away, fair = guess_sources(planted(200, seed=1)), guess_sources(balanced(200, seed=1))
    assert given_away and fair
    assert given_away.accuracy == pytest.approx(0.9, abs=0.03) and given_away.is_above_chance
    assert given_away.low < 0.9 < given_away.high
    assert {"exclamation marks", "question marks"} <= set(given_away.looks)
    assert fair.low < 1 / 3 < fair.high and not fair.is_above_chance and fair.looks == ()


@pytest.mark.parametrize(
    ("change", "look"),
    [
        (lambda text: f"- {text}", "list marks"),
        (lambda text: text.replace(" ", "\n", 2), "number of lines"),
        pytest.param(lambda text: text.upper(), "capital letters", marks=pytest.mark.slow),
        pytest.param(lambda text: f"{text} {text} {text}", "length", marks=pytest.mark.slow),
        pytest.param(lambda text: text.replace(" ", " 12 ", 2), "digits", marks=pytest.mark.slow),
    ],
)
def test_it_says_what_gives_a_source_away(change, look):
    triples = [[change(first), *others] for first, *others in balanced(60, seed=2)]
    guess = guess_sources(triples)
    assert guess and guess.is_above_chance and any(look in found for found in guess.looks)


def test_words_alone_tell_it_nothing():
    """Each source has its own letters, in words of the same lengths: a reader could tell them, looks can not."""
    tables = [str.maketrans("abcdefghij", letters) for letters in ("abcdefghij", "klmnopqrst", "bcdefghijk")]
    triples = [
        [text.translate(table) for text, table in zip(texts, tables, strict=True)]
        for texts in balanced(100, seed=3)
    ]
    guess = guess_sources([[text.lower() for text in texts] for texts in triples])
    assert guess and not guess.is_above_chance


def test_a_question_is_never_in_train_and_test():
    """Texts that are alike within a question and differ between questions are no give-away, however many there are."""
    random = Random(4)
    triples = [[f"{sentence(random)}{'!' * (number % 7)}."] * 3 for number in range(120)]
    guess = guess_sources(triples)
    assert guess and not guess.is_above_chance


def test_the_same_twice_and_too_few_is_none():
    triples = planted(40, seed=5)
    assert guess_sources(triples, seed=9) == guess_sources(triples, seed=9)
    assert guess_sources(triples[:14]) is None and guess_sources([]) is None
    assert guess_sources([["", "a", "b"]] * 100) is None


def test_a_large_study_costs_no_more_than_its_sample():
    """A million triples of which no more than the sample is ever read."""

    class Triples(list):
        def __getitem__(self, key):
            assert isinstance(key, slice) and key.stop == MOST_TRIPLES
            return super().__getitem__(slice(0, 20))

    guess = guess_sources(Triples(planted(30, seed=6)))
    assert guess and guess.triples == 20


@pytest.mark.slow
@pytest.mark.parametrize("triples", [20, 50, 200])
def test_false_alarms_are_as_rare_as_the_interval_promises(triples):
    """One-sided 2.5 %, of 200 balanced studies: more than 14 alarms have a chance of 0.1 %."""
    guesses = [guess_sources(balanced(triples, seed=seed), seed=seed) for seed in range(200)]
    alarms = sum(guess.is_above_chance for guess in guesses if guess)
    assert alarms <= 14, alarms


@pytest.fixture
def marked_dataset(db) -> None:
    make_dataset(questions=30)
    for rationale in Rationale.objects.filter(source__label="beta"):
        rationale.normalised += "!!"
        rationale.save()


def test_a_study_keeps_its_guess_and_its_lint_warns(marked_dataset):
    study = create_study(StudyDesign("trial", "sums", SOURCES, questions=30), actor=COMMAND)
    assert study.guess and study.guess["accuracy"] > 0.9 and study.guess["triples"] == 30
    [finding] = [finding for finding in lint_study(study) if finding.rule == "looks"]
    assert (finding.triple, finding.blocks) == (0, False) and "chance 33%" in finding.message
    assert not any(label in finding.message for label in SOURCES)


def test_the_command_answers_with_the_guess(marked_dataset, capsys):
    call_command("create_study", "trial", dataset="sums", sources=SOURCES, questions=30, as_json=True)
    assert '"rule": "looks", "triple": 0' in capsys.readouterr().out
    Study.objects.update(guess=None)
    assert any(finding.rule == "looks" for finding in lint_study(Study.objects.get()))


def test_the_lint_page_shows_it(marked_dataset, engineer, client):
    create_study(StudyDesign("trial", "sums", SOURCES, questions=30), actor=COMMAND)
    client.force_login(engineer)
    for address in ("/studies/trial/", "/studies/trial/lint/"):
        page = client.get(address).content.decode()
        assert (
            "Can looks alone tell the sources?" in page
            and "Above chance" in page
            and "The whole study" in page
        )
