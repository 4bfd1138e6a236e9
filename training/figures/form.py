"""The form behind a figure: which one, and from which runs, or from which sources of a dataset."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms
from django.utils.html import format_html

from accounts.naming import NamesValues
from jobs.models import Job
from training.figures.catalogue import KINDS
from training.figures.making import MAX_RUNS
from training.figures.selectors import runs_to_draw, sources_to_draw
from training.runs.models import TrainingRun

_KIND = '<span>{} <span class="choice-note">{}</span></span>'
#: Between a dataset's name and a source's label, which hold no slash.
_OF = "/"


class FigureForm(NamesValues):
    """Finished runs are listed newest first; `--run` of the command takes all there are.

    One that has not finished is not listed, but may be named: then the refusal says how far it is.
    """

    name = forms.ChoiceField(label="Figure", widget=forms.RadioSelect)
    runs = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Runs of one recipe under several seeds become means with intervals.",
    )
    sources = forms.MultipleChoiceField(
        required=False,
        label="Or sources of a dataset",
        widget=forms.CheckboxSelectMultiple,
        help_text="Instead of runs, for the figure of calculator steps: whose solutions are counted against the "
        "ones that came with the questions.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, runs, sources = self.fields["name"], self.fields["runs"], self.fields["sources"]
        assert isinstance(name, forms.ChoiceField)
        assert isinstance(runs, forms.MultipleChoiceField) and isinstance(sources, forms.MultipleChoiceField)
        name.choices = [(kind.name, format_html(_KIND, kind.title, kind.needs)) for kind in KINDS.values()]
        found = list(runs_to_draw())
        done = [run for run in found if run.job.state == Job.State.FINISHED]
        runs.choices = [(str(run.pk), run.label) for run in found]
        runs.widget.choices = [(str(run.pk), _words(run)) for run in done[:MAX_RUNS]]
        runs.help_text += _left_out(len(found) - len(done))
        sources.choices = _by_dataset()
        #: Whether there is anything to draw.
        self.has_choices = bool(done or sources.choices)
        if not sources.choices:
            del self.fields["sources"]

    def clean(self) -> dict[str, Any]:
        """Either runs or sources, and those of one dataset."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        runs, sources = cleaned.get("runs"), cleaned.get("sources")
        if runs and sources:
            self.add_error("sources", "Both runs and sources are chosen, expected either.")
        elif not runs and not sources and not self.errors:
            self.add_error("runs", "Nothing is chosen, expected finished runs, or sources of a dataset.")
        datasets = sorted({one.partition(_OF)[0] for one in sources or []})
        if len(datasets) > 1:
            named = ", ".join(map(repr, datasets))
            self.add_error("sources", f"Sources of {named} are chosen, expected sources of one dataset.")
        return cleaned

    def chosen_runs(self) -> list[TrainingRun]:
        """In the order in which they were made."""
        return list(runs_to_draw().filter(pk__in=self.cleaned_data["runs"]).order_by("pk"))

    def chosen_sources(self) -> tuple[str, list[str]]:
        """(dataset, labels); ("", []) where runs are chosen."""
        pairs = [one.partition(_OF) for one in self.cleaned_data.get("sources", [])]
        return (pairs[0][0] if pairs else "", [label for _, _, label in pairs])


def _words(run: TrainingRun) -> str:
    return f"{run.label}: {run.get_algorithm_display()} on {run.dataset.name}, seed {run.seed}"


def _left_out(count: int) -> str:
    if not count:
        return ""
    those, are = ("run that has", "is") if count == 1 else ("runs that have", "are")
    return f" {count:,} {those} not finished {are} not listed."


def _by_dataset() -> list[Any]:
    """Groups of choices, one for each dataset."""
    rows = groupby(sources_to_draw(), key=lambda row: row[0])
    return [
        (dataset, [(f"{dataset}{_OF}{label}", f"{label}, {_solutions(count)}") for _, label, count in group])
        for dataset, group in rows
    ]


def _solutions(count: int) -> str:
    return f"{count:,} solution{'s' * (count != 1)}"
