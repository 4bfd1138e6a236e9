"""What is bought and sold, in whole dollars."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="several-and-one",
        theme=Theme.SHOPPING,
        story=("{a} buys {n} {things} for {p} dollars each.", "{a} also buys a lamp for {q} dollars."),
        question="How many dollars does {a} pay?",
        rules=(
            Rule("many", "n", "*", "p", "The {things} cost {it} dollars."),
            Rule("all", "many", "+", "q", "With the lamp {a} pays {it} dollars."),
        ),
        claim="{a} pays {it} dollars",
        ranges={"n": (3, 9), "p": (2, 8), "q": (5, 40)},
    ),
    Template(
        name="change",
        theme=Theme.SHOPPING,
        story=("A {thing} costs {p} dollars.", "{a} buys {n} {things} and pays with {q} dollars."),
        question="How many dollars does {a} get back?",
        rules=(
            Rule("price", "p", "*", "n", "The {things} cost {it} dollars."),
            Rule("change", "q", "-", "price", "{a} gets back {it} dollars."),
        ),
        claim="{a} gets back {it} dollars",
        ranges={"n": (3, 9), "p": (2, 9), "q": (20, 99)},
    ),
    Template(
        name="two-kinds",
        theme=Theme.SHOPPING,
        story=(
            "{a} sells {n} {things} for {p} dollars each.",
            "{b} sells {m} {others} for {q} dollars each.",
        ),
        question="How many dollars do they earn together?",
        rules=(
            Rule("one", "n", "*", "p", "{a} earns {it} dollars."),
            Rule("other", "m", "*", "q", "{b} earns {it} dollars."),
            Rule("both", "one", "+", "other", "Together they earn {it} dollars."),
        ),
        claim="they earn {it} dollars together",
        ranges={"n": (3, 9), "p": (2, 6), "m": (3, 9), "q": (2, 6)},
    ),
    Template(
        name="cheaper-today",
        theme=Theme.SHOPPING,
        story=(
            "A {thing} costs {p} dollars, but today it is {d} dollars cheaper.",
            "{a} buys {n} {things} today.",
        ),
        question="How many dollars does {a} pay?",
        rules=(
            Rule("price", "p", "-", "d", "Today a {thing} costs {it} dollars."),
            Rule("all", "n", "*", "price", "So {a} pays {it} dollars."),
        ),
        claim="{a} pays {it} dollars",
        ranges={"n": (3, 9), "p": (5, 18), "d": (2, 9)},
    ),
    Template(
        name="sold-and-spent",
        theme=Theme.SHOPPING,
        story=(
            "{a} sells {n} {boxes} of {things} at {p} dollars each.",
            "{a} then spends {q} dollars on food and {r} dollars on the bus.",
        ),
        question="How many dollars does {a} bring home?",
        rules=(
            Rule("earned", "n", "*", "p", "{a} earns {it} dollars."),
            Rule("spent", "q", "+", "r", "{a} spends {it} dollars."),
            Rule("home", "earned", "-", "spent", "So {a} brings home {it} dollars."),
        ),
        claim="{a} brings home {it} dollars",
        ranges={"n": (4, 9), "p": (5, 11), "q": (3, 20), "r": (2, 9)},
    ),
    Template(
        name="two-kinds-and-change",
        theme=Theme.SHOPPING,
        story=(
            "{a} buys {n} {things} for {p} dollars each and {m} {others} for {q} dollars each.",
            "{a} pays with {r} dollars.",
        ),
        question="How many dollars does {a} get back?",
        rules=(
            Rule("one", "n", "*", "p", "The {things} cost {it} dollars."),
            Rule("other", "m", "*", "q", "The {others} cost {it} dollars."),
            Rule("all", "one", "+", "other", "Together they cost {it} dollars."),
            Rule("change", "r", "-", "all", "So {a} gets back {it} dollars."),
        ),
        claim="{a} gets back {it} dollars",
        ranges={"n": (2, 8), "p": (2, 6), "m": (2, 8), "q": (2, 6), "r": (30, 99)},
    ),
)
