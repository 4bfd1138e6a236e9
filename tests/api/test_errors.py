"""Whatever goes wrong in a call is answered in one shape."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework import exceptions, serializers

from accounts import errors as expected
from accounts import tokens
from config.api.errors import handle_exception
from config.errors import ErrorMiddleware, server_error

URL = "/api/v1/tokens/"


def assert_shape(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert set(body) == {"code", "message", "details"} and body["code"] == code
    assert isinstance(body["message"], str) and body["message"] and isinstance(body["details"], dict)
    return body


@pytest.fixture
def caller(engineer) -> Client:
    return Client(headers={"Authorization": f"Bearer {tokens.mint_staff_token(engineer, name='test')}"})


def post(client: Client, body: str | bytes, **options):
    return client.post(URL, data=body, content_type="application/json", **options)


def test_nobody_is_401_with_a_challenge(db, client):
    answer = client.get(URL)
    assert_shape(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_invalid_field_is_422_and_named(caller):
    body = assert_shape(post(caller, '{"name": "x", "days": 0}'), 422, "invalid")
    assert "days" in body["details"] and body["message"].startswith("days: ")
    body = assert_shape(post(caller, "{}"), 422, "invalid")
    assert body["details"] == {"name": ["This field is required."]}
    assert_shape(post(caller, '["x"]'), 422, "invalid")


@pytest.mark.parametrize(
    "body",
    ["{", "", "nonsense", '{"name": NaN}', b"\xff\xfe", '{"a": "\\u0000"}', '{"\\u0000": 1}', "[" * 100_000],
    ids=["cut", "empty", "words", "NaN", "no UTF-8", "NUL", "NUL key", "deep"],
)
def test_malformed_json_is_400_or_an_invalid_body(caller, body):
    answer = post(caller, body)
    if body == "":
        assert_shape(answer, 422, "invalid")
    else:
        assert_shape(answer, 400, "malformed")


def test_a_body_that_is_too_large_is_413_before_it_is_read(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = assert_shape(post(caller, json.dumps({"name": "x" * 1000})), 413, "too_large")
    assert body["details"]["limit"] == 1000


def test_another_method_media_type_and_address(caller):
    assert_shape(caller.put(URL), 405, "method_not_allowed")
    assert_shape(caller.post(URL, {"name": "x"}), 415, "unsupported_media_type")
    assert_shape(caller.get(URL, headers={"Accept": "text/html"}), 406, "not_acceptable")
    assert_shape(caller.get("/api/v1/nothing/"), 404, "not_found")
    assert_shape(caller.get("/api/nothing"), 404, "not_found")
    assert_shape(caller.delete(f"{URL}{2**62}/"), 404, "not_found")


def test_the_wrong_role_is_403(caller):
    body = assert_shape(caller.get("/api/v1/audit/"), 403, "permission_denied")
    assert body["details"] == {"act": "view_audit"}


def test_a_browser_session_needs_the_forms_token_to_write(engineer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(engineer)
    assert client.get(URL).status_code == 200
    assert_shape(post(client, '{"name": "x"}'), 403, "permission_denied")


class Named(expected.StarchamberError):
    status = HTTPStatus.CONFLICT
    code = "study_not_open"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("secret detail"), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "not_authenticated"),
        (exceptions.Throttled(wait=7), 429, "throttled"),
        (serializers.ValidationError({"a": {"b": ["wrong"]}}), 422, "invalid"),
        (serializers.ValidationError("wrong"), 422, "invalid"),
        (exceptions.APIException(), 500, "internal_server_error"),
        (Named("closed"), 409, "study_not_open"),
        (expected.Throttled("slow", details={"retry_after_seconds": 7}), 429, "throttled"),
        (expected.InvalidInput("no", details={"field": "x"}), 422, "invalid"),
    ],
)
def test_every_kind_of_error_has_its_status_and_code(error, status, code):
    answer = handle_exception(error, {})
    assert answer is not None and (answer.status_code, answer.data["code"]) == (status, code)
    assert "secret detail" not in str(answer.data)
    if status == 429:
        assert answer["Retry-After"] == "7" and answer.data["details"] == {"retry_after_seconds": 7}
    if status == 401:
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_nested_field_is_named_by_its_path():
    answer = handle_exception(serializers.ValidationError({"rows": [{}, {"text": ["too long"]}]}), {})
    assert answer is not None and answer.data["message"] == "rows.text: too long"


def test_an_unexpected_error_is_left_to_the_log_and_answered_without_its_words(db):
    assert handle_exception(RuntimeError("inner words"), {}) is None
    for path, content in (("/api/v1/x/", b"server_error"), ("/people/", b"Our mistake")):
        answer = server_error(RequestFactory().get(path))
        assert (
            answer.status_code == 500 and content in answer.content and b"inner words" not in answer.content
        )


def test_a_database_that_is_away_is_503_and_to_be_tried_again(caller, monkeypatch):
    def gone(*args, **options):
        raise OperationalError("the connection is lost")

    caller.raise_request_exception = False
    monkeypatch.setattr(AuthenticationMiddleware, "process_request", gone)
    for path in ("/api/v1/x/", "/people/", "/rate/trial/"):
        answer = caller.get(path)
        assert answer.status_code == 503 and answer["Retry-After"] == "5"
        assert b"the connection is lost" not in answer.content
    assert_shape(caller.get("/api/v1/x/"), 503, "unavailable")


@pytest.mark.parametrize(
    "cursor", ["cD0%3D", "cD1h", "cD0xZTk%3D", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk%3D", "x"]
)
def test_a_cursor_that_names_no_row_is_404(caller, cursor):
    assert_shape(caller.get(f"{URL}?cursor={cursor}"), 404, "not_found")


def test_nul_in_an_address_is_no_fault_of_ours(caller, engineer):
    for path in ("/api/v1/studies/%00/", "/api/v1/questions/x/%00/"):
        assert caller.get(path).status_code in (400, 404)
    assert_shape(caller.get("/api/v1/studies/%00/"), 400, "malformed")
    assert caller.get("/api/v1/ratings/?study=%00").status_code in (400, 404, 422)
    caller.force_login(engineer)
    assert caller.get("/studies/new/?dataset=%00").status_code == 400
    assert caller.get("/static/%00.css").status_code in (400, 404)


def test_an_expected_error_of_a_page_is_a_page_and_below_api_json(db):
    middleware = ErrorMiddleware(lambda request: None)  # type: ignore[arg-type,return-value]
    error = expected.Gone("It is over.", code="study_closed", details={"study": "trial"})
    raters = middleware.process_exception(RequestFactory().get("/rate/trial/"), error)
    assert raters is not None and raters.status_code == 410
    assert b"It is over." in raters.content and b"study_closed" in raters.content
    request = RequestFactory().get("/studies/trial/")
    page = middleware.process_exception(request, error)
    assert page is not None and page.status_code == 410
    assert b"It is over." in page.content and b"study_closed" in page.content and b"trial" in page.content
    answer = middleware.process_exception(RequestFactory().get("/api/v1/x/"), error)
    assert_shape(answer, 410, "study_closed")
    assert middleware.process_exception(request, RuntimeError()) is None


def test_a_message_is_escaped_on_the_page(db):
    middleware = ErrorMiddleware(lambda request: None)  # type: ignore[arg-type,return-value]
    page = middleware.process_exception(
        RequestFactory().get("/x/"), expected.NotFound("<script>alert(1)</script>")
    )
    assert page is not None and b"<script>alert" not in page.content


def test_an_error_of_a_write_leaves_no_half(caller):
    from accounts.models import AuditEvent, StaffToken

    before = (StaffToken.objects.count(), AuditEvent.objects.count())
    post(caller, '{"name": "x", "days": 400}')
    assert (StaffToken.objects.count(), AuditEvent.objects.count()) == before


def test_the_lifetime_asked_for_is_the_lifetime_given(caller):
    from django.utils import timezone

    body = post(caller, '{"name": "x", "days": 2}').json()
    expires = datetime.fromisoformat(body["expires_at"])
    assert abs(expires - timezone.now() - timedelta(days=2)) < timedelta(minutes=1)
