"""Company changes in the admin: a company begins one, the office sees what changes, others see nothing."""

from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.core.engine import perform
from backoffice.core.models import AttachmentKind, Task, TransitionLog
from backoffice.roles import Role
from registry.models import Company, CompanyChange
from tests.factories import (
    CertificateFactory,
    CompanyChangeFactory,
    CompanyFactory,
    PersonFactory,
    UserFactory,
)
from tests.files.images import jpeg

pytestmark = pytest.mark.django_db
ADD = "/admin/registry/companychange/add/"
LIST = "/admin/registry/companychange/"
RENAME = {"kind": "RENAME", "new_name": "广东 新名监理有限公司", "new_login_name": "新名监理"}


def page(change: CompanyChange, act: str = "change", *more: str) -> str:
    return reverse(f"admin:registry_companychange_{act}", args=[change.pk, *more])


@pytest.fixture
def company() -> Company:
    return CompanyFactory(name="广东旧名监理有限公司")


@pytest.fixture
def client(company: Company, signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.COMPANY, company=company, username="旧名监理", is_manager=True))


@pytest.fixture
def office(signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.OFFICE))


def text(response: Any) -> str:
    return response.content.decode()


# Begin


def test_what_a_company_begins_is_its_own_whatever_the_form_says(client: Client, company: Company) -> None:
    other = UserFactory(role=Role.COMPANY)
    response = client.post(
        ADD, RENAME | {"company": other.company_id, "created_by": other.pk, "state": "APPROVED"}
    )
    change = CompanyChange.objects.get()
    assert response.headers["Location"] == page(change)
    assert (change.company, change.created_by.username, change.state) == (company, "旧名监理", "DRAFT")
    assert change.new_name == "广东新名监理有限公司"


def test_it_begins_with_a_task_and_a_trail(client: Client, company: Company) -> None:
    client.post(ADD, RENAME)
    change = CompanyChange.objects.get()
    task = Task.of(change).get()
    assert (task.role, task.bound_id) == (Role.COMPANY, company.pk)
    assert TransitionLog.of(change).get().step == "start"


def test_the_page_leads_to_the_papers_and_then_to_the_submit(client: Client) -> None:
    response = client.post(ADD, RENAME, follow=True)
    change = CompanyChange.objects.get()
    assert len(response.context["draft"]["missing"]) == 1
    assert page(change, "attachments") in text(response)
    assert "../step/submit/" not in text(response)
    for kind in ("RENAME_NOTICE", "LICENCE"):
        found, _new = AttachmentKind.objects.get_or_create(code=kind, defaults={"name": kind})
        upload = SimpleUploadedFile("scan.jpg", jpeg())
        client.post(page(change, "attachments"), {"kind": found.pk, "file": upload})
    response = client.get(page(change))
    assert response.context["draft"]["missing"] == []
    assert "../step/submit/" in text(response)


@pytest.mark.parametrize("field", ["new_name", "new_login_name"])
def test_a_rename_without_a_name_is_told_at_the_field(client: Client, field: str) -> None:
    response = client.post(ADD, RENAME | {field: ""})
    assert list(response.context["adminform"].form.errors) == [field]
    assert not CompanyChange.objects.exists()


def test_a_taken_name_is_told_at_the_field(client: Client) -> None:
    CompanyFactory(name="广东新名监理有限公司")
    assert list(client.post(ADD, RENAME).context["adminform"].form.errors) == ["new_name"]


def test_a_taken_login_name_is_told_at_the_field(client: Client) -> None:
    UserFactory(username="新名监理")
    assert list(client.post(ADD, RENAME).context["adminform"].form.errors) == ["new_login_name"]


def test_an_upgrade_forgets_the_names_of_the_other_kind(client: Client, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(membership="TEMPORARY")
    client.post(ADD, RENAME | {"kind": "UPGRADE"})
    assert CompanyChange.objects.get().new_name == ""


def test_a_formal_member_is_not_offered_the_upgrade(client: Client) -> None:
    kinds = client.get(ADD).context["adminform"].form.fields["kind"].choices
    assert [value for value, _label in kinds] == ["RENAME"]
    assert "kind" in client.post(ADD, {"kind": "UPGRADE"}).context["adminform"].form.errors


def test_a_second_one_of_a_kind_leads_to_the_open_one(client: Client, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(membership="TEMPORARY")
    change = CompanyChangeFactory(company=company)
    for response in (client.get(f"{ADD}?kind=RENAME", follow=True), client.post(ADD, RENAME, follow=True)):
        assert response.redirect_chain[-1][0] == page(change)
        assert len(list(response.context["messages"])) == 1
    kinds = client.get(ADD).context["adminform"].form.fields["kind"].choices
    assert [value for value, _label in kinds] == ["UPGRADE"]
    CompanyChangeFactory(company=company, kind="UPGRADE")
    assert client.get(ADD, follow=True).redirect_chain[-1][0].startswith(LIST)
    assert CompanyChange.objects.count() == 2


def test_a_kind_that_cannot_be_begun_stands_there_with_the_reason(client: Client, company: Company) -> None:
    Company.objects.filter(pk=company.pk).update(membership="TEMPORARY")
    assert not client.get(ADD).context["adminform"].form.fields["kind"].help_text
    change = CompanyChangeFactory(company=company, kind="UPGRADE")
    shown = text(client.get(ADD))
    assert str(change.get_kind_display()) in shown
    assert page(change) in shown
    change.delete()
    Company.objects.filter(pk=company.pk).update(membership="FORMAL")
    client.cookies["django_language"] = "en"
    assert "formal member already" in text(client.get(ADD))


def test_after_a_rename_the_page_still_shows_both_login_names(office: Client) -> None:
    names = {"new_name": "广东新名监理有限公司", "new_login_name": "新名监理"}
    change = CompanyChangeFactory(kind="RENAME", at="OFFICE_REVIEW", **names)
    old = change.login_user().username
    before = text(office.get(page(change)))
    perform(change, "approve", by=UserFactory(role=Role.OFFICE))
    after = text(office.get(page(change)))
    for shown in (before, after):
        assert f"<td>{old}</td>" in shown
        assert '<td class="bo-after">新名监理</td>' in shown


def test_a_double_click_finds_the_first_clicks_record(
    client: Client, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form was checked before the first click's record was there; the lock shows it."""
    model_admin = admin.site._registry[CompanyChange]
    change = CompanyChangeFactory(company=company)
    answers = iter([None, change])
    monkeypatch.setattr(model_admin, "open_one", lambda request: next(answers))
    monkeypatch.setattr("registry.admin.changes.open_changes", lambda company: CompanyChange.objects.none())
    response = client.post(ADD, RENAME)
    assert response.headers["Location"] == page(change)
    assert CompanyChange.objects.count() == 1


@pytest.mark.parametrize("broken", [{"office_address": ""}, {"status": "SUSPENDED"}])
def test_a_company_that_can_begin_nothing_reads_why_and_where_to_go(
    client: Client, company: Company, broken: dict[str, Any]
) -> None:
    Company.objects.filter(pk=company.pk).update(**broken)
    for response in (client.get(ADD), client.post(ADD, RENAME)):
        assert response.status_code == 200
        assert "adminform" not in response.context
        assert reverse("admin:registry_company_change", args=[company.pk]) in text(response)
    assert not CompanyChange.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_no_other_role_begins_one(role: Role, signed_in: Any) -> None:
    other = signed_in(UserFactory(role=role))
    assert [other.get(ADD).status_code, other.post(ADD, RENAME).status_code] == [403, 403]
    assert not CompanyChange.objects.exists()


# Edit


def test_a_draft_is_edited_and_its_kind_stays(client: Client, company: Company) -> None:
    change = CompanyChangeFactory(company=company)
    client.post(
        page(change), {"kind": "UPGRADE", "new_name": "广东再改监理有限公司", "new_login_name": "再改"}
    )
    change.refresh_from_db()
    assert (change.kind, change.new_name) == ("RENAME", "广东再改监理有限公司")


@pytest.mark.parametrize("state", ["OFFICE_REVIEW", "APPROVED", "CANCELLED"])
def test_what_was_submitted_is_not_edited(client: Client, company: Company, state: str) -> None:
    change = CompanyChangeFactory(company=company, at=state)
    assert client.get(page(change)).status_code == 200
    assert client.post(page(change), RENAME).status_code == 403
    assert client.post(page(change, "attachments"), {"remove": "1"}).status_code in (403, 404)


def test_the_office_edits_nothing(office: Client) -> None:
    for state in ("DRAFT", "OFFICE_REVIEW"):
        change = CompanyChangeFactory(at=state)
        assert office.get(page(change)).status_code == 200
        assert office.post(page(change), RENAME).status_code == 403


# Decide


def test_the_office_compares_now_and_afterwards(office: Client) -> None:
    company = CompanyFactory(name="广东旧名监理有限公司")
    UserFactory(role=Role.COMPANY, company=company, username="旧名监理", is_manager=True)
    CertificateFactory(person=PersonFactory(company=company))
    look_alike = CompanyFactory(name="深圳新名监理有限公司")
    change = CompanyChangeFactory(
        company=company, new_name="广东新名监理有限公司", new_login_name="新名监理", at="OFFICE_REVIEW"
    )
    shown = text(office.get(page(change, "step", "approve")))
    for wanted in ("广东旧名监理有限公司", "广东新名监理有限公司", "旧名监理", "新名监理", look_alike.name):
        assert wanted in shown
    assert "printed_company" in shown


def test_after_the_approval_the_page_leads_to_the_certificates_with_the_former_name(
    client: Client, company: Company
) -> None:
    person = PersonFactory(company=company)
    old = CertificateFactory(person=person)
    change = CompanyChangeFactory(company=company, new_name="广东新名监理有限公司", at="APPROVED")
    CertificateFactory(person=person, printed_company="广东新名监理有限公司")
    panels = client.get(page(change)).context["panels"]
    panel = next(panel for panel in panels if panel["panel"].key == "printed")
    assert len(panel["rows"]) == 1
    listed = client.get(panel["more_url"]).context["cl"].result_list
    assert list(listed) == [old]


def test_the_office_approves_and_returns_on_the_decision_page(office: Client) -> None:
    first, second = CompanyChangeFactory.create_batch(2, at="OFFICE_REVIEW")
    office.post(page(first, "step", "approve"), {"opinion": ""})
    office.post(page(second, "step", "office_return"), {"opinion": "请重新上传"})
    assert {c.pk: c.state for c in CompanyChange.objects.all()} == {first.pk: "APPROVED", second.pk: "DRAFT"}


# Lists and scope


def test_the_office_finds_changes_by_old_and_new_names(office: Client) -> None:
    change = CompanyChangeFactory(
        company=CompanyFactory(name="广东建科监理有限公司"), new_name="粤华顾问有限公司", at="APPROVED"
    )
    CompanyChangeFactory()
    for words in ("建科", "粤华", "广东建科监理有限公司"):
        assert list(office.get(LIST, {"q": words}).context["cl"].result_list) == [change]
    assert list(office.get(LIST, {"q": "查无此名"}).context["cl"].result_list) == []


def test_the_office_filters_by_kind_and_state(office: Client) -> None:
    upgrade, review = CompanyChangeFactory(kind="UPGRADE"), CompanyChangeFactory(at="OFFICE_REVIEW")
    assert list(office.get(LIST, {"kind": "UPGRADE"}).context["cl"].result_list) == [upgrade]
    assert list(office.get(LIST, {"state": "OFFICE_REVIEW"}).context["cl"].result_list) == [review]


def test_the_list_takes_the_same_queries_however_long_it_is(
    office: Client, django_assert_max_num_queries: Any
) -> None:
    CompanyChangeFactory.create_batch(12)
    with django_assert_max_num_queries(9):
        office.get(LIST)


def test_another_companys_changes_do_not_exist(client: Client) -> None:
    foreign = CompanyChangeFactory(at="OFFICE_REVIEW")
    assert list(client.get(LIST).context["cl"].result_list) == []
    for act in ("change", "attachments", "history", "delete"):
        assert client.get(page(foreign, act)).status_code in (403, 404)
    for step in CompanyChange.steps():
        assert client.get(page(foreign, "step", step)).status_code == 404
        assert client.post(page(foreign, "step", step)).status_code == 404
    found = client.get(LIST, {"q": foreign.new_name})
    assert list(found.context["cl"].result_list) == []


def test_the_companys_own_page_leads_to_its_changes(client: Client, company: Company) -> None:
    change = CompanyChangeFactory(company=company)
    shown = text(client.get(reverse("admin:registry_company_change", args=[company.pk])))
    assert ADD in shown
    assert page(change) in shown
