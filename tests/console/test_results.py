"""The page of results: hidden while blind, masked for a blind analyst, and the numbers of plain counting."""

from __future__ import annotations

import re

import pytest

from accounts.audit import COMMAND
from ratings.analysis.services import analyse_study
from ratings.console.figures import (
    forest_of_pairs,
    forest_of_strengths,
    write_number,
    write_p,
    write_p_of,
    write_percent,
)
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.slots.models import Rating
from ratings.studies.models import Study
from ratings.studies.services import close_study, unblind_study
from tests.console.ladder import LABELS, climb_page, queries_of
from tests.worlds import make_study

ADDRESS = "/studies/trial/results/"
SIMULATED = f"{ADDRESS}?raters=simulated"


@pytest.fixture
def rated(db) -> Study:
    study = make_study(questions=8, sources=LABELS)
    strengths = {LABELS[0]: 1.5, LABELS[2]: -1.0}
    simulate_raters(Simulation(study="trial", raters=4, strengths=strengths), actor=COMMAND)
    return study


def cells(page: str, caption: str) -> list[list[str]]:
    """The body of the table in the region with this name, as text."""
    region = page.split(f'aria-label="{caption}"')[1].split("</table>")[0].split("<tbody>")[1]
    rows = re.findall(r"<tr>(.*?)</tr>", region, re.S)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_the_page_climbs_the_ladder(client, blind_analyst, rated):
    close_study("trial", actor=COMMAND)
    climb_page(client, ADDRESS, allowed=blind_analyst, refused=None)


def test_results_are_hidden_and_explained_until_the_study_is_closed(client, owner, engineer, rated):
    client.force_login(owner)
    page = client.get(SIMULATED).content.decode()
    assert "Still blind" in page and "/studies/trial/unblind/" in page
    assert "Win rate" not in page and not [label for label in LABELS if label in page]
    client.force_login(engineer)
    assert "/studies/trial/unblind/" not in client.get(SIMULATED).content.decode()
    close_study("trial", actor=COMMAND)
    assert "Still blind" not in client.get(SIMULATED).content.decode()


def test_an_owner_unblinds_from_the_page_of_results_and_reads_them_while_raters_still_rate(
    client, owner, rated
):
    client.force_login(owner)
    answer = client.post("/studies/trial/unblind/", {"reason": "interim look"})
    assert answer.status_code == 303 and answer["Location"] == ADDRESS
    page = client.get(SIMULATED).content.decode()
    assert "Raters still rate" in page and LABELS[0] in page


def test_the_table_of_pairs_holds_the_counts_of_plain_counting(client, engineer, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(engineer)
    table = cells(client.get(SIMULATED).content.decode(), "Pairs of sources")
    counted = []
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        tally = {"wins": 0, "losses": 0, "ties": 0}
        for rating in Rating.objects.filter(current=True, skipped=False, surplus=False):
            place = {source: rank for rank, group in enumerate(rating.ranking) for source in group}
            if a in place and b in place:
                key = "ties" if place[a] == place[b] else "wins" if place[a] < place[b] else "losses"
                tally[key] += 1
        counted.append([f"{LABELS[a]} over {LABELS[b]}", *map(str, tally.values())])
    assert [row[:4] for row in table] == counted
    assert sum(int(number) for row in counted for number in row[1:]) > 0


def test_the_page_tells_the_numbers_of_the_analysis(client, engineer, rated):
    close_study("trial", actor=COMMAND)
    found = analyse_study("trial", raters_kind="simulated")
    client.force_login(engineer)
    page = client.get(SIMULATED).content.decode()
    for row, pair in zip(cells(page, "Pairs of sources"), found["pairs"], strict=True):
        assert row[5] == write_percent(pair["clustered"]["win_rate"])
        unescaped = [cell.replace("&lt;", "<").replace("&gt;", ">") for cell in row]
        assert unescaped[7] == write_p(pair["clustered"]["p_two_sided"])
        assert unescaped[8] == write_p(pair["naive"]["p_two_sided"])
        assert unescaped[9] == write_p(pair["naive"]["p_one_sided"])
    told = {row[0]: row[1] for row in cells(page, "Strengths")}
    assert told == {row["source"]: write_number(row["strength"], signed=True) for row in found["strengths"]}
    assert write_number(found["agreement"]["alpha_ordinal"]) in page
    assert page.count("<svg") > 6 and "No effect of position" in page


def test_of_pairs_the_page_tells_how_often_the_first_card_wins(client, engineer, db):
    make_study(questions=6, form={"kind": "pairwise"})
    simulate_raters(Simulation(study="trial", raters=4, left_bias=0.5), actor=COMMAND)
    close_study("trial", actor=COMMAND)
    first = analyse_study("trial", raters_kind="simulated")["first_shown"]
    client.force_login(engineer)
    page = client.get(SIMULATED).content.decode()
    told = page[page.index('id="position"') :]
    assert f'<span class="number nowrap">{write_percent(first["share"])}</span>' in told
    assert f"{first['wins']}, {first['losses']}, {first['ties']}" in told and "is not known" not in told


def test_a_blind_analyst_reads_masked_names_until_the_study_is_unblinded(client, blind_analyst, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(blind_analyst)
    page = client.get(SIMULATED).content.decode()
    assert "Sources are masked" in page and "Source 1" in page
    assert not [label for label in LABELS if label in page]
    unblind_study("trial", reason="all is read", actor=COMMAND)
    page = client.get(SIMULATED).content.decode()
    assert "Sources are masked" not in page and all(label in page for label in LABELS)


def test_without_human_ratings_the_page_says_where_the_ratings_are(client, engineer, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(engineer)
    page = client.get(ADDRESS).content.decode()
    assert "No ratings by human raters" in page and 'href="?raters=simulated"' in page
    count = rated.ratings.filter(current=True, skipped=False, surplus=False).count()
    assert f"There are {count} by simulated raters" in page


def test_an_unknown_kind_of_raters_is_refused_by_name(client, engineer, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(engineer)
    answer = client.get(f"{ADDRESS}?raters=martian")
    assert answer.status_code == 422 and b"martian" in answer.content


def test_queries_do_not_grow_with_ratings(client, engineer):
    client.force_login(engineer)
    counted = []
    for name, questions, raters in [("small", 4, 2), ("large", 12, 8)]:
        make_study(name, dataset=name, questions=questions, sources=LABELS)
        simulate_raters(Simulation(study=name, raters=raters), actor=COMMAND)
        close_study(name, actor=COMMAND)
        address = f"/studies/{name}/results/?raters=simulated"
        counted.append(queries_of(client, address))
    assert counted[0] == counted[1] <= 15


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.0004, "< .001"), (0.001, ".001"), (0.0321, ".032"), (0.5, ".500"), (1.0, "> .999")],
)
def test_p_is_written_as_a_paper_writes_it(value, words):
    assert write_p(value) == words


def test_p_has_no_equals_sign_beside_a_bound():
    assert write_p_of(0.02) == "p = .020" and write_p_of(1e-9) == "p < .001"
    assert write_p_of(None) == "p not defined"


def test_numbers_have_a_real_minus_sign_and_no_negative_zero():
    assert write_number(-0.5, signed=True) == "−0.50"
    assert write_number(-0.001, signed=True) == "0.00"
    assert write_number(0.5, signed=True) == "+0.50"


def test_a_forest_puts_an_even_match_on_the_base_line_and_keeps_intervals_on_the_axis():
    def pair(rate, low, high):
        return {"a": "x", "b": "y", "clustered": {"win_rate": rate, "low": low, "high": high}}

    forest = forest_of_pairs([pair(0.5, 0.0, 1.0), pair(0.75, 0.5, 1.0), pair(None, None, None)])
    even, better, undefined = forest.marks
    assert even.x == forest.base == "50.00%"
    # The axis is 90% of the width with 5% beside it: 0.75 stands at 5 + 90 * 0.75.
    assert better.x == "72.50%" and better.low == "50.00%" and better.width == "45.00%"
    assert even.low == "5.00%" and even.width == "90.00%"
    assert undefined.x == "" and undefined.words == "not defined"


@pytest.mark.parametrize(("largest", "ends"), [(0.15, "+0.2"), (1.2, "+2"), (7.0, "+10"), (90.0, "+90")])
def test_the_axis_of_strengths_is_even_on_both_sides_and_holds_all(largest, ends):
    rows = [{"source": "x", "strength": 0.0, "low": -largest, "high": largest}]
    forest = forest_of_strengths(rows)
    words = [tick.words for tick in forest.ticks]
    assert words[-1] == ends and words[0] == ends.replace("+", "−") and len(words) <= 5
    assert forest.base == "50.00%" and forest.marks[0].x == "50.00%"
