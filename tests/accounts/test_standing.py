"""The list of users tells who is locked out and who never came, and finds them."""

import pytest
from axes.models import AccessAttempt
from django.conf import settings

from backoffice.accounts.lockout import ACCOUNT_HERE, account_keys
from backoffice.accounts.standing import LOCKED, NEVER, OFF, ON
from backoffice.core.counters import count
from backoffice.roles import Role
from tests.factories import UserFactory, client_of

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture
def users():
    found = {
        name: UserFactory(role=Role.FINANCE, username=name) for name in (ON, OFF, LOCKED, NEVER, "counted")
    }
    found[ON].set_password("Fine-Day-2026")
    found[ON].save()
    for name in (LOCKED, "counted"):
        found[name].set_password("Fine-Day-2026")
        found[name].save()
    found[NEVER].set_unusable_password()
    found[NEVER].last_login = None
    found[NEVER].save()
    found[OFF].is_active = False
    found[OFF].save()
    AccessAttempt.objects.create(
        username=LOCKED, ip_address="192.0.2.1", failures_since_start=settings.AXES_FAILURE_LIMIT, get_data="",
        post_data="",
    )  # fmt: skip
    AccessAttempt.objects.create(
        username="counted", ip_address="192.0.2.2", failures_since_start=1, get_data="", post_data=""
    )
    _account, begin = account_keys("counted")
    count(f"{begin}address", 900, ACCOUNT_HERE.tries)
    return found


def test_each_row_tells_how_the_account_stands(users):
    html = client_of(UserFactory(role=Role.ADMIN)).get(LIST).content.decode()
    for told in ("正常", "已停用", "多次登录失败，已锁定", "从未激活"):
        assert told in html


def test_each_standing_is_found_by_the_filter(users):
    admin = UserFactory(role=Role.ADMIN)

    def found(value):
        rows = client_of(admin).get(LIST, {"account": value}).context_data["cl"].result_list
        return {row.username for row in rows} - {admin.username}

    assert found(LOCKED) == {LOCKED, "counted"}
    assert found(NEVER) == {NEVER}
    assert found(OFF) == {OFF}
    assert {ON, LOCKED, "counted"} <= found(ON)


def test_telling_who_is_locked_takes_the_same_queries_for_many(users, django_assert_max_num_queries):
    client = client_of(UserFactory(role=Role.ADMIN))
    client.get(LIST)
    for _n in range(20):
        UserFactory(role=Role.FINANCE)
    with django_assert_max_num_queries(9):
        client.get(LIST)
