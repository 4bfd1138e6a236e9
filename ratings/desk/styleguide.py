"""One page that shows every component, for those who build pages and for the checks that look at them."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs.charts import line_chart
from jobs.metrics import Series
from jobs.models import Job


class ExampleForm(forms.Form):
    name = forms.SlugField(
        label="Name", help_text="Lower-case letters, digits and hyphens; it stands in addresses."
    )
    dataset = forms.ChoiceField(label="Dataset", choices=[("gsm8k", "gsm8k"), ("cqa", "cqa")])
    questions = forms.IntegerField(label="Questions", min_value=1)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    pick = forms.ChoiceField(
        label="Draw",
        choices=[("seeded", "One right sample at random"), ("greedy", "The greedy sample")],
        widget=forms.RadioSelect,
    )
    any_answer = forms.BooleanField(label="Any answer, not only correct ones", required=False)
    file = forms.FileField(label="File", required=False)


TABLE = {
    "head": ["Pair", "Wins", "Losses", "Ties", "Win rate"],
    "rows": [
        ["A before B", 112, 61, 27, "62.7%"],
        ["A before C", 98, 80, 22, "54.5%"],
        ["B before C", 71, 104, 25, None],
    ],
}

LOSS = [
    Series("loss/train", [(step, 2.2 / step**0.5) for step in range(1, 21)], 20),
    Series("loss/validation", [(step, 2.2 / step**0.5 + 0.01 * step) for step in range(2, 21, 2)], 10),
]


@require_safe
def style_guide(request: HttpRequest) -> HttpResponse:
    form = ExampleForm({"name": "Not a slug!", "dataset": "gsm8k", "questions": "50", "pick": "seeded"})
    context = {
        "trail": [("Studies", "/")],
        "states": ["draft", "open", "paused", "closed"],
        "form": form,
        "table": TABLE,
        "job_states": Job.State.values,
        "chart": line_chart("loss", LOSS, key="example-chart"),
        "page": Paginator(range(50), 10).page(2),
    }
    return render(request, "styleguide.html", context)
