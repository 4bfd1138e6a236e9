"""The keys of each recipe, and what each of them takes. Defaults and explanations stand in the TOML files."""

from __future__ import annotations

from dataclasses import dataclass

from problems.seeds import LARGEST_SEED
from training.recipes.errors import bad_value
from training.recipes.fields import flag, names, number, one_of, some_of, text, whole, wholes

RATERS = ("human", "simulated", "model")


#: Nats; no completion is as unlikely as this.
LOWEST_SCORE = -1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What all algorithms share."""

    dataset: str = text("the name of a dataset")
    base: str = text("the label of a model")
    seed: int = whole(0, LARGEST_SEED)
    studies: tuple[str, ...] = names("the name of a study")
    raters: str = one_of(*RATERS)

    learning_rate: float = number(0, 1, above=True)
    schedule: str = one_of("constant", "linear", "cosine")
    warmup_steps: int = whole(0)
    hold: float = number(0, 0.99)
    final_share: float = number(0, 1)
    batch_size: int = whole(1, 100_000)
    accumulate: int = whole(1, 100_000)
    adam_beta2: float = number(0, 0.999999)
    clip: float = number(0)
    weight_decay: float = number(0, 1)

    precision: str = one_of("auto", "fp32", "bf16")
    gradient_checkpointing: bool = flag()
    processes: int = whole(1, 64)
    lora_rank: int = whole(0, 4096)
    lora_alpha: float = number(0, above=True)
    lora_targets: tuple[str, ...] = names("the last part of the name of a linear layer")
    lora_dropout: float = number(0, 0.99)

    save_every: int = whole(1)
    keep: str = some_of("best", "last", "all")

    def check(self) -> None:
        """Raises RecipeError for keys that do not go together."""

    def check_shared(self) -> None:
        """The same of the keys that all recipes have."""
        if self.lora_targets and not self.lora_rank:
            raise bad_value("lora_targets", list(self.lora_targets), "[] where lora_rank is 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecipe(Recipe):
    """What those share that fine-tune on texts, several of which may share a row."""

    split: str = text("a split")
    pack_tokens: int = whole(0, 1_000_000)
    packed_attention: str = one_of("example", "plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sft(TextRecipe):
    learn: str = one_of("rationales", "answers", "retries")
    retries_per_question: int = whole(0)
    with_solutions: bool = flag()
    sources: tuple[str, ...] = names("the label of a source")
    from_run: str = text("the label of a STaR run", may_be_empty=True)
    validation_split: str = text("a split", may_be_empty=True)
    validation_questions: int = whole(0)
    validate_every: int = whole(0)
    epochs: float = number(0, 10_000)
    steps: int = whole(0)

    def check(self) -> None:
        _one_model_is_made(self.keep, best=bool(self.validation_split))
        _exactly_one_length(self.epochs, self.steps)
        if self.from_run and (self.sources or self.studies):
            raise bad_value("from_run", self.from_run, '"" where sources or studies are given')
        if self.learn == "answers" and (self.sources or self.studies or self.from_run):
            raise bad_value("learn", self.learn, '"rationales" where sources, studies or from_run are given')


@dataclass(frozen=True, slots=True, kw_only=True)
class Dpo(Recipe):
    export: str = text("the path of an export file", may_be_empty=True)
    ties: str = one_of("drop", "both", "half")
    split: str = text("a split")
    held_out_splits: tuple[str, ...] = names("a split")
    select: bool = flag()
    select_every: int = whole(1)
    beta: float = number(0, 100, above=True)
    label_smoothing: float = number(0, 0.49)
    epochs: float = number(0, 10_000)
    steps: int = whole(0)

    def check(self) -> None:
        _one_model_is_made(self.keep, best=self.select)
        _exactly_one_length(self.epochs, self.steps)
        if not self.studies and not self.export:
            raise bad_value("studies", [], "at least one study, or a file under export")
        if self.split in self.held_out_splits:
            raise bad_value(
                "held_out_splits", list(self.held_out_splits), f"splits other than {self.split!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Star(TextRecipe):
    iterations: int = whole(1, 1_000)
    questions_per_iteration: int = whole(0)
    rationalize: bool = flag()
    rationalize_from: int = whole(1, 1_000)
    share_rationalized: float = number(0, 1)
    hint_left_in: float = number(0, 1)
    later_from: int = whole(0, 1_000)
    later_groups: tuple[int, ...] = wholes(0)
    later_split: str = text("a split", may_be_empty=True)
    shots: int = whole(0, 1_000)
    shots_when: str = one_of("always", "first_iteration")
    shots_in_training: bool = flag()
    samples: int = whole(1, 1_000)
    temperature: float = number(0, 10)
    top_p: float = number(0, 1, above=True)
    max_new_tokens: int = whole(0, 100_000)
    batch_questions: int = whole(1, 100_000)
    continue_training: bool = flag()
    data_of_iterations: int = whole(0, 1_000)
    hinted_copies: float = number(0, 1)
    kept_by: str = one_of("answer", "trace", "verifier")
    verifier: str = text("the label of a model", may_be_empty=True)
    verifier_share: float = number(0, 1, above=True)
    verifier_above: float = number(LOWEST_SCORE, 0)
    replay_per_iteration: int = whole(0)
    replay_split: str = text("a split")
    steps_rule: str = one_of("exponential", "linear", "epochs")
    first_steps: float = number(0, above=True)
    steps_growth: float = number(0)
    max_steps: int = whole(0)
    patience: int = whole(0)
    min_gain: float = number(0, 1)
    validation_split: str = text("a split", may_be_empty=True)
    validation_questions: int = whole(0)

    def check(self) -> None:
        if self.studies:
            raise bad_value("studies", list(self.studies), "[]: star keeps what reaches the right answer")
        if self.samples > 1 and self.temperature == 0:
            raise bad_value(
                "samples", self.samples, "1 while temperature is 0: greedy samples are all the same"
            )
        if self.patience and not self.validation_split:
            expected = (
                "0 where validation_split is empty: whether accuracy rises is seen on its questions. Set both"
            )
            raise bad_value("patience", self.patience, expected)
        if self.min_gain and not self.patience:
            raise bad_value("min_gain", self.min_gain, "0 where patience is 0")
        self._check_hints()
        self._check_verifier()
        self._check_later()
        self._check_replay()

    def _check_hints(self) -> None:
        if self.rationalize_from > (self.iterations if self.rationalize else 1):
            expected = (
                f"at most iterations ({self.iterations})"
                if self.rationalize
                else "1 where rationalize is false"
            )
            raise bad_value("rationalize_from", self.rationalize_from, expected)
        if self.hint_left_in and not self.rationalize:
            raise bad_value("hint_left_in", self.hint_left_in, "0 where rationalize is false")

    def _check_verifier(self) -> None:
        if self.kept_by != "verifier":
            if self.verifier:
                raise bad_value("verifier", self.verifier, f'"" where kept_by is {self.kept_by!r}')
            if self.verifier_above:
                raise bad_value("verifier_above", self.verifier_above, f"0 where kept_by is {self.kept_by!r}")
            return
        if not self.verifier:
            raise bad_value("verifier", "", "the label of a model where kept_by is 'verifier'")
        if self.samples < 2 and not self.verifier_above:
            expected = "at least 2 where a verifier chooses among them, or verifier_above below 0"
            raise bad_value("samples", self.samples, expected)

    def _check_later(self) -> None:
        if bool(self.later_from) != bool(self.later_groups or self.later_split):
            expected = "above 0 where later_groups or later_split are given, and 0 where they are not"
            raise bad_value("later_from", self.later_from, expected)
        if self.later_from > self.iterations or self.later_from == 1:
            raise bad_value(
                "later_from", self.later_from, f"from 2 to iterations ({self.iterations}), or 0 for never"
            )
        if self.later_split and self.later_split in (self.split, self.validation_split):
            raise bad_value("later_split", self.later_split, "another split than split and validation_split")

    def _check_replay(self) -> None:
        """Replayed solutions are learned as they are: none may be of a question that is asked or measured."""
        if self.replay_per_iteration and self.replay_split in (
            self.split,
            self.validation_split,
            self.later_split,
        ):
            expected = "another split than split, validation_split and later_split"
            raise bad_value("replay_split", self.replay_split, expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vstar(TextRecipe):
    sources: tuple[str, ...] = names("the label of a source")
    sft_questions: int = whole(0)
    iterations: int = whole(1, 100)
    questions_per_iteration: int = whole(0)
    samples: int = whole(2, 1_000)
    temperature: float = number(0, 10, above=True)
    top_p: float = number(0, 1, above=True)
    max_new_tokens: int = whole(0, 100_000)
    batch_questions: int = whole(1, 100_000)
    correct_per_question: int = whole(0)
    epochs: float = number(0, 10_000)
    steps: int = whole(0)
    pairs_per_question: int = whole(1)
    max_pairs: int = whole(0)
    train_final_generator: bool = flag()
    verifier_from: str = one_of("sft", "generator")
    beta: float = number(0, 100, above=True)
    label_smoothing: float = number(0, 0.49)
    human_weight: float = number(0, 1_000)
    ties: str = one_of("drop", "both", "half")
    held_out_splits: tuple[str, ...] = names("a split")
    verifier_learning_rate: float = number(0, 1, above=True)
    verifier_batch_size: int = whole(1, 100_000)
    verifier_epochs: float = number(0, 10_000, above=True)
    validation_split: str = text("a split", may_be_empty=True)
    validation_questions: int = whole(0)
    validation_samples: int = whole(2, 10_000)
    validation_k: tuple[int, ...] = wholes(1, at_least=1)
    validate_every: int = whole(1)

    def check(self) -> None:
        _exactly_one_length(self.epochs, self.steps)
        if self.split in self.held_out_splits:
            raise bad_value(
                "held_out_splits", list(self.held_out_splits), f"splits other than {self.split!r}"
            )
        if self.sft_questions and not self.sources:
            raise bad_value("sft_questions", self.sft_questions, "0 where no sources are given")
        if self.human_weight and not self.studies:
            raise bad_value("human_weight", self.human_weight, "0 where no studies are given")
        if self.studies and not self.human_weight:
            raise bad_value("studies", list(self.studies), "[] where human_weight is 0")
        if max(self.validation_k) > self.validation_samples:
            raise bad_value(
                "validation_k",
                list(self.validation_k),
                f"at most validation_samples ({self.validation_samples})",
            )


#: What is built, by the name that `train` takes.
ALGORITHMS: dict[str, type[Recipe]] = {"sft": Sft, "dpo": Dpo, "star": Star, "vstar": Vstar}
#: What CONTRACT.md names and a later version brings.
PLANNED = ("orm", "prm", "quiet_star", "pause")


def _exactly_one_length(epochs: float, steps: int) -> None:
    if (epochs > 0) == (steps > 0):
        raise bad_value("steps", steps, "above 0 where epochs is 0, and 0 where it is not")


def _one_model_is_made(keep: str, *, best: bool) -> None:
    """Of its best step, where that is measured: there is none beside it that could be kept."""
    if "all" in keep or (best and keep == "last"):
        raise bad_value("keep", keep, '"best" or "best,last": one model is made, of its best step')
