"""The screens of applications: what each reviewer sees, corrects and cannot touch."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.links import address_of, record_of, token_of
from backoffice.core.models import Message
from backoffice.core.outbox import text_of
from backoffice.roles import Role
from registry.models import CompanyApplication, PersonalApplication
from tests.factories import (
    CompanyApplicationFactory,
    CompanyFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    UserFactory,
    actor,
    id_number,
    take,
)
from tests.registry.application_tools import client_for, page
from training.models import TrainingClass

pytestmark = pytest.mark.django_db


def listing(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def typed(record: Any, **changed: Any) -> dict[str, Any]:
    """What the form posts: the record's fields with some of them changed."""
    names = [*type(record).required, *(["title"] if isinstance(record, PersonalApplication) else [])]
    values = {name: getattr(record, f"{name}_id", getattr(record, name)) for name in names}
    return {**{k: "" if v is None else v for k, v in values.items()}, "change_reason": "更正", **changed}


def save(client: Client, record: Any, **changed: Any) -> Any:
    return client.post(page(record), typed(record, **changed), follow=True)


def shown_names(response: Any) -> set[str]:
    return {str(row) for row in response.context["cl"].result_list}


@pytest.fixture
def open_class() -> Callable[[Any], None]:
    def opened(body: Any) -> None:
        TrainingClass.objects.create(
            title="从业班", type="PRACTICE", mode="ONLINE", category="ENGINEER", local_body=body, state="OPEN"
        )

    return opened


# Lists


def test_everybody_sees_the_applications_in_scope_and_no_draft() -> None:
    mine = PersonalApplicationFactory(name="本单位", at="COMPANY_REVIEW")
    PersonalApplicationFactory(name="同协会", local_body=mine.local_body, at="COMPANY_REVIEW")
    PersonalApplicationFactory(name="别处", at="COMPANY_REVIEW")
    PersonalApplicationFactory(name="草稿", company=mine.company, local_body=mine.local_body)
    seen = {
        role: shown_names(client_for(mine, role).get(listing(PersonalApplication)))
        for role in (Role.COMPANY, Role.LOCAL_BODY, Role.OFFICE)
    }
    assert seen == {
        Role.COMPANY: {"本单位"}, Role.LOCAL_BODY: {"本单位", "同协会"}, Role.OFFICE: {"本单位", "同协会", "别处"},
    }  # fmt: skip


@pytest.mark.parametrize("role", [Role.FINANCE, Role.PERSON])
def test_who_has_nothing_to_do_with_applications_has_no_list(role: Role) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_for(application, role)
    assert client.get(listing(PersonalApplication)).status_code == 403
    assert client.get(page(application)).status_code in (403, 404)


def test_both_reviews_and_opinions_stand_in_the_companys_list() -> None:
    application = take(PersonalApplicationFactory(), "submit", "company_approve", opinion="情况属实")
    application = take(application, "local_return", opinion="毕业证不清晰")
    content = client_for(application, Role.COMPANY).get(listing(PersonalApplication)).content.decode()
    for text in ("Passed", "Returned", "情况属实", "毕业证不清晰", application.id_number, application.phone):
        assert text in content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("company_review=PENDING", {"甲"}), ("company_review=PASSED", {"乙", "丙"}), ("local_review=RETURNED", {"丙"}),
        ("state=LOCAL_REVIEW", {"乙"}), ("state=DRAFT", set()), ("q=乙", {"乙"}), ("q=无此人", set()),
    ],
)  # fmt: skip
def test_filters_and_search(query: str, expected: set[str]) -> None:
    company = CompanyFactory()
    first = PersonalApplicationFactory(name="甲", company=company, at="COMPANY_REVIEW")
    PersonalApplicationFactory(name="乙", company=company, at="LOCAL_REVIEW")
    take(PersonalApplicationFactory(name="丙", company=company), "submit", "company_approve", "local_return")
    response = client_for(first, Role.COMPANY).get(f"{listing(PersonalApplication)}?{query}")
    assert shown_names(response) == expected


@pytest.mark.parametrize("field", ["id_number", "phone"])
def test_a_person_is_found_by_the_beginning_of_a_number(field: str) -> None:
    wanted = PersonalApplicationFactory(name="要找的", id_number=id_number(3_000_000), phone="13512345678",
                                        at="COMPANY_REVIEW")  # fmt: skip
    PersonalApplicationFactory(at="COMPANY_REVIEW")
    number = getattr(wanted, field)
    for typed_number in (number, number[:10]):
        response = client_for(wanted, Role.OFFICE).get(
            f"{listing(PersonalApplication)}?q={typed_number}", follow=True
        )
        assert shown_names(response) == {"要找的"}


@pytest.mark.parametrize("query", ["credit_code", "contact_phone", "name", "purpose", "state"])
def test_the_offices_list_of_company_applications(query: str) -> None:
    wanted = CompanyApplicationFactory(
        name="广东要找监理有限公司", purpose="TEMPORARY", contact_phone="13512345678", at="OFFICE_REVIEW"
    )
    CompanyApplicationFactory(at="APPROVED")
    queries = {
        "credit_code": f"q={wanted.credit_code}", "contact_phone": "q=13512345678", "name": "q=要找",
        "purpose": "purpose=TEMPORARY", "state": "state=OFFICE_REVIEW",
    }  # fmt: skip
    response = client_for(wanted, Role.OFFICE).get(
        f"{listing(CompanyApplication)}?{queries[query]}", follow=True
    )
    assert shown_names(response) == {"广东要找监理有限公司"}


@pytest.mark.parametrize("rows", [3, 30])
def test_the_list_asks_the_same_number_of_queries_however_long(
    rows: int, django_assert_max_num_queries: Any
) -> None:
    company = CompanyFactory()
    for _ in range(rows):
        first = PersonalApplicationFactory(company=company, at="COMPANY_REVIEW")
    client = client_for(first, Role.OFFICE)
    with django_assert_max_num_queries(12):
        client.get(listing(PersonalApplication))


def test_the_export_has_the_rows_of_the_list() -> None:
    mine = take(PersonalApplicationFactory(name="本单位"), "submit", "company_return", opinion="相片不清")
    PersonalApplicationFactory(name="别处", at="COMPANY_REVIEW")
    response = client_for(mine, Role.COMPANY).get(
        reverse("admin:registry_personalapplication_export") + "?format=csv"
    )
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert mine.id_number in text
    assert "相片不清" in text
    assert "别处" not in text


def test_the_export_of_company_applications() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    response = client_for(application, Role.OFFICE).get(
        reverse("admin:registry_companyapplication_export") + "?format=csv"
    )
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert application.name in text
    assert application.credit_code in text


# Corrections


def test_the_company_corrects_during_its_review() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_for(application, Role.COMPANY)
    new_number = id_number(3_100_000).lower()
    assert save(client, application, name="改名", id_number=new_number, title="工程师").status_code == 200
    application.refresh_from_db()
    assert (application.name, application.id_number, application.title) == (
        "改名",
        new_number.upper(),
        "工程师",
    )
    line = application.history.first()
    assert (line.history_user, line.history_change_reason) == (actor(application, Role.COMPANY), "更正")


@pytest.mark.parametrize("state", ["LOCAL_REVIEW", "RETURNED", "APPROVED", "WITHDRAWN"])
def test_the_company_corrects_nothing_in_another_state(state: str) -> None:
    application = PersonalApplicationFactory(at=state)
    client = client_for(application, Role.COMPANY)
    content = client.get(page(application)).content.decode()
    assert 'name="name"' not in content
    assert save(client, application, name="改名").status_code == 403
    application.refresh_from_db()
    assert application.name != "改名"


@pytest.mark.parametrize("state", ["COMPANY_REVIEW", "LOCAL_REVIEW"])
@pytest.mark.parametrize("role", [Role.LOCAL_BODY, Role.OFFICE, Role.ADMIN])
def test_nobody_else_corrects_a_personal_application(state: str, role: Role) -> None:
    application = PersonalApplicationFactory(at=state)
    assert save(client_for(application, role), application, name="改名").status_code == 403
    application.refresh_from_db()
    assert application.name != "改名"


@pytest.mark.parametrize("view", ["change", "history", "attachments"])
def test_another_companys_application_does_not_exist(view: str) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    stranger = client_for(PersonalApplicationFactory(at="COMPANY_REVIEW"), Role.COMPANY)
    assert stranger.get(page(application, view)).status_code == 404
    assert stranger.get(page(application, "step", "company_approve")).status_code == 404


def test_employer_and_reviews_cannot_be_posted() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    save(client_for(application, Role.COMPANY), application, company=CompanyFactory().pk, local_review="PASSED",
         company_review="PASSED", state="APPROVED", key="x")  # fmt: skip
    stored = PersonalApplication.objects.get(pk=application.pk)
    for field in ("company", "local_review", "company_review", "state", "key"):
        assert getattr(stored, field) == getattr(application, field)


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("email", ""), ("id_number", "440103199001011111"), ("phone", "12")]
)
def test_a_wrong_correction_is_refused_at_its_field(field: str, value: str) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    response = save(client_for(application, Role.COMPANY), application, **{field: value})
    assert field in response.context["adminform"].form.errors


def test_an_id_number_under_review_elsewhere_is_refused_at_its_field() -> None:
    other = PersonalApplicationFactory(at="LOCAL_REVIEW")
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    response = save(client_for(application, Role.COMPANY), application, id_number=other.id_number)
    assert "is under review already" in str(response.context["adminform"].form.errors["id_number"])


def test_the_same_correction_twice_at_the_same_moment_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.admin.applications import PersonalApplicationForm

    other = PersonalApplicationFactory(at="LOCAL_REVIEW")
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_for(application, Role.COMPANY)
    monkeypatch.setattr(PersonalApplicationForm, "checks", ())
    monkeypatch.setattr(PersonalApplication, "validate_constraints", lambda self, exclude=None: None)
    response = save(client, application, id_number=other.id_number)
    assert "Nothing was saved" in response.content.decode()
    application.refresh_from_db()
    assert application.id_number != other.id_number


def test_a_corrected_mail_address_gets_a_new_link_and_the_old_one_dies() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_for(application, Role.COMPANY)
    old, before = token_of(application), Message.objects.latest("pk").pk
    response = save(client, application, email="right@example.com")
    assert "A new link was sent to right@example.com" in response.content.decode()
    application.refresh_from_db()
    assert record_of(old) is None
    assert record_of(token_of(application)) == application
    (message,) = Message.objects.filter(pk__gt=before)
    assert (message.channel, message.recipient) == ("MAIL", "right@example.com")
    assert address_of(application) in text_of(message)[1]


def test_another_correction_leaves_the_link_alone() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client, old, before = (
        client_for(application, Role.COMPANY),
        token_of(application),
        Message.objects.count(),
    )
    save(client, application, title="高级工程师")
    assert record_of(old) == application
    assert Message.objects.count() == before


def test_bodies_with_an_open_class_are_offered_and_the_present_one_stays(open_class: Any) -> None:
    """A class that closed strands nobody (issue 3)."""
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    offered, other = LocalBodyFactory(), LocalBodyFactory()
    open_class(offered)
    client = client_for(application, Role.COMPANY)
    form = client.get(page(application)).context["adminform"].form
    assert set(form.fields["local_body"].queryset) == {application.local_body, offered}
    assert "local_body" in save(client, application, local_body=other.pk).context["adminform"].form.errors
    save(client, application, local_body=offered.pk)
    application.refresh_from_db()
    assert application.local_body == offered


def test_the_office_corrects_a_company_application_and_says_why() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    client = client_for(application, Role.OFFICE)
    response = save(client, application, office_address="新地址", change_reason="")
    assert "change_reason" in response.context["adminform"].form.errors
    save(client, application, office_address="新地址", email="new@example.com")
    application.refresh_from_db()
    assert (application.office_address, application.email) == ("新地址", "new@example.com")
    assert Message.objects.filter(recipient="new@example.com").count() == 1


@pytest.mark.parametrize("state", ["RETURNED", "APPROVED", "WITHDRAWN"])
def test_the_office_corrects_no_company_application_in_another_state(state: str) -> None:
    application = CompanyApplicationFactory(at=state)
    response = save(client_for(application, Role.OFFICE), application, office_address="新地址")
    assert response.status_code == 403


def test_a_login_name_that_is_taken_is_refused_at_its_field() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    UserFactory(username="已占用")
    response = save(client_for(application, Role.OFFICE), application, login_name="已占用")
    assert "is taken" in str(response.context["adminform"].form.errors["login_name"])


@pytest.mark.parametrize("factory", [PersonalApplicationFactory, CompanyApplicationFactory])
def test_applications_are_neither_added_nor_deleted_here(factory: Any) -> None:
    record = factory(at="APPROVED")
    name = f"admin:registry_{record._meta.model_name}"
    for role in (Role.OFFICE, Role.ADMIN):
        client = client_for(record, role)
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert client.post(reverse(f"{name}_delete", args=[record.pk]), {"post": "yes"}).status_code == 403


# The reviewer's pages


@pytest.mark.parametrize(
    ("state", "role", "name"),
    [("COMPANY_REVIEW", Role.COMPANY, "company_approve"), ("LOCAL_REVIEW", Role.LOCAL_BODY, "local_approve")],
)
def test_the_decision_page_shows_everything_and_takes_the_step(state: str, role: Role, name: str) -> None:
    application = PersonalApplicationFactory(at=state)
    client = client_for(application, role)
    content = client.get(page(application, "step", name)).content.decode()
    for field in ("name", "id_number", "phone", "email", "company", "local_body"):
        assert str(getattr(application, field)) in content
    assert "years)" in content
    seen = re.search(r'name="seen" value="(\d+)"', content)
    assert seen is not None
    client.post(page(application, "step", name), {"opinion": "", "seen": seen[1]})
    application.refresh_from_db()
    assert application.state == {"COMPANY_REVIEW": "LOCAL_REVIEW", "LOCAL_REVIEW": "APPROVED"}[state]


@pytest.mark.parametrize("state", ["COMPANY_REVIEW", "LOCAL_REVIEW", "RETURNED", "APPROVED", "WITHDRAWN"])
@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.OFFICE, Role.AUDITOR])
def test_every_page_opens_in_every_state(state: str, role: Role) -> None:
    application = PersonalApplicationFactory(at=state)
    client = client_for(application, role)
    for view in ("change", "history", "attachments"):
        assert client.get(page(application, view)).status_code == 200


def test_the_new_member_is_a_click_away_for_those_who_may_see_it() -> None:
    application = PersonalApplicationFactory(at="APPROVED")
    address = reverse("admin:registry_person_change", args=[application.person_id])
    for role, expected in ((Role.COMPANY, True), (Role.OFFICE, True), (Role.LOCAL_BODY, False)):
        assert (address in client_for(application, role).get(page(application)).content.decode()) == expected


@pytest.mark.parametrize("state", ["OFFICE_REVIEW", "RETURNED", "APPROVED", "WITHDRAWN"])
def test_every_page_of_a_company_application_opens(state: str) -> None:
    application = CompanyApplicationFactory(at=state)
    for role in (Role.OFFICE, Role.FINANCE, Role.AUDITOR):
        client = client_for(application, role)
        for view in ("change", "history", "attachments"):
            assert client.get(page(application, view)).status_code == 200
