"""A file that still has the number, the name or the code of a merged duplicate is about the kept record."""

import io

import pytest

from backoffice.accounts.models import User
from backoffice.core import imports
from backoffice.core.excel import write_xlsx
from backoffice.core.models import ImportRun
from backoffice.roles import Role
from registry.merging import merge
from registry.models import Certificate, Company, FormerName, Person
from tests.factories import CompanyFactory, PersonFactory, UserFactory, id_number
from tests.registry.import_files import carry_out, known_company, outcomes, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(db: None) -> User:
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def people(office: User) -> tuple[Person, Person]:
    company = known_company()
    kept = PersonFactory(name="陈甲", id_number=id_number(7_001), company=company, email="")
    merged = PersonFactory(name="陈甲", id_number=id_number(99_013), company=company)
    merge(kept, merged, by=office, reason="同一人")
    return kept, merged


@pytest.fixture
def companies(office: User) -> tuple[Company, Company]:
    kept, merged = known_company(), CompanyFactory(name="岭衡监理有限公司")
    merge(kept, merged, by=office, reason="重复登记")
    return kept, merged


def carry_out_list(layout: str, headers: list[str], *rows: list[str], by: User) -> ImportRun:
    out = io.BytesIO()
    write_xlsx(out, "名单", headers, [list(line) for line in rows])
    run = imports.preview(imports.start(out.getvalue(), "名单.xlsx", layout, by, {}))
    run = imports.confirm(run, by, enqueue=False)
    imports.execute(run.pk)
    run.refresh_from_db()
    return run


def test_a_certificate_with_the_merged_number_is_the_kept_persons(
    people: tuple[Person, Person], office: User
) -> None:
    kept, merged = people
    carry_out(row(1, name="陈甲", id_number=merged.id_number, email="a@example.org"), by=office)
    assert Certificate.objects.get().person == kept
    assert Person.objects.count() == 2
    kept.refresh_from_db()
    assert kept.email == "a@example.org"
    assert Person.objects.get(pk=merged.pk).email == ""


def test_both_numbers_in_one_file_mean_one_person(people: tuple[Person, Person], office: User) -> None:
    kept, merged = people
    run = carry_out(
        row(1, name="陈甲", id_number=merged.id_number, email="a@example.org"),
        row(2, name="陈甲", id_number=kept.id_number, title="工程师"), by=office,
    )  # fmt: skip
    assert run.counts["create"] == 2
    assert kept.certificates.count() == 2
    kept.refresh_from_db()
    assert (kept.email, kept.title) == ("a@example.org", "工程师")
    again = carry_out(row(1, name="陈甲", id_number=merged.id_number), by=office)
    assert outcomes(again) == {"unchanged": 1}


def test_a_certificate_with_the_merged_companys_name_is_the_kept_companys(
    companies: tuple[Company, Company], office: User
) -> None:
    kept, merged = companies
    FormerName.objects.all().delete()  # even if somebody took the former name away
    run = carry_out(row(1, company=merged.name), by=office, create_companies=True)
    assert run.counts["create"] == 1
    certificate = Certificate.objects.get()
    assert (certificate.company, certificate.person.company) == (kept, kept)
    assert certificate.printed_company == merged.name
    assert Company.objects.count() == 2


def test_a_list_of_people_corrects_the_kept_person(people: tuple[Person, Person], office: User) -> None:
    kept, merged = people
    headers = ["姓名", "身份证号码", "工作单位", "邮箱"]
    line = ["陈甲", merged.id_number, kept.company.name, "b@example.org"]
    number = kept.id_number
    run = carry_out_list("people", headers, line, by=office)
    assert outcomes(run) == {"update": 1}
    kept.refresh_from_db()
    assert (kept.email, kept.id_number) == ("b@example.org", number)
    both = carry_out_list(
        "people", headers, line, ["陈甲", number, kept.company.name, "c@example.org"], by=office
    )
    assert both.counts["error"] == 1
    assert Person.objects.count() == 2


def test_a_list_of_people_knows_the_merged_companys_name(
    companies: tuple[Company, Company], office: User
) -> None:
    kept, merged = companies
    carry_out_list(
        "people", ["姓名", "身份证号码", "工作单位"], ["陈甲", id_number(5), merged.name], by=office
    )
    assert Person.objects.get().company == kept


def test_a_list_of_companies_corrects_the_kept_company(
    companies: tuple[Company, Company], office: User
) -> None:
    kept, merged = companies
    name, code = kept.name, kept.credit_code
    headers = ["单位名称", "统一社会信用代码", "联系人"]
    run = carry_out_list("companies", headers, [merged.name, merged.credit_code, "何志明"], by=office)
    assert outcomes(run) == {"update": 1}
    kept.refresh_from_db()
    assert (kept.name, kept.credit_code, kept.contact_name) == (name, code, "何志明")
    assert Company.objects.get(pk=merged.pk).contact_name != "何志明"
