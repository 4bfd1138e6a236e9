"""Models are registered by folder, hub id and endpoint, and nothing outside the roots is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.audit import COMMAND
from accounts.errors import InvalidInput, StarchamberError
from accounts.health import Check
from accounts.models import AuditEvent
from generation.registry import health
from generation.registry.facts import parameters_in
from generation.registry.folders import find_folder, location_of
from generation.registry.models import LanguageModel
from generation.registry.opening import load_model, require_unchanged
from generation.registry.selectors import folder_of, get_model, lineage
from generation.registry.services import (
    ensure_own_base,
    ensure_tiny_base,
    register_checkpoint,
    register_model,
)
from generation.registry.settings import ModelSettings, Protocol, RationaleText
from training.stores import clone

pytestmark = pytest.mark.django_db


def test_a_folder_is_registered_with_its_facts_and_an_audit_line(roots: Path):
    model = register_model("tiny", path=roots / "tiny", actor=COMMAND)
    config = json.loads((roots / "tiny" / "config.json").read_text())
    assert (model.kind, model.location) == ("folder", str(roots / "tiny"))
    assert model.manifest["context"] == config["n_positions"] == 256
    assert model.manifest["vocabulary"] == config["vocab_size"]
    assert model.manifest["architecture"] == "GPTJForCausalLM"
    assert model.manifest["made"]["made_for"] == "tests"
    assert {file["name"] for file in model.manifest["files"]} >= {"config.json", "model.safetensors"}
    [event] = AuditEvent.objects.filter(act="model.register")
    assert (event.subject, event.details["digest"]) == ("tiny", model.digest)
    assert folder_of(get_model("tiny")) == roots / "tiny"


def test_parameters_are_counted_from_the_header_as_torch_counts_them(roots: Path):
    model = register_model("tiny", path=roots / "tiny", actor=COMMAND)
    loaded = load_model(model)
    assert model.manifest["parameters"] == sum(weight.numel() for weight in loaded.model.parameters())
    assert loaded.context == 256


def test_how_a_gpu_decodes_is_the_environments_choice_and_eager_unless_it_says_so(roots: Path, settings):
    model = register_model("tiny", path=roots / "tiny", actor=COMMAND)
    assert load_model(model).decoding == "eager" and health.device().message == "cpu"
    settings.GPU_DECODING = "graphs"
    assert load_model(model).decoding == clone(load_model(model)).decoding == "graphs"
    assert health.device() == Check("device", True, "cpu, GPU_DECODING=graphs")


def test_a_file_that_changed_since_is_not_loaded(roots: Path):
    model = register_model("tiny", path=roots / "tiny", actor=COMMAND)
    require_unchanged(model)
    (roots / "tiny" / "manifest.json").unlink()  # about the model, not part of it
    require_unchanged(model)
    config = roots / "tiny" / "config.json"
    config.write_text(config.read_text() + "\n")
    with pytest.raises(StarchamberError, match="not those that were registered") as raised:
        load_model(model)
    assert raised.value.code == "model_changed"


def outside(roots: Path) -> Path:
    return Path(shutil.copytree(roots / "tiny", roots.parent / "elsewhere"))


def linked(roots: Path) -> Path:
    (roots / "link").symlink_to(outside(roots))
    return roots / "link"


def linked_file(roots: Path) -> Path:
    folder = Path(shutil.copytree(roots / "tiny", roots / "linked-file"))
    (folder / "extra.json").symlink_to("/etc/hostname")
    return folder


def dotted(roots: Path) -> Path:
    outside(roots)
    return roots / ".." / "elsewhere"


def sibling(roots: Path) -> Path:
    """Begins with the root's own name, but is not below it."""
    return Path(shutil.copytree(roots / "tiny", roots.parent / "roots-too" / "tiny"))


def loop(roots: Path) -> Path:
    (roots / "loop").symlink_to(roots / "loop")
    return roots / "loop"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (outside, "outside_model_roots"),
        (linked, "outside_model_roots"),
        (linked_file, "outside_model_roots"),
        (dotted, "outside_model_roots"),
        (sibling, "outside_model_roots"),
        (lambda roots: roots, "outside_model_roots"),
        (lambda roots: "/etc", "outside_model_roots"),
        (lambda roots: "/no/such/folder", "outside_model_roots"),
        (lambda roots: "nul\0byte", "unusable_folder"),
        (loop, "unusable_folder"),
        (lambda roots: roots / "nothing", "unusable_folder"),
        (lambda roots: roots / "tiny" / "config.json", "unusable_folder"),
    ],
)
def test_a_folder_outside_of_the_roots_is_refused_however_it_is_named(roots: Path, place, code: str):
    with pytest.raises(StarchamberError) as raised:
        register_model("bad", path=place(roots), actor=COMMAND)
    assert raised.value.code == code
    assert not LanguageModel.objects.exists()


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_off(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])


def other_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)


def without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def garbled_config(folder: Path) -> None:
    (folder / "config.json").write_text("{'a': 1}")


def without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (without_weights, "no .safetensors file"),
        (pickled, "pytorch_model.bin is no safetensors file"),
        (cut_off, "model.safetensors is no safetensors file"),
        (other_weights, "SHA-256 differs"),
        (without_config, "config.json is missing"),
        (garbled_config, "config.json is not readable JSON"),
        (without_tokenizer, "tokenizer.json is missing"),
    ],
)
def test_a_folder_without_a_usable_model_is_refused_with_the_reason(roots: Path, damage, reason: str):
    damage(roots / "tiny")
    with pytest.raises(StarchamberError, match=reason) as raised:
        register_model("bad", path=roots / "tiny", actor=COMMAND)
    assert raised.value.code == "unusable_folder"
    assert not LanguageModel.objects.exists() and not AuditEvent.objects.exists()


def test_a_header_that_lies_about_its_length_is_no_safetensors_file(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="no safetensors file"):
        parameters_in(path)


@pytest.mark.parametrize("hub", ["EleutherAI/gpt-j-6b", "gpt2", "Qwen/Qwen2.5-0.5B"])
def test_a_hub_model_is_registered_without_asking_the_hub(hub: str):
    model = register_model("remote", hub=hub, actor=COMMAND)
    assert (model.kind, model.location, model.manifest, model.digest) == ("hub", hub, {}, "")


@pytest.mark.parametrize(
    "hub", ["../etc", "a/b/c", "a b", "owner/", "/owner", "a..b", "https://x/y", "x" * 200]
)
def test_what_is_no_hub_id_is_refused(hub: str):
    with pytest.raises(StarchamberError, match="expected owner/name"):
        register_model("remote", hub=hub, actor=COMMAND)


def test_an_endpoint_is_registered_by_its_name_and_its_key_is_stored_nowhere(settings):
    settings.ENDPOINTS = {"lab": ("http://127.0.0.1:8001/v1", "LAB_KEY")}
    chosen = ModelSettings(
        rationale_text=RationaleText.REASONING_CONTENT, protocol=Protocol.COMPLETIONS, served_model="big-7b"
    )
    model = register_model("served", endpoint="lab", actor=COMMAND, settings=chosen)
    assert (model.kind, model.location) == ("endpoint", "lab")
    assert LanguageModel.objects.get().options == chosen
    stored = json.dumps([model.settings, model.manifest, model.location])
    assert "8001" not in stored and "LAB_KEY" not in stored


def test_an_unknown_endpoint_is_refused_with_those_that_there_are(settings):
    settings.ENDPOINTS = {"lab": ("http://127.0.0.1:8001/v1", ""), "attic": ("http://127.0.0.1:1/v1", "")}
    with pytest.raises(StarchamberError) as raised:
        register_model("served", endpoint="cellar", actor=COMMAND)
    assert (raised.value.code, raised.value.details["expected"]) == ("unknown_endpoint", ["attic", "lab"])


@pytest.mark.parametrize("label", ["", "new", "with space", "ä", "a/b", "x" * 101])
def test_a_label_that_is_no_slug_or_an_address_of_a_page_is_refused(label: str):
    with pytest.raises(StarchamberError) as raised:
        register_model(label, hub="gpt2", actor=COMMAND)
    assert (raised.value.code, raised.value.details["field"]) == ("invalid", "label")


@pytest.mark.parametrize("given", [{}, {"hub": "gpt2", "endpoint": "lab"}])
def test_exactly_one_place_is_named(given: dict):
    with pytest.raises(StarchamberError, match="exactly one"):
        register_model("model", actor=COMMAND, **given)


def test_a_label_is_taken_once():
    register_model("model", hub="gpt2", actor=COMMAND)
    with pytest.raises(StarchamberError) as raised:
        register_model("model", hub="gpt2", actor=COMMAND)
    assert raised.value.code == "name_taken"
    assert AuditEvent.objects.filter(act="model.register").count() == 1


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"rationale": "content"}, "rationale: .* expected no such setting"),
        ({"rationale_text": "all"}, "rationale_text: 'all' .* expected one of content"),
        ({"protocol": "smtp"}, "protocol: 'smtp' .* expected one of chat, completions"),
        ({"served_model": "a\nb"}, "printable"),
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(stored: dict, said: str):
    with pytest.raises(InvalidInput, match=said):
        ModelSettings.from_json(stored)


def test_a_checkpoint_is_found_below_the_storage_wherever_that_stands(roots: Path, settings, tmp_path: Path):
    parent = register_model(
        "parent",
        path=roots / "tiny",
        actor=COMMAND,
        settings=ModelSettings(rationale_text=RationaleText.CONTENT),
    )
    shutil.copytree(roots / "tiny", settings.STORAGE_DIR / "checkpoints" / "star-1")
    folder = settings.STORAGE_DIR / "checkpoints" / "star-1"
    child = register_checkpoint("star-1", folder, parent=parent, actor=COMMAND)
    grandchild = register_checkpoint("star-2", folder, parent=child, actor=COMMAND)
    assert (child.location, child.options) == ("checkpoints:star-1", parent.options)
    assert [model.label for model in lineage(grandchild)] == ["star-1", "parent"]
    (tmp_path / "storage").rename(tmp_path / "moved")
    assert find_folder(child.location) is None
    settings.STORAGE_DIR = tmp_path / "moved"
    assert folder_of(child) == (tmp_path / "moved" / "checkpoints" / "star-1").resolve()


def test_a_root_that_is_taken_away_takes_its_models_with_it(roots: Path, settings):
    model = register_model("tiny", path=roots / "tiny", actor=COMMAND)
    assert location_of(roots / "tiny") == model.location
    settings.MODEL_ROOTS = []
    with pytest.raises(StarchamberError) as raised:
        folder_of(model)
    assert raised.value.code == "outside_model_roots"


def test_the_command_registers_and_answers_as_agreed(roots: Path, capsys):
    call_command("register_model", "tiny", "--path", str(roots / "tiny"), "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer == {
        "label": "tiny", "kind": "folder", "parameters": answer["parameters"], "context": 256,
        "digest": get_model("tiny").digest,
    }  # fmt: skip


def test_a_base_that_comes_with_the_program_is_registered_once():
    made = ensure_tiny_base(actor=COMMAND)
    assert (made.label, made.location) == ("tiny-base", "base:tiny")
    assert ensure_tiny_base(actor=COMMAND) == made
    adds = ensure_own_base("tiny-addition", actor=COMMAND)
    assert (adds.label, adds.location) == ("tiny-addition", "base:addition")
    assert LanguageModel.objects.count() == 2


def test_other_weights_under_the_bases_name_are_another_model():
    old = ensure_tiny_base(actor=COMMAND)
    LanguageModel.objects.filter(pk=old.pk).update(digest="ab" * 32)
    new = ensure_tiny_base(actor=COMMAND)
    old.refresh_from_db()
    assert (old.label, new.label) == ("tiny-base-abababababab", "tiny-base")
    assert new.pk != old.pk and AuditEvent.objects.filter(act="model.rename").count() == 1
