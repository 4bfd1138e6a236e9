"""What must not be found: secrets in the database or in the log."""

from __future__ import annotations

import io
import logging

from django.core.management import call_command
from django.test import Client

from accounts import people, tokens
from accounts.audit import COMMAND
from accounts.roles import Role
from config.redaction import RedactingFormatter


def dump_of_the_database() -> str:
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    return dump.getvalue()


def test_no_secret_is_stored_in_clear(owner, client):
    client.force_login(owner)
    made = people.create_researcher("grace", role=Role.ENGINEER, again=False, actor=COMMAND)
    invitation = people.invite(owner, role=Role.ADMIN, note="for Ada")
    page = client.post("/people/tokens/", {"name": "script", "days": "3"}).content.decode()
    own = page.split('<code class="secret">')[1].split("</code>")[0]
    invited = client.post("/people/", {"role": "admin", "note": "for Eve"}).content.decode()
    link = invited.split('<code class="secret">')[1].split("</code>")[0].rstrip("/").rsplit("/", 1)[1]
    browser = Client()
    browser.post(f"/join/{made.link}/")
    Client().post(f"/join/{invitation}/", {"username": "ada", "password": "a fine long one"})

    dump = dump_of_the_database()
    assert "for Ada" in dump and '"grace"' in dump, "the dump holds the rows that belong to the secrets"
    for secret in (made.token, made.link, invitation, own, link, "a fine long one"):
        assert len(secret) > 14 and secret not in dump
        assert secret[4:] not in dump


def test_a_refused_link_is_logged_without_its_secret(engineer):
    secret = tokens.mint_sign_in_link(engineer)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(name)s %(message)s"))
    logging.getLogger("django").addHandler(handler)
    try:
        strict = Client(enforce_csrf_checks=True)
        strict.post(f"/join/{secret}/")
        strict.get(f"/join/{secret}x/")
        strict.get("/api/v1/tokens/", headers={"Authorization": f"Bearer {secret}"})
    finally:
        logging.getLogger("django").removeHandler(handler)
    log = stream.getvalue()
    assert "/join/scl_[…]" in log and "Forbidden" in log
    assert secret not in log and secret[4:20] not in log


def test_the_log_of_the_site_uses_that_formatter(settings):
    formatter = settings.LOGGING["formatters"]["line"]["()"]
    assert formatter == "config.redaction.RedactingFormatter"
    assert settings.LOGGING["handlers"]["stderr"]["formatter"] == "line"
    assert settings.LOGGING["root"]["handlers"] == ["stderr"]


def test_a_secret_in_a_stack_is_taken_out():
    record = logging.LogRecord(
        "x", logging.ERROR, __file__, 1, "path %s", ("/join/scr_0123456789abcdef/",), None
    )
    try:
        raise ValueError("sci_fedcba9876543210")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    text = RedactingFormatter("%(message)s").format(record)
    assert "scr_[…]" in text and "sci_[…]" in text and "0123456789abcdef" not in text
    assert "fedcba9876543210" not in text
