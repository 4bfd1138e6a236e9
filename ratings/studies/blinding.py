"""The gate of per-source results: pages and API hide them until a study is closed or un-blinded."""

from __future__ import annotations

from accounts.errors import Conflict
from ratings.studies.models import Study


class Blinded(Conflict):
    """The study still runs blind; close it, or un-blind it in an audited act."""

    code = "blinded"


def require_visible_results(study: Study) -> None:
    """Raises Blinded. Commands do not ask: they act as owner in every state."""
    if not study.results_are_visible:
        raise Blinded(
            f"Study {study.name!r} is blinded: results by source are hidden until it is closed or un-blinded.",
            details={"study": study.name, "state": study.state},
        )
