"""Word problems: what every template keeps to, and the three styles."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.grading import grade
from problems.normalise import leftovers, normalise
from problems.steps import split_steps
from problems.types import Family, Verdict
from problems.word_problems import TEMPLATES, Style, Template, WordProblem, make_problem, style_of

SEEDS = st.integers(0, 2**32)
EACH = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)

_MARK = re.compile(r"<<([0-9]+)([-+*/])([0-9]+)=([0-9]+)>>")


def several(template: Template, count: int = 20) -> list[WordProblem]:
    rng = random.Random(template.name)
    return [make_problem(rng, template) for _ in range(count)]


def texts(problem: WordProblem) -> tuple[str, str, str]:
    return problem.explicit, problem.terse, problem.circular


def test_there_are_a_few_dozen_templates_with_two_to_four_steps() -> None:
    lengths = Counter(len(template.rules) for template in TEMPLATES)
    assert len(TEMPLATES) == len({template.name for template in TEMPLATES}) == 41
    assert lengths == {2: 28, 3: 11, 4: 2}


@EACH
def test_every_number_of_the_story_is_used_and_the_others_are_distractors(template: Template) -> None:
    for problem in several(template):
        numbers = Counter(int(number) for number in re.findall(r"[0-9]+", problem.question))
        told = numbers - Counter(problem.distractors)
        operands = {number for step in problem.gold_steps for number in (step.left, step.right)}
        assert told.total() == len(told) == len(template.ranges)
        assert told.keys() <= operands
        # "each of the two" is a number that stands in the question as a word.
        results = {step.result for step in problem.gold_steps}
        assert operands <= told.keys() | results | {2}


@EACH
def test_each_step_is_right_and_uses_what_is_known_by_then(template: Template) -> None:
    for problem in several(template):
        for step in problem.gold_steps:
            exact = {"+": step.left + step.right, "-": step.left - step.right, "*": step.left * step.right}
            if step.operator == "/":
                assert step.result * step.right == step.left
            else:
                assert step.result == exact[step.operator]
            assert 2 <= step.result <= 99
        assert problem.answer == problem.gold_steps[-1].result


@EACH
def test_sentences_are_whole_and_no_one_thing_is_called_several(template: Template) -> None:
    for problem in several(template):
        for text in (problem.question, *texts(problem)):
            assert not re.search(r"[{}]|  | [.,?]|\b1 ", text)
        sentences = re.split(r"(?<=[.?]) ", problem.question)
        assert all(re.fullmatch(r"[A-Z0-9][^.?]*[.?]", sentence) for sentence in sentences)
        assert problem.question.endswith("?") and problem.question.count("?") == 1
        claimed = problem.circular.partition("\n")[0]
        assert str(problem.answer) in claimed and claimed[0] == claimed[0].upper()


@EACH
def test_the_styles_argue_for_the_same_answer_and_look_different(template: Template) -> None:
    for problem in several(template):
        for text, style in zip(texts(problem), (Style.EXPLICIT, Style.TERSE, Style.CIRCULAR), strict=True):
            verdict = grade(Family.WORD_PROBLEM, text, gold=str(problem.answer))
            assert (verdict.verdict, verdict.answer) == (Verdict.CORRECT, str(problem.answer))
            assert style_of(text) is style
            shown = normalise(text, Family.WORD_PROBLEM)
            assert style_of(shown) is style and "<<" not in shown and "####" not in shown
            assert leftovers(shown) == []
        for text in (problem.explicit, problem.terse):
            marks = [(int(a), o, int(b), int(c)) for a, o, b, c in _MARK.findall(text)]
            assert marks == [
                (step.left, step.operator, step.right, step.result) for step in problem.gold_steps
            ]
            assert len(split_steps(normalise(text, Family.WORD_PROBLEM))) == len(problem.gold_steps)
        assert not _MARK.search(problem.circular)


def test_an_explicit_rationale_by_hand() -> None:
    template = next(template for template in TEMPLATES if template.name == "boxes-then-gift")
    problem = make_problem(random.Random(4), template)
    n, m, k = (next(step for step in problem.gold_steps if step.operator == "*").left, *_rest(problem))
    first, answer = n * m, n * m - k
    name = problem.explicit.split()[2]
    things = problem.explicit.splitlines()[0].rsplit(" ", 1)[1].rstrip(".")
    assert problem.explicit == (
        f"At first {name} has {n} * {m} = <<{n}*{m}={first}>>{first} {things}.\n"
        f"After the gift {name} has {first} - {k} = <<{first}-{k}={answer}>>{answer} {things}.\n"
        f"#### {answer}"
    )
    assert problem.terse == (
        f"{n} * {m} = <<{n}*{m}={first}>>{first}\n{first} - {k} = <<{first}-{k}={answer}>>{answer}\n#### {answer}"
    )
    assert f"has {n} " in problem.question and f"gives {k} {things}" in problem.question


def _rest(problem: WordProblem) -> tuple[int, int]:
    return problem.gold_steps[0].right, problem.gold_steps[1].right


@settings(deadline=None, max_examples=50)
@given(SEEDS)
def test_the_same_seed_makes_the_same_problem(seed: int) -> None:
    assert make_problem(random.Random(seed)) == make_problem(random.Random(seed))


def test_problems_differ_and_every_template_comes_up() -> None:
    rng = random.Random(0)
    problems = [make_problem(rng) for _ in range(3000)]
    assert len({problem.question for problem in problems}) == 3000
    assert {problem.template.name for problem in problems} == {template.name for template in TEMPLATES}
    distractors = Counter(len(problem.distractors) for problem in problems)
    assert distractors[1] > distractors[0] > 0 and distractors[2] > 0


def test_a_template_whose_ranges_allow_no_numbers_says_so() -> None:
    template = TEMPLATES[0]
    impossible = Template(
        **{
            name: getattr(template, name) for name in ("name", "theme", "story", "question", "rules", "claim")
        },
        ranges={"n": (30, 40), "m": (30, 40), "k": (2, 3)},
    )
    with pytest.raises(ValueError, match="'boxes-then-gift': its ranges allow no numbers"):
        make_problem(random.Random(0), impossible)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("The bags hold 3 * 4 = 12 eggs.\nSo 12 - 2 = 10 eggs are left.", Style.EXPLICIT),
        ("3 * 4 = 12\n12 - 2 = 10", Style.TERSE),
        ("3 × 4 = 12", Style.TERSE),
        ("10 eggs are left, because 10 is what it comes to.", Style.CIRCULAR),
        ("The bags hold 3 * 4 = 12 eggs.\n12 - 2 = 10", Style.OTHER),
        ("#### 10", Style.OTHER),
        ("", Style.OTHER),
    ],
)
def test_the_style_is_what_a_text_looks_like(text: str, style: Style) -> None:
    assert style_of(text) is style
    assert style_of(f"{text}\n#### 10") is style
