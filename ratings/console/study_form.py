"""The form behind a new study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ratings.library.selectors import DatasetSummary
from ratings.studies.design import MAX_INSTRUCTIONS_CHARACTERS, MAX_RATINGS_PER_TRIPLE, StudyDesign
from ratings.studies.models import DEFAULT_INSTRUCTIONS

#: Addresses of pages below /studies/; a study of that name could not be reached.
RESERVED_NAMES = frozenset({"new"})
SOURCES_OF_A_STUDY = 3

_DEFAULTS = StudyDesign(name="", dataset="", sources=())


def _source_choices(dataset: DatasetSummary) -> list[tuple[str, str]]:
    """Each source with its rationales by verdict."""
    return [
        (label, f"{label} ({', '.join(f'{count:,} {verdict}' for verdict, count in verdicts.items())})")
        for label, verdicts in dataset.sources.items()
    ]


class NewStudyForm(forms.Form):
    """The choices of StudyDesign; what they mean stands beside them."""

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
        help_text="How many different raters judge each triple.",
    )
    per_rater = forms.IntegerField(
        label="Per rater",
        min_value=1,
        required=False,
        help_text="The most triples that one rater gets; empty: no limit.",
    )
    any_answer = forms.BooleanField(
        label="Also draw rationales that reach a wrong answer, or none",
        required=False,
        help_text="Off, as in the STaR paper: a question counts only if every source got it right.",
    )
    strict_text = forms.BooleanField(
        label="Leave out rationales whose words name another choice than their letter",
        required=False,
        help_text="For multiple choice. Off, as in the paper: the letter decides.",
    )
    instructions = forms.CharField(
        initial=DEFAULT_INSTRUCTIONS,
        max_length=MAX_INSTRUCTIONS_CHARACTERS,
        help_text="What raters read before they start. Markdown: paragraphs, lists, emphasis.",
        widget=forms.Textarea(attrs={"rows": 5}),
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

    #: How the page groups the fields.
    main = ("name", "sources", "questions", "ratings_per_triple", "per_rater", "instructions")
    more = ("any_answer", "strict_text", "lease_seconds", "seed")

    def __init__(self, data: Any = None, *, dataset: DatasetSummary, sources: Sequence[str] = ()) -> None:
        """sources: preselected, as far as the dataset has them."""
        super().__init__(data)
        self.dataset = dataset
        choices = _source_choices(dataset)
        offered = self.fields["sources"]
        assert isinstance(offered, forms.MultipleChoiceField)
        offered.choices = choices
        labels = [label for label, _ in choices]
        preselected = [label for label in sources if label in labels]
        offered.initial = labels if len(labels) == SOURCES_OF_A_STUDY else preselected
        self.fields["questions"].initial = min(_DEFAULTS.questions, dataset.questions)

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
        return StudyDesign(dataset=self.dataset.name, **self.cleaned_data)

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.main]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.more]

    @property
    def more_has_errors(self) -> bool:
        return any(name in self.errors for name in self.more)
