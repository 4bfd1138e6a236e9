"""The client against a local server that speaks Prolific's documented requests."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from ratings.crowd.arrivals import Arrival
from ratings.crowd.models import PanelEntry, PanelEvent
from ratings.crowd.panels import PanelDesign, create_panel, enter
from ratings.crowd.prolific import ProlificClient, ProviderFailed
from ratings.crowd.syncing import approve, sync_panel
from tests.crowd.prolific_server import TOKEN, prolific_server
from tests.worlds import make_study


@pytest.fixture
def server():
    with prolific_server() as found:
        yield found


@pytest.fixture
def client(server):
    with ProlificClient(TOKEN, url=server[0], backoff_seconds=0.01, timeout_seconds=5) as made:
        yield made


def test_submissions_are_listed_page_after_page(server, client):
    server[1].submissions = {f"s{n}": "ACTIVE" for n in range(5)}
    assert [row["id"] for row in client.submissions("study-1")] == [f"s{n}" for n in range(5)]
    assert len(server[1].calls) == 3


def test_a_next_page_on_another_host_is_not_followed(server, client):
    server[1].submissions = {f"s{n}": "ACTIVE" for n in range(5)}
    server[1].next_host = "http://elsewhere.example"
    with pytest.raises(ProviderFailed, match="another host"):
        list(client.submissions("study-1"))


def test_approving_and_rejecting(server, client):
    server[1].submissions = {"s1": "AWAITING REVIEW", "s2": "AWAITING REVIEW"}
    client.approve("s1")
    with pytest.raises(InvalidInput, match="100"):
        client.reject("s2", message="No.", category="OTHER")
    client.reject("s2", message="x" * 100, category="OTHER")
    assert server[1].submissions == {"s1": "APPROVED", "s2": "REJECTED"}
    assert server[1].calls[0][2] == {"action": "APPROVE"}


def test_a_subscription_is_confirmed_with_the_secret_of_its_answer(server, client):
    made = client.subscribe(
        workspace="w", event_type="submission.status.change", target_url="https://x.example/"
    )
    assert made == "sub-1" and server[1].confirmed == ["sub-1"]


@pytest.mark.parametrize("trouble", [[500], [429, 503], [502, 504, 500]])
def test_what_may_pass_is_tried_again(server, client, trouble):
    server[1].submissions, server[1].trouble = {"s1": "AWAITING REVIEW"}, list(trouble)
    client.approve("s1")
    assert len(server[1].calls) == len(trouble) + 1


@pytest.mark.parametrize("trouble", [["garbage"], ["[1]"], [500] * 4, [403], [302]])
def test_what_will_not_pass_is_said(server, client, trouble):
    server[1].trouble = list(trouble)
    with pytest.raises(ProviderFailed, match="Prolific"):
        list(client.submissions("study-1"))


def test_nobody_answers():
    with (
        ProlificClient(TOKEN, url="http://127.0.0.1:9/api/v1", backoff_seconds=0.01) as client,
        pytest.raises(ProviderFailed, match="could not be reached"),
    ):
        client.submission("s1")


@pytest.mark.parametrize("token", ["", "two words", "ünicode", "line\nbreak"])
def test_a_token_that_no_header_carries_is_refused_without_showing_it(token):
    with pytest.raises(InvalidInput) as refused:
        ProlificClient(token)
    assert not token or token not in str(refused.value.details)


def test_the_token_is_in_no_error_and_no_repr(server):
    with ProlificClient("wrong-token", url=server[0], backoff_seconds=0.01) as client:
        with pytest.raises(ProviderFailed) as refused:
            client.submission("s1")
        assert "wrong-token" not in f"{client!r}{refused.value}{refused.value.details}"


def test_syncing_follows_every_submission_and_approving_tells_the_provider(db, server, client):
    make_study(questions=3)
    design = PanelDesign(external_study="study-1")
    panel = create_panel("trial", design, actor=COMMAND)
    for session in ("s0", "s1", "s2"):
        enter(panel, Arrival(session=session, person=f"p-{session}"))
    server[1].submissions = {
        "s0": "AWAITING REVIEW",
        "s1": "RETURNED",
        "s2": "ACTIVE",
        "stranger": "ACTIVE",
    }
    found = sync_panel(panel, client=client, actor=COMMAND)
    assert (found.submissions, found.known, found.changed) == (4, 3, 2)
    assert sync_panel(panel, client=client, actor=COMMAND).changed == 0
    assert approve(panel, list(panel.entries.all()), client=client, actor=COMMAND) == 1
    assert approve(panel, list(panel.entries.all()), client=client, actor=COMMAND) == 0
    assert server[1].submissions["s0"] == "APPROVED"
    statuses = dict(PanelEntry.objects.values_list("session", "status"))
    assert statuses == {"s0": "approved", "s1": "returned", "s2": "active"}


def test_a_failed_sync_is_kept_for_the_researcher(db, server, client):
    make_study(questions=3)
    panel = create_panel("trial", PanelDesign(external_study="study-1"), actor=COMMAND)
    server[1].trouble = [403]
    with pytest.raises(ProviderFailed):
        sync_panel(panel, client=client, actor=COMMAND)
    event = PanelEvent.objects.get()
    assert not event.accepted and "403" in event.message
    other = create_panel("trial", PanelDesign(name="other"), actor=COMMAND)
    with pytest.raises(InvalidInput, match="external_study"):
        sync_panel(other, client=client, actor=COMMAND)
