"""Pages, day after day."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="pages-left",
        theme=Theme.READING,
        story=("{a} has a book of {p} pages.", "{a} reads {n} pages a day for {m} days."),
        question="How many pages are still to be read?",
        rules=(
            Rule("read", "n", "*", "m", "In these days {a} reads {it} pages."),
            Rule("left", "p", "-", "read", "That leaves {it} pages."),
        ),
        claim="{it} pages are still to be read",
        ranges={"p": (30, 99), "n": (3, 11), "m": (2, 8)},
    ),
    Template(
        name="days-to-finish",
        theme=Theme.READING,
        story=("A story has {p} pages, and {a} has read {k} of them.", "{a} reads {n} pages each evening."),
        question="How many evenings does {a} need for the rest?",
        rules=(
            Rule("rest", "p", "-", "k", "The rest has {it} pages."),
            Rule("evenings", "rest", "/", "n", "For them {a} needs {it} evenings."),
        ),
        claim="{a} needs {it} evenings",
        ranges={"p": (30, 99), "k": (5, 50), "n": (2, 9)},
    ),
    Template(
        name="two-readers",
        theme=Theme.READING,
        story=(
            "{a} reads {n} pages a day, and {b} reads {k} pages a day more than {a}.",
            "They read for {m} days.",
        ),
        question="How many pages does {b} read?",
        rules=(
            Rule("daily", "n", "+", "k", "{b} reads {it} pages a day."),
            Rule("all", "daily", "*", "m", "In all {b} reads {it} pages."),
        ),
        claim="{b} reads {it} pages",
        ranges={"n": (3, 12), "k": (2, 9), "m": (2, 7)},
    ),
    Template(
        name="week-and-sunday",
        theme=Theme.READING,
        story=(
            "{a} writes {n} pages on each of {m} days.",
            "On Sunday {a} writes {k} pages and throws {r} pages away.",
        ),
        question="How many pages does {a} have in the end?",
        rules=(
            Rule("days", "n", "*", "m", "On those days {a} writes {it} pages."),
            Rule("more", "days", "+", "k", "With Sunday there are {it} pages."),
            Rule("end", "more", "-", "r", "In the end {a} has {it} pages."),
        ),
        claim="{a} has {it} pages in the end",
        ranges={"n": (3, 9), "m": (3, 6), "k": (4, 20), "r": (2, 12)},
    ),
)
