"""Opening a model's files: safetensors only, no code of strangers, and a clear word for everything that is wrong.

`transformers` would fill weights that are missing with random numbers and warn, unpickle a `.bin`, and run a
repository's own Python if told to. Here a folder is looked through before anything reads it, and the report of what was
loaded is read afterwards.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from generation.registry.unusable import ModelUnusable

#: transformers patches its own classes while it loads and puts back what it found: of two threads that load at once,
#: one puts back the other's patch, and no model of the process shares its tied weights from then on.
_ONE_AT_A_TIME = threading.Lock()

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.h5", "*.msgpack")
_MAX_JSON = 50_000_000
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "seq_length")
#: What a hub repository is asked for: weights in safetensors, configuration, tokenizer.
_HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]


@dataclass(slots=True)
class LoadedModel:
    """A causal language model ready for use, with the tokenizer that it was trained with."""

    #: A `transformers` causal LM in evaluation mode. The library publishes no types.
    model: Any
    #: A fast tokenizer with an end-of-text token. Encode by `generation.registry.tokens`.
    tokenizer: Any
    #: Most tokens of prompt and completion together.
    context: int
    #: "cpu", "cuda", "cuda:1", "mps".
    device: str
    #: How a GPU decodes a GPT-J: "eager", kernel by kernel; "graphs", steps recorded and replayed; "compiled", these
    #: with kernels fused. Other models and devices decode as ever.
    decoding: Literal["eager", "graphs", "compiled"] = "eager"


def load_folder(path: str | Path, *, device: str = "cpu") -> LoadedModel:
    """The model in a folder of `config.json`, `*.safetensors` and tokenizer files.

    device: "auto" takes a GPU if there is one. On the CPU weights are computed in fp32 however they are stored, on a
    GPU as they are stored. Raises ModelUnusable.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ModelUnusable(f"{folder.name}: there is no such folder.", code="missing_folder")
    device = pick_device(device)
    config = _read_object(folder, "config.json", missing="missing_config", bad="bad_config")
    _refuse_remote_code(folder, config)
    _check_weights(folder)
    tokenizer = load_tokenizer(folder)
    model = _load_weights(folder, config, device)
    _compare(folder, tokenizer, model)
    return LoadedModel(
        model=model.eval(), tokenizer=tokenizer, context=_context_of(folder, model), device=device
    )


def load_skeleton(folder: Path) -> Any:
    """The model of a folder without its weights: what its modules are called and can do, at next to no cost.

    Raises ModelUnusable (missing_config, bad_config, remote_code, not_a_causal_lm).
    """
    config = _read_object(folder, "config.json", missing="missing_config", bad="bad_config")
    _refuse_remote_code(folder, config)
    try:
        with quiet(), torch.device("meta"):
            settings = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
            auto: Any = AutoModelForCausalLM
            return auto.from_config(settings, trust_remote_code=False, **_attention(config))
    except Exception as error:
        raise _not_built(folder, config, error) from error


def load_hub(name: str, device: str = "cpu") -> LoadedModel:
    """The model of a Hugging Face repository. Raises as hub_folder and load_folder do."""
    return load_folder(hub_folder(name), device=device)


def hub_folder(name: str) -> Path:
    """A Hugging Face repository on this disk, from the cache or the network; only safetensors are ever fetched.

    name: `owner/name`, or `owner/name@revision` for a branch, tag or commit. Raises ModelUnusable: hub_unknown,
    hub_refused (gated or private), hub_unreachable (no network, and not in the cache).
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, _, revision = name.partition("@")
    try:
        with quiet():
            folder = snapshot_download(repository, revision=revision or None, allow_patterns=_HUB_FILES)
    except HFValidationError as error:
        raise ModelUnusable(f"{name[:200]!r} is no name of a hub model.", code="hub_unknown") from error
    except GatedRepoError as error:
        raise ModelUnusable(
            f"{name}: the hub wants an agreement for this model first.", code="hub_refused"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelUnusable(
            f"{name}: the hub has no such model, or it is private.", code="hub_unknown"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelUnusable(f"{name}: the model has no such revision.", code="hub_unknown") from error
    # No network, a broken proxy, a server's error, a full disk: each has a type of its own, some of another library.
    except Exception as error:
        raise ModelUnusable(
            f"{name}: the hub can not be reached, and the model is not in this machine's cache: {_short(error)}",
            code="hub_unreachable",
        ) from error
    return Path(folder)


def pick_device(device: str) -> str:
    """`device`, or what this machine offers for "auto". Raises ModelUnusable (no_device)."""
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ModelUnusable(f"device: {device!r} is not on this machine.", code="no_device") from error
    return device


@contextmanager
def evaluating(loaded: LoadedModel) -> Iterator[None]:
    """Without gradients and dropout; the model goes back to training if it was."""
    training = loaded.model.training
    loaded.model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        loaded.model.train(training)


def _refuse_remote_code(folder: Path, config: dict[str, Any]) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        found = config if name == "config.json" else _read_object(folder, name, bad="bad_tokenizer")
        if "auto_map" in found:
            raise ModelUnusable(
                f"{folder.name}: {name} names Python code of its own (auto_map), which is not run.",
                code="remote_code",
                details={"file": name},
            )


def _check_weights(folder: Path) -> None:
    # transformers would fetch the base that the adapters name, from wherever that is.
    if (folder / "adapter_config.json").exists():
        raise ModelUnusable(
            f"{folder.name}: it holds adapters (adapter_config.json) and no whole model; merge them into their base"
            " first.",
            code="only_adapters",
            details={"file": "adapter_config.json"},
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickled:
            raise ModelUnusable(
                f"{folder.name}: {pickled[0]} is no safetensors file; weights in other formats can run code and are"
                " not loaded.",
                code="unsafe_format",
                details={"file": pickled[0]},
            )
        raise ModelUnusable(f"{folder.name}: there is no .safetensors file in it.", code="missing_weights")
    for path in weights:
        try:
            with safe_open(path, framework="pt"):
                pass
        except (SafetensorError, OSError, ValueError) as error:
            raise _damaged(folder, path.name, "it is cut off or no safetensors file") from error
    index = _read_object(folder, "model.safetensors.index.json", bad="damaged_weights")
    shards = index.get("weight_map", {})
    present = {path.name for path in weights}
    if isinstance(shards, dict) and (missing := sorted(set(map(str, shards.values())) - present)):
        raise ModelUnusable(
            f"{folder.name}: {missing[0]} is missing.", code="missing_weights", details={"file": missing[0]}
        )


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in a folder, as load_folder has it. Raises ModelUnusable: bad_tokenizer, no_eos."""
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
    # The library answers a garbled file with whatever its parsers raise: KeyError, TypeError, a bare Exception.
    except Exception as error:  # noqa: BLE001
        raise ModelUnusable(
            f"{folder.name}: the tokenizer can not be read: {_short(error)}", code="bad_tokenizer"
        ) from error
    if not tokenizer.is_fast:
        raise ModelUnusable(f"{folder.name}: it has no tokenizer.json.", code="bad_tokenizer")
    # Without any files the library makes up an empty tokenizer.
    if not tokenizer("a b 1", add_special_tokens=False)["input_ids"]:
        raise ModelUnusable(
            f"{folder.name}: the tokenizer has no vocabulary; is tokenizer.json missing?",
            code="bad_tokenizer",
        )
    if tokenizer.eos_token_id is None:
        raise ModelUnusable(
            f"{folder.name}: the tokenizer has no end-of-text token, so that no completion would end.",
            code="no_eos",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _load_weights(folder: Path, config: dict[str, Any], device: str) -> Any:
    try:
        with _ONE_AT_A_TIME, quiet():
            auto: Any = AutoModelForCausalLM
            model, report = auto.from_pretrained(
                str(folder),
                dtype=torch.float32 if device == "cpu" else "auto",
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                # So that they stand in the report and not in a message that only says to look at one.
                ignore_mismatched_sizes=True,
                **_attention(config),
            )
    except (SafetensorError, OSError) as error:
        raise _damaged(folder, "the weights", _short(error)) from error
    except Exception as error:
        raise _not_built(folder, config, error) from error
    lacking = [*report["missing_keys"], *(str(entry[0]) for entry in report["mismatched_keys"])]
    if lacking:
        raise _damaged(folder, "the weights", f"{sorted(lacking)[0]} is missing or of another shape")
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise _damaged(folder, "the weights", f"{name} holds NaN or infinity")
    return model.to(device)


def _attention(config: dict[str, Any]) -> dict[str, str]:
    # GPT-J of transformers 5 knows eager attention only, and refuses the others when it is built.
    return {"attn_implementation": "eager"} if config.get("model_type") == "gptj" else {}


def _not_built(folder: Path, config: dict[str, Any], error: Exception) -> ModelUnusable:
    if "Unrecognized configuration class" in str(error):
        return ModelUnusable(
            f"{folder.name}: {config.get('model_type', 'it')} is no language model that continues a text.",
            code="not_a_causal_lm",
        )
    return ModelUnusable(f"{folder.name}: config.json: {_short(error)}", code="bad_config")


def _compare(folder: Path, tokenizer: Any, model: Any) -> None:
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ModelUnusable(
            f"{folder.name}: the tokenizer has {len(tokenizer)} tokens, the model only {rows}.",
            code="tokenizer_mismatch",
        )


def _context_of(folder: Path, model: Any) -> int:
    config = model.config.get_text_config()
    for key in _CONTEXT_KEYS:
        value = getattr(config, key, None)
        if isinstance(value, int) and value > 0:
            return value
    raise ModelUnusable(
        f"{folder.name}: config.json does not say how many tokens the model reads"
        f" ({', '.join(_CONTEXT_KEYS)}).",
        code="no_context",
    )


def _read_object(folder: Path, name: str, *, bad: str, missing: str | None = None) -> dict[str, Any]:
    """The JSON object in a file; {} if there is no such file and it may be missing."""
    path = folder / name
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ValueError("it is too large")
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it holds no object")
    except FileNotFoundError as error:
        if missing is None:
            return {}
        raise ModelUnusable(
            f"{folder.name}: {name} is missing.", code=missing, details={"file": name}
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelUnusable(
            f"{folder.name}: {name} is not readable: {_short(error)}", code=bad, details={"file": name}
        ) from error
    return found


def _damaged(folder: Path, what: str, why: str) -> ModelUnusable:
    return ModelUnusable(f"{folder.name}: {what}: {why}.", code="damaged_weights", details={"file": what})


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


@contextmanager
def quiet() -> Iterator[None]:
    """Neither warnings nor progress bars of the library: what matters is raised."""
    from transformers.utils import logging as transformers_logging

    library: Any = transformers_logging

    before = library.get_verbosity()
    bars = library.is_progress_bar_enabled()
    library.set_verbosity(logging.CRITICAL)
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(before)
        if bars:
            library.enable_progress_bar()
