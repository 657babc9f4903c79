"""The holes of a stock admin each tried as company B against company A."""

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from backoffice.roles import Role
from registry.models import Certificate, Company, Person, Region
from tests.access_world import secrets_of, side
from tests.factories import RegionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sides(kept_for_file: Path) -> SimpleNamespace:
    a, b = side("珠源", 1), side("鹏远", 2)
    return SimpleNamespace(a=a, b=b, secrets=secrets_of(a) | {a.company.name, a.former.name, a.manager.name})


@pytest.fixture
def world(sides: SimpleNamespace) -> SimpleNamespace:
    return deepcopy(sides)


@pytest.fixture
def intruder(world: SimpleNamespace, caplog: Any) -> Client:
    """The manager of company B, the company user with the most rights."""
    caplog.set_level("CRITICAL", logger="django")
    client = Client()
    client.force_login(world.b.manager)
    return client


def address(record: Model | type[Model], act: str = "change") -> str:
    name = f"admin:{record._meta.app_label}_{record._meta.model_name}_{act}"
    return reverse(name, args=[record.pk] if isinstance(record, Model) else [])


def records_of(where: SimpleNamespace) -> list[Model]:
    return [where.company, where.people[0], where.certificates[0], where.clerk]


def rows(response: Any) -> set[Any]:
    return set(response.context["cl"].result_list)


def says_nothing(world: SimpleNamespace, response: Any, *typed: str) -> bool:
    """Nothing of company A is on the page, but what the intruder typed."""
    text = response.content.decode()
    return not [secret for secret in world.secrets if secret in text and secret not in typed]


def form_data(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What the browser would send from this form, and what an intruder adds to it."""
    form = client.get(url).context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: "" if value is None else value for name, value in (data | changes).items()}


# --- History -----------------------------------------------------------------------------------------


def test_the_history_of_another_companys_records_does_not_exist(world, intruder):
    for record in records_of(world.a):
        assert intruder.get(address(record, "history")).status_code == 404


def test_the_history_form_that_would_bring_back_an_old_state_does_not_exist(world, intruder):
    for record in (*records_of(world.a), *records_of(world.b)):
        entry = record.history.first()
        url = f"{address(record, 'history')}{entry.pk}/"
        assert intruder.get(url, follow=True).status_code == 404
        assert intruder.post(url, {"name": "黑"}, follow=True).status_code == 404
        assert record.history.count() == 1


def test_posting_to_a_history_page_writes_nothing_even_for_ones_own_record(world, intruder):
    for record in (*records_of(world.a), *records_of(world.b)):
        assert (
            intruder.post(address(record, "history"), {"name": "黑", "_change_history": "1"}).status_code
            == 404
        )
        assert record.history.count() == 1


# --- Records and lists -------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["change", "delete", "history"])
def test_a_foreign_record_answers_exactly_as_one_that_never_was(world, intruder, act):
    for record in records_of(world.a):
        foreign = intruder.get(address(record, act))
        missing = intruder.get(address(record, act).replace(f"/{record.pk}/", "/987654/"))
        assert foreign.status_code == missing.status_code
        assert foreign.status_code in (403, 404)
        assert says_nothing(world, foreign)


def test_a_foreign_record_cannot_be_changed_or_deleted_by_post(world, intruder):
    before = [type(record).objects.filter(pk=record.pk).values().get() for record in records_of(world.a)]
    for record in records_of(world.a):
        assert intruder.post(address(record), {"name": "黑", "phone": "13800009999"}).status_code in (
            403,
            404,
        )
        assert intruder.post(address(record, "delete"), {"post": "yes"}).status_code in (403, 404)
    assert before == [
        type(record).objects.filter(pk=record.pk).values().get() for record in records_of(world.a)
    ]


def test_lists_show_the_companys_own_rows_only(world, intruder):
    assert rows(intruder.get(address(Company, "changelist"))) == {world.b.company}
    assert rows(intruder.get(address(Person, "changelist"))) == set(world.b.people)
    assert rows(intruder.get(address(Certificate, "changelist"))) == set(world.b.certificates)
    assert rows(intruder.get(address(type(world.b.clerk), "changelist"))) == {world.b.manager, world.b.clerk}


def test_the_related_filter_takes_another_companys_key_for_nothing(world, intruder):
    for model in (Person, Certificate):
        for query in (f"company={world.a.company.pk}", f"company__id__exact={world.a.company.pk}",
                      f"company__in={world.a.company.pk}"):  # fmt: skip
            response = intruder.get(f"{address(model, 'changelist')}?{query}")
            assert not rows(response) - set(world.b.people) - set(world.b.certificates)
            assert says_nothing(world, response)
    response = intruder.get(f"{address(Person, 'changelist')}?company={world.a.company.pk}")
    assert not rows(response)


LOOKUPS = [
    (Certificate, "person__id_number__startswith", lambda a: a.people[0].id_number[:12], "9"),
    (Certificate, "company__name__startswith", lambda a: a.company.name[:4], "无此"),
    (Certificate, "company__people__id_number", lambda a: a.people[0].id_number, "9"),
    (Certificate, "company__users__password__startswith", lambda a: "md5", "argon"),
    (Person, "company__certificates__number__startswith", lambda a: a.certificates[0].number, "Z"),
    (Person, "company__contact_phone", lambda a: a.company.contact_phone, "1"),
    (Company, "people__id_number__startswith", lambda a: a.people[0].id_number, "9"),
    (Company, "users__password__startswith", lambda a: "md5", "argon"),
]


@pytest.mark.parametrize(("model", "lookup", "true", "false"), LOOKUPS)
def test_a_lookup_in_the_address_answers_no_question(world, intruder, model, lookup, true, false):
    """True and false guesses give the same page, so nothing can be guessed letter by letter."""
    url = address(model, "changelist")
    assert rows(intruder.get(url, {lookup: true(world.a)})) == rows(intruder.get(url, {lookup: false}))
    assert rows(intruder.get(url, {lookup: true(world.b)})) == rows(intruder.get(url, {lookup: false}))


@pytest.mark.parametrize(
    "lookup", ["password__startswith", "code_hash__startswith", "person__id_number__startswith"]
)
@pytest.mark.parametrize("role", [Role.COMPANY, Role.OFFICE, Role.AUDITOR])
def test_nobody_guesses_passwords_through_the_user_list(world, intruder, role, lookup):
    if role != Role.COMPANY:
        intruder.force_login(UserFactory(role=role))
    url = address(type(world.a.clerk), "changelist")
    everyone = rows(intruder.get(url))
    for value in ("md5", "4", "nothing"):
        assert rows(intruder.get(url, {lookup: value})) == everyone


@pytest.mark.parametrize("order", ["person__id_number", "-company__name", "99", "-3.0.1", "password"])
def test_no_order_in_the_address_breaks_out_of_the_scope(world, intruder, order):
    response = intruder.get(address(Certificate, "changelist"), {"o": order})
    assert rows(response) == set(world.b.certificates)


def test_searching_for_another_companys_number_id_or_name_finds_nothing(world, intruder):
    a = world.a
    terms = [a.certificates[0].number, a.people[0].id_number, a.people[0].id_number[:8], a.people[0].name,
             a.people[0].phone, a.company.name, a.company.name[2:4], a.company.credit_code, a.former.name,
             f"{a.company.name[2:4]} {a.people[0].name}", a.manager.name, a.manager.username]  # fmt: skip
    own = {*world.b.people, *world.b.certificates, world.b.company, world.b.manager, world.b.clerk}
    for model in (Certificate, Person, Company, type(a.clerk)):
        for term in terms:
            response = intruder.get(address(model, "changelist"), {"q": term}, follow=True)
            assert not rows(response) - own, (model, term)
            if model is not type(a.clerk):
                assert response.context["cl"].result_count == len(rows(response))
            text = response.content.decode()
            # What was typed is shown again in the search box, and with it what stands in it.
            assert not [secret for secret in world.secrets if secret in text and secret not in term], (
                model,
                term,
            )


def test_no_list_takes_edits_and_no_bulk_action_deletes(world, intruder):
    for model_admin in admin.site._registry.values():
        assert not model_admin.list_editable
    everything = [Certificate.objects.count(), Person.objects.count(), Company.objects.count()]
    for model in (Certificate, Person, Company):
        response = intruder.post(address(model, "changelist"), {
            "action": "delete_selected", "_selected_action": list(model.objects.values_list("pk", flat=True)),
            "select_across": "1", "post": "yes", "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "_save": "1",
            "form-0-id": str(model.objects.first().pk), "form-0-name": "黑",
        })  # fmt: skip
        assert response.status_code in (200, 302, 403)
    assert everything == [Certificate.objects.count(), Person.objects.count(), Company.objects.count()]
    assert not Person.objects.filter(name="黑").exists()


def test_popup_lists_and_to_field_reach_nothing_either(world, intruder):
    for query in ({"_popup": "1"}, {"_popup": "1", "_to_field": "id"}):
        response = intruder.get(address(Person, "changelist"), query)
        assert rows(response) == set(world.b.people)
        assert says_nothing(world, response)
    for field in ("id_number", "phone", "company__name"):
        response = intruder.get(address(Person, "changelist"), {"_popup": "1", "_to_field": field})
        assert response.status_code == 400
    name = world.a.company.name
    for query in ("", "?_to_field=name", "?_popup=1&_to_field=name", "?_to_field=id"):
        url = reverse("admin:registry_company_change", args=[name]) + query
        assert intruder.get(url).status_code in (400, 404)
        assert intruder.get(address(world.a.company) + query).status_code in (400, 404)


# --- Choices -----------------------------------------------------------------------------------------


def test_no_form_offers_other_companies_people_or_users(world, intruder):
    for record in records_of(world.b):
        response = intruder.get(address(record))
        assert response.status_code == 200
        assert says_nothing(world, response)
    assert says_nothing(world, intruder.get(address(type(world.b.clerk), "add")))


@pytest.mark.parametrize("field", ["registry.person.company", "registry.certificate.person",
                                   "registry.certificate.company", "accounts.user.company",
                                   "accounts.user.person"])  # fmt: skip
def test_autocomplete_finds_nothing_of_another_company(world, intruder, field):
    app_label, model_name, field_name = field.split(".")
    source = {"app_label": app_label, "model_name": model_name, "field_name": field_name}
    a = world.a
    for term in (a.company.name, a.company.name[2:4], a.people[0].name, a.people[0].id_number, a.certificates[0].number,
                 a.company.credit_code, ""):  # fmt: skip
        for page in ("1", "2"):
            response = intruder.post(reverse("admin:autocomplete"), source | {"term": term, "page": page})
            assert response.status_code in (200, 404)
            assert says_nothing(world, response)


@pytest.mark.parametrize(
    "field",
    [
        ("core", "importrun", "created_by"),
        ("core", "attachment", "uploaded_by"),
        ("accounts", "user", "password"),
    ],
)
def test_autocomplete_for_other_fields_is_refused_or_empty(world, intruder, field):
    source = dict(zip(("app_label", "model_name", "field_name"), field, strict=True))
    response = intruder.post(reverse("admin:autocomplete"), source | {"term": ""})
    assert response.status_code == 403 or says_nothing(world, response)


def test_autocomplete_takes_its_term_in_no_address(world, intruder):
    """People are looked for by ID number: it would stand in logs and histories."""
    source = {"app_label": "registry", "model_name": "certificate", "field_name": "person"}
    term = {"term": world.b.people[0].id_number}
    assert intruder.get(reverse("admin:autocomplete"), source | term).status_code == 405
    found = intruder.post(reverse("admin:autocomplete"), source | term).json()["results"]
    assert [entry["id"] for entry in found] == [str(world.b.people[0].pk)]


def test_saving_a_foreign_key_that_was_not_offered_moves_nobody(world, intruder):
    person = world.b.people[0]
    data = form_data(intruder, address(person), company=world.a.company.pk, phone="13900001111")
    assert intruder.post(address(person), data).status_code == 302
    person.refresh_from_db()
    assert (person.company, person.phone) == (world.b.company, "13900001111")


# --- Fields a company may not write ------------------------------------------------------------------


def test_a_company_changes_its_address_and_neither_name_nor_membership_nor_status(world, intruder):
    company, city = world.b.company, RegionFactory(name="云浮市")
    keep = {"name": company.name, "credit_code": company.credit_code, "membership": "FORMAL", "status": "ACTIVE",
            "initials": company.initials}  # fmt: skip
    data = form_data(intruder, address(company), name="广东假冒监理有限公司", credit_code=world.a.company.credit_code,
                     membership="TEMPORARY", status="LEFT", initials="XX", office_address="新址1号", region=city.pk,
                     id=world.a.company.pk, pk=world.a.company.pk)  # fmt: skip
    assert intruder.post(address(company), data).status_code == 302
    company.refresh_from_db()
    assert {name: getattr(company, name) for name in keep} == keep
    assert (company.office_address, company.region) == ("新址1号", city)
    assert Company.objects.get(pk=world.a.company.pk).office_address != "新址1号"


def test_a_company_changes_neither_name_nor_id_number_nor_birthday_of_its_people(world, intruder):
    person = world.b.people[0]
    keep = {name: getattr(person, name) for name in ("name", "id_number", "gender", "birthday", "company_id")}
    data = form_data(intruder, address(person), name="黑客", id_number=world.a.people[0].id_number, gender="F",
                     birthday="1999-01-01", company="", title="高级工程师")  # fmt: skip
    assert intruder.post(address(person), data).status_code == 302
    person.refresh_from_db()
    assert {name: getattr(person, name) for name in keep} == keep
    assert person.title == "高级工程师"


def test_a_company_changes_no_certificate_and_adds_none(world, intruder):
    certificate = world.b.certificates[0]
    data = {"number": "A1999999", "status": "VALID", "expiry_date": "2099-01-01"}
    assert intruder.post(address(certificate), data).status_code == 403
    assert intruder.post(address(Certificate, "add"), data).status_code == 403
    assert intruder.post(address(certificate), data | {"_saveasnew": "1"}).status_code == 403
    assert Certificate.objects.count() == 4


def test_saving_as_new_makes_no_second_record(world, intruder):
    data = form_data(intruder, address(world.b.people[0]), _saveasnew="1", id_number="11010519491231002X")
    intruder.post(address(world.b.people[0]), data)
    assert Person.objects.count() == 4


def test_a_dictionary_cannot_be_changed_by_members(world, intruder):
    region = Region.objects.first()
    assert intruder.post(address(region), {"name": "黑"}).status_code == 403
    assert intruder.post(address(Region, "add"), {"name": "黑"}).status_code == 403


# --- Users -------------------------------------------------------------------------------------------

POWERS = {"role": "ADMIN", "is_superuser": "on", "is_staff": "on", "is_active": "on", "groups": "1",
          "user_permissions": "1", "must_change_password": "", "password": "x"}  # fmt: skip


def test_the_user_form_offers_no_company_no_role_and_no_superuser(world, intruder):
    offered = set(intruder.get(address(type(world.b.clerk), "add")).context["adminform"].form.fields)
    assert offered == {"username", "name", "is_manager", "email", "phone"}
    offered = set(intruder.get(address(world.b.clerk)).context["adminform"].form.fields)
    assert not offered & {
        "role",
        "company",
        "person",
        "local_body",
        "is_superuser",
        "is_staff",
        "password",
        "groups",
    }


def test_a_new_user_is_of_ones_own_company_whatever_is_posted(world, intruder):
    data = {
        "username": "newcomer",
        "name": "新人",
        "company": world.a.company.pk,
        "person": world.a.people[0].pk,
    }
    response = intruder.post(address(type(world.b.clerk), "add"), data | POWERS)
    assert response.status_code == 302
    user = type(world.b.clerk).objects.get(username="newcomer")
    assert (user.role, user.company, user.person) == (Role.COMPANY, world.b.company, None)
    assert not user.is_superuser
    assert not user.has_usable_password()


@pytest.mark.parametrize("who", ["manager", "clerk"])
def test_neither_ones_own_role_and_company_nor_a_colleagues_change_by_post(world, intruder, who):
    user = getattr(world.b, who)
    keep = (
        type(user)
        .objects.filter(pk=user.pk)
        .values("role", "company", "person", "password", "is_active")
        .get()
    )
    data = form_data(intruder, address(user), company=world.a.company.pk, name="新名", **POWERS)
    assert intruder.post(address(user), data).status_code == 302
    assert type(user).objects.filter(pk=user.pk).values(*keep).get() == keep
    user.refresh_from_db()
    assert user.name == "新名"
    assert not user.is_superuser


def test_a_plain_user_of_the_company_makes_itself_no_manager(world, intruder):
    clerk = world.b.clerk
    intruder.force_login(clerk)
    assert intruder.post(address(clerk), {"name": "我", "is_manager": "on"} | POWERS).status_code == 403
    assert intruder.post(address(type(clerk), "add"), {"username": "more", "name": "多"}).status_code == 403
    clerk.refresh_from_db()
    assert (clerk.is_manager, clerk.role) == (False, Role.COMPANY)


@pytest.mark.parametrize(
    "act", ["send_activation", "hand_out_code", "unlock_user", "switch_off", "switch_on"]
)
def test_what_can_be_done_to_users_cannot_be_done_to_another_companys(world, intruder, act):
    user = world.a.clerk
    before = type(user).objects.filter(pk=user.pk).values().get()
    url = reverse(f"admin:accounts_user_{act}", args=[user.pk])
    assert intruder.get(url).status_code == 404
    assert intruder.post(url, {"reason": "看看"}).status_code == 404
    assert type(user).objects.filter(pk=user.pk).values().get() == before
