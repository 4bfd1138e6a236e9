"""What can be wrong with a model that somebody registers, asks for or loads."""

from __future__ import annotations

from accounts.errors import Conflict, InvalidInput, NotFound


class UnknownModel(NotFound):
    code = "unknown_model"


class UnknownEndpoint(NotFound):
    """The name is not in ENDPOINTS; details hold the names that are."""

    code = "unknown_endpoint"


class LabelTaken(Conflict):
    code = "name_taken"


class OutsideModelRoots(InvalidInput):
    """The folder, or a file of it behind a link, lies below none of MODEL_ROOTS."""

    code = "outside_model_roots"


class UnusableFolder(InvalidInput):
    """No model stands there that may be loaded: pickle formats, missing or malformed files."""

    code = "unusable_folder"


class ModelChanged(Conflict):
    """The files are not those that were registered."""

    code = "model_changed"
