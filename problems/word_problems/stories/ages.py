"""How old people are."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="older-in-years",
        theme=Theme.AGES,
        story=("{a} is {n} years old.", "{b} is {k} years older than {a}."),
        question="How old will {b} be in {m} years?",
        rules=(
            Rule("today", "n", "+", "k", "Today {b} is {it} years old."),
            Rule("then", "today", "+", "m", "Then {b} will be {it} years old."),
        ),
        claim="{b} will be {it} years old then",
        ranges={"n": (4, 40), "k": (2, 25), "m": (2, 25)},
    ),
    Template(
        name="times-as-old",
        theme=Theme.AGES,
        story=("{a} is {n} years old.", "{b} is {m} times as old as {a}."),
        question="How old are they together?",
        rules=(
            Rule("theirs", "m", "*", "n", "{b} is {it} years old."),
            Rule("both", "n", "+", "theirs", "Together they are {it} years old."),
        ),
        claim="they are {it} years old together",
        ranges={"n": (3, 15), "m": (2, 6)},
    ),
    Template(
        name="younger-and-times",
        theme=Theme.AGES,
        story=(
            "{a} is {n} years old.",
            "{b} is {k} years younger than {a}.",
            "{c} is {m} times as old as {b}.",
        ),
        question="How old is {c}?",
        rules=(
            Rule("second", "n", "-", "k", "{b} is {it} years old."),
            Rule("third", "m", "*", "second", "So {c} is {it} years old."),
        ),
        claim="{c} is {it} years old",
        ranges={"n": (6, 30), "k": (2, 20), "m": (2, 8)},
    ),
    Template(
        name="sum-of-ages-later",
        theme=Theme.AGES,
        story=("{a} is {n} years old.", "{b} is {m} years old."),
        question="How old will the two be together in {k} years?",
        rules=(
            Rule("one", "n", "+", "k", "Then {a} will be {it} years old."),
            Rule("other", "m", "+", "k", "Then {b} will be {it} years old."),
            Rule("both", "one", "+", "other", "Together they will be {it} years old."),
        ),
        claim="they will be {it} years old together",
        ranges={"n": (3, 35), "m": (3, 35), "k": (2, 12)},
    ),
)
