"""What the OpenAPI document says of a study's design: the objects that `form`, `journey`, `quality`, `pay`, `protocol`
and `pools` hold. Pure. The readers beside them decide (`read_form` and so on); these say the same for programs."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ratings.studies.form import KINDS, MAX_LABEL, MAX_OWN_REASONS, REASON_CODE, REASONS
from ratings.studies.journey import MAX_CONSENT_CHARACTERS
from ratings.studies.journey_parts import (
    CARDS,
    COMPLETION_OUTCOMES,
    MAX_CHOICES,
    MAX_ITEMS,
    MAX_LINE,
    MAX_QUESTIONS,
    MAX_TEXT,
)
from ratings.studies.protocol import DIRECTIONS, TESTS
from ratings.studies.quality_mix import MAX_ITEMS as MAX_QUALITY_ITEMS
from ratings.studies.quality_mix import QualityMix

Schema = dict[str, Any]

_FLAG: Schema = {"type": "boolean"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_MARKDOWN: Schema = {"type": "string", "maxLength": MAX_TEXT, "description": "Markdown"}
_LINE: Schema = {"type": "string", "maxLength": MAX_LINE}


def _object(properties: Schema, *required: str, description: str = "") -> Schema:
    """An object that takes no other key: a misspelt one is refused."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    schema |= {"required": list(required)} if required else {}
    return schema | ({"description": description} if description else {})


def _list(items: Schema, *, most: int | None = None, least: int | None = None) -> Schema:
    bounds = {"maxItems": most, "minItems": least}
    return {"type": "array", "items": items} | {
        key: bound for key, bound in bounds.items() if bound is not None
    }


def _whole(low: int, high: int | None = None, **more: Any) -> Schema:
    return {"type": "integer", "minimum": low} | ({} if high is None else {"maximum": high}) | more


_FORM = _object(
    {
        "kind": {"type": "string", "enum": list(KINDS)},
        "ties": {**_FLAG, "description": "whether cards may share a place"},
        "all_bad": {**_FLAG, "description": "whether `all of them are bad` is offered"},
        "partial": {**_FLAG, "description": "whether cards may be left out of a full ranking"},
        "reasons": {
            **_list({"type": "string"}),
            "description": f"codes offered on each card: {', '.join(REASONS)}, or of `own_reasons`",
        },
        "confidence": _FLAG,
        "doubts": {**_FLAG, "description": "whether the question itself may be doubted"},
        "first_wrong_step": _FLAG,
        "own_reasons": _list(
            _object(
                {
                    "code": {"type": "string", "pattern": f"^{REASON_CODE.pattern}$"},
                    "label": {"type": "string", "maxLength": MAX_LABEL},
                },
                "code",
                "label",
            ),
            most=MAX_OWN_REASONS,
        ),
    },
    description="what one act of rating asks for; what is absent has its default, a full ranking",
)
_PRACTICE_ITEM = _object(
    {
        "from": {
            "type": "string",
            "description": "external id of a question of the dataset, in place of a text",
        },
        "question": _MARKDOWN,
        "answer": _LINE,
        "choices": _list(
            _object({"label": {"type": "string", "maxLength": 10}, "text": _LINE}), most=MAX_CHOICES
        ),
        "rationales": _list(_MARKDOWN, most=CARDS, least=CARDS),
        "ranking": {
            **_list(_list(_whole(0, CARDS - 1)), most=CARDS),
            "description": "a careful rater's: indices of rationales, best first, ties in one group",
        },
        "notes": _list(_MARKDOWN, most=CARDS),
        "feedback": _MARKDOWN,
    },
    "feedback",
)
_CHECK_QUESTION = _object(
    {
        "question": _MARKDOWN,
        "choices": _list(_LINE, most=MAX_CHOICES, least=2),
        "right": _whole(0, MAX_CHOICES - 1, description="index of the right choice"),
        "explanation": _MARKDOWN,
    },
    "question",
    "choices",
    "right",
    "explanation",
)
_DEBRIEF = _object(
    {
        "questions": _list(
            _object({"question": _MARKDOWN, "choices": _list(_LINE, most=MAX_CHOICES)}, "question"),
            most=MAX_QUESTIONS,
        ),
        "guess": {**_FLAG, "description": "whether raters say which cards a person wrote"},
        "guess_triples": _whole(1, 10),
        "human": {
            **_list({"type": "string"}, most=CARDS),
            "description": "labels of the sources that are people",
        },
        "comment": _FLAG,
    }
)
_COMPLETION = _object(
    {
        "codes": _object(
            {
                outcome: {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
                for outcome in COMPLETION_OUTCOMES
            }
        ),
        "url": {**_LINE, "description": "an https address with CODE where the code goes"},
    }
)
_JOURNEY = _object(
    {
        "consent": {"type": "string", "maxLength": MAX_CONSENT_CHARACTERS, "description": "Markdown"},
        "instructions": {**_FLAG, "description": "whether they have a page of their own"},
        "practice": _object({"items": _list(_PRACTICE_ITEM, most=MAX_ITEMS), "count": _whole(1, MAX_ITEMS)}),
        "comprehension": _object(
            {"questions": _list(_CHECK_QUESTION, most=MAX_QUESTIONS), "tries": _whole(2, 5)}
        ),
        "debrief": _DEBRIEF,
        "completion": _COMPLETION,
        "reveal": {
            **_FLAG,
            "description": "whether raters are shown who wrote what, once results are visible",
        },
    },
    description="what comes before and after rating; what is absent is not asked for (docs/journey.md)",
)
_COUNTS = ("checks", "degraded", "repeats", "max_failed_checks")
_QUALITY = _object(
    {
        each.name: _whole(0, MAX_QUALITY_ITEMS) if each.name in _COUNTS else _SHARE
        for each in fields(QualityMix)
    }
    | {"fastest": {"type": "number", "minimum": 1, "maximum": 100_000, "description": "characters a second"}},
    description="items per rater, and the thresholds of a doubt (docs/quality.md)",
)
_AMOUNT: Schema = {
    "oneOf": [{"type": "string"}, {"type": "number"}],
    "nullable": True,
    "description": "answered as text, so that no cent is lost",
}
_PAY = _object(
    {
        "currency": {"type": "string", "description": "three capitals, as GBP; empty: not said"},
        "per_rater": _AMOUNT,
        "per_rating": _AMOUNT,
        "hourly_floor": _AMOUNT,
    }
)
_PROTOCOL = _object(
    {
        "a": {"type": "string", "description": "label of a source"},
        "b": {"type": "string", "description": "label of another"},
        "direction": {"type": "string", "enum": list(DIRECTIONS)},
        "test": {"type": "string", "enum": list(TESTS)},
        "alpha": {"type": "number", "minimum": 0.0001, "maximum": 0.5},
        "planned_ratings": _whole(1, nullable=True, description="at most questions x ratings_per_triple"),
        "exclusions": _MARKDOWN,
        "hypothesis": _MARKDOWN,
    },
    description="the primary contrast; an empty object names none",
)
_POOL = _object(
    {
        "name": {"type": "string"},
        "places": _whole(1, nullable=True, description="raters at most; null: no limit"),
        "per_rater": _whole(1, nullable=True, description="triples for each; null: the study's"),
    },
    "name",
)

SCHEMAS: dict[str, Schema] = {
    "RatingForm": _FORM,
    "StudyJourney": _JOURNEY,
    "QualityMix": _QUALITY,
    "Pay": _PAY,
    "PrimaryContrast": _PROTOCOL,
    "RaterPool": _POOL,
}


def ref(name: str) -> Schema:
    """A reference to one of SCHEMAS, which the document of the rater's loop brings (ratings.desk.schema)."""
    return {"$ref": f"#/components/schemas/{name}"}
