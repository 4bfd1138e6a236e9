"""The OpenAPI description: complete, without warnings, with the one error shape."""

from __future__ import annotations

import io

import pytest
import yaml
from django.core.management import call_command


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
