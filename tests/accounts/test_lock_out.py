"""Sign-in is throttled: five failures, then a page that says how long and what to do."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import services
from backoffice.core.models import Counter
from backoffice.roles import Role
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def sign_in(client, username, password, **extra):
    return client.post(reverse("admin:login"), {"username": username, "password": password}, **extra)


def lock(client, user):
    return [sign_in(client, user.username, "wrong") for _try in range(6)]


def test_six_wrong_passwords_lock_out_and_the_page_says_what_to_do(client):
    user = UserFactory()
    answers = lock(client, user)
    assert [a.status_code for a in answers] == [200] * 4 + [429] * 2
    page = answers[-1].content.decode()
    assert "15" in page
    assert reverse("accounts:reset") in page
    assert reverse("accounts:code") in page
    assert reverse("set_language") in page
    assert "--color-primary-600" in page  # the admin's look
    assert user.username not in page


def test_the_right_password_is_refused_during_the_lock_out(client):
    user = UserFactory()
    lock(client, user)
    assert sign_in(client, user.username, PASSWORD).status_code == 429


def test_names_that_do_not_exist_are_locked_out_alike(client):
    assert [a.status_code for a in lock(client, UserFactory.build(role=Role.OFFICE))] == [200] * 4 + [429] * 2


def test_others_sign_in_from_the_same_address(client):
    lock(client, UserFactory())
    assert sign_in(client, UserFactory().username, PASSWORD).status_code == 302


def test_the_user_signs_in_from_another_address(client):
    user = UserFactory()
    lock(client, user)
    assert sign_in(client, user.username, PASSWORD, REMOTE_ADDR="10.1.2.3").status_code == 302


def test_the_lock_out_ends_by_itself(client):
    user = UserFactory()
    lock(client, user)
    past = timezone.now() - timedelta(minutes=16)
    services.attempts(user).update(attempt_time=past)
    Counter.objects.filter(key__startswith="try:").update(until=past + timedelta(minutes=15))
    assert not services.is_locked(user)
    assert sign_in(client, user.username, PASSWORD).status_code == 302


def test_a_success_forgets_the_failures(client):
    user = UserFactory()
    for _try in range(4):
        sign_in(client, user.username, "wrong")
    sign_in(client, user.username, PASSWORD)
    assert not services.attempts(user).exists()


def test_a_locked_out_user_can_still_use_a_code_or_a_link(client, latest_link, open_link):
    office = UserFactory(role=Role.OFFICE)
    user = UserFactory(role=Role.PERSON, email="a@example.org")
    code = services.issue_code(user, office)
    lock(client, user)
    services.request_reset(user.username)
    open_link(client, latest_link())
    response = client.post(reverse("accounts:code"), {"username": user.username, "password": code})
    assert response.status_code == 302
