"""Models of the hub: fetched as safetensors only, and a clear word when there is nothing to fetch."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants as constants
import pytest
import torch

from generation.registry.checkpoints import save_checkpoint
from generation.registry.loading import load_hub
from generation.registry.unusable import ModelUnusable
from tests.generation.hub import Hub, running_hub
from tests.generation.models import gptj

NAME = "house/tiny-gptj"


def point_to(monkeypatch: pytest.MonkeyPatch, url: str, cache: Path) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    save_checkpoint(gptj(), tmp_path / "model", manifest={})
    with running_hub(NAME, tmp_path / "model") as running:
        point_to(monkeypatch, running.url, tmp_path / "cache")
        yield running


def test_a_model_is_fetched_once_and_then_taken_from_the_cache(hub: Hub) -> None:
    tokens = torch.tensor([[5, 6, 7]])
    assert torch.equal(load_hub(NAME).model(tokens).logits, gptj().model(tokens).logits)
    assert "model.safetensors" in hub.fetched
    hub.fetched.clear()
    load_hub(NAME)
    assert hub.fetched == []


def test_without_a_network_the_cache_is_enough(hub: Hub) -> None:
    load_hub(NAME)
    hub.shutdown()
    hub.server_close()
    load_hub(NAME)


def test_pickles_and_code_are_never_fetched(hub: Hub) -> None:
    for name in ("pytorch_model.bin", "modeling.py", "old.pt"):
        (hub.folder / name).write_bytes(b"dangerous")
    load_hub(NAME)
    assert not {"pytorch_model.bin", "modeling.py", "old.pt"} & set(hub.fetched)


def test_a_model_that_is_pickled_only_has_no_weights_for_us(hub: Hub) -> None:
    (hub.folder / "model.safetensors").rename(hub.folder / "pytorch_model.bin")
    with pytest.raises(ModelUnusable, match=r"no \.safetensors file") as caught:
        load_hub(NAME)
    assert caught.value.code == "missing_weights"


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (404, "RepoNotFound", "hub_unknown"),
        (404, "RevisionNotFound", "hub_unknown"),
        (403, "GatedRepo", "hub_refused"),
        (503, "", "hub_unreachable"),
    ],
)
def test_each_refusal_of_the_hub_has_its_word(hub: Hub, status: int, error: str, code: str) -> None:
    hub.refusal = (status, error)
    with pytest.raises(ModelUnusable, match=NAME) as caught:
        load_hub(NAME)
    assert caught.value.code == code


def test_a_revision_is_named_behind_the_model(hub: Hub) -> None:
    assert load_hub(f"{NAME}@v1.0").context == load_hub(NAME).context


def test_an_unreachable_hub_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        point_to(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}", tmp_path)
        with pytest.raises(ModelUnusable, match="can not be reached") as caught:
            load_hub(NAME)
    assert caught.value.code == "hub_unreachable"


def test_being_told_to_stay_offline_is_no_crash(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnusable) as caught:
        load_hub(NAME)
    assert caught.value.code == "hub_unreachable" and hub.fetched == []


@pytest.mark.parametrize("name", ["", "a/b/c", "../etc", "no such name"])
def test_what_is_no_name_of_a_model_is_refused_without_asking(hub: Hub, name: str) -> None:
    with pytest.raises(ModelUnusable) as caught:
        load_hub(name)
    assert caught.value.code == "hub_unknown"
