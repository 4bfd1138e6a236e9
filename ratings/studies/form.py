"""What one act of rating asks for: the kind of ranking, and what may be said beside it. Pure.

A study stores its form as JSON; an empty object is a full ranking that asks for nothing else. The form of CONTRACT.md's
assignment is `RatingForm.as_json`. A study may name reasons of its own beside the known ones:

    {"reasons": ["wrong_step"], "own_reasons": [{"code": "off_topic", "label": "Leaves the topic"}]}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from problems.text import not_usable

RANKING, BEST, BEST_WORST, PAIRWISE = "ranking", "best", "best_worst", "pairwise"

KINDS = {
    RANKING: "Full ranking",
    BEST: "Best only",
    BEST_WORST: "Best and worst",
    PAIRWISE: "Pairwise: two of the three at a time",
}

#: Why a rationale is bad: the STaR paper's taxonomy of errors (appendix A), and what raters say beyond it.
REASONS = {
    "question_implies_answer": "Only repeats what the question implies",
    "begs_the_question": "Assumes what it should show",
    "no_justification": "Gives no justification",
    "world_state": "Claims a fact about the case that nobody gave",
    "red_herring": "Brings up something beside the point",
    "hint_shortcut": "Works backwards from the answer",
    "wrong_step": "A step is wrong",
    "missing_step": "A step is missing",
    "hard_to_follow": "Hard to follow",
}

#: A code, not prose: prose goes into the comment.
REASON_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
MAX_OWN_REASONS = 10
#: Of what raters read on a chip.
MAX_LABEL = 80

#: What a rater may doubt about the question itself, in the same act as the rating.
DOUBTS = {
    "answer_wrong": "The given answer is wrong",
    "question_unclear": "The question makes no sense",
}


class BadForm(ValueError):
    """A form that no study can have. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class RatingForm:
    """The choices behind one card form.

    kind: one of KINDS. ties: whether cards may share a place. all_bad: whether "all of them are bad" is offered.
    partial: whether cards may be left out of a full ranking. reasons: codes offered on each card, in this order.
    own_reasons: (code, what raters read) of those of them that the study names itself.
    confidence, doubts, first_wrong_step: whether these are asked for; they are always optional for the rater.
    """

    kind: str = RANKING
    ties: bool = True
    all_bad: bool = True
    partial: bool = True
    reasons: tuple[str, ...] = ()
    confidence: bool = False
    doubts: bool = False
    first_wrong_step: bool = False
    own_reasons: tuple[tuple[str, str], ...] = ()

    @property
    def known_reasons(self) -> tuple[str, ...]:
        """The codes that a rating may hold: what is not offered on the cards, a program may still say."""
        return (*REASONS, *(code for code, _ in self.own_reasons))

    @property
    def shown(self) -> int:
        """How many of the triple's cards a rater sees."""
        return 2 if self.kind == PAIRWISE else 3

    @property
    def places(self) -> int:
        """How many places there are to give: one where only the best is asked for."""
        return 1 if self.kind == BEST else 2 if self.kind in (PAIRWISE, BEST_WORST) else 3

    @property
    def left_out_lose(self) -> bool:
        """Whether a card without a place was judged below those with one, not merely left unjudged."""
        return self.kind == BEST

    def beaten(self, ranking: Sequence[Sequence[int]]) -> tuple[int, ...]:
        """The sources below all of those in `ranking` (as stored) that were not compared with each other."""
        if not self.left_out_lose or not ranking:
            return ()
        return tuple(source for source in range(3) if not any(source in group for group in ranking))

    def as_json(self) -> dict[str, Any]:
        """What is stored, hashed and sent to raters; without own reasons it is as it was before there were any."""
        said = {**asdict(self), "reasons": list(self.reasons)}
        del said["own_reasons"]
        own = [{"code": code, "label": label} for code, label in self.own_reasons]
        return {**said, "own_reasons": own} if own else said


def read_form(value: Mapping[str, Any]) -> RatingForm:
    """A stored or submitted form; what is absent has its default. Raises BadForm."""
    names = {field.name for field in fields(RatingForm)}
    for name in value:
        if name not in names:
            raise BadForm(name, value[name], f"one of {', '.join(sorted(names))}")
    kind = value.get("kind", RANKING)
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadForm("kind", kind, f"one of {', '.join(KINDS)}")
    own = _own_reasons(value.get("own_reasons", []))
    switches = {}
    for name in names - {"kind", "reasons", "own_reasons"}:
        if name in value:
            if not isinstance(value[name], bool):
                raise BadForm(name, value[name], "true or false")
            switches[name] = value[name]
    return RatingForm(
        kind=kind,
        reasons=_offered(value.get("reasons", []), own),
        own_reasons=tuple(own.items()),
        **switches,
    )


def _offered(reasons: Any, own: Mapping[str, str]) -> tuple[str, ...]:
    """The codes offered: those that are listed, and every own one, for it was named to be offered."""
    known = (*REASONS, *own)
    if not isinstance(reasons, list | tuple):
        raise BadForm("reasons", reasons, f"a list of {', '.join(known)}")
    for code in reasons:
        if code not in known:
            raise BadForm("reasons", code, f"one of {', '.join(known)}, or a code that own_reasons names")
    return tuple(dict.fromkeys([*reasons, *own]))


def _own_reasons(value: Any) -> dict[str, str]:
    """Label by code, in the order of the list."""
    if not isinstance(value, list | tuple) or len(value) > MAX_OWN_REASONS:
        raise BadForm("own_reasons", value, f"a list of at most {MAX_OWN_REASONS} objects with code, label")
    own: dict[str, str] = {}
    for index, part in enumerate(value):
        at = f"own_reasons[{index}]"
        if not isinstance(part, Mapping) or set(part) != {"code", "label"}:
            raise BadForm(at, part, "an object with code, label")
        code, label = part["code"], part["label"]
        if not isinstance(code, str) or not REASON_CODE.fullmatch(code) or code in REASONS or code in own:
            expected = "1 to 60 lower-case letters, digits, - and _; a code that there is not yet"
            raise BadForm(f"{at}.code", code, expected)
        if not isinstance(label, str) or not label.isprintable() or not 0 < len(label.strip()) <= MAX_LABEL:
            raise BadForm(f"{at}.label", label, f"one line of 1 to {MAX_LABEL} printable characters")
        own[code] = label.strip()
    return own


@lru_cache(maxsize=1_000)
def form_of(text: str) -> RatingForm:
    """The form in a database column, read once for each distinct text: a rater's loop reads it at every act."""
    return read_form(json.loads(text))
