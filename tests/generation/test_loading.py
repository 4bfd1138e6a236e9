"""A good folder loads; each bad one is refused by its own code, in words that name the file."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BloomConfig, BloomForCausalLM

from generation.registry.checkpoints import save_checkpoint
from generation.registry.loading import load_folder, pick_device
from generation.registry.tiny import train_tokenizer
from generation.registry.tokens import encode_prompt
from generation.registry.unusable import ModelUnusable
from tests.generation.models import CONTEXT, CORPUS, gptj, other, tokenizer

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "tiny"
    save_checkpoint(gptj(), folder, manifest={})
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(good, tmp_path / "tiny"))


def edit(path: Path, **changed: Any) -> None:
    """Set keys of a JSON file; None takes one out."""
    found = json.loads(path.read_text()) | changed
    path.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))


def rewrite(path: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def test_a_stored_model_comes_back_bit_for_bit(good: Path) -> None:
    loaded = load_folder(good)
    assert loaded.context == CONTEXT and loaded.device == "cpu" and not loaded.model.training
    for (name, stored), (_, found) in zip(
        gptj().model.named_parameters(), loaded.model.named_parameters(), strict=True
    ):
        assert torch.equal(stored, found), name
    for text in CORPUS:
        assert encode_prompt(loaded.tokenizer, text) == encode_prompt(tokenizer(), text)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gpt_neox"])
def test_other_architectures_load_too(kind: str, tmp_path: Path) -> None:
    save_checkpoint(other(kind), tmp_path / kind, manifest={})
    loaded = load_folder(tmp_path / kind)
    tokens = torch.tensor([[5, 6, 7]])
    assert loaded.context == CONTEXT
    assert torch.equal(loaded.model(tokens).logits, other(kind).model(tokens).logits)


def test_half_precision_is_computed_in_single_on_the_cpu(tmp_path: Path) -> None:
    half = copy.copy(gptj())
    half.model = copy.deepcopy(gptj().model).to(torch.float16)
    save_checkpoint(half, tmp_path / "half", manifest={})
    assert load_file(tmp_path / "half" / WEIGHTS)["lm_head.weight"].dtype == torch.float16
    assert {weight.dtype for weight in load_folder(tmp_path / "half").model.parameters()} == {torch.float32}


def test_a_tokenizer_without_padding_pads_with_its_closing_token(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", pad_token=None)
    loaded = load_folder(folder)
    assert loaded.tokenizer.pad_token_id == loaded.tokenizer.eos_token_id


def test_pickles_beside_safetensors_are_not_read(folder: Path) -> None:
    (folder / "training_args.bin").write_bytes(b"\x80\x04not a pickle that anybody should open")
    load_folder(folder)


def pickled(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    torch.save({}, folder / "pytorch_model.bin")


def shard_missing(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"lm_head.bias": "model-00002-of-00002.safetensors"}})
    )


def too_many_tokens(folder: Path) -> None:
    train_tokenizer(
        ["many more words than those of the model are in this one", *CORPUS] * 3, 600
    ).save_pretrained(folder)


def no_causal_model(folder: Path) -> None:
    edit(folder / "config.json", model_type="t5", architectures=None)


def no_length(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    BloomForCausalLM(BloomConfig(vocab_size=600, hidden_size=16, n_layer=1, n_head=1)).save_pretrained(folder)
    edit(folder / "config.json", seq_length=None)


def cut(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:-1000])


DAMAGES: list[tuple[str, str, Callable[[Path], object]]] = [
    ("missing_folder", "no such folder", shutil.rmtree),
    ("unsafe_format", "pytorch_model.bin", pickled),
    ("missing_weights", "no .safetensors", lambda folder: (folder / WEIGHTS).unlink()),
    ("missing_weights", "model-00002-of-00002.safetensors is missing", shard_missing),
    ("damaged_weights", WEIGHTS, cut),
    ("damaged_weights", WEIGHTS, lambda folder: (folder / WEIGHTS).write_bytes(b"")),
    ("damaged_weights", WEIGHTS, lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 100)),
    (
        "damaged_weights",
        "lm_head.weight is missing",
        lambda folder: rewrite(folder / WEIGHTS, lambda tensors: tensors.pop("lm_head.weight")),
    ),
    (
        "damaged_weights",
        "lm_head.bias is missing or of another shape",
        lambda folder: rewrite(
            folder / WEIGHTS, lambda tensors: tensors.update({"lm_head.bias": torch.zeros(3)})
        ),
    ),
    (
        "damaged_weights",
        "lm_head.bias holds NaN",
        lambda folder: rewrite(folder / WEIGHTS, lambda tensors: tensors["lm_head.bias"].fill_(float("nan"))),
    ),
    ("missing_config", "config.json is missing", lambda folder: (folder / "config.json").unlink()),
    ("bad_config", "config.json", lambda folder: (folder / "config.json").write_text('{"model_type": ')),
    ("bad_config", "config.json", lambda folder: (folder / "config.json").write_text("[]")),
    ("bad_config", "config.json", lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe")),
    ("bad_config", "config.json", lambda folder: edit(folder / "config.json", model_type="no_such_model")),
    ("bad_config", "config.json", lambda folder: edit(folder / "config.json", n_head=5)),
    (
        "remote_code",
        "auto_map",
        lambda folder: edit(folder / "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"}),
    ),
    (
        "remote_code",
        "tokenizer_config.json",
        lambda folder: edit(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]}),
    ),
    ("bad_tokenizer", "tokenizer", lambda folder: (folder / "tokenizer.json").write_text("{}")),
    ("bad_tokenizer", "tokenizer", lambda folder: (folder / "tokenizer.json").write_text("no json")),
    (
        "bad_tokenizer",
        "tokenizer_config.json",
        lambda folder: (folder / "tokenizer_config.json").write_text("[1]"),
    ),
    ("no_eos", "no end-of-text token", lambda folder: edit(folder / "tokenizer_config.json", eos_token=None)),
    ("tokenizer_mismatch", "tokens, the model only", too_many_tokens),
    ("not_a_causal_lm", "no language model", no_causal_model),
    ("no_context", "max_position_embeddings", no_length),
]


@pytest.mark.parametrize(("code", "said", "damage"), DAMAGES)
def test_what_is_wrong_is_said(folder: Path, code: str, said: str, damage: Callable[[Path], object]) -> None:
    damage(folder)
    with pytest.raises(ModelUnusable, match=said.replace(".", r"\.")) as caught:
        load_folder(folder)
    assert caught.value.code == code
    assert caught.value.message.startswith("tiny: ") or "tiny" in caught.value.message
    assert str(folder.parent) not in caught.value.message


def test_a_missing_tokenizer_is_named(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelUnusable) as caught:
        load_folder(folder)
    assert caught.value.code == "bad_tokenizer"


def test_no_code_of_a_stranger_runs(folder: Path) -> None:
    ran = folder.parent / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Model: pass\n")
    edit(folder / "config.json", auto_map={"AutoConfig": "evil.Model", "AutoModelForCausalLM": "evil.Model"})
    with pytest.raises(ModelUnusable):
        load_folder(folder)
    assert not ran.exists()


def test_a_device_that_is_not_there_is_named() -> None:
    assert pick_device("cpu") == "cpu"
    assert pick_device("auto") in ("cpu", "cuda")
    for device in ("cuda:99", "abacus"):
        with pytest.raises(ModelUnusable, match=device) as caught:
            pick_device(device)
        assert caught.value.code == "no_device"
