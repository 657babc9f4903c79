"""The user admin: who sees, creates and changes whom; what the form offers; what a forged form achieves."""

import pytest
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.accounts.policy import manageable_roles
from backoffice.core.models import Message
from backoffice.roles import Role
from tests.factories import CompanyFactory, LocalBodyFactory, PersonFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"
ADD = "/admin/accounts/user/add/"
STAFF = (Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING, Role.AUDITOR)
MEMBERS = (Role.COMPANY, Role.PERSON, Role.LOCAL_BODY)
FOREIGN_FIELDS = {
    "is_superuser",
    "is_staff",
    "groups",
    "user_permissions",
    "password",
    "is_active",
    "code_hash",
}


def change(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def inputs(client, url):
    """The names of the fields that the form on the page really takes."""
    response = client.get(url)
    assert response.status_code == 200, url
    return set(response.context["adminform"].form.fields)


def form_of(user, **fields):
    """What the change page of `user` would post."""
    data = {"username": user.username, "name": user.name, "email": user.email, "phone": user.phone,
            "role": user.role, "company": user.company_id or "", "person": user.person_id or "",
            "local_body": user.local_body_id or "", "change_reason": "因更正"}  # fmt: skip
    return data | ({"is_manager": "on"} if user.is_manager else {}) | fields


# --- Looking ------------------------------------------------------------------------------------------


def shown(client):
    return set(client.get(LIST).context["cl"].queryset)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICE, Role.AUDITOR])
def test_these_roles_see_all_users(users, signed_in, role):
    assert shown(signed_in(users[role])) == set(users.values())


@pytest.mark.parametrize("role", [Role.FINANCE, Role.TRAINING, Role.LOCAL_BODY, Role.PERSON])
def test_the_other_roles_find_no_user_list(users, signed_in, role):
    client = signed_in(users[role])
    assert client.get(LIST).status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.get(change(users[role])).status_code in (302, 403, 404)
    assert client.get(change(users[Role.COMPANY])).status_code in (302, 403, 404)


def test_a_company_sees_its_own_users_only(signed_in, company_manager, colleague, stranger):
    for user in (company_manager, colleague):
        assert shown(signed_in(user)) == {company_manager, colleague}


@pytest.mark.parametrize("page", ["change", "history"])
def test_a_user_of_another_company_does_not_exist(signed_in, company_manager, stranger, page):
    response = signed_in(company_manager).get(reverse(f"admin:accounts_user_{page}", args=[stranger.pk]))
    assert response.status_code in (302, 404)
    assert stranger.name not in response.content.decode()
    assert stranger.username not in response.content.decode()


def test_an_id_number_is_masked_except_for_those_who_look_after_people(users, signed_in):
    person = users[Role.PERSON]
    person.username = person.person.id_number
    person.save()
    pages = [LIST, change(person), reverse("admin:accounts_user_history", args=[person.pk])]
    for role, visible in ((Role.AUDITOR, False), (Role.OFFICE, True), (Role.ADMIN, True)):
        client = signed_in(users[role])
        for page in pages:
            assert (person.username in client.get(page).content.decode()) is visible, (role, page)


def test_an_auditor_cannot_find_out_an_id_number_by_searching(users, signed_in):
    person = users[Role.PERSON]
    person.username = person.person.id_number
    person.save()
    assert (
        not signed_in(users[Role.AUDITOR]).get(LIST, {"q": person.username[:10]}).context["cl"].result_count
    )
    assert (
        signed_in(users[Role.OFFICE]).get(LIST, {"q": person.username[:10]}).context["cl"].result_count == 1
    )


@pytest.mark.parametrize("field", ["username", "name", "phone"])
def test_users_are_found_by_login_name_name_and_phone(signed_in, field):
    wanted = UserFactory(username="gdjk-zhang", name="张三丰", phone="13911112222")
    UserFactory(role=Role.AUDITOR)
    result = signed_in(UserFactory(role=Role.OFFICE)).get(LIST, {"q": getattr(wanted, field)}, follow=True)
    assert list(result.context["cl"].result_list) == [wanted]


# --- What the forms offer -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OFFICE])
def test_no_form_offers_what_only_the_server_decides(users, signed_in, role):
    client = signed_in(users[role])
    assert not FOREIGN_FIELDS & inputs(client, ADD)
    for user in users.values():
        assert not FOREIGN_FIELDS & inputs(client, change(user))


@pytest.mark.parametrize(("role", "offered"), [(Role.ADMIN, set(Role)), (Role.OFFICE, set(MEMBERS))])
def test_the_add_form_offers_the_roles_that_one_may_create(users, signed_in, role, offered):
    form = signed_in(users[role]).get(ADD).context["adminform"].form
    assert {value for value, _label in form.fields["role"].choices if value} == offered


def test_a_manager_is_asked_for_neither_role_nor_record(signed_in, company_manager, colleague):
    client = signed_in(company_manager)
    assert inputs(client, ADD) >= {"username", "name", "email", "phone", "is_manager"}
    for url in (ADD, change(colleague)):
        assert not {"role", "company", "person", "local_body"} & inputs(client, url)


def test_a_company_user_who_is_no_manager_only_looks(signed_in, company_manager, colleague):
    client = signed_in(colleague)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"username": "x", "name": "X"}).status_code == 403
    for user in (company_manager, colleague):
        assert not inputs(client, change(user)) - {"change_reason", "seen_version"}
        assert client.post(change(user), form_of(user, name="改名")).status_code == 403


def test_an_auditor_only_looks(users, signed_in):
    client = signed_in(users[Role.AUDITOR])
    assert client.get(ADD).status_code == 403
    assert (
        client.post(change(users[Role.COMPANY]), form_of(users[Role.COMPANY], name="改名")).status_code == 403
    )


# --- Creating -----------------------------------------------------------------------------------------


def added(client, **fields):
    """The user that the form made, None if it was refused."""
    before = set(User.objects.values_list("pk", flat=True))
    client.post(ADD, {"name": "新用户", "username": "newcomer", "email": "", "phone": ""} | fields)
    return User.objects.exclude(pk__in=before).first()


def test_a_manager_adds_a_colleague_who_gets_a_link_and_no_password(signed_in, company_manager):
    user = added(signed_in(company_manager), email="new@example.org")
    assert (user.role, user.company_id) == (Role.COMPANY, company_manager.company_id)
    assert not user.has_usable_password()
    assert not user.is_manager
    assert Message.objects.get().recipient == "new@example.org"


def test_a_managers_forged_form_changes_neither_role_nor_company(signed_in, company_manager, stranger):
    user = added(
        signed_in(company_manager), role=Role.ADMIN, company=stranger.company_id, is_superuser="on", is_active="",
        password="pbkdf2$x",
    )  # fmt: skip
    assert (user.role, user.company_id) == (Role.COMPANY, company_manager.company_id)
    assert user.is_active
    assert not user.has_usable_password()


def test_the_office_adds_a_user_of_each_member_role(signed_in):
    client = signed_in(UserFactory(role=Role.OFFICE))
    company, person, body = CompanyFactory(), PersonFactory(), LocalBodyFactory()
    assert added(client, username="c1", role=Role.COMPANY, company=company.pk, is_manager="on").is_manager
    assert added(client, username="b1", role=Role.LOCAL_BODY, local_body=body.pk).local_body == body
    assert added(client, username="", role=Role.PERSON, person=person.pk).username == person.id_number


def test_a_record_that_the_role_does_not_need_is_dropped(signed_in):
    client = signed_in(UserFactory(role=Role.OFFICE))
    user = added(client, role=Role.LOCAL_BODY, local_body=LocalBodyFactory().pk, company=CompanyFactory().pk,
                 is_manager="on")  # fmt: skip
    assert user.company is None
    assert not user.is_manager


@pytest.mark.parametrize("role", MEMBERS)
def test_a_bound_role_without_its_record_is_refused_at_the_field(signed_in, role):
    response = signed_in(UserFactory(role=Role.OFFICE)).post(
        ADD, {"name": "甲", "username": "u", "role": role}
    )
    assert response.status_code == 200
    assert response.context["adminform"].form.errors[
        {"COMPANY": "company", "PERSON": "person"}.get(role, "local_body")
    ]


@pytest.mark.parametrize("role", STAFF)
def test_the_office_cannot_create_staff_but_the_administrator_can(users, signed_in, role):
    assert added(signed_in(users[Role.OFFICE]), role=role) is None
    assert added(signed_in(users[Role.ADMIN]), role=role).role == role


@pytest.mark.parametrize(
    "name", ["", "with space", "440103196001010011", "44010319600101001x", "TAKEN", "ＴＡＫＥＮ"]
)
def test_a_login_name_that_is_empty_spaced_anothers_or_an_id_number_is_refused(signed_in, name):
    UserFactory(username="taken")
    assert added(signed_in(UserFactory(role=Role.ADMIN)), role=Role.FINANCE, username=name) is None


# --- Changing -----------------------------------------------------------------------------------------


def renamed(client, user, **fields):
    """Whether posting the change page of `user` changed the name."""
    client.post(change(user), form_of(user, name="改过的名", **fields))
    user.refresh_from_db()
    return user.name == "改过的名"


@pytest.mark.parametrize("role", list(Role))
def test_the_administrator_changes_everyone_the_office_only_members(users, signed_in, role):
    target = UserFactory(role=role)
    assert renamed(signed_in(users[Role.OFFICE]), target) is (role in MEMBERS)
    target.name = "原名"
    target.save()
    assert renamed(signed_in(users[Role.ADMIN]), target)


def test_a_manager_changes_colleagues_and_nobody_elses_users(signed_in, company_manager, colleague, stranger):
    client = signed_in(company_manager)
    assert renamed(client, colleague, is_manager="on")
    assert colleague.is_manager
    assert not renamed(client, stranger)


def test_a_forged_change_moves_nobody_to_another_role_or_company(
    users, signed_in, company_manager, colleague, stranger
):
    forged = {"role": Role.ADMIN, "company": stranger.company_id, "is_active": "", "username": "hacked"}
    for client in (signed_in(company_manager), signed_in(users[Role.OFFICE])):
        client.post(change(colleague), form_of(colleague) | forged)
        colleague.refresh_from_db()
        assert (colleague.role, colleague.company_id) == (Role.COMPANY, company_manager.company_id)
        assert colleague.is_active


def test_nobody_changes_the_own_role_or_manager_mark(signed_in, company_manager):
    chief = UserFactory(role=Role.ADMIN)
    assert not {"role", "username", "is_manager"} & inputs(signed_in(chief), change(chief))
    signed_in(chief).post(change(chief), form_of(chief, role=Role.AUDITOR))
    chief.refresh_from_db()
    assert chief.role == Role.ADMIN
    assert not {"is_manager", "role"} & inputs(signed_in(company_manager), change(company_manager))
    assert renamed(signed_in(company_manager), company_manager)
    assert company_manager.is_manager


def test_the_administrator_moves_a_user_to_another_role_with_its_record(signed_in):
    user, company = UserFactory(role=Role.FINANCE), CompanyFactory()
    client = signed_in(UserFactory(role=Role.ADMIN))
    client.post(change(user), form_of(user, role=Role.COMPANY, company=company.pk))
    user.refresh_from_db()
    assert (user.role, user.company) == (Role.COMPANY, company)


def test_a_correction_needs_a_reason_that_stands_in_the_history(users, signed_in):
    office, user = users[Role.OFFICE], users[Role.COMPANY]
    client = signed_in(office)
    assert not renamed(client, user, change_reason="")
    assert renamed(client, user, change_reason="姓名写错")
    latest = user.history.first()
    assert (latest.history_change_reason, latest.history_user) == ("姓名写错", office)
    assert "姓名写错" in client.get(reverse("admin:accounts_user_history", args=[user.pk])).content.decode()


def test_a_password_set_while_the_form_was_open_stays(users, signed_in):
    user = users[Role.COMPANY]
    client = signed_in(users[Role.OFFICE])
    client.get(change(user))
    user.set_password("Fresh-Bamboo-77")
    user.save(update_fields=["password"])
    assert renamed(client, user)
    assert user.check_password("Fresh-Bamboo-77")


@pytest.mark.parametrize("role", list(Role))
def test_no_role_deletes_users(users, signed_in, role):
    target = users[Role.COMPANY]
    client = signed_in(users[role])
    assert client.post(
        reverse("admin:accounts_user_delete", args=[target.pk]), {"post": "yes"}
    ).status_code in (302, 403, 404)
    assert User.objects.filter(pk=target.pk).exists()


def test_a_switched_off_manager_manages_nobody(company_manager):
    company_manager.is_active = False
    assert manageable_roles(company_manager) == frozenset()


def test_no_page_shows_raw_pairs_in_place_of_labels(users, signed_in):
    for role in (Role.ADMIN, Role.OFFICE, Role.AUDITOR):
        for user in users.values():
            assert "(&#x27;" not in signed_in(users[role]).get(change(user)).content.decode()
