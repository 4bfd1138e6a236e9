"""The rating form of a study: what can be stored, and how a body is read by it."""

from __future__ import annotations

import pytest

from accounts.errors import InvalidInput
from ratings.slots.body import read_body
from ratings.slots.cards import card_names
from ratings.slots.errors import InvalidField, NotARanking, UnknownCard
from ratings.studies.form import REASONS, BadForm, RatingForm, form_of, read_form

TOKEN = "0" * 32
#: ORDERS[3] is (1, 2, 0): what stands left is source 1.
ORDER, SHOWN = 3, (1, 2, 0)
LEFT, MIDDLE, RIGHT = card_names(TOKEN)


def ranking(form: RatingForm, groups: list, **more) -> list[list[int]]:
    body = {"ranking": groups, **more}
    return read_body(body, token=TOKEN, order=ORDER, step_counts=[2, 2, 2], form=form).ranking


@pytest.mark.parametrize(
    ("form", "groups", "stored"),
    [
        (RatingForm(), [[LEFT], [RIGHT, MIDDLE]], [[1], [0, 2]]),
        (RatingForm(), [[RIGHT]], [[0]]),
        (RatingForm(kind="best"), [[MIDDLE]], [[2]]),
        (RatingForm(kind="best", partial=False, ties=False, all_bad=False), [[MIDDLE]], [[2]]),
        (RatingForm(kind="best"), [[MIDDLE, LEFT]], [[1, 2]]),
        (RatingForm(kind="best_worst"), [[MIDDLE], [LEFT]], [[2], [0], [1]]),
        (RatingForm(kind="best_worst"), [[MIDDLE, LEFT], [RIGHT]], [[1, 2], [0]]),
        (RatingForm(kind="best_worst"), [[MIDDLE], [RIGHT], [LEFT]], [[2], [0], [1]]),
        (RatingForm(kind="pairwise"), [[MIDDLE], [LEFT]], [[2], [1]]),
        (RatingForm(kind="pairwise"), [[LEFT, MIDDLE]], [[1, 2]]),
        (RatingForm(kind="pairwise"), [[MIDDLE]], [[2], [1]]),
    ],
)
def test_a_ranking_is_stored_as_its_form_means_it(form, groups, stored):
    assert ranking(form, groups) == stored


@pytest.mark.parametrize(
    ("form", "groups", "error"),
    [
        (RatingForm(ties=False), [[LEFT, RIGHT], [MIDDLE]], NotARanking),
        (RatingForm(partial=False), [[LEFT], [RIGHT]], NotARanking),
        (RatingForm(kind="best"), [[LEFT], [RIGHT]], NotARanking),
        (RatingForm(kind="best"), [[LEFT, MIDDLE, RIGHT]], NotARanking),
        (RatingForm(kind="best", ties=False), [[LEFT, MIDDLE]], NotARanking),
        (RatingForm(kind="best_worst"), [[LEFT]], NotARanking),
        (RatingForm(kind="pairwise"), [[LEFT], [RIGHT]], UnknownCard),
    ],
)
def test_a_ranking_of_another_form_is_refused(form, groups, error):
    with pytest.raises(error) as refused:
        ranking(form, groups)
    assert refused.value.details["field"] == "ranking" and refused.value.details["expected"]


def test_all_bad_is_taken_where_it_is_offered():
    assert ranking(RatingForm(kind="best"), [], all_bad=True) == []
    with pytest.raises(InvalidField):
        ranking(RatingForm(all_bad=False), [[LEFT]], all_bad=True)


def test_doubts_and_signals_are_read_and_signals_are_no_part_of_what_was_said():
    def read(**more):
        body = {"ranking": [[LEFT]], **more}
        return read_body(body, token=TOKEN, order=ORDER, step_counts=[1, 1, 1], form=RatingForm())

    first = read(doubts=["question_unclear", "answer_wrong"], signals={"focus_losses": 2, "new": "x"})
    assert first.doubts == ["answer_wrong", "question_unclear"] and first.signals == {"focus_losses": 2}
    assert read(signals={"seconds": 9}).digest == read(active_seconds=3).digest == read().digest
    assert read(doubts=["answer_wrong"]).digest != read().digest
    refused: list[dict] = [
        {"doubts": ["no"]},
        {"doubts": "answer_wrong"},
        {"signals": []},
        {"signals": {"seconds": -1}},
    ]
    for wrong in refused:
        with pytest.raises(InvalidField):
            read(**wrong)
    for number in (True, 1.5, 10**9, "3"):
        with pytest.raises(InvalidField):
            read(signals={"pastes": number})


def test_a_form_is_read_back_as_it_was_written():
    form = RatingForm(kind="best", ties=False, reasons=tuple(REASONS)[:2], confidence=True, doubts=True)
    assert read_form(form.as_json()) == form
    assert form_of("{}") == RatingForm() and RatingForm().shown == 3


OWN = {
    "reasons": ["wrong_step"],
    "own_reasons": [{"code": "off_topic", "label": "Leaves the topic"}, {"code": "a", "label": "Too long"}],
}


def test_a_study_may_name_reasons_of_its_own() -> None:
    form = read_form(OWN)
    assert form.reasons == ("wrong_step", "off_topic", "a")
    assert read_form(form.as_json()) == form and form.as_json()["own_reasons"] == OWN["own_reasons"]
    assert read_form({**OWN, "reasons": ["a", "wrong_step", "off_topic"]}).reasons[0] == "a"
    # What was frozen and hashed before there were own reasons reads as it did.
    assert "own_reasons" not in RatingForm().as_json()


def reasons_of(form: RatingForm, codes: object, said_before: tuple[str, ...] = ()) -> dict[str, list[str]]:
    body = {"ranking": [[LEFT]], "reasons": {LEFT: codes}}
    read = read_body(
        body, token=TOKEN, order=ORDER, step_counts=[2, 2, 2], form=form, said_before=said_before
    )
    return read.reasons


def test_a_rating_holds_codes_that_are_known_or_the_studys_own() -> None:
    assert reasons_of(RatingForm(), ["wrong_step", "missing_step"]) == {"1": ["missing_step", "wrong_step"]}
    assert reasons_of(read_form(OWN), ["off_topic", "red_herring"]) == {"1": ["off_topic", "red_herring"]}
    with pytest.raises(InvalidField) as refused:
        reasons_of(read_form(OWN), ["wrong_step", "unclear"])
    details = refused.value.details
    assert (details["field"], details["value"]) == ("reasons", '"unclear"')
    assert all(code in details["expected"] for code in (*REASONS, "off_topic", "a"))
    with pytest.raises(InvalidField):
        reasons_of(RatingForm(), ["off_topic"])


def test_a_revision_may_keep_a_code_that_was_stored_before_codes_were_checked() -> None:
    assert reasons_of(RatingForm(), ["unclear"], said_before=("unclear",)) == {"1": ["unclear"]}
    with pytest.raises(InvalidField):
        reasons_of(RatingForm(), ["other"], said_before=("unclear",))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"kind": "worst"}, "kind"),
        ({"kind": ["best"]}, "kind"),
        ({"reasons": ["no_such_code"]}, "reasons"),
        ({"reasons": "wrong_step"}, "reasons"),
        ({"own_reasons": {"off_topic": "Off the topic"}}, "own_reasons"),
        ({"own_reasons": [{"code": f"own{n}", "label": "x"} for n in range(11)]}, "own_reasons"),
        ({"own_reasons": [{"code": "off_topic"}]}, "own_reasons[0]"),
        ({"own_reasons": [{"code": "Off topic", "label": "x"}]}, "own_reasons[0].code"),
        ({"own_reasons": [{"code": "wrong_step", "label": "x"}]}, "own_reasons[0].code"),
        ({"own_reasons": [{"code": "a", "label": "x"}, {"code": "a", "label": "y"}]}, "own_reasons[1].code"),
        ({"own_reasons": [{"code": "a", "label": "two\nlines"}]}, "own_reasons[0].label"),
        ({"own_reasons": [{"code": "a", "label": " "}]}, "own_reasons[0].label"),
        ({"ties": 1}, "ties"),
        ({"tie": True}, "tie"),
    ],
)
def test_a_bad_form_is_named(value, field):
    with pytest.raises(BadForm) as refused:
        read_form(value)
    assert refused.value.field == field and field in str(refused.value)


def test_a_study_with_a_bad_form_is_not_made(db):
    from tests.worlds import make_study

    with pytest.raises(InvalidInput, match=r"form\.kind"):
        make_study(form={"kind": "nonsense"})
