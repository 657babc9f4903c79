"""One-time codes: handed over by a manager or the office, five tries, seven days, one use."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts import services
from backoffice.accounts.services import CODE_ALPHABET, issue_code, redeem_code
from backoffice.roles import Role
from tests.accounts.conftest import NEW_PASSWORD, passwords
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
URL = "/account/code/"


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def member():
    return UserFactory(role=Role.PERSON)


def test_a_code_is_readable_and_only_its_hash_is_kept(member, office):
    code = issue_code(member, office)
    member.refresh_from_db()
    assert len(code.replace("-", "")) == 8
    assert set(code) <= {*CODE_ALPHABET, "-"}
    assert not set("01OIL") & set(CODE_ALPHABET)
    assert code not in member.code_hash
    assert code.replace("-", "") not in member.code_hash


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda c: c.replace("-", ""), lambda c: c.replace("-", " ")]
)
def test_a_code_works_however_it_is_typed(member, office, spell):
    code = issue_code(member, office)
    assert redeem_code(member.username, spell(code)) == member


def test_a_code_works_in_full_width_characters(member, office):
    wide = "".join(chr(ord(char) + 0xFEE0) if char != "-" else "－" for char in issue_code(member, office))
    assert redeem_code(member.username, wide) == member


def test_a_code_works_once(member, office):
    code = issue_code(member, office)
    assert redeem_code(member.username, code) == member
    assert redeem_code(member.username, code) is None


def test_a_newer_code_kills_the_older(member, office):
    old, new = issue_code(member, office), issue_code(member, office)
    assert redeem_code(member.username, old) is None
    assert redeem_code(member.username, new) == member


def test_a_code_expires(member, office, monkeypatch):
    code = issue_code(member, office)
    later = timezone.now() + timedelta(days=8)
    monkeypatch.setattr(services.timezone, "now", lambda: later)
    assert redeem_code(member.username, code) is None


def test_after_five_wrong_tries_the_right_code_is_dead(member, office):
    code = issue_code(member, office)
    for _try in range(5):
        assert redeem_code(member.username, "WRONG234") is None
    assert redeem_code(member.username, code) is None


def test_the_fifth_try_may_still_be_right(member, office):
    code = issue_code(member, office)
    for _try in range(4):
        redeem_code(member.username, "WRONG234")
    assert redeem_code(member.username, code) == member


def test_a_switched_off_user_has_no_code(member, office):
    code = issue_code(member, office)
    member.is_active = False
    member.save()
    assert redeem_code(member.username, code) is None
    with pytest.raises(PermissionDenied):
        issue_code(member, office)


@pytest.mark.parametrize("typed", ["", "nobody", "' or 1=1"])
def test_an_empty_code_opens_nothing(member, typed):
    assert redeem_code(typed, "") is None
    assert redeem_code(member.username, "") is None


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.ADMIN, Role.OFFICE)])
def test_roles_without_the_duty_hand_out_no_codes(member, role):
    with pytest.raises(PermissionDenied):
        issue_code(member, UserFactory(role=role))


def test_the_office_hands_out_no_codes_to_staff(office):
    for role in (Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR):
        with pytest.raises(PermissionDenied):
            issue_code(UserFactory(role=role), office)


def test_a_manager_hands_out_codes_to_own_colleagues_only(company_manager, colleague, stranger):
    assert issue_code(colleague, company_manager)
    with pytest.raises(PermissionDenied):
        issue_code(stranger, company_manager)
    with pytest.raises(PermissionDenied):
        issue_code(company_manager, colleague)


def test_nobody_hands_a_code_to_oneself(company_manager):
    with pytest.raises(PermissionDenied):
        issue_code(company_manager, company_manager)


def test_a_code_leads_to_the_password_page_and_nowhere_else(client, member, office):
    response = client.post(URL, {"username": member.username, "password": issue_code(member, office)})
    assert response["Location"] == reverse("accounts:set_password")
    assert client.get(reverse("admin:index"))["Location"] == reverse("accounts:set_password")
    response = client.post(reverse("accounts:set_password"), passwords())
    assert response["Location"] == reverse("admin:index")
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert not member.must_change_password
    assert client.get(reverse("admin:index")).status_code == 200


def test_wrong_name_and_wrong_code_get_the_same_answer(client, member, office):
    issue_code(member, office)
    known = client.post(URL, {"username": member.username, "password": "WRONG234"})
    unknown = client.post(URL, {"username": "nobody", "password": "WRONG234"})
    assert known.status_code == unknown.status_code == 200
    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()


def test_names_with_and_without_a_code_are_locked_out_alike(client, member, office):
    issue_code(member, office)
    for name in (member.username, "nobody"):
        answers = [
            client.post(URL, {"username": name, "password": "WRONG234"}).status_code for _try in range(6)
        ]
        assert answers == [200] * 4 + [429] * 2


def test_no_code_is_kept_in_the_record_of_failed_attempts(client, member):
    client.post(URL, {"username": member.username, "password": "SECRET23"})
    attempt = services.attempts(member).get()
    assert "SECRET23" not in attempt.post_data
    assert member.username not in attempt.post_data


def test_a_code_unlocks_the_sign_in_page(client, member, office):
    for _try in range(6):
        client.post(reverse("admin:login"), {"username": member.username, "password": "wrong"})
    assert services.is_locked(member)
    issue_code(member, office)
    assert not services.is_locked(member)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_guesses_at_once_are_five_tries_and_one_code_signs_in_once():
    office, member = UserFactory(role=Role.OFFICE), UserFactory(role=Role.PERSON)
    code = issue_code(member, office)
    assert together(20, lambda: redeem_code(member.username, code)).count(member) == 1
    issue_code(member, office)
    together(20, lambda: redeem_code(member.username, "WRONG234"))
    member.refresh_from_db()
    assert member.code_tries == 5


def together(number, call):
    """What `call` returns to each of `number` threads that start at the same moment."""
    results, barrier = [], threading.Barrier(number)

    def run():
        barrier.wait()
        try:
            results.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _thread in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
