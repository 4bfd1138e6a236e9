"""What grows, and what is baked of it."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="rows-of-trees",
        theme=Theme.GARDEN,
        story=("In the garden of {a} stand {n} rows of {m} trees.", "A storm fells {k} trees."),
        question="How many trees still stand?",
        rules=(
            Rule("trees", "n", "*", "m", "There were {it} trees."),
            Rule("stand", "trees", "-", "k", "After the storm {it} trees still stand."),
        ),
        claim="{it} trees still stand",
        ranges={"n": (3, 9), "m": (4, 11), "k": (2, 30)},
    ),
    Template(
        name="harvest-into-boxes",
        theme=Theme.GARDEN,
        story=(
            "{a} picks {n} plums and {b} picks {k} plums.",
            "They put {m} plums into each bag.",
        ),
        question="How many bags do they fill?",
        rules=(
            Rule("plums", "n", "+", "k", "They have {it} plums."),
            Rule("bags", "plums", "/", "m", "They fill {it} bags."),
        ),
        claim="they fill {it} bags",
        ranges={"n": (5, 45), "k": (5, 45), "m": (2, 9)},
    ),
    Template(
        name="eggs-for-cakes",
        theme=Theme.GARDEN,
        story=("{a} bakes {n} cakes.", "Each cake needs {m} nuts, and {a} has {k} nuts."),
        question="How many nuts are missing?",
        rules=(
            Rule("needed", "n", "*", "m", "The cakes need {it} nuts."),
            Rule("missing", "needed", "-", "k", "So {it} nuts are missing."),
        ),
        claim="{it} nuts are missing",
        ranges={"n": (3, 9), "m": (3, 11), "k": (2, 40)},
    ),
    Template(
        name="trees-and-baskets",
        theme=Theme.GARDEN,
        story=(
            "{n} trees bear {m} pears each.",
            "{a} eats {k} of the pears.",
            "The others go into {r} bowls, the same number into each.",
        ),
        question="How many pears are in a bowl?",
        rules=(
            Rule("pears", "n", "*", "m", "The trees bear {it} pears."),
            Rule("others", "pears", "-", "k", "After the meal {it} pears are left."),
            Rule("each", "others", "/", "r", "In a bowl there are {it} pears."),
        ),
        claim="there are {it} pears in a bowl",
        ranges={"n": (3, 9), "m": (3, 10), "k": (2, 9), "r": (2, 6)},
    ),
    Template(
        name="hens",
        theme=Theme.GARDEN,
        story=(
            "{n} hens lay {m} eggs each.",
            "{a} finds {k} more eggs in the barn, and {r} of all the eggs break.",
        ),
        question="How many whole eggs are there?",
        rules=(
            Rule("laid", "n", "*", "m", "The hens lay {it} eggs."),
            Rule("all", "laid", "+", "k", "With those in the barn there are {it} eggs."),
            Rule("whole", "all", "-", "r", "So {it} eggs are whole."),
        ),
        claim="there are {it} whole eggs",
        ranges={"n": (3, 9), "m": (2, 8), "k": (3, 25), "r": (2, 15)},
    ),
)
