"""Lists of people and companies: what we export can be imported again, and corrections come in safely."""

import io

import openpyxl
import pytest

from backoffice.core import imports
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.models import Certificate, Company, Person
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def look(content, layout, by):
    return imports.preview(imports.start(content, f"{layout}.xlsx", layout, by))


def carry_out(run, by):
    imports.confirm(run, by, enqueue=False)
    imports.execute(run.pk)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("page", "layout", "factory"),
    [
        ("admin:registry_person_export", "people", PersonFactory),
        ("admin:registry_company_export", "companies", CompanyFactory),
    ],
)
def test_an_export_comes_back_unchanged(client, office, page, layout, factory):
    from django.urls import reverse

    for _ in range(3):
        factory()
    client.force_login(office, backend="backoffice.accounts.backends.RoleBackend")
    content = b"".join(client.get(reverse(page) + "?format=xlsx").streaming_content)
    run = look(content, layout, office)
    assert run.status == ImportRun.Status.PREVIEWED, run.seen
    assert run.counts["unchanged"] == run.counts["rows"] > 0, run.samples


def test_a_new_person_is_created_and_a_known_one_corrected(office):
    person = PersonFactory(phone="13800000001")
    content = workbook(
        ["姓名", "身份证号码", "工作单位", "手机"],
        [person.name, person.id_number, person.company.name, "13911112222"],
        ["王小明", "44010319880615001X", person.company.name, "13700000000"],
    )
    run = look(content, "people", office)
    assert (run.counts["update"], run.counts["create"]) == (1, 1), run.samples
    assert carry_out(run, office).status == ImportRun.Status.DONE
    person.refresh_from_db()
    assert person.phone == "13911112222"
    created = Person.objects.get(id_number="44010319880615001X")
    assert (created.gender, created.birthday.isoformat()) == ("M", "1988-06-15")
    assert created.history.get().history_user == office
    assert person.history.first().history_change_reason


def test_a_list_moves_nobody(office):
    person, other = PersonFactory(), CompanyFactory()
    content = workbook(["姓名", "身份证号码", "工作单位"], [person.name, person.id_number, other.name])
    run = look(content, "people", office)
    assert run.counts["conflict"] == 1
    assert run.samples["conflict"][0]["register"] == {"company": person.company.name}


def test_another_name_for_an_id_number_is_a_conflict(office):
    person = PersonFactory(name="张三")
    content = workbook(["姓名", "身份证号码", "工作单位"], ["李四", person.id_number, person.company.name])
    assert look(content, "people", office).counts["conflict"] == 1


def test_an_unknown_company_is_an_error_with_its_row(office):
    content = workbook(["姓名", "身份证号码", "工作单位"], ["王小明", "44010319880615001X", "没有的公司"])
    run = look(content, "people", office)
    assert run.counts["error"] == 1
    assert run.samples["error"][0]["row"] == 2
    assert run.marked_copy


def test_a_company_correction_takes_its_certificates_to_the_new_city(office):
    certificate = CertificateFactory()
    company = certificate.company
    city = RegionFactory(parent=None)
    content = workbook(["单位名称", "所属区域"], [company.name, city.name])
    run = carry_out(look(content, "companies", office), office)
    assert run.counts["update"] == 1, run.samples
    assert Certificate.objects.get(pk=certificate.pk).region == city


def test_a_credit_code_of_another_company_is_a_conflict(office):
    one, two = CompanyFactory(), CompanyFactory()
    content = workbook(["单位名称", "统一社会信用代码"], [one.name, two.credit_code])
    assert look(content, "companies", office).counts["conflict"] == 1


def test_an_import_of_companies_can_be_undone(office):
    company = CompanyFactory(office_address="旧地址 1 号")
    content = workbook(
        ["单位名称", "办公地址"], [company.name, "新地址 2 号"], ["广东新立工程监理有限公司", "某路 3 号"]
    )
    run = carry_out(look(content, "companies", office), office)
    assert Company.objects.get(name="广东新立工程监理有限公司").initials
    imports.undo(run, office)
    company.refresh_from_db()
    assert company.office_address == "旧地址 1 号"
    assert not Company.objects.filter(name="广东新立工程监理有限公司").exists()


def test_a_company_user_may_import_neither(users):
    from django.core.exceptions import PermissionDenied

    for layout in ("people", "companies"):
        with pytest.raises(PermissionDenied):
            imports.start(workbook(["姓名"]), "x.xlsx", layout, users[Role.COMPANY])
