"""What kinds of work there are. The apps above register theirs as they load; code is named here, never imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.utils.module_loading import import_string

from jobs.errors import UnknownKind

if TYPE_CHECKING:
    from jobs.context import JobContext

#: What a worker may wait for; each stands for a resource.
QUEUES = ("generate", "train", "analysis")

Handler = Callable[["JobContext"], "dict[str, Any]"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work.

    run: dotted name of its handler. Only the process that does the work imports it, so it may cost as much as torch.
    max_attempts: how many attempts in a row may break (killed, lease lost, TransientJobError) before it has failed;
    those since the work last stored something for good (JobContext.progressed).
    """

    name: str
    queue: str
    run: str
    max_attempts: int = 5

    def __post_init__(self) -> None:
        if self.queue not in QUEUES:
            raise ValueError(f"queue={self.queue!r}: expected one of {', '.join(QUEUES)}")

    def handler(self) -> Handler:
        return cast(Handler, import_string(self.run))


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """From AppConfig.ready(). The same twice is once; two kinds of one name are a mistake."""
    known = _KINDS.setdefault(kind.name, kind)
    if known != kind:
        raise ValueError(f"kind {kind.name!r} is registered already, with {known.run}")


def get_kind(name: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _KINDS[name]
    except KeyError:
        raise UnknownKind(
            f"No work of kind {name!r} is known here.", details={"kind": name, "known": sorted(_KINDS)}
        ) from None
