"""Addresses of the pages. The fixed ones come first: `runs/new/` is no run's."""

from __future__ import annotations

from django.urls import URLPattern, path

from training.runs import evaluation_pages, launch_pages, pages

app_name = "training"
urlpatterns: list[URLPattern] = [
    path("runs/", pages.runs, name="runs"),
    path("runs/new/", launch_pages.choose_recipe, name="choose_recipe"),
    path("runs/new/<slug:recipe>/", launch_pages.new_run, name="new_run"),
    path("runs/<int:pk>/", pages.run, name="run"),
    path("runs/<int:pk>/moving/", pages.moving, name="moving"),
    path("runs/<int:pk>/beside/", pages.beside, name="beside"),
    path("runs/<int:pk>/clone/", launch_pages.clone, name="clone"),
    path("runs/<int:pk>/examples/", pages.examples, name="examples"),
    path("runs/<int:pk>/pairs/", pages.pairs, name="pairs"),
    path("evaluations/", evaluation_pages.evaluations, name="evaluations"),
    path("evaluations/new/", evaluation_pages.new_evaluation, name="new_evaluation"),
    path("evaluations/<int:pk>/", evaluation_pages.evaluation, name="evaluation"),
    path("evaluations/<int:pk>/result/", evaluation_pages.result, name="result"),
]
