"""DPO runs: pairs with their votes, sides by the question's split, and how often the verifier agrees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of
from jobs.errors import JobError
from jobs.here import run_here
from problems.types import Family
from ratings.exports.services import export_study
from ratings.library.models import Dataset, Question
from ratings.slots.models import Rater, Rating
from ratings.studies.models import Study
from tests.training_runs.test_star_runs import interrupted
from tests.training_runs.votes import STYLES, voted_sums
from tests.training_runs.worlds import done, launched, outcome_of
from training.runs.launching import resume_run
from training.runs.preference_files import pairs_of_file
from training.runs.preferences import pairs_of_studies
from training.runs.selectors import get_run
from training.runs.watching import JobWatch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

#: Three pairs of each of twelve triples; two thirds of them are about questions of split train.
TRAINED, HELD_OUT = 24, 12


def test_each_vote_gives_a_pair_for_every_two_rationales_with_the_way_back_to_it() -> None:
    study = voted_sums()
    found = list(pairs_of_studies([study], raters="human", ties="drop", family=Family.ADDITION))
    assert len(found) == TRAINED + HELD_OUT
    for pair in found:
        rating = Rating.objects.get(key=pair.votes["rating"], current=True)
        assert (pair.votes["study"], pair.votes["raters"]) == ("trial", "human")
        assert rating.triple.question_id == pair.question and pair.revision == rating.triple.revision_id
        assert len(pair.chosen) < len(pair.rejected)
        assert pair.prompt.startswith("Input:\n") and pair.prompt.endswith("Target:\n")
        assert pair.split == Question.objects.get(pk=pair.question).split
    # As the rationale came, not as raters saw it.
    question = Question.objects.get(pk=found[0].question)
    answer = " ".join(question.current_revision.answer)
    assert {text for pair in found[:3] for text in (pair.chosen, pair.rejected)} == {
        style.format(digits=answer) for style in STYLES.values()
    }


def test_kinds_of_raters_are_never_pooled() -> None:
    study = voted_sums()
    assert list(pairs_of_studies([study], raters="simulated", ties="drop", family=Family.ADDITION)) == []
    Rater.objects.update(kind="simulated")
    assert list(pairs_of_studies([study], raters="human", ties="drop", family=Family.ADDITION)) == []
    run = launched("dpo", studies=["trial"])
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    assert caught.value.code == "no_preferences" and "human rater" in caught.value.message


def test_ties_become_what_the_recipe_says() -> None:
    study = voted_sums()
    Rating.objects.update(ranking=[[0, 1], [2]])
    counts = {
        ties: len(list(pairs_of_studies([study], raters="human", ties=ties, family=Family.ADDITION)))
        for ties in ("drop", "half", "both")
    }
    assert counts == {"drop": 24, "half": 36, "both": 48}


def test_a_verifier_learns_on_one_side_and_is_measured_on_the_other() -> None:
    voted_sums()
    run = done("dpo", studies=["trial"], steps=30, learning_rate=3e-4, select_every=10)
    assert run.pairs.filter(use="train").count() == TRAINED
    assert run.pairs.filter(use="held_out").count() == HELD_OUT
    assert set(run.pairs.filter(use="held_out").values_list("question__split", flat=True)) == {"test"}
    trained, held_out = (
        set(run.pairs.filter(use=use).values_list("question", flat=True)) for use in ("train", "held_out")
    )
    assert not trained & held_out
    report = run.metrics["held_out"]["test"]
    assert report["reward"]["pairs"] == HELD_OUT and report["reward"]["questions"] == 4
    # A rater who likes it short is easily understood.
    assert report["reward"]["agreement"] > 0.9
    assert LanguageModel.objects.get(label="made").parent == run.base


def log_likelihoods(folder: Path, prompt: str, texts: list[str]) -> list[float]:
    """By transformers alone, one text at a time."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    found = []
    for text in texts:
        asked = tokenizer.encode(prompt)
        told = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
        with torch.no_grad():
            logits = model(torch.tensor([asked + told])).logits[0].log_softmax(-1)
        found.append(sum(float(logits[len(asked) + i - 1, token]) for i, token in enumerate(told)))
    return found


def test_the_agreement_is_that_of_an_independent_count() -> None:
    voted_sums(questions=6)
    run = done("dpo", studies=["trial"])
    verifier = folder_of(LanguageModel.objects.get(label="made"))
    wins = {"reward": 0, "likelihood": 0, "reference_likelihood": 0}
    pairs = run.pairs.filter(use="held_out")
    for pair in pairs:
        own = log_likelihoods(verifier, pair.prompt, [pair.chosen, pair.rejected])
        base = log_likelihoods(folder_of(run.base), pair.prompt, [pair.chosen, pair.rejected])
        wins["reward"] += own[0] - base[0] > own[1] - base[1]
        wins["likelihood"] += own[0] > own[1]
        wins["reference_likelihood"] += base[0] > base[1]
    report = run.metrics["held_out"]["test"]
    assert {name: report[name]["agreement"] for name in wins} == {
        name: pytest.approx(count / pairs.count()) for name, count in wins.items()
    }


def test_a_run_that_was_interrupted_ends_with_the_same_numbers(monkeypatch) -> None:
    voted_sums()
    expected = outcome_of(done("dpo", label="whole", studies=["trial"]))
    run = launched("dpo", label="cut", studies=["trial"])
    cure = interrupted(monkeypatch, JobWatch, "step", at=3, before=False)
    with pytest.raises(KeyboardInterrupt):
        run_here(run.job_id)
    cure()
    # More votes come in meanwhile; the run goes on with those that it began with.
    Rating.objects.update(ranking=[[2], [1], [0]])
    resume_run(run, actor=COMMAND)
    run_here(run.job_id)
    assert outcome_of(get_run(run.pk)) == expected


@pytest.mark.parametrize("format", ["trl-preference", "trl-conversational"])
@pytest.mark.parametrize("lineage", [True, False])
def test_an_export_of_the_study_gives_the_same_pairs_as_the_study(tmp_path, format, lineage) -> None:
    study = voted_sums()
    path = tmp_path / "pairs.jsonl"
    export_study("trial", format=format, out=path, lineage=lineage, actor=COMMAND)
    dataset = Dataset.objects.get(name="sums")
    of_study = list(pairs_of_studies([study], raters="human", ties="drop", family=Family.ADDITION))
    of_file = list(pairs_of_file(path, dataset, raters="human"))
    for one, other in zip(of_study, of_file, strict=True):
        assert (one.id, one.split, one.prompt, one.chosen, one.rejected) == (
            other.id,
            other.split,
            other.prompt,
            other.chosen,
            other.rejected,
        )
        assert (one.chosen_rationale, one.rejected_rationale) == (
            other.chosen_rationale,
            other.rejected_rationale,
        )
    assert of_file[1].votes["line"] == 2


def test_a_stored_export_is_named_by_its_version() -> None:
    voted_sums()
    Study.objects.update(state="closed")
    export = export_study("trial", format="trl-preference", actor=COMMAND)
    run = done("dpo", export=export.version, steps=2)
    assert run.pairs.count() == TRAINED + HELD_OUT
    assert set(run.pairs.values_list("origin", flat=True)) == {"file"}
    with pytest.raises(InvalidInput, match="simulated"):
        launched("dpo", label="other", export=export.version, raters="simulated")


GOOD = {"prompt": "PROMPT", "chosen": "a", "rejected": "b"}


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("{", ""),
        ("[]", ""),
        (json.dumps({**GOOD, "chosen": ""}), "chosen"),
        (json.dumps({**GOOD, "rejected": None}), "rejected"),
        (json.dumps({**GOOD, "prompt": "What is this?"}), "prompt"),
        (json.dumps({**GOOD, "question": "none", "prompt": "What?"}), "prompt"),
        (json.dumps({**GOOD, "question": 3}), "question"),
        (json.dumps({**GOOD, "raters_kind": "model"}), "raters_kind"),
    ],
)
def test_a_line_that_can_not_be_used_is_named_with_what_was_expected(tmp_path, line, column) -> None:
    voted_sums(questions=3)
    prompt = Question.objects.filter(split="train")[0].current_revision.text
    path = tmp_path / "pairs.jsonl"
    good = json.dumps({**GOOD, "prompt": prompt})
    path.write_text(f"{good}\n{line.replace('PROMPT', prompt)}\n")
    run = launched("dpo", export=str(path))
    with pytest.raises(JobError) as caught:
        run_here(run.job_id)
    assert caught.value.code == "row_errors"
    assert (caught.value.details["row"], caught.value.details["column"]) == (2, column)
    assert not run.pairs.exists()
