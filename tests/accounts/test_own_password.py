"""One's own password: forced at the first sign-in, changed later, and what ends with it."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.accounts.conftest import NEW_PASSWORD, passwords
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
URL = "/account/set-password/"


@pytest.mark.parametrize("name", ["admin:index", "admin:accounts_user_changelist", "accounts:reset"])
def test_until_the_first_password_is_set_no_other_page_opens(signed_in, name):
    client = signed_in(UserFactory(must_change_password=True))
    assert client.get(reverse(name))["Location"] == URL
    assert client.post(reverse(name))["Location"] == URL


def test_the_first_password_needs_no_old_one_and_opens_the_panel(signed_in):
    user = UserFactory(must_change_password=True)
    client = signed_in(user)
    assert "old_password" not in client.get(URL).context["form"].fields
    assert client.post(URL, passwords())["Location"] == reverse("admin:index")
    assert client.get(reverse("admin:index")).status_code == 200
    user.refresh_from_db()
    assert not user.must_change_password


def test_language_and_sign_out_work_before_the_first_password(signed_in):
    client = signed_in(UserFactory(must_change_password=True))
    page = client.get(URL).content.decode()
    assert reverse("admin:logout") in page
    assert client.post(reverse("set_language"), {"language": "en", "next": URL})["Location"] == URL
    assert client.post(reverse("admin:logout")).status_code in (200, 302)
    assert "_auth_user_id" not in client.session


def test_a_later_change_asks_for_the_old_password(signed_in):
    user = UserFactory()
    client = signed_in(user)
    assert client.post(URL, passwords()).status_code == 200
    assert client.post(URL, passwords() | {"old_password": "wrong"}).status_code == 200
    assert client.post(URL, passwords() | {"old_password": PASSWORD}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)


def test_a_change_ends_the_sessions_everywhere_else(signed_in):
    user = UserFactory()
    here, elsewhere = signed_in(user), signed_in(user)
    here.post(URL, passwords() | {"old_password": PASSWORD})
    assert here.get(reverse("admin:index")).status_code == 200
    assert elsewhere.get(reverse("admin:index")).status_code == 302


def test_switching_off_ends_the_sessions_at_once(signed_in):
    user = UserFactory()
    client = signed_in(user)
    user.is_active = False
    user.save()
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_password_like_the_login_name_is_refused(signed_in):
    client = signed_in(UserFactory(username="guangdong-jianke", must_change_password=True))
    response = client.post(URL, passwords("guangdong-jianke"))
    assert response.status_code == 200
    assert response.context["form"].errors


def test_signed_out_visitors_are_sent_to_the_sign_in_page():
    response = Client().get(URL)
    assert response["Location"].startswith(reverse("admin:login"))
