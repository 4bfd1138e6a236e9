"""What can go wrong with a study."""

from __future__ import annotations

from accounts.errors import Conflict, InvalidInput, NotFound


class UnknownStudy(NotFound):
    code = "unknown_study"


class UnknownDataset(NotFound):
    code = "unknown_dataset"


class UnknownSource(InvalidInput):
    code = "unknown_source"


class NameTaken(Conflict):
    code = "name_taken"


class TooFewQuestions(InvalidInput):
    code = "too_few_questions"


class LintBlocks(Conflict):
    """The study would leak or confuse; an override needs a reason."""

    code = "lint_blocks"


class WrongState(Conflict):
    code = "wrong_state"


class DraftInUse(Conflict):
    """Raters, panels or the like are about this draft already."""

    code = "draft_in_use"
