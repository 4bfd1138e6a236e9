"""Addresses of the pages about one study. Each act on a study has an address of its own, and answers POST alone."""

from __future__ import annotations

from django.urls import URLPattern, path

from ratings.console import (
    acts,
    clubs,
    exports,
    new_study,
    panels,
    quality,
    quality_acts,
    raters,
    results,
    study_pages,
    triples,
)

urlpatterns: list[URLPattern] = [
    path("studies/<slug:name>/", study_pages.study, name="study"),
    path("studies/<slug:name>/progress/", study_pages.progress, name="progress"),
    path("studies/<slug:name>/edit/", new_study.edit_draft, name="edit_draft"),
    path("studies/<slug:name>/delete/", acts.delete, name="delete_draft"),
    path("studies/<slug:name>/lint/", study_pages.lint, name="lint"),
    path("studies/<slug:name>/open/", acts.open_, name="open"),
    path("studies/<slug:name>/pause/", acts.pause, name="pause"),
    path("studies/<slug:name>/overlap/", acts.raise_overlap_, name="raise_overlap"),
    path("studies/<slug:name>/deviations/", acts.deviate, name="deviate"),
    path("studies/<slug:name>/thresholds/", acts.thresholds, name="thresholds"),
    path("studies/<slug:name>/close/", acts.close, name="close"),
    path("studies/<slug:name>/unblind/", acts.unblind, name="unblind"),
    path("studies/<slug:name>/unpark/", acts.unpark, name="unpark"),
    path("studies/<slug:name>/raters/", raters.raters, name="raters"),
    path("studies/<slug:name>/raters/<path:rater>/link/", raters.rater_link, name="rater_link"),
    path("studies/<slug:name>/raters/<path:rater>/revoke/", raters.revoke_rater, name="revoke_rater"),
    path("studies/<slug:name>/triples/", triples.triples, name="triples"),
    path("studies/<slug:name>/triples/<int:number>/", triples.triple, name="triple"),
    path("studies/<slug:name>/panels/", panels.panels, name="panels"),
    path("studies/<slug:name>/panels/erase/", panels.erase, name="erase_contacts"),
    path("studies/<slug:name>/panels/<slug:panel>/", panels.panel_, name="panel"),
    path("studies/<slug:name>/panels/<slug:panel>/close/", panels.close, name="close_panel"),
    path("studies/<slug:name>/panels/<slug:panel>/sync/", panels.sync, name="sync_panel"),
    path("studies/<slug:name>/clubs/", clubs.clubs, name="clubs"),
    path("studies/<slug:name>/clubs/open/", clubs.open_, name="open_club"),
    path("studies/<slug:name>/quality/", quality.quality, name="quality"),
    path("studies/<slug:name>/quality/decide/", quality_acts.decide_quality, name="decide_quality"),
    path(
        "studies/<slug:name>/quality/raters/<path:rater>/end/", quality_acts.end_session, name="end_session"
    ),
    path("studies/<slug:name>/quality/raters/<path:rater>/", quality.rater_quality, name="rater_quality"),
    path("studies/<slug:name>/results/", results.results, name="results"),
    path("studies/<slug:name>/exports/", exports.exports, name="exports"),
    path("studies/<slug:name>/exports/<int:export_id>/file/", exports.export_file, name="export_file"),
]
