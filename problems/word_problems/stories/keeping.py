"""What people have, give, find and lose."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="boxes-then-gift",
        theme=Theme.KEEPING,
        story=("{a} has {n} {boxes} with {m} {things} in each.", "{a} gives {k} {things} to {b}."),
        question="How many {things} does {a} have now?",
        rules=(
            Rule("first", "n", "*", "m", "At first {a} has {it} {things}."),
            Rule("now", "first", "-", "k", "After the gift {a} has {it} {things}."),
        ),
        claim="{a} has {it} {things} now",
        ranges={"n": (3, 9), "m": (3, 11), "k": (2, 40)},
    ),
    Template(
        name="times-as-many",
        theme=Theme.KEEPING,
        story=("{a} has {n} {things}.", "{b} has {m} times as many {things} as {a}."),
        question="How many {things} do they have together?",
        rules=(
            Rule("theirs", "m", "*", "n", "{b} has {it} {things}."),
            Rule("both", "n", "+", "theirs", "Together they have {it} {things}."),
        ),
        claim="they have {it} {things} together",
        ranges={"n": (3, 16), "m": (2, 8)},
    ),
    Template(
        name="more-than",
        theme=Theme.KEEPING,
        story=("{a} has {n} {things}.", "{b} has {k} more {things} than {a}."),
        question="How many {things} do they have in all?",
        rules=(
            Rule("theirs", "n", "+", "k", "{b} has {it} {things}."),
            Rule("both", "n", "+", "theirs", "In all they have {it} {things}."),
        ),
        claim="they have {it} {things} in all",
        ranges={"n": (3, 30), "k": (2, 30)},
    ),
    Template(
        name="find-and-lose",
        theme=Theme.KEEPING,
        story=("{a} has {n} {things}.", "{a} finds {k} {things} more.", "Then {a} loses {m} {things}."),
        question="How many {things} are left?",
        rules=(
            Rule("more", "n", "+", "k", "With those that were found there are {it} {things}."),
            Rule("left", "more", "-", "m", "After the loss {it} {things} are left."),
        ),
        claim="{it} {things} are left",
        ranges={"n": (5, 50), "k": (2, 40), "m": (2, 40)},
    ),
    Template(
        name="from-each-friend",
        theme=Theme.KEEPING,
        story=("{a} has {n} {things}.", "{k} friends give {a} {m} {things} each."),
        question="How many {things} does {a} have then?",
        rules=(
            Rule("gifts", "k", "*", "m", "The friends give {it} {things}."),
            Rule("then", "n", "+", "gifts", "Then {a} has {it} {things}."),
        ),
        claim="{a} has {it} {things} then",
        ranges={"n": (3, 40), "k": (3, 8), "m": (2, 7)},
    ),
    Template(
        name="put-together-and-share",
        theme=Theme.KEEPING,
        story=(
            "{a} has {n} {things}.",
            "{b} has {k} fewer {things} than {a}.",
            "They put all {things} into {m} {boxes}, the same number into each.",
        ),
        question="How many {things} are in each of the {boxes}?",
        rules=(
            Rule("theirs", "n", "-", "k", "{b} has {it} {things}."),
            Rule("both", "n", "+", "theirs", "Together they have {it} {things}."),
            Rule("each", "both", "/", "m", "Each of the {boxes} holds {it} {things}."),
        ),
        claim="each of the {boxes} holds {it} {things}",
        ranges={"n": (10, 50), "k": (2, 30), "m": (2, 9)},
    ),
    Template(
        name="both-have-boxes",
        theme=Theme.KEEPING,
        story=(
            "{a} has {n} {boxes} with {m} {things} in each.",
            "{b} has {k} {boxes} with {p} {things} in each.",
            "They lose {r} {things}.",
        ),
        question="How many {things} do they still have together?",
        rules=(
            Rule("mine", "n", "*", "m", "At first {a} has {it} {things}."),
            Rule("theirs", "k", "*", "p", "At first {b} has {it} {things}."),
            Rule("both", "mine", "+", "theirs", "Together that makes {it} {things}."),
            Rule("left", "both", "-", "r", "After the loss they have {it} {things}."),
        ),
        claim="they still have {it} {things} together",
        ranges={"n": (2, 7), "m": (3, 7), "k": (2, 7), "p": (3, 7), "r": (2, 20)},
    ),
)
