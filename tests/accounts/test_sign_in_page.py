"""The sign-in page: the ways in, the language, no leaks and no way to another host."""

import pytest
from django.urls import reverse

from backoffice.roles import Role
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
PAGES = ["admin:login", "accounts:code", "accounts:reset", "accounts:reset_done", "accounts:reset_complete"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_signed_out_in_the_same_look_with_a_language_switch(client, name):
    response = client.get(reverse(name))
    page = response.content.decode()
    assert response.status_code == 200
    assert reverse("set_language") in page
    assert 'lang="zh-hans"' in page
    assert "--color-primary-600" in page
    assert "no-store" in response["Cache-Control"]


def test_the_sign_in_page_offers_both_ways_in_without_a_password(client):
    page = client.get(reverse("admin:login")).content.decode()
    assert f'href="{reverse("accounts:reset")}"' in page
    assert f'href="{reverse("accounts:code")}"' in page


def test_the_language_switch_changes_the_page_and_comes_back(client):
    login = reverse("admin:login")
    response = client.post(reverse("set_language"), {"language": "en", "next": login})
    assert response["Location"] == login
    page = client.get(login).content.decode()
    assert '<html lang="en"' in page
    assert "Use a one-time code" in page


def test_the_browsers_language_is_not_taken_for_a_wish(client):
    page = client.get(reverse("admin:login"), headers={"accept-language": "en"}).content.decode()
    assert '<html lang="zh-hans"' in page


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_no_page_sends_people_to_another_host(client, target):
    user = UserFactory()
    response = client.post(reverse("set_language"), {"language": "en", "next": target})
    assert "evil" not in response["Location"]
    assert "javascript" not in response["Location"]
    login = f"{reverse('admin:login')}?next={target}"
    response = client.post(login, {"username": user.username, "password": PASSWORD, "next": target})
    assert response["Location"] == reverse("admin:index")
    response = client.post(f"{reverse('accounts:set_password')}?next={target}", {"old_password": PASSWORD} | {
        "new_password1": "Fresh-Bamboo-77", "new_password2": "Fresh-Bamboo-77"})  # fmt: skip
    assert response["Location"] == reverse("admin:index")


def test_after_sign_in_the_page_asked_for_opens(client):
    user = UserFactory()
    wanted = reverse("admin:accounts_user_changelist")
    response = client.get(wanted)
    response = client.post(response["Location"], {"username": user.username, "password": PASSWORD})
    assert response["Location"] == wanted


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_password_and_unknown_name_get_the_same_answer(client, fields):
    user = UserFactory()
    data = {"username": user.username, "password": PASSWORD} | fields
    response = client.post(reverse("admin:login"), data)
    known = client.post(reverse("admin:login"), {"username": user.username, "password": "other"})
    assert response.context["form"].non_field_errors() == known.context["form"].non_field_errors()


def test_a_switched_off_user_gets_the_same_answer_as_a_wrong_password(client):
    user = UserFactory(is_active=False)
    off = client.post(reverse("admin:login"), {"username": user.username, "password": PASSWORD})
    wrong = client.post(reverse("admin:login"), {"username": "nobody", "password": PASSWORD})
    assert off.context["form"].non_field_errors() == wrong.context["form"].non_field_errors()


@pytest.mark.parametrize(
    "typed", ["44010319600101001x", "４４０１０３１９６００１０１００１Ｘ", " 44010319600101001X "]
)
def test_an_id_number_works_as_login_name_however_it_is_typed(client, typed):
    UserFactory(username="44010319600101001X")
    response = client.post(reverse("admin:login"), {"username": typed, "password": PASSWORD})
    assert response.status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_every_role_signs_in_to_the_admin_panel(client, role):
    user = UserFactory(role=role)
    client.post(reverse("admin:login"), {"username": user.username, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_language_is_named_in_itself(client, settings, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get(reverse("admin:login")).content.decode()
    assert ">English<" in page
    assert ">简体中文<" in page
