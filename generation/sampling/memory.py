"""Whether an error says that the memory is full: each kind of memory says it in its own way."""

from __future__ import annotations

import torch

#: What the CPU's allocator, and CUDA's libraries that allocate for themselves, put into a plain RuntimeError.
_WORDS = (
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


def ran_out(error: BaseException) -> bool:
    """True for a GPU's OutOfMemoryError, Python's MemoryError, and torch's words for the CPU's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def give_back() -> None:
    """Hands what is no longer used back to the GPU. Call it behind the handler: an exception keeps tensors alive."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
