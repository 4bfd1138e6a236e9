"""Addresses of the pages. The fixed ones come first: `runs/new/` is no run's."""

from __future__ import annotations

from django.urls import URLPattern, path

from training.figures import pages as figure_pages
from training.runs import compare_pages, evaluation_pages, launch_pages, pages, watch_pages

app_name = "training"
urlpatterns: list[URLPattern] = [
    path("runs/", pages.runs, name="runs"),
    path("runs/compare/", compare_pages.compare_runs, name="compare"),
    path("runs/new/", launch_pages.choose_recipe, name="choose_recipe"),
    path("runs/new/<slug:recipe>/", launch_pages.new_run, name="new_run"),
    path("runs/<int:pk>/", pages.run, name="run"),
    path("runs/<int:pk>/moving/", pages.moving, name="moving"),
    path("runs/<int:pk>/beside/", pages.beside, name="beside"),
    path("runs/<int:pk>/strip/", watch_pages.strip, name="strip"),
    path("runs/<int:pk>/charts/", watch_pages.charts, name="charts"),
    path("runs/<int:pk>/clone/", launch_pages.clone, name="clone"),
    path("runs/<int:pk>/examples/", pages.examples, name="examples"),
    path("runs/<int:pk>/pairs/", pages.pairs, name="pairs"),
    path("figures/", figure_pages.all_figures, name="figures"),
    path("figures/new/", figure_pages.new_figure, name="new_figure"),
    path("figures/<int:pk>/", figure_pages.figure, name="figure"),
    path("figures/<int:pk>/figure.<slug:ending>", figure_pages.figure_file, name="figure_file"),
    path("evaluations/", evaluation_pages.evaluations, name="evaluations"),
    path("evaluations/new/", evaluation_pages.new_evaluation, name="new_evaluation"),
    path("evaluations/<int:pk>/", evaluation_pages.evaluation, name="evaluation"),
    path("evaluations/<int:pk>/result/", evaluation_pages.result, name="result"),
]
