"""What can be wrong with a model's files when they are opened or written. No torch: web code may catch these."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import StarchamberError


class ModelUnusable(StarchamberError):
    """The model can not be loaded, and would not be at a second try; `code` says why.

    Codes: missing_folder, unsafe_format, remote_code, missing_config, bad_config, missing_weights, damaged_weights,
    bad_tokenizer, no_eos, tokenizer_mismatch, no_context, not_a_causal_lm, no_device, checkpoint_differs, bad_manifest,
    hub_unknown, hub_refused, hub_unreachable (the one that may pass).
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "model_unusable"


class CheckpointNotWritten(StarchamberError):
    """The checkpoint could not be stored; nothing of it is left. `code`: disk_full or not_written."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    code = "not_written"
