"""Forgotten password: a link to the known address; the page never says whether the account exists."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import services
from backoffice.core.models import Counter, Message
from backoffice.roles import Role
from tests.accounts.conftest import NEW_PASSWORD, passwords
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def ask(client, typed):
    return client.post(reverse("accounts:reset"), {"username": typed})


def test_known_and_unknown_names_get_the_same_answer(client):
    user = UserFactory(email="a@example.org")
    off = UserFactory(email="b@example.org", is_active=False)
    answers = [ask(client, typed) for typed in (user.username, "nobody", off.username, "c@example.org")]
    assert {(a.status_code, a["Location"]) for a in answers} == {(302, reverse("accounts:reset_done"))}
    assert Message.objects.count() == 1
    assert client.get(reverse("accounts:reset_done")).status_code == 200


@pytest.mark.parametrize("typed", ["a@example.org", "A@Example.org", " a@example.org "])
def test_the_mail_address_works_in_place_of_the_login_name(client, typed):
    UserFactory(email="a@example.org")
    ask(client, typed)
    assert Message.objects.get().recipient == "a@example.org"


def test_without_a_mail_address_the_link_goes_by_text_message(client):
    user = UserFactory(phone="13800000000")
    ask(client, user.username)
    assert Message.objects.get().channel == Message.Channel.SMS


def test_the_link_sets_a_new_password_once(client, latest_link, open_link):
    user = UserFactory(email="a@example.org")
    ask(client, user.username)
    path = latest_link()
    response = client.post(open_link(client, path), passwords())
    assert response["Location"] == reverse("accounts:reset_complete")
    assert client.get(response["Location"]).status_code == 200
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert not client.get(path).context["validlink"]


def test_a_reset_signs_nobody_in(client, latest_link, open_link):
    user = UserFactory(email="a@example.org")
    ask(client, user.username)
    client.post(open_link(client, latest_link()), passwords())
    assert "_auth_user_id" not in client.session


def test_the_link_lives_one_day(monkeypatch):
    user = UserFactory()
    token = services.reset_tokens.make_token(user)
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(services.timezone, "now", lambda: later)
    assert not services.reset_tokens.check_token(user, token)


def test_a_sign_in_kills_the_link(client, latest_link):
    user = UserFactory(email="a@example.org")
    ask(client, user.username)
    client.post(reverse("admin:login"), {"username": user.username, "password": PASSWORD})
    client.logout()
    assert not client.get(latest_link()).context["validlink"]


def test_asking_again_and_again_sends_one_message(client):
    user = UserFactory(email="a@example.org")
    for _time in range(5):
        ask(client, user.username)
    assert Message.objects.count() == 1


def test_one_network_address_cannot_ask_for_everyone(client):
    for user in UserFactory.create_batch(25, phone="13800000000"):
        assert ask(client, user.username).status_code == 302
    assert Message.objects.count() == services.RESETS_PER_ADDRESS


def test_neither_address_nor_message_holds_the_id_number(client, latest_link):
    user = UserFactory(role=Role.PERSON, email="a@example.org")
    user.username = user.person.id_number
    user.save()
    response = ask(client, user.username)
    assert user.username not in response["Location"]
    assert user.username not in Message.objects.get().body


def test_an_id_number_is_found_with_a_small_x(client):
    user = UserFactory(username="44010319600101001X", email="a@example.org")
    ask(client, user.username.lower())
    assert Message.objects.get().recipient == user.email


def test_the_message_is_chinese_whoever_asks_in_english(client, settings):
    user = UserFactory(email="a@example.org")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    ask(client, user.username)
    assert Message.objects.exists()


def test_the_answer_does_the_same_work_for_every_name(client, django_assert_num_queries, monkeypatch):
    """Time tells nothing: what differs is done later, by the background work."""
    known = UserFactory(email="a@example.org").username
    off = UserFactory(email="b@example.org", is_active=False).username
    enqueued = []
    monkeypatch.setattr(services, "deferred", lambda job, moment: SimpleNamespace(enqueue=enqueued.append))
    for typed, queries in ((known, 2), (off, 2), ("nobody", 2), ("a@example.org", 3), ("c@example.org", 3)):
        with django_assert_num_queries(queries):
            ask(client, typed)
    assert [len(keys) for keys in enqueued] == [1, 0, 0, 1, 0]
    assert not Message.objects.exists()


def test_pauses_and_limits_hold_in_every_server_process(client):
    user = UserFactory(email="a@example.org")
    ask(client, user.username)
    assert set(Counter.objects.values_list("number", flat=True)) == {1}
    assert Counter.objects.filter(key=f"accounts:reset-for:{user.pk}").exists()
    assert Counter.objects.filter(key__startswith="accounts:reset-from:").exists()
