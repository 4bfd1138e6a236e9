"""Who may make, change and remove whom."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts import people, tokens
from accounts.audit import COMMAND
from accounts.errors import Conflict, Gone, InvalidInput, NotFound, PermissionRefused, StarchamberError
from accounts.models import AuditEvent, Invitation, StaffToken, User
from accounts.roles import Role


def test_the_first_researcher_owns_the_site_and_the_next_is_an_admin(db):
    first = people.create_researcher("ada", role=None, again=False, actor=COMMAND)
    second = people.create_researcher("grace", role=None, again=False, actor=COMMAND)
    assert (first.user.role, second.user.role) == ("owner", "admin")
    assert not first.user.has_usable_password()


def test_a_name_that_exists_needs_again_and_keeps_its_role(db):
    first = people.create_researcher("ada", role=Role.ENGINEER, again=False, actor=COMMAND)
    with pytest.raises(Conflict) as refused:
        people.create_researcher("ada", role=Role.ENGINEER, again=False, actor=COMMAND)
    assert refused.value.code == "already_exists"
    with pytest.raises(Conflict) as refused:
        people.create_researcher("ada", role=Role.OWNER, again=True, actor=COMMAND)
    assert refused.value.code == "role_differs"
    again = people.create_researcher("ada", role=None, again=True, actor=COMMAND)
    assert again.user == first.user and again.token != first.token and again.link != first.link
    assert User.objects.count() == 1 and StaffToken.objects.count() == 2


def test_a_deactivated_name_gets_no_new_token(db):
    made = people.create_researcher("ada", role=None, again=False, actor=COMMAND)
    User.objects.filter(pk=made.user.pk).update(is_active=False)
    with pytest.raises(Conflict) as refused:
        people.create_researcher("ada", role=None, again=True, actor=COMMAND)
    assert refused.value.code == "deactivated" and StaffToken.objects.count() == 1


@pytest.mark.parametrize("name", ["", "two words", "a/b", "x" * 151, "new\nline", "nul\0"])
def test_a_name_that_is_none_is_refused_with_field_and_value(db, name):
    with pytest.raises(InvalidInput) as refused:
        people.create_researcher(name, role=None, again=False, actor=COMMAND)
    assert refused.value.details["field"] == "username" and not User.objects.exists()


def test_an_admin_can_not_make_touch_or_remove_an_owner(owner, admin):
    for act in (
        lambda: people.invite(admin, role=Role.OWNER, note=""),
        lambda: people.change_role(admin, owner.pk, Role.ENGINEER),
        lambda: people.change_role(admin, admin.pk, Role.OWNER),
        lambda: people.deactivate(admin, owner.pk),
        lambda: people.reactivate(admin, owner.pk),
    ):
        with pytest.raises(PermissionRefused):
            act()
    owner.refresh_from_db()
    admin.refresh_from_db()
    assert (owner.role, owner.is_active, admin.role) == ("owner", True, "admin")
    assert not Invitation.objects.exists() and not AuditEvent.objects.exists()


@pytest.mark.parametrize("persona", ["engineer", "blind_analyst"])
def test_other_roles_manage_nobody(request, persona, owner):
    person = request.getfixturevalue(persona)
    for act in (
        lambda: people.invite(person, role=Role.BLIND_ANALYST, note=""),
        lambda: people.change_role(person, person.pk, Role.ADMIN),
        lambda: people.deactivate(person, person.pk),
        lambda: people.withdraw_invitation(person, 1),
    ):
        with pytest.raises(PermissionRefused):
            act()
    person.refresh_from_db()
    assert person.role == persona and person.is_active


def test_the_last_owner_stays_and_the_last_but_one_may_go(owner, admin):
    for act in (
        lambda: people.deactivate(owner, owner.pk),
        lambda: people.change_role(owner, owner.pk, Role.ADMIN),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "last_owner"
    people.change_role(owner, admin.pk, Role.OWNER)
    people.change_role(owner, owner.pk, Role.ENGINEER)
    assert list(User.objects.filter(role="owner")) == [admin]


def test_two_owners_who_remove_each_other_at_once_leave_one(world):
    first = User.objects.create_user(username="first", role="owner")
    second = User.objects.create_user(username="second", role="owner")
    start = threading.Barrier(2)
    refused: list[str] = []

    def remove(by: User, whom: User) -> None:
        start.wait()
        try:
            people.deactivate(by, whom.pk)
        except StarchamberError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(role="owner", is_active=True).count() == 1
    assert refused == ["last_owner"]


def test_deactivating_revokes_tokens_and_links(owner, engineer):
    token = tokens.mint_staff_token(engineer, name="script")
    link = tokens.mint_sign_in_link(engineer)
    people.deactivate(owner, engineer.pk)
    assert tokens.find_live(StaffToken, token) is None
    with pytest.raises(Gone):
        tokens.use_sign_in_link(link)
    people.reactivate(owner, engineer.pk)
    assert tokens.find_live(StaffToken, token) is None
    engineer.refresh_from_db()
    assert engineer.is_active


def test_an_unknown_person_is_not_found(owner):
    with pytest.raises(NotFound):
        people.change_role(owner, 10**9, Role.ADMIN)


def test_an_invitation_is_used_once_and_a_bad_password_leaves_it(owner):
    secret = people.invite(owner, role=Role.ENGINEER, note="for Grace")
    for password in ("short", "password1", "31415926535"):
        with pytest.raises(InvalidInput) as refused:
            people.accept_invitation(secret, username="grace", password=password)
        assert refused.value.details["field"] == "password"
    with pytest.raises(InvalidInput) as refused:
        people.accept_invitation(secret, username=owner.username.upper(), password="a fine long one")
    assert refused.value.details["field"] == "username"
    user = people.accept_invitation(secret, username="grace", password="a fine long one")
    assert user.role == "engineer" and user.check_password("a fine long one")
    with pytest.raises(Gone) as gone:
        people.accept_invitation(secret, username="other", password="a fine long one")
    assert gone.value.code == "link_used" and not User.objects.filter(username="other").exists()


def test_a_withdrawn_invitation_works_no_more_and_is_withdrawn_once(owner):
    secret = people.invite(owner, role=Role.ADMIN, note="")
    row = Invitation.objects.get()
    people.withdraw_invitation(owner, row.pk)
    with pytest.raises(Gone) as gone:
        people.accept_invitation(secret, username="grace", password="a fine long one")
    assert gone.value.code == "link_revoked"
    with pytest.raises(NotFound):
        people.withdraw_invitation(owner, row.pk)


def test_every_act_leaves_one_line_with_actor_and_subject(owner, engineer):
    people.change_role(owner, engineer.pk, Role.ADMIN)
    people.deactivate(owner, engineer.pk)
    people.reactivate(owner, engineer.pk)
    lines = list(AuditEvent.objects.order_by("id").values_list("actor_label", "act", "subject", "details"))
    assert lines == [
        ("owner", "change_role", "engineer", {"from": "engineer", "to": "admin"}),
        ("owner", "deactivate_person", "engineer", {}),
        ("owner", "reactivate_person", "engineer", {}),
    ]
