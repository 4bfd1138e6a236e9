"""How a study watches its own quality: how many items each rater gets for it, and what is thought too little. Pure.

A study stores its mix as JSON; an empty object is a study without such items, with the thresholds below. The thresholds
are fixed before the study opens: what counts as careless must not depend on who turned out to rank what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, NoReturn

from problems.text import not_usable

#: Of one kind, to one rater.
MAX_ITEMS = 20
#: A repeat needs ratings to go back to, and some distance: it never comes before this many.
EARLIEST_REPEAT = 4
#: How long a session is taken to be where a study sets no quota.
USUAL_SESSION = 30

CHECK, DEGRADED, REPEAT = "check", "degraded", "repeat"


class BadMix(ValueError):
    """A mix that no study can have. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class QualityMix:
    """The items that each rater gets, and the thresholds of the reliability summary.

    checks: items whose question is an explicit instruction. degraded: triples with one rationale that we made worse.
    repeats: triples that come again with every card in another position.
    max_failed_checks: more failed instruction checks than this are a doubt.
    min_degraded: the least share, from 0 to 1, of intact cards ranked above a degraded one; chance is one half.
    min_repeat: the least share of pairs decided alike in a repeat; chance is about one half.
    fastest: characters a second; a rating given faster was not read. Careful readers take in about 20 (238 words a
    minute: Brysbaert 2019), skimmers two or three times that.
    max_too_fast: more than this share of ratings given faster is a doubt.
    position_p: a first position chosen so often, or so rarely, that chance does it with less than this probability is
    a doubt. max_empty: more than this share of skips and "all bad" is a doubt.
    """

    checks: int = 0
    degraded: int = 0
    repeats: int = 0
    max_failed_checks: int = 1
    min_degraded: float = 0.6
    min_repeat: float = 0.6
    fastest: float = 60.0
    max_too_fast: float = 0.3
    position_p: float = 0.001
    max_empty: float = 0.5

    @property
    def items(self) -> int:
        return self.checks + self.degraded + self.repeats

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_COUNTS = {"checks": MAX_ITEMS, "degraded": MAX_ITEMS, "repeats": MAX_ITEMS, "max_failed_checks": MAX_ITEMS}
_SHARES = ("min_degraded", "min_repeat", "max_too_fast", "position_p", "max_empty")


def read_mix(value: Mapping[str, Any]) -> QualityMix:
    """A stored or submitted mix; what is absent has its default. Raises BadMix."""
    names = {field.name for field in fields(QualityMix)}
    for name in value:
        if name not in names:
            raise BadMix(name, value[name], f"one of {', '.join(sorted(names))}")
    for name, most in _COUNTS.items():
        number = value.get(name, 0)
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
            raise BadMix(name, number, f"a whole number from 0 to {most}")
    for name in _SHARES:
        if name in value and not (_is_number(value[name]) and 0 <= value[name] <= 1):
            raise BadMix(name, value[name], "a share from 0 to 1")
    if "fastest" in value and not (_is_number(value["fastest"]) and 1 <= value["fastest"] <= 100_000):
        raise BadMix("fastest", value["fastest"], "characters a second, from 1 to 100000")
    return QualityMix(**value)


def check_room(mix: QualityMix, *, questions: int, per_rater: int | None) -> None:
    """Raises BadMix where a rater would run out of triples: a degraded triple is not rated normally by the same rater.

    questions: triples of the study. per_rater: how many of them one rater gets, None for as many as there are.
    """
    rest = questions - (per_rater or 1)
    if mix.degraded > max(rest, 0):
        quota = f"{questions} questions with {per_rater} per rater" if per_rater else f"{questions} questions"
        raise BadMix("degraded", mix.degraded, f"at most {max(rest, 0)}: {quota} leave no more to degrade")
    if mix.repeats and (per_rater or questions) <= EARLIEST_REPEAT:
        _refuse_short(mix, per_rater or questions)


def _refuse_short(mix: QualityMix, session: int) -> NoReturn:
    raise BadMix(
        "repeats", mix.repeats, f"0: {session} ratings are too few for one to come again unrecognised"
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def session_length(*, per_rater: int | None, triples: int) -> int:
    """The ratings over which a rater's items are spread."""
    return max(1, min(per_rater or USUAL_SESSION, triples))


def spread(mix: QualityMix, *, session: int, random: Random) -> list[tuple[int, str]]:
    """(after, kind) of each item, in the order in which they come.

    after: so many normal ratings come first, from 1 (never first) to `session`. The session is cut into as many parts
    as there are items and each item stands at random in its own, so that they come all along, and no rhythm can be
    learned. Which kind stands where is random too, but for repeats, which need EARLIEST_REPEAT ratings before them.
    """
    places = [
        min(session, 1 + int((number + random.random()) * session / mix.items)) for number in range(mix.items)
    ]
    late = [number for number, after in enumerate(places) if after >= EARLIEST_REPEAT]
    # Where too few parts are late enough, the last ones take the repeats, and are moved back.
    wanted = min(mix.repeats, mix.items)
    repeated = set(random.sample(late, wanted) if len(late) >= wanted else range(mix.items)[-wanted:])
    others = [CHECK] * mix.checks + [DEGRADED] * mix.degraded
    random.shuffle(others)
    planned = []
    for number, after in enumerate(places):
        if number in repeated:
            planned.append((max(after, min(EARLIEST_REPEAT, session)), REPEAT))
        else:
            planned.append((after, others.pop()))
    return sorted(planned, key=lambda item: item[0])
