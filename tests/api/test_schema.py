"""The OpenAPI description: complete, without warnings, with the one error shape."""

from __future__ import annotations

import io
from dataclasses import fields
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.core.management import call_command

from ratings.studies.form import RatingForm, read_form
from ratings.studies.journey import NAMES, read_journey
from ratings.studies.pay import Pay, read_pay
from ratings.studies.pools import Pool
from ratings.studies.presets import PRESETS
from ratings.studies.protocol import Contrast
from ratings.studies.quality_mix import QualityMix, read_mix
from tests.journeys.ways import WHOLE


@pytest.fixture(scope="module")
def schema() -> dict:
    out, complaints = io.StringIO(), io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out, stderr=complaints)
    assert complaints.getvalue() == ""
    return yaml.safe_load(out.getvalue())


def test_the_description_holds_our_calls_and_ways_to_authenticate(schema):
    assert {"get", "post"} <= set(schema["paths"]["/api/v1/tokens/"])
    assert "get" in schema["paths"]["/api/v1/audit/"]
    schemes = schema["components"]["securitySchemes"]
    assert schemes["staffToken"]["scheme"] == "bearer" and schemes["browserSession"]["in"] == "cookie"
    assert {"staffToken": []} in schema["paths"]["/api/v1/tokens/"]["get"]["security"]


def test_every_call_describes_the_error_shape(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert "default" in operation["responses"], (path, method)
    assert schema["components"]["schemas"]["Error"]["required"] == ["code", "message", "details"]


def test_a_design_is_described_as_its_readers_take_it(schema):
    schemas = schema["components"]["schemas"]
    readers: dict[str, tuple[Any, Any]] = {
        "RatingForm": (RatingForm, read_form),
        "QualityMix": (QualityMix, read_mix),
        "Pay": (Pay, read_pay),
        "PrimaryContrast": (Contrast, None),
        "RaterPool": (Pool, None),
    }
    for name, (stored, read) in readers.items():
        described = schemas[name]
        assert set(described["properties"]) == {field.name for field in fields(stored)}, name
        if read is not None:
            jsonschema.validate(read({}).as_json(), described)
    assert set(schemas["StudyJourney"]["properties"]) == set(NAMES)
    for whole in (WHOLE, *(preset.design.get("journey", {}) for preset in PRESETS.values())):
        jsonschema.validate(whole, schemas["StudyJourney"])
        read_journey(whole)
    assert schemas["Assignment"]["properties"]["cards"]["minItems"] == 2
    study = schemas["NewStudy"]["properties"]
    assert study["form"] == {"$ref": "#/components/schemas/RatingForm"}
    assert study["pools"]["items"] == {"$ref": "#/components/schemas/RaterPool"}


def test_the_secret_of_a_token_is_in_no_list(schema):
    assert "token" not in schema["components"]["schemas"]["Token"]["properties"]
    assert "token" in schema["components"]["schemas"]["MintedToken"]["properties"]


def test_the_description_is_public_in_yaml_and_json(db, client):
    assert client.get("/api/schema/").status_code == 200
    answer = client.get("/api/schema/?format=json")
    assert answer.status_code == 200 and answer.json()["info"]["title"] == "Starchamber"
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_only_the_page_of_the_api_may_write_styles(db, client):
    policy = client.get("/api/docs/")["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy and "script-src 'self';" in policy
