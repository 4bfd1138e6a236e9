"""The form behind a figure: which one, and from which runs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from training.figures.catalogue import KINDS
from training.figures.making import MAX_RUNS
from training.figures.selectors import runs_to_draw
from training.runs.models import TrainingRun

_KIND = '<span>{} <span class="choice-note">{}</span></span>'


class FigureForm(forms.Form):
    """Runs are listed newest first; `--run` of the command takes all there are."""

    name = forms.ChoiceField(label="Figure", widget=forms.RadioSelect)
    runs = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        help_text="Runs of one recipe under several seeds become means with intervals. They must have finished.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, runs = self.fields["name"], self.fields["runs"]
        assert isinstance(name, forms.ChoiceField) and isinstance(runs, forms.MultipleChoiceField)
        name.choices = [(kind.name, format_html(_KIND, kind.title, kind.needs)) for kind in KINDS.values()]
        runs.choices = [(str(run.pk), _words(run)) for run in runs_to_draw()[:MAX_RUNS]]

    def chosen_runs(self) -> list[TrainingRun]:
        """In the order in which they were made."""
        return list(runs_to_draw().filter(pk__in=self.cleaned_data["runs"]).order_by("pk"))


def _words(run: TrainingRun) -> str:
    return (
        f"{run.label}: {run.get_algorithm_display()} on {run.dataset.name}, seed {run.seed}, {run.job.state}"
    )
