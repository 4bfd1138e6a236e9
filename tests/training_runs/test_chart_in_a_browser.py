"""The chart of an evaluation as it is drawn: its axis has the k that were measured, and nothing of it is cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.services.pages import sign_in
from tests.services.site import Site
from tests.training_runs.test_pages import evaluated
from tests.training_runs.worlds import make_sums
from training.runs.evaluation_showing import best_of_chart
from training.runs.measured_models import Evaluation

NewPage = Callable[..., Page]


def result() -> dict[str, Any]:
    """Four curves over five k, with intervals, and two scorers whose gain is told."""
    ks = [1, 2, 4, 8, 16]
    curves = {str(k): 0.3 + 0.03 * place for place, k in enumerate(ks)}
    bounds = {str(k): [0.2 + 0.03 * place, 0.4 + 0.03 * place] for place, k in enumerate(ks)}
    scorers = ["generator_logprob", "verifier-of-all-votes"]
    gains = {scorer: {"majority": curves, "generator_logprob": curves} for scorer in scorers}
    return {
        "questions": 200,
        "samples": 16,
        "greedy_accuracy": 0.3,
        "pass_at": curves,
        "majority_at": curves,
        "best_of": dict.fromkeys(scorers, curves),
        "differences": gains,
        "intervals": {
            "greedy_accuracy": [0.2, 0.4],
            "pass_at": bounds,
            "majority_at": bounds,
            "best_of": dict.fromkeys(scorers, bounds),
            "differences": {scorer: dict.fromkeys(gains[scorer], bounds) for scorer in scorers},
        },
    }


def box(locator: Locator) -> dict[str, float]:
    found = locator.bounding_box()
    assert found is not None
    return {name: found[name] for name in ("x", "y", "width", "height")}


def test_the_axis_ticks_at_the_measured_k_and_ends_beyond_them() -> None:
    chart = best_of_chart(result(), key="one")
    assert chart is not None
    for layer in chart.spec["layer"]:
        x = layer["encoding"]["x"]
        assert x["axis"]["values"] == [1, 2, 4, 8, 16] and (x["scale"]["type"], x["scale"]["base"]) == (
            "log",
            2,
        )
        low, high = x["scale"]["domain"]
        at = [row["at"] for row in chart.spec["data"]["values"]]
        assert low < min(at) < 1 and 16 < max(at) < high


@pytest.mark.slow
def test_nothing_of_it_is_cut(live_site: Site, new_page: NewPage, engineer: User) -> None:
    make_sums(count=60)
    evaluation = evaluated()
    Evaluation.objects.update(result=result())
    page = sign_in(new_page(live_site), engineer)
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/evaluations/{evaluation.pk}/")
        chart = page.locator("figure.chart").first
        svg = chart.locator("svg")
        expect(svg).to_be_visible(timeout=20_000)
        frame = box(svg)
        texts = [one for one in svg.locator("text").all() if one.text_content()]
        words = [one.text_content() for one in texts]
        assert words[:6] == ["1", "2", "4", "8", "16", "k"] and "verifier-of-all-votes" in words
        for text in [*texts, chart.locator("figcaption")]:
            inside = box(text)
            assert inside["x"] >= frame["x"] - 1, text.text_content()
            assert inside["x"] + inside["width"] <= frame["x"] + frame["width"] + 1, text.text_content()
        chart.locator("summary").click()
        for caption in page.locator("caption:visible").all():
            inside, holder = box(caption), box(caption.locator("xpath=../.."))
            assert inside["x"] + inside["width"] <= holder["x"] + holder["width"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
