"""The form behind a new study: every choice of a design, what it means beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from ratings.console.study_choices import design_of, field_of, initial_of
from ratings.library.selectors import DatasetSummary
from ratings.studies.design import MAX_INSTRUCTIONS_CHARACTERS, MAX_RATINGS_PER_TRIPLE, StudyDesign
from ratings.studies.draw import PROMPT_SPLIT
from ratings.studies.estimate import SECONDS_PER_RATING
from ratings.studies.form import KINDS, REASONS
from ratings.studies.journey import MAX_CONSENT_CHARACTERS
from ratings.studies.models import DEFAULT_INSTRUCTIONS
from ratings.studies.presets import Preset
from ratings.studies.protocol import DIRECTIONS, MAX_TEXT
from ratings.studies.quality_mix import MAX_ITEMS, QualityMix

#: Addresses of pages below /studies/; a study of that name could not be reached.
RESERVED_NAMES = frozenset({"new"})
SOURCES_OF_A_STUDY = 3

_DEFAULTS = StudyDesign(name="", dataset="", sources=())
_MIX = QualityMix()


def _source_choices(dataset: DatasetSummary) -> list[tuple[str, str]]:
    """Each source with its rationales by verdict."""
    return [
        (label, f"{label} ({', '.join(f'{count:,} {verdict}' for verdict, count in verdicts.items())})")
        for label, verdicts in dataset.sources.items()
    ]


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
        initial=_DEFAULTS.ratings_per_triple,
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
        initial=_DEFAULTS.lease_seconds,
        help_text="After that, another rater may get it; the page renews it while somebody works on it.",
    )
    seed = forms.IntegerField(
        initial=_DEFAULTS.seed,
        help_text="Decides the drawn questions, samples and orders: the same seed draws the same study again.",
    )


class AskFields(forms.Form):
    """What one act of rating asks for."""

    instructions = forms.CharField(
        initial=DEFAULT_INSTRUCTIONS,
        max_length=MAX_INSTRUCTIONS_CHARACTERS,
        help_text="What raters read before they start. Markdown: paragraphs, lists, emphasis.",
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
        "Practice, comprehension check and more",
        "As JSON, over the choices above: practice, comprehension, debrief, completion.",
        rows=4,
        limit=200_000,
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
#: What stands in the fields of a plain study.
_USUAL = initial_of({})


class NewStudyForm(ProtocolFields, CrowdFields, QualityFields, JourneyFields, AskFields, DrawFields):
    """All of it. What it says is a StudyDesign; refusals of services come back beside the fields they are about."""

    #: Always in sight; the rest of their section is folded.
    main = ("name", "sources", "questions", "ratings_per_triple", "per_rater", "instructions", "form_kind")

    def __init__(
        self,
        data: Any = None,
        *,
        dataset: DatasetSummary,
        sources: Sequence[str] = (),
        preset: Preset | None = None,
        quiet: bool = False,
    ) -> None:
        """sources: preselected, as far as the dataset has them. preset: whose choices stand in the fields.

        quiet: it is not finished yet, so nothing is an error.
        """
        self.quiet = quiet
        chosen: Mapping[str, Any] = preset.design if preset else {}
        initial = initial_of(chosen) | ({"raters": preset.raters} if preset else {})
        super().__init__(data, initial=initial)
        self.dataset = dataset
        choices = _source_choices(dataset)
        labels = [label for label, _ in choices]
        self._offer("sources", choices)
        preselected = [label for label in sources if label in labels]
        self.fields["sources"].initial = labels if len(labels) == SOURCES_OF_A_STUDY else preselected
        self._offer("split", [("", "All but those of few-shot prompts"), *self._splits()])
        for name in ("protocol_a", "protocol_b"):
            self._offer(name, [("", "No primary contrast"), *((label, label) for label in labels)])
        wanted = self.initial.get("questions", _DEFAULTS.questions)
        self.initial["questions"] = min(wanted, dataset.questions)

    @property
    def errors(self) -> ErrorDict:
        return ErrorDict() if self.quiet else super().errors

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def _splits(self) -> list[tuple[str, str]]:
        return [(split, split) for split in self.dataset.splits if split and split != PROMPT_SPLIT]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in RESERVED_NAMES:
            raise ValidationError("This name is an address of the site's own; take another.")
        return name

    def clean_sources(self) -> Sequence[str]:
        labels: list[str] = self.cleaned_data["sources"]
        if len(labels) != SOURCES_OF_A_STUDY:
            raise ValidationError(f"Choose three sources; {len(labels)} are chosen.")
        return labels

    def design(self) -> StudyDesign:
        """Raises InvalidInput for what is written as text: pools and the rest of the journey."""
        return design_of(self.cleaned_data, dataset=self.dataset.name)

    def field_about(self, name: str) -> str:
        """The form's field for a design's, such as quality.checks; empty: it has none."""
        return field_of(name, self.fields)

    @property
    def sections(self) -> list[dict[str, Any]]:
        """For the template: each section's fields in sight and folded, and whether a folded one has an error."""
        found = []
        for code, heading, summary, part in SECTIONS:
            names = list(part.base_fields)
            folded = [name for name in names if name not in self.main]
            found.append(
                {
                    "code": code,
                    "heading": heading,
                    "summary": summary,
                    "words": (part.__doc__ or "").strip(),
                    "shown": [self[name] for name in names if name in self.main],
                    "folded": [self[name] for name in folded],
                    "is_open": any(name in self.errors for name in folded),
                    "is_set": any(self._is_set(name) for name in folded),
                }
            )
        return found

    def _is_set(self, name: str) -> bool:
        """Whether a folded field says something else than usual."""
        value, usual = self[name].value(), _USUAL.get(name, self.fields[name].initial)
        return value not in (None, "", False, [], 0) and value != usual and str(value) != str(usual)
