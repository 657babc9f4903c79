"""What the register's exports say, and that our import reads them back and changes nothing."""

import datetime
import io
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from backoffice.core import export, imports
from backoffice.core.sensitive import mask_id_number
from backoffice.roles import Role
from registry import exports
from registry.models import Certificate, Company, Person
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory
from tests.registry.import_files import outcomes, register

pytestmark = pytest.mark.django_db
LAYOUTS = {Certificate: "certificates", Person: "people", Company: "companies"}


def exported(model: Any, user: Any, format_: str = "xlsx") -> bytes:
    target = io.BytesIO()
    columns = export.columns_for(model._meta.label, user)
    export.write(target, format_, model.objects.order_by("pk"), columns, title="导出")
    return target.getvalue()


def table(model: Any, user: Any) -> list[dict[str, Any]]:
    lines = list(openpyxl.load_workbook(io.BytesIO(exported(model, user))).active.values)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def full(db):
    """A certificate with every column filled."""
    city = RegionFactory(code="440100", name="广州市", name_en="Guangzhou")
    district = RegionFactory(code="440106", name="天河区", name_en="Tianhe District", parent=city)
    company = CompanyFactory(name="广东岭衡工程监理有限公司", region=city)
    person = PersonFactory(
        name="王𠮷", company=company, region=district, phone="13912345678", email="a@b.cn", title="工程师"
    )
    return CertificateFactory(
        number="A1240001", person=person, specialty__name="房屋建筑工程", specialty__name_en="Building",
        issue_date=datetime.date(2020, 5, 6), renewal_date=datetime.date(2023, 5, 6),
        expiry_date=datetime.date(2026, 5, 5), remark="备注一",
    )  # fmt: skip


def test_a_certificate_is_exported_under_the_imports_captions(office, full):
    (row,) = table(Certificate, office)
    assert row == {
        "证书编号": "A1240001", "证书类型": "专业监理工程师", "姓名": "王𠮷", "身份证号码": full.person.id_number,
        "性别": "男", "工作单位": "广东岭衡工程监理有限公司", "专业": "房屋建筑工程",
        "发证日期": datetime.datetime(2020, 5, 6), "换证日期": datetime.datetime(2023, 5, 6),
        "有效期至": datetime.datetime(2026, 5, 5), "手机": "13912345678", "邮箱": "a@b.cn",
        "所属区域": "广州市天河区", "职称": "工程师", "学历": "本科", "证书状态": "有效", "备注": "备注一",
    } | {key: value for key, value in row.items() if value == full.company.name}  # fmt: skip
    assert isinstance(row["身份证号码"], str)


def test_in_english_captions_and_values_are_english(office, full):
    with translation.override("en"):
        (row,) = table(Certificate, office)
    assert (row["Certificate number"], row["Certificate type"], row["Gender"]) == (
        "A1240001",
        "Specialised supervision engineer",
        "Male",
    )
    assert (row["Region"], row["Education"], row["Status"]) == ("Tianhe District", "Bachelor", "Valid")
    assert row["Specialty"] == "Building"


def readable() -> list[Any]:
    """Every list in both languages."""
    return [
        pytest.param(model, language, id=f"{model.__name__}-{language}")
        for model in LAYOUTS
        for language in ("zh-hans", "en")
    ]


@pytest.mark.parametrize("format_", ["xlsx", "csv"])
@pytest.mark.parametrize(("model", "language"), readable())
def test_our_import_finds_nothing_to_change_in_our_export(office, full, model, format_, language):
    CertificateFactory(
        person=full.person, type="SAFETY", number="C1240001", status="CANCELLED", specialty=None
    )
    before = register()
    with translation.override(language):
        content = exported(model, office, format_)
        run = imports.preview(imports.start(content, f"x.{format_}", LAYOUTS[model], office, {}))
    found = outcomes(run)
    assert found == {"unchanged": model.objects.count()}, run.samples["error"]
    assert register() == before


def test_a_certificate_that_shows_the_former_employer_is_exported_as_printed(office, full):
    """Else our own import would "correct" it."""
    Certificate.objects.update(printed_company="旧单位")
    (row,) = table(Certificate, office)
    assert row["工作单位"] == "旧单位"
    assert list(row.values())[-1] == full.company.name


def test_districts_of_one_english_name_are_told_apart(office):
    for code in ("440100", "440200"):
        city = RegionFactory(code=code, name=f"市{code}", name_en=f"City {code}")
        RegionFactory(code=str(int(code) + 2), name="城区", name_en="Chengqu District", parent=city)
    with translation.override("en"):
        names = set(exports.region_names().values())
    assert {"440102", "440202"} <= names
    assert {"市440100城区", "市440200城区"} <= set(exports.region_names().values())


def test_every_code_of_a_choice_has_a_word_in_both_languages():
    for known in ("CERTIFICATE_TYPES", "GENDERS", "EDUCATIONS", "CERTIFICATE_STATUSES"):
        mapping = getattr(exports.fields, known)
        for language in ("zh-hans", "en"):
            with translation.override(language):
                assert set(exports.spelling(mapping)) == set(mapping.values())


@pytest.mark.parametrize("role", list(Role))
def test_id_numbers_are_whole_only_for_roles_that_need_them(full, role):
    user = SimpleNamespace(role=role)
    shown = {row.get("身份证号码") for model in (Certificate, Person) for row in table(model, user)}
    number = full.person.id_number
    masked = {
        Role.FINANCE: mask_id_number(number),
        Role.AUDITOR: mask_id_number(number),
        Role.LOCAL_BODY: None,
    }
    assert shown == {masked.get(role, number)}


def test_missing_values_are_empty_cells(office):
    person = PersonFactory(company=None, region=None, phone="", education="")
    CertificateFactory(person=person, specialty=None, renewal_date=None, printed_company="")
    (row,) = table(Certificate, office)
    assert [row[name] for name in ("工作单位", "专业", "换证日期", "手机", "所属区域", "学历")] == [None] * 6


def test_companies_have_their_own_columns(office, full):
    (row,) = table(Company, office)
    assert list(row.values())[:2] == [full.company.name, full.company.credit_code]
