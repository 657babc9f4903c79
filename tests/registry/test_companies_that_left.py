"""A company that left or is suspended signs in to read and to settle: it edits nobody and invites nobody."""

from typing import Any

import pytest

from backoffice.accounts.models import User
from backoffice.core.models import Attachment, AttachmentKind
from backoffice.roles import Role
from tests.factories import PersonFactory, UserFactory, client_of
from tests.files.images import jpeg, upload

pytestmark = pytest.mark.django_db
NEW = {"username": "xinren", "name": "新人", "email": "new@example.org"}


@pytest.fixture(params=["SUSPENDED", "LEFT", "ACTIVE"])
def gone(request: pytest.FixtureRequest) -> Any:
    person = PersonFactory(phone="13800000001")
    person.company.status = request.param
    person.company.save()
    manager = UserFactory(role=Role.COMPANY, company=person.company, is_manager=True)
    return request.param, person, client_of(manager)


def test_only_an_active_company_edits_its_people(gone: Any) -> None:
    status, person, client = gone
    url = f"/admin/registry/person/{person.pk}/change/"
    assert client.get(url).status_code == 200
    data = {
        "phone": "13899999999",
        "email": "",
        "education": person.education,
        "title": "",
        "change_reason": "",
    }
    answer = client.post(url, data | {"region": person.region_id or ""})
    person.refresh_from_db()
    assert (answer.status_code, person.phone) == (
        (302, "13899999999") if status == "ACTIVE" else (403, "13800000001")
    )


def test_only_an_active_company_hands_in_papers_of_its_people(gone: Any) -> None:
    status, person, client = gone
    kind, _new = AttachmentKind.objects.get_or_create(code="ID_CARD", defaults={"name": "身份证"})
    url = f"/admin/registry/person/{person.pk}/attachments/"
    assert ('type="file"' in client.get(url).content.decode()) is (status == "ACTIVE")
    client.post(url, {"kind": kind.pk, "file": upload(jpeg())})
    assert Attachment.of(person).exists() is (status == "ACTIVE")


def test_only_an_active_companys_manager_invites_and_switches_users(gone: Any) -> None:
    status, person, client = gone
    colleague = UserFactory(role=Role.COMPANY, company=person.company)
    client.post("/admin/accounts/user/add/", NEW)
    assert User.objects.filter(username="xinren").exists() is (status == "ACTIVE")
    client.post(f"/admin/accounts/user/{colleague.pk}/switch-off/", {"reason": "离职"})
    colleague.refresh_from_db()
    assert colleague.is_active is (status != "ACTIVE")
    assert client.get("/admin/accounts/user/").status_code == 200


def test_only_an_active_company_edits_its_own_profile(gone: Any) -> None:
    status, person, client = gone
    company = person.company
    url = f"/admin/registry/company/{company.pk}/change/"
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    answer = client.post(url, data | {"contact_name": "新联系人"})
    company.refresh_from_db()
    assert (answer.status_code, company.contact_name == "新联系人") == (
        (302, True) if status == "ACTIVE" else (403, False)
    )


def test_only_an_active_company_hands_in_papers_of_its_own_and_is_told_what_the_profile_lacks(
    gone: Any,
) -> None:
    status, person, client = gone
    kind, _new = AttachmentKind.objects.get_or_create(code="LICENCE", defaults={"name": "执照"})
    url = f"/admin/registry/company/{person.company_id}/attachments/"
    assert ('type="file"' in client.get(url).content.decode()) is (status == "ACTIVE")
    client.post(url, {"kind": kind.pk, "file": upload(jpeg())})
    assert Attachment.of(person.company).exists() is (status == "ACTIVE")
    type(person.company).objects.update(office_address="")
    assert ("bo-banner" in client.get("/admin/").content.decode()) is (status == "ACTIVE")
