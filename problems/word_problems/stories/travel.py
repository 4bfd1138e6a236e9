"""Buses, trains and long roads."""

from problems.word_problems.types import Rule, Template, Theme

TEMPLATES = (
    Template(
        name="bus-stop",
        theme=Theme.TRAVEL,
        story=("A bus leaves with {n} people.", "At the school {k} people get on and {m} people get off."),
        question="How many people are on the bus now?",
        rules=(
            Rule("on", "n", "+", "k", "When they have got on there are {it} people."),
            Rule("now", "on", "-", "m", "Now there are {it} people on the bus."),
        ),
        claim="there are {it} people on the bus now",
        ranges={"n": (5, 50), "k": (2, 30), "m": (2, 40)},
    ),
    Template(
        name="empty-seats",
        theme=Theme.TRAVEL,
        story=("A train has {n} wagons with {m} seats each.", "{k} seats are empty."),
        question="How many seats are taken?",
        rules=(
            Rule("seats", "n", "*", "m", "The train has {it} seats."),
            Rule("taken", "seats", "-", "k", "Of these {it} seats are taken."),
        ),
        claim="{it} seats are taken",
        ranges={"n": (3, 9), "m": (4, 12), "k": (2, 40)},
    ),
    Template(
        name="road-trip",
        theme=Theme.TRAVEL,
        story=("{a} rides {n} miles on each of {m} days.", "On the last day {a} rides {k} miles more."),
        question="How long is the whole trip in miles?",
        rules=(
            Rule("days", "n", "*", "m", "In these days {a} rides {it} miles."),
            Rule("all", "days", "+", "k", "The whole trip has {it} miles."),
        ),
        claim="the whole trip has {it} miles",
        ranges={"n": (4, 14), "m": (2, 6), "k": (3, 30)},
    ),
    Template(
        name="half-way",
        theme=Theme.TRAVEL,
        story=("The town is {p} miles away, and {a} has walked {k} miles.", "{a} walks {n} miles an hour."),
        question="How many hours does {a} still walk?",
        rules=(
            Rule("rest", "p", "-", "k", "There are {it} miles left."),
            Rule("hours", "rest", "/", "n", "For them {a} walks {it} hours."),
        ),
        claim="{a} still walks {it} hours",
        ranges={"p": (12, 60), "k": (3, 30), "n": (2, 6)},
    ),
    Template(
        name="two-stops",
        theme=Theme.TRAVEL,
        story=(
            "A boat leaves with {n} people.",
            "At the island {k} people get off.",
            "At the harbour {m} people get on and {r} people get off.",
        ),
        question="How many people are on the boat in the end?",
        rules=(
            Rule("island", "n", "-", "k", "After the island there are {it} people."),
            Rule("harbour", "island", "+", "m", "At the harbour that makes {it} people."),
            Rule("end", "harbour", "-", "r", "In the end there are {it} people."),
        ),
        claim="there are {it} people on the boat in the end",
        ranges={"n": (20, 80), "k": (2, 30), "m": (2, 30), "r": (2, 30)},
    ),
)
