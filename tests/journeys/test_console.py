"""What the researcher sees of raters before and after rating, and how a journey gets into a study."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ratings.analysis.services import analyse_study
from ratings.journeys import services
from ratings.journeys.models import BlindingGuess
from ratings.slots.models import Rater
from ratings.studies.journey import read_journey
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.exports.reading import rows_of
from tests.journeys.ways import WHOLE, guesses, rate_all, say, walk
from tests.worlds import SOURCES, make_dataset, make_raters, make_study

pytestmark = pytest.mark.django_db


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def debriefed_study(*, raters: int = 4) -> Study:
    """Raters who guess every second of their cards rightly, all of them about people's."""
    study = make_study(questions=8, overlap=raters, per_rater=4, journey=WHOLE)
    for number, rater in enumerate(make_raters(count=raters)):
        walk(rater.token, to="debrief")
        said = guesses(rater.token, "person" if number % 2 else "machine")
        say(
            rater.token,
            "debrief",
            guesses=said,
            answers={"0": number % 2, "1": f"Text {number}"},
            comment="Fine.",
        )
    return study


def test_the_studys_page_counts_raters_by_stage_and_sums_up_their_answers(client, owner):
    debriefed_study(raters=3)
    missed, declined = (rater.token for rater in make_raters(count=2, name="other"))
    walk(missed, to="comprehension")
    say(missed, "comprehension", **{"try": 1}, answers={"0": 0, "1": 0})
    say(missed, "comprehension", **{"try": 2}, answers={"0": 0})
    say(declined, "consent", consents=False)
    client.force_login(owner)
    page = client.get("/studies/trial/").content.decode()
    seen = words(page)
    for expected in ("Finished 3", "Declined 1", "Screened out 1", "At the consent 0", "4 consented."):
        assert expected in seen, expected
    assert "4 took the comprehension check. 1 took its try 2." in seen
    assert "What do you rank? 1" in seen and "Text 2" in seen and "Fine." in seen
    assert "A machine 12 cards" in seen
    # Still blind: not a word about who was right.
    assert not [label for label in SOURCES if label in page] and "Bang" not in page


def test_a_study_without_a_journey_has_no_part_about_it(client, owner):
    make_study(questions=2)
    client.force_login(owner)
    assert "Raters on their way" not in client.get("/studies/trial/").content.decode()


def test_the_blinding_index_is_on_the_results_once_they_are_visible(client, owner):
    study = debriefed_study()
    client.force_login(owner)
    assert "Bang" not in client.get("/studies/trial/results/").content.decode()
    Study.objects.update(state="closed")
    seen = words(client.get("/studies/trial/results/").content.decode())
    assert "Could raters tell who wrote what?" in seen and "4 raters judged 24 cards" in seen
    found = analyse_study(study.name)["blinding"]
    # Half of the raters called every card a person's, half a machine's: by counting, as good as guessing.
    assert (found["bang_people"]["index"], found["bang_machines"]["index"]) == (0, 0)
    assert found["james"]["index"] == pytest.approx(0.5)
    assert (found["cards"], found["raters"], found["unsure"]) == (24, 4, 0)


def test_the_index_counts_what_is_stored_and_leaves_out_excluded_raters():
    study = debriefed_study()
    for guess in BlindingGuess.objects.select_related("assignment"):
        # Everybody sees through everything; `gamma` is people's.
        assert guess.source_index in ORDERS[guess.assignment.order or 0]
        guess.said = "person" if SOURCES[guess.source_index] == "gamma" else "machine"
        guess.save()
    Rater.objects.filter(name="rater-1").update(included=False)
    found = analyse_study(study.name)["blinding"]
    assert (found["bang_people"]["index"], found["bang_machines"]["index"], found["james"]["index"]) == (
        1,
        1,
        0,
    )
    assert (found["cards"], found["raters"]) == (18, 3)
    # By the label that imports give, where the study names no one.
    Study.objects.update(journey=WHOLE | {"debrief": {"guess": True}})
    assert analyse_study(study.name)["blinding"] is None


def refusal(*arguments: str) -> dict:
    """The error on the command's JSON line."""
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command(*arguments, "--json", stdout=out)
    said: dict = json.loads(out.getvalue().splitlines()[-1])["error"]
    return said


def test_the_command_reads_a_journey_from_a_file(tmp_path: Path, capsys):
    make_dataset(questions=3)
    path = tmp_path / "journey.json"
    path.write_text(json.dumps(WHOLE), encoding="utf-8")
    arguments = ["create_study", "trial", "--dataset", "sums", "--sources", *SOURCES, "--questions", "2"]
    call_command(*arguments, "--journey", str(path))
    assert Study.objects.get().journey == WHOLE
    [rater] = make_raters(count=1)
    assert services.stand(rater.token).stage == "consent"
    Study.objects.all().delete()
    for text, code, field in (
        ("{", "bad_arguments", "journey"),
        ("[]", "bad_arguments", "journey"),
        (json.dumps({"consnt": "x"}), "invalid", "journey.consnt"),
        (json.dumps({"debrief": {"human": ["nobody"]}}), "invalid", "journey.debrief.human"),
        (
            json.dumps({"practice": {"items": [{"from": "nowhere", "feedback": "x"}]}}),
            "invalid",
            "journey.practice.items[0].from",
        ),
    ):
        path.write_text(text, encoding="utf-8")
        said = refusal(*arguments, "--journey", str(path))
        assert (said["code"], said["details"].get("field")) == (code, field)
        assert not Study.objects.exists()


def test_simulated_raters_rate_at_once(capsys):
    make_study(questions=3, journey=WHOLE)
    call_command("simulate_raters", "trial", "--raters", "2", "--json")
    assert set(Rater.objects.filter(kind="simulated").values_list("stage", flat=True)) == {"rating"}


def test_practice_is_in_no_count_of_the_study():
    study = make_study(questions=4, per_rater=2, journey={"practice": WHOLE["practice"]})
    [rater] = make_raters(count=1)
    walk(rater.token, to="rating")
    rate_all(rater.token)
    found = analyse_study(study.name)
    assert found["ratings"] == 2 and found["excluded"]["personal"] == 2


def test_a_vote_bears_the_version_of_the_consent_under_which_it_was_given(tmp_path: Path):
    study = make_study(questions=3, per_rater=2, journey={"consent": "I agree."})
    [rater] = make_raters(count=1)
    walk(rater.token)
    rows = rows_of(study, "votes", tmp_path)
    assert [row["consent"] for row in rows] == [read_journey(study.journey).consent_version] * 2
