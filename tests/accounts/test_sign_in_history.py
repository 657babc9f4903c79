"""Signing in is no change of the user: no history row, and nobody's open form is refused for it."""

import pytest
from django.contrib.auth.models import update_last_login
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.roles import Role
from tests.factories import CompanyFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague() -> User:
    return UserFactory(role=Role.COMPANY, company=CompanyFactory())


def sign_in(user: User) -> None:
    """What Django does at each sign-in: `last_login` is saved."""
    update_last_login(User, User.objects.get(pk=user.pk))


def test_signing_in_writes_no_history_row(colleague: User) -> None:
    before = colleague.history.count()
    sign_in(colleague)
    assert User.objects.get(pk=colleague.pk).last_login is not None
    assert colleague.history.count() == before


def test_the_form_that_a_manager_has_open_meanwhile_is_saved(colleague: User) -> None:
    manager = UserFactory(role=Role.COMPANY, company=colleague.company, is_manager=True)
    client, url = client_of(manager), reverse("admin:accounts_user_change", args=[colleague.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    sign_in(colleague)
    assert client.post(url, data | {"name": "改过的名字"}).status_code == 302
    colleague.refresh_from_db()
    assert colleague.name == "改过的名字"


def test_a_save_of_what_the_history_keeps_writes_a_row_as_ever(colleague: User) -> None:
    before = colleague.history.count()
    colleague.phone = "13800000009"
    colleague.save(update_fields=["phone", "last_login"])
    assert colleague.history.count() == before + 1
