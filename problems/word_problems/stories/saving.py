"""Money that is saved, week after week."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="save-and-spend",
        theme=Theme.SAVING,
        story=("{a} saves {n} dollars a week for {m} weeks.", "Then {a} spends {k} dollars."),
        question="How many dollars does {a} have left?",
        rules=(
            Rule("saved", "n", "*", "m", "In these weeks {a} saves {it} dollars."),
            Rule("left", "saved", "-", "k", "Then {a} has {it} dollars left."),
        ),
        claim="{a} has {it} dollars left",
        ranges={"n": (3, 11), "m": (3, 9), "k": (2, 40)},
    ),
    Template(
        name="dream",
        theme=Theme.SAVING,
        story=("A drum costs {p} dollars.", "{a} has saved {n} dollars in each of {m} months."),
        question="How many dollars does {a} still need for the drum?",
        rules=(
            Rule("saved", "n", "*", "m", "So far {a} has saved {it} dollars."),
            Rule("needed", "p", "-", "saved", "For the drum {a} still needs {it} dollars."),
        ),
        claim="{a} still needs {it} dollars",
        ranges={"p": (30, 99), "n": (3, 11), "m": (2, 8)},
    ),
    Template(
        name="start-and-weeks",
        theme=Theme.SAVING,
        story=(
            "There are {n} dollars in the piggy bank of {a}.",
            "{a} puts in {m} dollars a week for {k} weeks.",
        ),
        question="How many dollars are in the piggy bank then?",
        rules=(
            Rule("added", "m", "*", "k", "In these weeks {a} puts in {it} dollars."),
            Rule("then", "n", "+", "added", "Then there are {it} dollars."),
        ),
        claim="there are {it} dollars in the piggy bank then",
        ranges={"n": (3, 40), "m": (2, 9), "k": (2, 8)},
    ),
    Template(
        name="gift-for-mother",
        theme=Theme.SAVING,
        story=(
            "{a} has {n} dollars, and {b} has {k} dollars.",
            "They pay {p} dollars for a gift and share the rest.",
        ),
        question="How many dollars does each of the two get if both get the same?",
        rules=(
            Rule("both", "n", "+", "k", "Together they have {it} dollars."),
            Rule("rest", "both", "-", "p", "After the gift {it} dollars are left."),
            Rule("each", "rest", "/", "2", "Each of the two gets {it} dollars."),
        ),
        claim="each of the two gets {it} dollars",
        ranges={"n": (5, 45), "k": (5, 45), "p": (5, 40)},
    ),
    Template(
        name="work-and-rent",
        theme=Theme.SAVING,
        story=(
            "{a} works {n} hours on Monday and {m} hours on Friday.",
            "An hour brings {p} dollars, and {a} pays {k} dollars for the train.",
        ),
        question="How many dollars does {a} keep?",
        rules=(
            Rule("hours", "n", "+", "m", "{a} works {it} hours."),
            Rule("earned", "hours", "*", "p", "That brings {it} dollars."),
            Rule("kept", "earned", "-", "k", "After the train {a} keeps {it} dollars."),
        ),
        claim="{a} keeps {it} dollars",
        ranges={"n": (2, 8), "m": (2, 8), "p": (3, 9), "k": (2, 20)},
    ),
)
