"""What the desk says, in the rater's language: on the card form of each kind, and through the page's script."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ratings.studies.form import BEST, BEST_WORST, PAIRWISE, RANKING, RatingForm

Words = str | Promise

#: The places that a card can get, by kind.
PLACE_WORDS: dict[str, tuple[Words, ...]] = {
    RANKING: (_("1st"), _("2nd"), _("3rd")),
    BEST: (_("Best"),),
    BEST_WORST: (_("Best"), _("Worst")),
    PAIRWISE: (_("Better"), _("Worse")),
}

#: What to do, said where no script leads through it.
HOW: dict[str, Words] = {
    RANKING: _("Give each one a place."),
    BEST: _("Mark the best one."),
    BEST_WORST: _("Mark the best and the worst one."),
    PAIRWISE: _("Mark the better one."),
}
EQUAL = _("Equal places are ties.")
FIRST_WRONG = _("Choose the number of the first wrong step, if there is one.")

#: What to do next, by how much is done already.
NEXT: dict[str, tuple[Words, ...]] = {
    RANKING: (
        _("Tap the best one first."),
        _("Now the next best."),
        _("And the last one."),
        _("All three have a place."),
    ),
    BEST: (_("Tap the best one."), _("Chosen. Tap another one to change it.")),
    BEST_WORST: (
        _("Tap the best one first."),
        _("Now the worst one."),
        _("Best and worst are chosen."),
    ),
    PAIRWISE: (_("Tap the better one."), _("They are equal."), _("Chosen. Tap the other one to change it.")),
}

#: What is asked for when a submit comes too early.
NEEDED: dict[str, Words] = {
    RANKING: _("Give at least one a place."),
    BEST: _("Choose the best one."),
    BEST_WORST: _("Choose the best and the worst one."),
    PAIRWISE: _("Choose the better one."),
}
NEEDED_ALL = _("Give every one a place.")
OR_ALL_BAD = _("Or say: all bad.")

MARK_WORDS: dict[str, Words] = {
    "diamond": _("Diamond"),
    "circle": _("Circle"),
    "triangle": _("Triangle"),
}

REASON_WORDS: dict[str, Words] = {
    "question_implies_answer": _("Only repeats what the question implies"),
    "begs_the_question": _("Assumes what it should show"),
    "no_justification": _("Gives no justification"),
    "world_state": _("Claims a fact about the case that nobody gave"),
    "red_herring": _("Brings up something beside the point"),
    "hint_shortcut": _("Works backwards from the answer"),
    "wrong_step": _("A step is wrong"),
    "missing_step": _("A step is missing"),
    "hard_to_follow": _("Hard to follow"),
}

DOUBT_WORDS: dict[str, Words] = {
    "answer_wrong": _("The given answer is wrong"),
    "question_unclear": _("The question makes no sense"),
}

CONFIDENCE_WORDS: dict[str, Words] = {"1": _("Guessing"), "2": _("Fairly sure"), "3": _("Sure")}

SKIP_REASONS: dict[str, Words] = {
    "": _("No reason"),
    "unclear": _("The question is unclear"),
    "unsure": _("I can not judge this"),
    "broken": _("Something is not shown properly"),
    "offensive": _("The content is offensive"),
}

#: Stored as these codes: the researcher reads them in any language.
FLAG_REASONS: dict[str, Words] = {
    "broken": _("Something is not shown properly"),
    "gives_away": _("A rationale tells who or what wrote it"),
    "same": _("Two of the rationales are the same"),
    "offensive": _("The content is offensive"),
    "other": _("Something else"),
}

#: Names of acts by single key, what each is at first, and what it does.
KEYS: tuple[tuple[str, str, Words], ...] = (
    ("card1", "1", _("Choose the left (on a phone: upper) rationale; again to take it back")),
    ("card2", "2", _("Choose the middle one")),
    ("card3", "3", _("Choose the right (on a phone: lower) one")),
    ("tie", "=", _("The next one shares the place of the last")),
    ("bad", "0", _("All of them are bad")),
    ("wrong", "x", _("Mark the first wrong step: again for the next rationale, then arrows and space")),
    ("why", "e", _("Reasons: again for the next rationale, then tab and space")),
    ("sure", "c", _("How sure you are: again for the next level")),
    ("answer", "a", _("The given answer is wrong")),
    ("question", "q", _("The question makes no sense")),
    ("skip", "s", _("Skip this one: again, or Enter, without a reason")),
    ("flag", "f", _("Flag a problem, and go on with this one")),
    ("undo", "u", _("Undo: the last place given; if none is, the last submit or skip")),
    ("help", "?", _("This sheet")),
)

#: What the page's script says besides.
SCRIPT: dict[str, Words] = {
    "no_place": _("{name}: no place."),
    "tie": _("{name}: {place}, a tie."),
    "place": _("{name}: {place}."),
    "tying": _("Now the one that shares this place."),
    "tie_on": _("The next one shares the last place."),
    "tie_off": _("No tie."),
    "equal": _("They are equal."),
    "all_bad": _("All bad. Places are optional."),
    "leave_one": _("One has to be left out: not all can be the best."),
    "full": _("Every place is given. Take one back first."),
    "left_one": _("One has no place. Submit again to leave it out."),
    "left_more": _("Two have no place. Submit again to leave them out."),
    "cleared": _("Cleared."),
    "next": _("Next question."),
    "nothing_left": _("Nothing is left."),
    "flagged": _("Flagged. Thank you; go on with this one."),
    "sure": _("How sure: {words}."),
    "marking": _("Tap the first step that is wrong."),
    "waiting": _(
        "No connection. Your answer is kept in this browser and is sent by itself as soon as the network is back; "
        "the next question comes then."
    ),
    "waiting_here": _(
        "No connection. Your answer is kept on this page, which must stay open; it is sent by itself as soon as "
        "the network is back."
    ),
    "waiting_flag": _(
        "No connection. Your flag is kept in this browser and is sent later. Go on with this one."
    ),
    "sent": _("The network is back, and your answer is saved."),
    "signed_out": _(
        "You are no longer signed in. Your answer is kept in this browser. Open your link again: it is sent then."
    ),
    "revoked": _(
        "Your access to this study has ended, and this answer can not be sent. What you sent before is saved. Only a "
        "new link from whoever invited you, opened in this browser, would send it."
    ),
    "foreign": _(
        "An answer kept in this browser was given under another link of this study. Open that link to send it."
    ),
    "stale": _(
        "This page is too old to send. Reload it: your answer is kept in this browser and is sent then."
    ),
    "too_large": _("That is too long to send. Shorten the comment; what you entered is still here."),
    "refused": _("The server answered {status}. What you entered is still here; submit again."),
    "press_key": _("Press a key …"),
    "taken": _("“{key}” is taken by: {words}. Choose another key."),
    "not_a_key": _("Choose a single letter, digit or sign."),
    "key_is": _("The key is now “{key}”."),
    "keys_reset": _("All keys are as they were at first."),
    "each": _("about {time} each"),
    "to_go": _("about {time} to go"),
    "seconds": _("{n} s"),
    "minutes": _("{n} min"),
}


def how_words(form: RatingForm) -> str:
    """What to do, for a page without a script."""
    said = [HOW[form.kind], EQUAL if form.ties else "", FIRST_WRONG if form.first_wrong_step else ""]
    return " ".join(str(words) for words in said if words)


def needed_words(form: RatingForm) -> str:
    """What a submit lacks that ranks nothing (or too little)."""
    words = NEEDED_ALL if form.kind == RANKING and not form.partial else NEEDED[form.kind]
    return f"{words} {OR_ALL_BAD}" if form.all_bad else str(words)


def script_words(form: RatingForm) -> dict[str, Any]:
    """All that the page's script says, for one form; goes into the page as JSON."""
    return {
        **{name: str(words) for name, words in SCRIPT.items()},
        "places": [str(words) for words in PLACE_WORDS[form.kind]],
        "steps": [str(words) for words in NEXT[form.kind]],
        "needed": needed_words(form),
    }
