"""What the OpenAPI document says of a rater's way before and after rating (ratings.desk.journey_api)."""

from __future__ import annotations

from typing import Any

from ratings.studies.journey_parts import COMPLETION_OUTCOMES

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_ANY: dict[str, Any] = {"type": "object", "additionalProperties": True}


def _object(properties: dict[str, Any], *required: str, description: str = "") -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(required or properties),
    }
    return schema | ({"description": description} if description else {})


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


_COMPLETION = {
    **_object({"outcome": _TEXT, "code": _TEXT, "url": {**_TEXT, "nullable": True}}),
    "nullable": True,
    "description": f"how it ended ({', '.join(COMPLETION_OUTCOMES)}), with the panel's code",
}
_CHOICES = _list(_object({"number": _NUMBER, "html": _TEXT, "choices": _list(_TEXT)}))
_PARTS: dict[str, Any] = {
    "consent": _object({"version": _TEXT, "html": _TEXT}),
    "instructions": _object({"html": _TEXT}),
    "practice": _object(
        {"done": _NUMBER, "planned": _NUMBER, "feedback": {**_ANY, "nullable": True}},
        description="feedback: what there was to notice in the last item, in terms of its cards",
    ),
    "comprehension": _object(
        {"try": _NUMBER, "tries": _NUMBER, "questions": _CHOICES, "right": _NUMBER},
        description="questions: those that this try asks; after the first try only what was wrong, explained",
    ),
    "debrief": _object({"triples": _list(_ANY), "questions": _CHOICES, "comment": _FLAG}),
}
SCHEMAS: dict[str, Any] = {
    "Journey": _object(
        {
            "stage": {**_TEXT, "description": "where the rater stands; its part stands under its name"},
            "stages": _list(_TEXT),
            "completion": _COMPLETION,
            "reveal": {**_FLAG, "description": "whether `reveal/` has something of this rater's"},
            **_PARTS,
        },
        "stage",
        "stages",
        "completion",
        "reveal",
    ),
    "JourneyAnswer": _object(
        {
            "stage": {**_TEXT, "description": "the stage that this answers"},
            "version": {**_TEXT, "description": "consent: the version of the text"},
            "consents": {**_FLAG, "description": "consent: false ends the rater's part at once, also later"},
            "after_declining": {
                **_FLAG,
                "description": "consent: true, to agree after having declined (the text stands under `consent`)",
            },
            "try": {**_NUMBER, "description": "comprehension: the number of the try"},
            "answers": {
                "type": "object",
                "additionalProperties": {"oneOf": [_NUMBER, _TEXT]},
                "description": "comprehension, debrief: by the question's number, a choice's number or text",
            },
            "guesses": {
                **_map(_map({**_TEXT, "enum": ["person", "machine", "unsure"]})),
                "description": "debrief: {assignment: {card: who wrote it}}",
            },
            "comment": {**_TEXT, "maxLength": 5000},
        },
        "stage",
    ),
    "Reveal": _object(
        {
            "favourite": {**_TEXT, "nullable": True},
            "sources": _list(_object({"label": _TEXT, "human": _FLAG, "first": _NUMBER, "shown": _NUMBER})),
            "triples": _list(_object({"question": _ANY, "cards": _list(_ANY), "all_bad": _FLAG})),
            "guessed": _NUMBER,
            "right": _NUMBER,
        }
    ),
}


def _operation(
    name: str, description: str, schema: str, *, refusals: str, body: bool = False
) -> dict[str, Any]:
    responses = {"200": _answer("Where the rater stands.", schema)}
    responses |= {status: _answer("An error.", "Error") for status in refusals.split()}
    operation: dict[str, Any] = {
        "operationId": f"rater_{name}",
        "description": description,
        "tags": ["rater"],
        "security": [{"raterToken": []}],
        "parameters": [{"in": "path", "name": "study", "required": True, "schema": _TEXT}],
        "responses": responses,
    }
    if body:
        content = {"application/json": {"schema": _ref("JourneyAnswer")}}
        operation["requestBody"] = {"content": content, "required": True}
    return operation


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


PATHS: dict[str, Any] = {
    "/api/v1/studies/{study}/journey/": {
        "get": _operation(
            "journey",
            "The stage that this rater is in, before or after rating, and what it needs.",
            "Journey",
            refusals="401 403 429",
        ),
        "post": _operation(
            "answer_journey",
            "Answers a stage. What belongs to a stage that is behind changes nothing; for one ahead 409 `wrong_stage`. "
            "409 `consent_changed` for another version, `practice_unfinished`; 422 `unknown_question`.",
            "Journey",
            refusals="401 403 409 410 422 429",
            body=True,
        ),
    },
    "/api/v1/studies/{study}/journey/leave/": {
        "post": _operation(
            "leave",
            "Takes the consent back: what is held is given back, and nothing more is taken.",
            "Journey",
            refusals="401 403 409 410 429",
        )
    },
    "/api/v1/studies/{study}/journey/reveal/": {
        "get": _operation(
            "reveal",
            "Which source wrote what, and what this rater preferred. 404 `not_revealed` until the study is closed (or "
            "un-blinded, for raters who are done) and where it reveals nothing.",
            "Reveal",
            refusals="401 403 404 429",
        )
    },
}
