from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from accounts.tokens import mint_staff_token
from ratings.analysis.masking import masked_order
from ratings.analysis.services import analyse_study
from ratings.slots.models import Rater
from ratings.slots.services import find_rater, next_assignment, revise, skip, submit_rating
from ratings.studies.services import close_study, unblind_study
from tests.exports.worlds import judge, rater
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db

CALL = "/api/v1/studies/trial/analysis/"
KEYS = [
    *("study", "raters_kind", "ratings", "raters", "questions", "excluded"),
    *("pairs", "strengths", "agreement", "position", "first_shown", "blinding", "protocol"),
]


def small_study():
    """alpha against beta: 3 wins, 1 loss, 1 tie; beta against gamma 4, 1, 0; one partial ranking, one all bad."""
    study = make_study(questions=6)
    ada, ben = rater(study, "ada"), rater(study, "ben")
    judge(study, 1, ada, [[0], [1], [2]])
    judge(study, 2, ada, [[0], [2], [1]], order=3)
    judge(study, 3, ada, [[1], [0], [2]], order=5)
    judge(study, 1, ben, [[0, 1], [2]], order=4)
    judge(study, 2, ben, [[0], [1], [2]], order=2, all_bad=True)
    judge(study, 3, ben, [[1], [2]], order=1)
    judge(study, 4, ben, [], all_bad=True)
    return study


def counts(found):
    return {(p["a"], p["b"]): (p["wins_a"], p["wins_b"], p["ties"]) for p in found["pairs"]}


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {mint_staff_token(user, name='test')}")
    return client


def test_pairs_are_counted_as_one_would_by_hand():
    small_study()
    found = analyse_study("trial")
    assert list(found) == KEYS
    assert counts(found) == {
        ("alpha", "beta"): (3, 1, 1),
        ("alpha", "gamma"): (5, 0, 0),
        ("beta", "gamma"): (5, 1, 0),
    }
    assert (found["ratings"], found["raters"], found["questions"]) == (7, 2, 4)
    first = found["pairs"][0]
    assert first["odds"] == 3.0 and first["clustered"]["win_rate"] == pytest.approx(3.5 / 5)
    assert found["pairs"][1]["odds"] is None
    assert [entry["source"] for entry in found["strengths"]] == ["alpha", "beta", "gamma"]


def test_superseded_skipped_and_surplus_ratings_are_left_out_and_counted():
    study = small_study()
    before = analyse_study("trial")
    cara = rater(study, "cara")
    judge(study, 1, cara, [[2], [1], [0]], surplus=True)
    judge(study, 2, cara, [], skipped=True)
    judge(study, 3, cara, [[2], [1], [0]])
    judge(study, 3, cara, [], skipped=True)
    judge(study, 4, rater(study, "bot", kind="simulated"), [[2], [1], [0]], surplus=True)
    dan = rater(study, "dan")
    judge(study, 1, dan, [[2], [1], [0]])
    judge(study, 2, dan, [[2], [1], [0]], kind="repeat")
    judge(study, 3, dan, [[2], [1], [0]], kind="check")
    Rater.objects.filter(name="dan").update(included=False)
    after = analyse_study("trial")
    assert before.pop("excluded") == {
        "superseded": 0,
        "skipped": 0,
        "surplus": 0,
        "personal": 0,
        "rater_excluded": 0,
    }
    assert after.pop("excluded") == {
        "superseded": 1,
        "skipped": 2,
        "surplus": 1,
        "personal": 2,
        "rater_excluded": 1,
    }
    assert before == after


def test_kinds_of_raters_are_never_pooled():
    study = small_study()
    judge(study, 1, rater(study, "bot", kind="simulated"), [[2], [1], [0]])
    judge(study, 1, rater(study, "judge", kind="model"), [[1], [2], [0]])
    human, simulated, model = (analyse_study("trial", raters_kind=k) for k in ("human", "simulated", "model"))
    assert [found["ratings"] for found in (human, simulated, model)] == [7, 1, 1]
    assert counts(simulated)["alpha", "beta"] == (0, 1, 0) == counts(model)["alpha", "beta"]
    assert counts(simulated)["beta", "gamma"] == (0, 1, 0) and counts(model)["beta", "gamma"] == (1, 0, 0)
    assert simulated["raters_kind"] == "simulated"


def test_anonymous_raters_are_not_counted_and_a_question_may_have_several():
    study = make_study(questions=6)
    for number in (1, 2):
        for column in ("one", "two"):
            judge(study, number, rater(study, column, anonymous=True), [[0], [1], [2]], order=None)
    found = analyse_study("trial")
    assert (found["ratings"], found["raters"], found["position"]) == (4, None, None)


def test_of_a_pairwise_study_the_first_cards_share_is_told_beside_a_null_position():
    study = make_study(questions=6, form={"kind": "pairwise"})
    ada, ben = rater(study, "ada"), rater(study, "ben")
    # Orders 0 (0, 1), 2 (1, 0), 4 (2, 0): the first wins thrice, loses once, ties once; one all bad says nothing.
    judge(study, 1, ada, [[0], [1]], order=0)
    judge(study, 2, ada, [[1], [0]], order=2)
    judge(study, 3, ada, [[0, 2]], order=4)
    judge(study, 1, ben, [[0], [1]], order=0)
    judge(study, 2, ben, [[0], [1]], order=2)
    judge(study, 3, ben, [], order=4, all_bad=True)
    found = analyse_study("trial")
    first = found["first_shown"]
    assert found["position"] is None and found["ratings"] == 6
    assert (first["wins"], first["losses"], first["ties"]) == (3, 1, 1)
    assert first["low"] < first["share"] < first["high"]
    assert analyse_study("trial", masked=True)["first_shown"] == pytest.approx(first)


def test_a_study_without_ratings_has_nulls_and_no_nan():
    make_study(questions=6)
    found = analyse_study("trial")
    assert found["ratings"] == 0 and found["raters"] == 0 and found["questions"] == 0
    assert counts(found)["alpha", "beta"] == (0, 0, 0)
    assert found["pairs"][0]["odds"] is None and found["pairs"][0]["clustered"]["win_rate"] is None
    assert found["strengths"][0]["strength"] is None and found["position"] is None
    json.dumps(found, allow_nan=False)


def test_what_raters_did_by_the_real_loop_is_what_is_analysed():
    make_study(questions=4)
    secret = make_raters()[0].token
    view = next_assignment(secret).view
    assert view is not None
    first = submit_rating(secret, view["token"], ranking_of(view))
    assert first.next is not None
    second = submit_rating(secret, first.next["token"], ranking_of(first.next))
    assert second.next is not None
    skip(secret, second.next["token"])
    revise(secret, first.rating, {"ranking": [[card["token"] for card in view["cards"]]]})
    found = analyse_study("trial")
    assert (found["ratings"], found["raters"], found["questions"]) == (2, 1, 2)
    assert found["excluded"] == {
        "superseded": 1,
        "skipped": 1,
        "surplus": 0,
        "personal": 0,
        "rater_excluded": 0,
    }
    # The revision ties all three; the other rating has three decisions.
    assert [
        sum(x) for x in zip(*((p["wins_a"] + p["wins_b"], p["ties"]) for p in found["pairs"]), strict=True)
    ] == [3, 3]
    assert find_rater(secret).done == 2


def test_an_unknown_kind_is_refused_by_name():
    make_study(questions=4)
    with pytest.raises(InvalidInput, match="one of human, simulated, model"):
        analyse_study("trial", raters_kind="all")


def test_masked_results_are_the_same_under_other_names_in_an_order_of_their_own(settings):
    study = small_study()
    order = masked_order(
        ["alpha", "beta", "gamma"], study="trial", seed=study.seed, secret=settings.SECRET_KEY
    )
    plain, masked = analyse_study("trial"), analyse_study("trial", masked=True)
    assert not {"alpha", "beta", "gamma"} & set(json.dumps(masked).replace('"', " ").split())
    name = {f"Source {place + 1}": ("alpha", "beta", "gamma")[source] for place, source in enumerate(order)}
    unmasked = {name[entry["source"]]: entry["strength"] for entry in masked["strengths"]}
    assert [entry["source"] for entry in masked["strengths"]] == ["Source 1", "Source 2", "Source 3"]
    assert unmasked == pytest.approx({entry["source"]: entry["strength"] for entry in plain["strengths"]})
    for (a, b), (wins, losses, ties) in counts(masked).items():
        both = counts(plain)
        assert both.get((name[a], name[b])) == (wins, losses, ties) or both[name[b], name[a]] == (
            losses,
            wins,
            ties,
        )
    assert masked["position"]["mean_rank"] == pytest.approx(plain["position"]["mean_rank"])


def test_the_masked_order_depends_on_the_seed_and_on_the_secret():
    labels = ["alpha", "beta", "gamma"]
    orders = {
        tuple(masked_order(labels, study="trial", seed=seed, secret=secret))
        for seed in range(20)
        for secret in ("one", "two")
    }
    assert len(orders) == 6
    by_secret = [
        [masked_order(labels, study="t", seed=s, secret=x) for s in range(20)] for x in ("one", "two")
    ]
    assert by_secret[0] != by_secret[1]


def test_the_call_is_blind_until_the_study_is_closed_or_unblinded(engineer):
    small_study()
    client = client_of(engineer)
    refused = client.get(CALL)
    assert (refused.status_code, refused.json()["code"]) == (409, "blinded")
    assert "alpha" not in refused.content.decode()
    close_study("trial", actor=COMMAND)
    answer = client.get(CALL)
    assert answer.status_code == 200 and answer.json() == analyse_study("trial")


def test_unblinding_shows_the_results_of_a_study_that_runs_on(engineer):
    small_study()
    unblind_study("trial", reason="interim look", actor=COMMAND)
    assert client_of(engineer).get(CALL).json()["ratings"] == 7


def test_a_blind_analyst_reads_masked_names_until_the_study_is_unblinded(blind_analyst):
    small_study()
    client = client_of(blind_analyst)
    assert client.get(CALL).status_code == 409
    close_study("trial", actor=COMMAND)
    masked = client.get(CALL)
    assert masked.json() == analyse_study("trial", masked=True)
    assert b'"alpha"' not in masked.content
    unblind_study("trial", reason="done", actor=COMMAND)
    assert client.get(CALL).json() == analyse_study("trial")


def test_strangers_unknown_studies_kinds_and_methods_are_refused(engineer):
    assert APIClient().get(CALL).json()["code"] == "not_authenticated"
    client = client_of(engineer)
    assert client.get(CALL).json()["code"] == "unknown_study"
    small_study()
    close_study("trial", actor=COMMAND)
    wrong = client.get(CALL, {"raters": "all"})
    assert (wrong.status_code, wrong.json()["details"]["field"]) == (422, "raters")
    assert client.post(CALL).status_code == 405


def test_the_command_answers_while_blind_and_is_audited():
    small_study()
    out = StringIO()
    call_command("analyse_study", "trial", "--json", stdout=out)
    assert json.loads(out.getvalue()) == json.loads(json.dumps(analyse_study("trial")))
    assert AuditEvent.objects.get(act="study.analyse").subject == "trial"
    with pytest.raises(CommandError, match="nowhere"):
        call_command("analyse_study", "nowhere", stderr=StringIO())
    assert AuditEvent.objects.filter(act="study.analyse").count() == 1
