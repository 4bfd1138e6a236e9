"""What the OpenAPI document says of the rater's loop, whose views are plain Django (see ratings.desk.api)."""

from __future__ import annotations

from typing import Any

from ratings.desk import journey_schema
from ratings.slots.signals import SIGNALS
from ratings.studies import schema as design_schema
from ratings.studies.form import DOUBTS, REASONS

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    names = list(properties) if required is None else required
    return {**schema, "required": names} if names else schema


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _by_card(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_NEXT = {"allOf": [_ref("Assignment")], "nullable": True}

_SCHEMAS: dict[str, Any] = {
    "Step": _object({"token": _TEXT, "html": _TEXT}),
    "Card": _object({"token": _TEXT, "html": _TEXT, "steps": _list(_ref("Step"))}),
    "Assignment": _object(
        {
            "token": _TEXT,
            "lease_expires_at": {"type": "string", "format": "date-time"},
            "question": _object(
                {"html": _TEXT, "choices": _list(_object({"label": _TEXT, "html": _TEXT})), "answer": _TEXT}
            ),
            # Three, or the two that a pairwise form shows.
            "cards": {**_list(_ref("Card")), "minItems": 2, "maxItems": 3},
            "form": _ref("RatingForm"),
            "progress": _object(
                {"done": {"type": "integer"}, "quota": {"type": "integer", "nullable": True}}
            ),
        }
    ),
    "RatingBody": _object(
        {
            "ranking": {
                **_list(_list(_TEXT)),
                "description": "groups of card tokens, best first, ties in one group; may be partial",
            },
            "all_bad": _FLAG,
            "first_wrong_step": {**_by_card(_TEXT), "description": "step token by card token"},
            "reasons": {
                **_by_card(_list(_TEXT)),
                "description": f"codes by card token: {', '.join(REASONS)}, or of the form's `own_reasons`",
            },
            "confidence": {"type": "integer", "minimum": 1, "maximum": 3, "nullable": True},
            "comment": {"type": "string", "maxLength": 5000},
            "active_seconds": {"type": "number", "minimum": 0, "nullable": True},
            "doubts": {
                **_list({"type": "string", "enum": list(DOUBTS)}),
                "description": "about the question",
            },
            "signals": {
                "type": "object",
                "description": "what a page noticed; whole numbers. "
                + "; ".join(f"{k}: {v}" for k, v in SIGNALS.items()),
                "additionalProperties": {"type": "integer", "minimum": 0},
            },
        },
        required=["ranking"],
    ),
    "SubmittedRating": _object({"rating": _TEXT, "surplus": _FLAG, "next": _NEXT}),
    "Skipped": _object({"rating": _TEXT, "next": _NEXT}),
    "Revised": _object({"rating": _TEXT, "surplus": _FLAG}),
    "OwnRatings": _object(
        {
            "results": _list(
                _object(
                    {
                        "rating": _TEXT,
                        "revision": {"type": "integer"},
                        "surplus": _FLAG,
                        "skipped": _FLAG,
                        "submitted_at": {"type": "string", "format": "date-time"},
                        "ranking": _list(_list(_TEXT)),
                        "all_bad": _FLAG,
                        "comment": _TEXT,
                        "first_wrong_step": _by_card(_TEXT),
                        "reasons": _by_card(_list(_TEXT)),
                        "confidence": {"type": "integer", "nullable": True},
                        "doubts": _list(_TEXT),
                        "assignment": _ref("Assignment"),
                    }
                )
            )
        }
    ),
    "Lease": _object({"lease_expires_at": {"type": "string", "format": "date-time"}}),
}


def _answer(description: str, schema: str | None = None) -> dict[str, Any]:
    if schema is None:
        return {"description": description}
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


def _operation(
    name: str,
    description: str,
    *,
    parameter: str,
    responses: dict[str, Any],
    body: dict[str, Any] | None = None,
    refusals: str = "401 403 404 409 410 422 429",
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"rater_{name}",
        "description": description,
        "tags": ["rater"],
        "security": [{"raterToken": []}],
        "parameters": [{"in": "path", "name": parameter, "required": True, "schema": _TEXT}],
        "responses": {**responses, **{status: _answer("An error.", "Error") for status in refusals.split()}},
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}, "required": True}
    return operation


_REASON = _object({"reason": _TEXT, "comment": _TEXT}, required=[])

_PATHS: dict[str, Any] = {
    "/api/v1/studies/{study}/assignments/": {
        "post": _operation(
            "next_assignment",
            "The assignment that this rater holds, or a new one. 409 `study_not_open`; 409 `journey_unfinished` before "
            "rating and at the debrief (see `journey/`); 410 `study_closed`.",
            parameter="study",
            responses={
                "201": _answer("A new assignment.", "Assignment"),
                "200": _answer("The one that this rater already holds.", "Assignment"),
                "204": _answer("Nothing is left; with `Retry-After`: nothing is free now, ask again."),
            },
        )
    },
    "/api/v1/assignments/{token}/rating/": {
        "post": _operation(
            "submit_rating",
            "Stores the rating and answers with the next assignment. The same body again (active_seconds apart) is a "
            "repeat; another body is 409 `already_rated`.",
            parameter="token",
            body=_ref("RatingBody"),
            responses={
                "201": _answer("Stored; surplus when the slot had gone to another rater.", "SubmittedRating"),
                "200": _answer("Stored before.", "SubmittedRating"),
            },
        )
    },
    "/api/v1/assignments/{token}/renew/": {
        "post": _operation(
            "renew",
            "Lengthens the lease. 409 `lease_lost` when the slot went to another rater.",
            parameter="token",
            responses={"200": _answer("The new end.", "Lease")},
        )
    },
    "/api/v1/assignments/{token}/draft/": {
        "put": _operation(
            "save_draft",
            "Keeps what was entered so far.",
            parameter="token",
            body={"type": "object", "additionalProperties": True},
            responses={"204": _answer("Kept.")},
        )
    },
    "/api/v1/assignments/{token}/skip/": {
        "post": _operation(
            "skip",
            "Gives the slot back for another rater.",
            parameter="token",
            body=_REASON,
            responses={"201": _answer("Skipped.", "Skipped"), "200": _answer("Skipped before.", "Skipped")},
        )
    },
    "/api/v1/assignments/{token}/flag/": {
        "post": _operation(
            "flag",
            "Tells the researcher that something is wrong with the triple; with no reason, just that.",
            parameter="token",
            body=_REASON,
            responses={"201": _answer("Told.")},
        )
    },
    "/api/v1/ratings/{key}/revisions/": {
        "post": _operation(
            "revise",
            "Adds a revision; the old one stays current until the new one is in.",
            parameter="key",
            body=_ref("RatingBody"),
            responses={"201": _answer("Stored.", "Revised"), "200": _answer("Stored before.", "Revised")},
        )
    },
}

#: Shared with the staff, whose view describes the rest of it.
_OWN_RATINGS = "/api/v1/ratings/"


def describe_rater_loop(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular: adds the loop's paths, schemas and way to authenticate."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(_SCHEMAS | journey_schema.SCHEMAS | design_schema.SCHEMAS)
    components.setdefault("securitySchemes", {})["raterToken"] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "scr_…",
    }
    paths = result.setdefault("paths", {})
    paths.update(_PATHS | journey_schema.PATHS)
    if _OWN_RATINGS in paths:
        _describe_own_ratings(paths[_OWN_RATINGS]["get"])
    result["paths"] = dict(sorted(paths.items()))
    return result


def _describe_own_ratings(operation: dict[str, Any]) -> None:
    """The staff's call at the same address answers a rater's token with that rater's last ten."""
    operation.setdefault("security", []).append({"raterToken": []})
    content = operation["responses"]["200"]["content"]["application/json"]
    content["schema"] = {"oneOf": [content["schema"], _ref("OwnRatings")]}
