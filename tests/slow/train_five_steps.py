"""Run by test_trl_takes_the_export in .venv-slow: TRL's DPOTrainer on an exported file, with a tiny model made here.

    python train_five_steps.py PREFERENCES.jsonl FOLDER

Prints one JSON object: the losses of five steps, and how many rows and columns TRL was given.
"""

# mypy: ignore-errors
# What it imports is installed in .venv-slow alone.

from __future__ import annotations

import json
import sys
from pathlib import Path

import datasets
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

CHAT = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte is a token, so that no text is unknown; nothing is downloaded."""
    words = ["<pad>", "<bos>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>"
    )
    fast.chat_template = CHAT
    return fast


def tiny_model(tokenizer: PreTrainedTokenizerFast, folder: Path) -> GPT2LMHeadModel:
    """Saved and loaded: TRL makes its frozen reference from the folder that a model names as its own."""
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=512,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return GPT2LMHeadModel.from_pretrained(folder)


def main(preferences: str, folder: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    datasets.disable_progress_bars()
    rows = datasets.load_dataset(
        "json", data_files=preferences, split="train", cache_dir=str(Path(folder) / "cache")
    )
    tokenizer = byte_tokenizer()
    trainer = DPOTrainer(
        model=tiny_model(tokenizer, Path(folder) / "base"),
        args=DPOConfig(
            output_dir=str(Path(folder) / "run"),
            max_steps=5,
            per_device_train_batch_size=4,
            learning_rate=1e-3,
            max_length=256,
            logging_steps=1,
            bf16=False,
            gradient_checkpointing=False,
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    sys.stdout.write(
        "\n" + json.dumps({"losses": losses, "rows": len(rows), "columns": rows.column_names}) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
