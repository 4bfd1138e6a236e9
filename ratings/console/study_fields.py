"""The fields of the designer, by section: every choice of a design, what it means beside it."""

from __future__ import annotations

from django import forms

from problems.seeds import LARGEST_SEED
from ratings.studies.design import MAX_INSTRUCTIONS_CHARACTERS, MAX_RATINGS_PER_TRIPLE, StudyDesign
from ratings.studies.estimate import SECONDS_PER_RATING
from ratings.studies.form import KINDS, REASONS
from ratings.studies.journey import MAX_CONSENT_CHARACTERS
from ratings.studies.journey_parts import MAX_ITEMS as MAX_ITEMS_OF_PRACTICE
from ratings.studies.models import DEFAULT_INSTRUCTIONS
from ratings.studies.protocol import DIRECTIONS, MAX_TEXT
from ratings.studies.quality_mix import MAX_ITEMS, QualityMix

DEFAULTS = StudyDesign(name="", dataset="", sources=())
_MIX = QualityMix()


def _count(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=MAX_ITEMS, required=False, initial=0, help_text=help_text
    )


def _share(label: str, initial: float, help_text: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, min_value=0, max_value=1, required=False, initial=initial, help_text=help_text
    )


def _switch(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, help_text=help_text)


def _text(label: str, help_text: str, *, rows: int, limit: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=limit,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


def _amount(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_digits=11, decimal_places=4, required=False, help_text=help_text
    )


class DrawFields(forms.Form):
    """Which triples, and how often each is rated."""

    name = forms.SlugField(
        max_length=100,
        help_text="Letters, digits, - and _. It stands in links and files, and raters see it.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    sources = forms.MultipleChoiceField(
        label="Three sources",
        widget=forms.CheckboxSelectMultiple,
        help_text="Raters see one rationale of each, without knowing which is whose.",
    )
    questions = forms.IntegerField(
        min_value=1, help_text="How many triples to draw. The STaR paper's study had 50."
    )
    ratings_per_triple = forms.IntegerField(
        label="Ratings per triple",
        min_value=1,
        max_value=MAX_RATINGS_PER_TRIPLE,
        initial=DEFAULTS.ratings_per_triple,
        help_text="How many different raters judge each triple. It can be raised later.",
    )
    per_rater = forms.IntegerField(
        label="Per rater",
        min_value=1,
        required=False,
        help_text="The most triples that one rater gets; empty: no limit.",
    )
    split = forms.ChoiceField(required=False, label="Split", help_text="Which of the dataset's questions.")
    any_answer = _switch(
        "Also draw rationales that reach a wrong answer, or none",
        "Off, as in the STaR paper: a question counts only if every source got it right.",
    )
    strict_text = _switch(
        "Leave out rationales whose words name another choice than their letter",
        "For multiple choice. Off, as in the paper: the letter decides.",
    )
    lease_seconds = forms.IntegerField(
        label="Seconds a rater holds a triple",
        min_value=1,
        initial=DEFAULTS.lease_seconds,
        help_text="After that, another rater may get it; the page renews it while somebody works on it.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_SEED,
        initial=DEFAULTS.seed,
        help_text="Decides the drawn questions, samples and orders: the same seed draws the same study again.",
    )


class AskFields(forms.Form):
    """What one act of rating asks for."""

    instructions = forms.CharField(
        initial=DEFAULT_INSTRUCTIONS,
        max_length=MAX_INSTRUCTIONS_CHARACTERS,
        help_text="What raters read before they start. Markdown: paragraphs, lists, emphasis, formulas; links "
        "where they have a page of their own.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    form_kind = forms.ChoiceField(label="How raters rank", choices=list(KINDS.items()), required=False)
    form_ties = _switch("Equal ranks are allowed")
    form_all_bad = _switch("“All of them are bad” is offered")
    form_partial = _switch("Cards may be left out of the ranking")
    form_confidence = _switch("Ask how sure they are")
    form_doubts = _switch("Let them say that the answer is wrong or the question makes no sense")
    form_first_wrong_step = _switch("Let them mark the first wrong step")
    form_reasons = forms.MultipleChoiceField(
        label="Reasons offered on each card",
        required=False,
        choices=list(REASONS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text="The STaR paper's kinds of errors, and what raters say beyond them.",
    )


class JourneyFields(forms.Form):
    """What raters go through before and after."""

    consent = _text(
        "Consent",
        "Markdown. Raters agree before anything else; its version is kept with each rating.",
        rows=5,
        limit=MAX_CONSENT_CHARACTERS,
    )
    instructions_page = _switch("Show the instructions on a page of their own first")
    debrief_guess = _switch("At the end, ask which rationales a person wrote", "The blinding index.")
    debrief_comment = _switch("At the end, ask for remarks")
    reveal = _switch("After un-blinding, show raters what they preferred")
    completion_code = forms.CharField(label="Completion code", max_length=64, required=False)
    completion_url = forms.CharField(
        label="Where raters go back to",
        max_length=500,
        required=False,
        help_text="CODE stands for the completion code.",
    )
    journey_more = _text(
        "More of the debrief and the completion",
        "As JSON, over the choices above: questions of the debrief, sources that are people, codes of other outcomes.",
        rows=3,
        limit=200_000,
    )
    practice_count = forms.IntegerField(
        label="Items for each rater",
        min_value=1,
        max_value=MAX_ITEMS_OF_PRACTICE,
        required=False,
        help_text="Drawn by the rater's own lot. Empty: all of them.",
    )
    comprehension_tries = forms.IntegerField(
        label="Tries",
        min_value=2,
        max_value=5,
        required=False,
        initial=2,
        help_text="For the whole check. Empty: 2.",
    )


class QualityFields(forms.Form):
    """Items and thresholds of quality control."""

    quality_checks = _count("Instruction checks", "Questions that say what to do; for each rater.")
    quality_degraded = _count("Degraded items", "One rationale made worse by us.")
    quality_repeats = _count("Repeats", "A triple again, in another order.")
    quality_max_failed_checks = forms.IntegerField(
        label="Failed checks that are still no doubt",
        min_value=0,
        max_value=MAX_ITEMS,
        required=False,
        initial=_MIX.max_failed_checks,
    )
    quality_min_degraded = _share(
        "Least share of degraded cards ranked lower", _MIX.min_degraded, "Chance: ½."
    )
    quality_min_repeat = _share(
        "Least share of pairs decided alike again", _MIX.min_repeat, "Chance: about ½."
    )
    quality_fastest = forms.FloatField(
        label="Too fast, in characters a second",
        min_value=1,
        max_value=100_000,
        required=False,
        initial=_MIX.fastest,
    )
    quality_max_too_fast = _share("Most ratings that may be too fast", _MIX.max_too_fast, "More are a doubt.")
    quality_position_p = _share("Position patterns rarer than", _MIX.position_p, "Are a doubt.")
    quality_max_empty = _share("Most skips and “all bad”", _MIX.max_empty, "More are a doubt.")


class CrowdFields(forms.Form):
    """Who rates, and what they are paid."""

    raters = forms.IntegerField(
        label="Raters you expect",
        min_value=1,
        max_value=100_000,
        required=False,
        help_text="For the estimate.",
    )
    pools = _text(
        "Rater pools",
        "One a line: name, places, triples each. Such as: students, 20, 10. Empty numbers: no limit. A panel "
        "of the same name takes its raters in.",
        rows=3,
        limit=10_000,
    )
    seconds_per_rating = forms.FloatField(
        label="Seconds for one rating",
        min_value=1,
        max_value=3600,
        required=False,
        initial=SECONDS_PER_RATING,
        help_text="For the estimate.",
    )
    pay_currency = forms.CharField(label="Currency", max_length=3, required=False, help_text="Such as GBP.")
    pay_per_rater = _amount("Pay for a session")
    pay_per_rating = _amount("Pay for each rating")
    pay_hourly_floor = _amount("Least fair pay an hour", "Below it you are warned.")


class ProtocolFields(forms.Form):
    """The one comparison that the study is made for."""

    protocol_a = forms.ChoiceField(label="Compare", required=False)
    protocol_b = forms.ChoiceField(label="with", required=False)
    protocol_direction = forms.ChoiceField(
        label="Direction", choices=list(DIRECTIONS.items()), required=False
    )
    protocol_alpha = forms.FloatField(
        label="Significance level", min_value=0.0001, max_value=0.5, required=False, initial=0.05
    )
    protocol_planned_ratings = forms.IntegerField(
        label="Planned ratings", min_value=1, required=False, help_text="Empty: all of the plan's."
    )
    protocol_hypothesis = _text("Hypothesis", "In your own words.", rows=2, limit=MAX_TEXT)
    protocol_exclusions = _text(
        "Which ratings will be left out", "Beyond the thresholds above.", rows=2, limit=MAX_TEXT
    )


#: How the page groups the fields: id, heading, what is folded in it, and the fields.
SECTIONS: tuple[tuple[str, str, str, type[forms.Form]], ...] = (
    ("draw", "Triples", "Split, what counts, lease and seed", DrawFields),
    ("ask", "What raters are asked", "Ties, reasons, confidence and more", AskFields),
    ("journey", "Before and after", "Consent, instructions, practice, debrief, completion", JourneyFields),
    ("quality", "Quality control", "Checks, degraded items, repeats, thresholds", QualityFields),
    ("crowd", "Raters and pay", "How many, pools, pay", CrowdFields),
    ("protocol", "Protocol", "Primary contrast, level, exclusions", ProtocolFields),
)
