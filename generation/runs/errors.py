"""What can go wrong with runs."""

from __future__ import annotations

from accounts.errors import InvalidInput, NotFound


class UnknownRun(NotFound):
    code = "unknown_run"


class UnknownCandidate(NotFound):
    code = "unknown_candidate"


class EmptySplit(InvalidInput):
    """There is no question to ask."""

    code = "empty_split"


class UnaskedQuestion(InvalidInput):
    """A question, or a worked example, is not what its family's prompt needs."""

    code = "not_asked"


class NoKey(InvalidInput):
    """The environment of the process that samples lacks the key of an endpoint."""

    code = "no_key"


class TokenizerLacks(InvalidInput):
    """The model's tokenizer can not write what the dataset's questions and answers are made of."""

    code = "tokenizer_lacks"
