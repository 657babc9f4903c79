"""Links, codes, switching off and unlocking in the user admin: asked by GET, done by POST, within one's duty."""

import pytest
from django.urls import reverse

from backoffice.accounts import services
from backoffice.core.models import Message
from backoffice.roles import Role
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
ACTIONS = ["activation", "code", "unlock", "switch-off", "switch-on"]
REASON = {"reason": "人员离职"}


def url(user, action):
    return reverse("admin:accounts_user_change", args=[user.pk]).replace("change/", f"{action}/")


def offered(client, user):
    response = client.get(reverse("admin:accounts_user_change", args=[user.pk]))
    return {entry["path"].rstrip("/").rsplit("/", 1)[1] for entry in response.context["actions_detail"]}


@pytest.mark.parametrize("action", ACTIONS)
def test_opening_an_action_changes_nothing(signed_in, company_manager, colleague, action):
    before = colleague.history.count()
    assert signed_in(company_manager).get(url(colleague, action)).status_code == 200
    colleague.refresh_from_db()
    assert (colleague.is_active, colleague.code_hash, colleague.history.count()) == (True, "", before)
    assert not Message.objects.exists()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_actions_on_foreign_users_do_not_exist(signed_in, company_manager, stranger, action, method):
    assert getattr(signed_in(company_manager), method)(url(stranger, action), REASON).status_code == 404


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_acts_on_oneself(signed_in, company_manager, action):
    for user in (company_manager, UserFactory(role=Role.ADMIN), UserFactory(role=Role.OFFICE)):
        assert signed_in(user).post(url(user, action), REASON).status_code == 403
        assert offered(signed_in(user), user) == set()
        user.refresh_from_db()
        assert user.is_active


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.ADMIN, Role.OFFICE)])
def test_roles_without_the_duty_are_refused(users, signed_in, role, action):
    target = UserFactory(role=Role.COMPANY, company=users[Role.COMPANY].company)
    assert signed_in(users[role]).post(url(target, action), REASON).status_code in (403, 404)
    target.refresh_from_db()
    assert target.is_active
    assert not target.code_hash


@pytest.mark.parametrize("action", ACTIONS)
def test_the_office_is_refused_on_staff(users, signed_in, action):
    for role in (Role.ADMIN, Role.FINANCE, Role.TRAINING, Role.AUDITOR):
        assert signed_in(users[Role.OFFICE]).post(url(users[role], action), REASON).status_code == 403


def test_sending_the_link_queues_it_and_says_where_to(signed_in, company_manager, colleague):
    response = signed_in(company_manager).post(url(colleague, "activation"), follow=True)
    assert Message.objects.get().recipient == colleague.email
    assert colleague.email in response.content.decode()


def test_a_handed_out_code_is_shown_once_and_works(signed_in, company_manager, colleague):
    client = signed_in(company_manager)
    response = client.post(url(colleague, "code"))
    code = response.context["code"]
    assert code in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert code not in client.get(url(colleague, "code")).content.decode()
    assert services.redeem_code(colleague.username, code) == colleague


def test_switching_off_needs_a_reason_ends_sessions_and_stands_in_the_history(
    signed_in, company_manager, colleague
):
    client, theirs = signed_in(company_manager), signed_in(colleague)
    assert client.post(url(colleague, "switch-off"), {"reason": ""}).status_code == 200
    colleague.refresh_from_db()
    assert colleague.is_active
    assert client.post(url(colleague, "switch-off"), REASON).status_code == 302
    colleague.refresh_from_db()
    assert not colleague.is_active
    latest = colleague.history.first()
    assert (latest.history_change_reason, latest.history_user) == ("人员离职", company_manager)
    assert theirs.get(reverse("admin:index")).status_code == 302


def test_switching_off_twice_says_so_and_does_it_once(signed_in, company_manager, colleague):
    client = signed_in(company_manager)
    client.post(url(colleague, "switch-off"), REASON)
    before = colleague.history.count()
    client.post(url(colleague, "switch-off"), REASON)
    assert colleague.history.count() == before


def test_switching_on_again_unlocks(client, signed_in, company_manager, colleague):
    for _try in range(6):
        client.post(reverse("admin:login"), {"username": colleague.username, "password": "wrong"})
    services.switch(colleague, on=False, by=company_manager, reason="x")
    signed_in(company_manager).post(url(colleague, "switch-on"), REASON)
    signing_in = client.post(reverse("admin:login"), {"username": colleague.username, "password": PASSWORD})
    assert signing_in.status_code == 302


def test_unlocking_lets_the_user_try_again(client, signed_in, company_manager, colleague):
    for _try in range(6):
        client.post(reverse("admin:login"), {"username": colleague.username, "password": "wrong"})
    assert "unlock" in offered(signed_in(company_manager), colleague)
    signed_in(company_manager).post(url(colleague, "unlock"))
    signing_in = client.post(reverse("admin:login"), {"username": colleague.username, "password": PASSWORD})
    assert signing_in.status_code == 302


def test_only_actions_that_make_sense_are_offered(signed_in, company_manager, colleague):
    manager = signed_in(company_manager)
    assert offered(manager, colleague) == {"activation", "code", "switch-off"}
    colleague.email = ""
    colleague.save()
    assert offered(manager, colleague) == {"code", "switch-off"}
    assert offered(signed_in(colleague), company_manager) == set()
    colleague.is_active = False
    colleague.save()
    assert offered(manager, colleague) == {"switch-on"}


def test_actions_are_protected_against_forged_requests(company_manager, colleague):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(company_manager)
    assert client.post(url(colleague, "switch-off"), REASON).status_code == 403
