"""Classes, teams and games."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="classes",
        theme=Theme.SCHOOL,
        story=("A school has {n} classes with {m} children each.", "Today {k} children are at home."),
        question="How many children are at school today?",
        rules=(
            Rule("children", "n", "*", "m", "The school has {it} children."),
            Rule("today", "children", "-", "k", "Today {it} children are at school."),
        ),
        claim="{it} children are at school today",
        ranges={"n": (3, 7), "m": (6, 14), "k": (2, 40)},
    ),
    Template(
        name="teams",
        theme=Theme.SCHOOL,
        story=("{n} girls and {k} boys come to play.", "The teacher makes teams of {m} children."),
        question="How many teams are there?",
        rules=(
            Rule("children", "n", "+", "k", "There are {it} children."),
            Rule("teams", "children", "/", "m", "They make {it} teams."),
        ),
        claim="there are {it} teams",
        ranges={"n": (5, 40), "k": (5, 40), "m": (2, 9)},
    ),
    Template(
        name="two-games",
        theme=Theme.SCHOOL,
        story=("{a} scores {n} points in a game.", "{b} scores {k} points fewer than {a}."),
        question="How many points do they score together?",
        rules=(
            Rule("theirs", "n", "-", "k", "{b} scores {it} points."),
            Rule("both", "n", "+", "theirs", "Together they score {it} points."),
        ),
        claim="they score {it} points together",
        ranges={"n": (8, 55), "k": (2, 40)},
    ),
    Template(
        name="prizes",
        theme=Theme.SCHOOL,
        story=("The teacher has {p} {things}.", "Each of {n} children gets {m} {things}."),
        question="How many {things} does the teacher keep?",
        rules=(
            Rule("given", "n", "*", "m", "The children get {it} {things}."),
            Rule("kept", "p", "-", "given", "The teacher keeps {it} {things}."),
        ),
        claim="the teacher keeps {it} {things}",
        ranges={"p": (20, 99), "n": (3, 9), "m": (2, 9)},
    ),
    Template(
        name="tables-and-chairs",
        theme=Theme.SCHOOL,
        story=(
            "In the hall stand {n} tables with {m} chairs each and {k} chairs along the wall.",
            "{r} chairs are broken.",
        ),
        question="How many chairs can be used?",
        rules=(
            Rule("tables", "n", "*", "m", "At the tables stand {it} chairs."),
            Rule("all", "tables", "+", "k", "With the wall there are {it} chairs."),
            Rule("whole", "all", "-", "r", "So {it} chairs can be used."),
        ),
        claim="{it} chairs can be used",
        ranges={"n": (3, 9), "m": (3, 8), "k": (3, 25), "r": (2, 15)},
    ),
)
