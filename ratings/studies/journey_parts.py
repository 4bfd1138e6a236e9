"""The parts of a journey: practice, comprehension check, debrief, completion. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CARDS = 3
MAX_ITEMS = 20
MAX_QUESTIONS = 20
MAX_CHOICES = 8
MAX_TEXT = 5_000
MAX_LINE = 500

#: How a rater's part in the study can end, for the panel that sent the rater. The last two are those of raters who
#: judged nothing: nothing was left that they could get, or that they had not skipped; the study closed before.
COMPLETED, SCREENED_OUT, NO_CONSENT, FAILED_CHECK = "completed", "screened_out", "no_consent", "failed_check"
NOTHING_RATED, STUDY_CLOSED = "nothing_rated", "study_closed"
COMPLETION_OUTCOMES = (COMPLETED, SCREENED_OUT, NO_CONSENT, FAILED_CHECK, NOTHING_RATED, STUDY_CLOSED)
#: Stands for the code in a completion URL.
CODE_PLACE = "CODE"


@dataclass(frozen=True, slots=True)
class PracticeItem:
    """One triple to learn on, written by the researcher or taken from a question of the study's dataset.

    source_question: external id of a question that the study itself does not ask; its rationales are the study's
    sources'. Else question, answer, choices ((label, text) pairs) and three rationales are given here.
    ranking: how a careful rater ranks them, as indices of rationales, best first, ties together; empty: not said.
    notes: what is to be noticed about each rationale; empty or three texts. feedback: Markdown, for the whole.
    """

    feedback: str
    source_question: str = ""
    question: str = ""
    answer: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    rationales: tuple[str, ...] = ()
    ranking: tuple[tuple[int, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Practice:
    """count: how many of the items each rater gets, drawn by the rater's own lot, in the order written here."""

    items: tuple[PracticeItem, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class ComprehensionQuestion:
    """right: index of the right choice. explanation: Markdown, shown after a wrong answer."""

    question: str
    choices: tuple[str, ...]
    right: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Comprehension:
    """All questions must be answered rightly; `tries` counts the answers to the whole check."""

    questions: tuple[ComprehensionQuestion, ...] = ()
    tries: int = 2


@dataclass(frozen=True, slots=True)
class DebriefQuestion:
    """Without choices the answer is text."""

    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Debrief:
    """guess: whether raters say which of the cards of their last `guess_triples` triples a person wrote.

    human: labels of the study's sources that are people; empty: the one labelled `human`, if there is one.
    """

    questions: tuple[DebriefQuestion, ...] = ()
    guess: bool = False
    guess_triples: int = 3
    human: tuple[str, ...] = ()
    comment: bool = False

    @property
    def is_asked(self) -> bool:
        return bool(self.questions) or self.guess or self.comment


@dataclass(frozen=True, slots=True)
class Completion:
    """codes: {outcome: code}. url: with CODE where the code goes; empty: the code is only shown."""

    codes: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def code(self, outcome: str) -> str:
        """Empty where the study has no code for it."""
        return self.codes.get(outcome, "")

    def address(self, outcome: str) -> str:
        """Where the panel takes the rater back; empty without a code or a URL."""
        code = self.code(outcome)
        return self.url.replace(CODE_PLACE, code) if code and self.url else ""
