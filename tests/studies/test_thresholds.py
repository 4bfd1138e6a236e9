"""Thresholds of quality control after opening: they may change, and every change is a deviation."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from ratings.crowd.raters import create_raters
from ratings.quality.decisions import decide
from ratings.slots import services
from ratings.studies.design import StudyDesign
from ratings.studies.errors import WrongState
from ratings.studies.models import Deviation, Protocol, Study
from ratings.studies.quality_mix import read_mix
from ratings.studies.services import create_study
from ratings.studies.thresholds import change_thresholds
from tests.worlds import SOURCES, make_dataset, make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db


def test_a_change_is_logged_with_both_values_and_the_frozen_protocol_stays():
    make_study(quality={"checks": 1, "fastest": 50})
    change_thresholds("trial", to={"fastest": 80.0, "min_repeat": 0.6}, reason="short texts", actor=COMMAND)
    mix = read_mix(Study.objects.get().quality)
    assert (mix.fastest, mix.checks) == (80.0, 1)
    deviation = Deviation.objects.get()
    assert deviation.code == "thresholds_changed" and deviation.reason == "short texts"
    assert deviation.details == {"from": {"fastest": 50}, "to": {"fastest": 80.0}}
    assert Protocol.objects.get().content["quality"]["fastest"] == 50
    change_thresholds("trial", to={"fastest": 80}, reason="again", actor=COMMAND)
    assert Deviation.objects.count() == 1, "nothing changed, nothing to log"


@pytest.mark.parametrize(
    ("to", "reason", "field"),
    [
        ({"checks": 3}, "why not", "quality.checks"),
        ({"fastest": 0}, "why not", "quality.fastest"),
        ({"min_repeat": "x"}, "why not", "quality.min_repeat"),
        ({"fastest": 80}, " ", "reason"),
    ],
)
def test_a_bad_change_changes_nothing(to, reason, field):
    make_study()
    with pytest.raises(InvalidInput) as refused:
        change_thresholds("trial", to=to, reason=reason, actor=COMMAND)
    assert refused.value.details["field"] == field
    assert Study.objects.get().quality == {} and not Deviation.objects.exists()


def test_a_draft_changes_its_design_instead():
    make_dataset()
    create_study(StudyDesign("trial", "sums", SOURCES, questions=3), actor=COMMAND)
    with pytest.raises(WrongState):
        change_thresholds("trial", to={"fastest": 80}, reason="x", actor=COMMAND)


def test_leaving_a_rater_out_by_hand_is_a_deviation_and_taking_one_back_is_not():
    make_study()
    [rater] = make_raters()
    for verdict in ("excluded", "included"):
        decide(
            "trial",
            [rater.name],
            matter="analysis",
            verdict=verdict,
            reason="Clicked through.",
            actor=COMMAND,
        )
    assert [(one.code, one.details) for one in Deviation.objects.all()] == [("rater_excluded", {"raters": 1})]


def test_a_pool_has_its_own_quota_and_no_more_raters_than_places():
    make_study(
        questions=6,
        per_rater=5,
        pools=[{"name": "students", "places": 2, "per_rater": 3}, {"name": "others"}],
    )
    create_raters("trial", "anna", count=2, pool="students", actor=COMMAND)
    create_raters("trial", "ben", count=None, pool="others", actor=COMMAND)
    with pytest.raises(InvalidInput, match="2 places") as full:
        create_raters("trial", "carl", count=None, pool="students", actor=COMMAND)
    assert full.value.details["field"] == "pool"
    with pytest.raises(InvalidInput, match="students, others"):
        create_raters("trial", "carl", count=None, pool="experts", actor=COMMAND)
    quotas = dict(Study.objects.get().raters.values_list("name", "quota"))
    assert quotas == {"anna-1": 3, "anna-2": 3, "ben": None}


def test_a_raters_own_quota_ends_their_session():
    make_study(questions=6, per_rater=5, pools=[{"name": "students", "per_rater": 3}])
    [one] = create_raters("trial", "anna", count=None, pool="students", actor=COMMAND)
    view = services.next_assignment(one.token).view
    rated = 0
    while view is not None:
        assert view["progress"]["quota"] == 3
        view = services.submit_rating(one.token, view["token"], ranking_of(view)).next
        rated += 1
    assert rated == 3
