"""Every call about studies up the same ladder: stranger, wrong role, unknown study, wrong method, twice."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.tokens import mint_staff_token
from ratings.studies.models import Study
from tests.worlds import SOURCES, make_study

pytestmark = pytest.mark.django_db

READ = ["", "trial/", "trial/lint/", "trial/progress/", "trial/raters/"]
ACTS = ["trial/open/", "trial/pause/", "trial/close/", "trial/unblind/"]
WRITE = ["", "trial/raters/", *ACTS]


@pytest.fixture(autouse=True)
def study() -> Study:
    cache.clear()
    return make_study(questions=3)


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {mint_staff_token(user, name='test')}"})


def ask(client: Client, method: str, path: str) -> tuple[int, str]:
    design = {"name": "trial", "dataset": "sums", "sources": list(SOURCES), "questions": 3}
    body = {"post": {"reason": "because", "name": "panel"}, "put": design}.get(method)
    answer = getattr(client, method)(f"/api/v1/studies/{path}", body, content_type="application/json")
    return answer.status_code, answer.json().get("code", "")


CALLS = [*(("get", path) for path in READ), *(("post", path) for path in WRITE)]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_strangers_and_made_up_tokens_get_401(method, path):
    made_up = Client(headers={"Authorization": f"Bearer scs_{'0' * 48}"})
    for client in (Client(), made_up):
        assert ask(client, method, path) == (401, "not_authenticated")


@pytest.mark.parametrize("path", WRITE)
def test_a_blind_analyst_changes_nothing(blind_analyst, path):
    audited = AuditEvent.objects.count()
    assert ask(client_of(blind_analyst), "post", path) == (403, "permission_denied")
    assert Study.objects.get().state == "open" and Study.objects.get().unblinded_at is None
    assert AuditEvent.objects.count() == audited


def test_an_engineer_may_not_unblind(engineer):
    assert ask(client_of(engineer), "post", "trial/unblind/") == (403, "permission_denied")
    assert Study.objects.get().unblinded_at is None


@pytest.mark.parametrize(("method", "path"), [call for call in CALLS if "trial" in call[1]])
def test_an_unknown_study_is_404(owner, method, path):
    assert ask(client_of(owner), method, path.replace("trial", "none")) == (404, "unknown_study")


@pytest.mark.parametrize("path", ACTS)
def test_an_act_is_no_page_to_read(owner, path):
    assert ask(client_of(owner), "get", path) == (405, "method_not_allowed")
    assert Study.objects.get().state == "open"


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_resource_but_a_draft_is_replaced_or_removed(owner, blind_analyst, method, path):
    if path != "trial/" or method == "patch":
        assert ask(client_of(owner), method, path) == (405, "method_not_allowed")
    else:
        assert ask(Client(), method, path) == (401, "not_authenticated")
        assert ask(client_of(blind_analyst), method, path) == (403, "permission_denied")
        assert ask(client_of(owner), method, "none/") == (404, "unknown_study")
        assert ask(client_of(owner), method, path) == (409, "wrong_state")
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "second"),
    [("trial/open/", 409), ("trial/pause/", 409), ("trial/close/", 409), ("trial/unblind/", 200)],
)
def test_an_act_done_twice_is_done_once(owner, study, path, second):
    if "open" in path:
        Study.objects.update(state="paused")
    client = client_of(owner)
    before = AuditEvent.objects.filter(subject="trial").count()
    assert ask(client, "post", path)[0] == 200
    assert ask(client, "post", path)[0] == second
    assert AuditEvent.objects.filter(subject="trial").count() == before + 1


def test_raters_of_one_name_are_made_once(owner, study):
    client = client_of(owner)
    assert ask(client, "post", "trial/raters/")[0] == 201
    assert ask(client, "post", "trial/raters/") == (409, "name_taken")
    assert study.raters.count() == 1
