"""Whether a rater who got nothing just now should ask again: for pages and programs, once a claim came back empty."""

from __future__ import annotations

from ratings.slots.records import RaterSession
from ratings.slots.statements import fetch_one

# Open ones are those that a claim passed by because somebody else was taking them; held ones come back when their
# lease runs out or their holder skips. A triple that this rater was shown comes back to them only in the slot that
# they had, lost or gave back (ratings.slots.claim._PICK_OWN).
_MAY_COME = """
SELECT 1 FROM ratings_slot s
WHERE s.study_id = %s AND s.state IN ('open', 'held') AND s.kind = 'normal'
  AND NOT EXISTS (
    SELECT 1 FROM ratings_assignment a
    WHERE a.rater_id = %s AND a.triple_id = s.triple_id AND a.kind IN ('normal', 'degraded')
      AND NOT (a.slot_id = s.id AND a.state IN ('expired', 'released'))
  )
LIMIT 1
"""


def more_may_come(session: RaterSession) -> bool:
    """Whether some slot of the plan that this rater could get is open, or held by somebody who may not rate it.

    False for good once it is False, unless a researcher opens more slots: what is rated or parked stays so, and what
    this rater was shown stays shown. One statement sees every slot in one state, so that a slot on its way from one
    rater to another is never missed.
    """
    if not session.wants_a_slot:
        return False
    return fetch_one(_MAY_COME, [session.study_id, session.rater_id]) is not None
