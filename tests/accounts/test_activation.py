"""Activation: a link by mail and text message, one use, seven days."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import services
from backoffice.accounts.services import Superseded, invite, set_password
from backoffice.core.models import Message
from backoffice.roles import Role
from tests.accounts.conftest import NEW_PASSWORD, passwords
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def invited(**fields):
    user = UserFactory(**({"role": Role.PERSON, "email": "a@example.org", "phone": "13800000000"} | fields))
    user.set_unusable_password()
    user.save()
    return user, invite(user)


def test_the_link_goes_out_by_every_channel_the_user_has():
    _user, queued = invited()
    assert {(m.channel, m.recipient) for m in queued} == {("MAIL", "a@example.org"), ("SMS", "13800000000")}
    assert all(m.secret for m in Message.objects.all())


def test_without_mail_and_phone_nothing_is_queued_and_the_caller_is_told():
    assert invited(email="", phone="")[1] == []


def test_a_switched_off_user_is_not_invited():
    assert invited(is_active=False)[1] == []


def test_neither_the_message_nor_the_link_holds_the_id_number():
    user, queued = invited()
    user.username = user.person.id_number
    user.save()
    assert all(user.username not in m.body for m in invite(user) + queued)


def test_the_link_sets_a_password_and_signs_in(client, latest_link, open_link):
    user, _queued = invited()
    form = open_link(client, latest_link())
    response = client.post(form, passwords())
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:index")
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert not user.must_change_password
    assert client.session["_auth_user_id"] == str(user.pk)


def test_opening_the_link_uses_nothing_up(client, latest_link, open_link):
    invited()
    open_link(client, latest_link())
    open_link(client, latest_link())


def test_the_token_leaves_the_address_before_the_form_is_shown(client, latest_link, open_link):
    invited()
    path = latest_link()
    form = open_link(client, path)
    assert path.rstrip("/").rsplit("/", 1)[1] not in form
    assert client.get(form).status_code == 200


def test_a_used_link_is_refused_with_a_way_on(client, latest_link, open_link):
    invited()
    path = latest_link()
    client.post(open_link(client, path), passwords())
    client.logout()
    response = client.get(path)
    assert response.status_code == 200
    assert reverse("accounts:code") in response.content.decode()
    assert not response.context["validlink"]


def test_a_second_link_dies_with_the_first(client, latest_link, open_link):
    user, _queued = invited()
    first = latest_link()
    invite(user)
    client.post(open_link(client, first), passwords())
    client.logout()
    assert not client.get(latest_link()).context["validlink"]


@pytest.mark.parametrize(("days", "valid"), [(6, True), (8, False)])
def test_the_link_lives_seven_days(days, valid, monkeypatch):
    user, _queued = invited()
    token = services.activation_tokens.make_token(user)
    later = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(services.timezone, "now", lambda: later)
    assert services.activation_tokens.check_token(user, token) is valid


def test_a_link_to_a_corrected_address_is_dead(client, latest_link):
    user, _queued = invited()
    user.phone = "13900000000"
    user.save()
    assert not client.get(latest_link()).context["validlink"]


def test_a_link_of_a_switched_off_user_is_dead(client, latest_link):
    user, _queued = invited()
    user.is_active = False
    user.save()
    assert not client.get(latest_link()).context["validlink"]


@pytest.mark.parametrize("token", ["", "x", "-", "abc-def", "zzzzzzzzzzzzzzzzzzzz-1"])
def test_a_made_up_token_is_refused(token):
    assert not services.activation_tokens.check_token(UserFactory(), token)


@pytest.mark.parametrize("uid", ["x", "MQ", "OTk5OTk5", "8J-YgA"])
def test_a_made_up_user_looks_like_a_dead_link(client, uid):
    response = client.get(reverse("accounts:activate", args=[uid, "c0ffee-abc"]))
    assert response.status_code == 200
    assert not response.context["validlink"]


def test_a_reset_token_does_not_activate():
    user = UserFactory()
    assert not services.activation_tokens.check_token(user, services.reset_tokens.make_token(user))


@pytest.mark.parametrize("weak", ["12345678", "password", "abc12"])
def test_a_weak_password_is_refused_with_a_reason(client, latest_link, open_link, weak):
    user, _queued = invited()
    response = client.post(open_link(client, latest_link()), passwords(weak))
    assert response.status_code == 200
    assert response.context["form"].errors
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_two_people_with_one_link_set_one_password():
    user, _queued = invited()
    other = type(user).objects.get(pk=user.pk)
    set_password(user, NEW_PASSWORD)
    with pytest.raises(Superseded):
        set_password(other, "Other-Bamboo-88")


def test_the_history_says_who_sent_the_link_and_who_set_the_password():
    office = UserFactory(role=Role.OFFICE)
    user = UserFactory(email="a@example.org")
    invite(user, office)
    assert user.history.first().history_user == office
    set_password(user, NEW_PASSWORD)
    assert user.history.first().history_user == user
