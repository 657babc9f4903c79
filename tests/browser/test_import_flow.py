"""The General Office's most important hour: a real Excel list, from the sign-in page to the register and back."""

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.core.models import HeaderMapping, ImportRun
from backoffice.roles import Role
from registry.models import Certificate, Person
from tests.factories import (
    PASSWORD,
    CertificateFactory,
    CompanyFactory,
    PersonFactory,
    RegionFactory,
    UserFactory,
    id_number,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]

HERE, ELSEWHERE = "广东岭衡工程监理有限公司", "广东粤筑监理有限公司"
HEADER = ["序号", "证书编号", "证书类型", "姓名", "身份证号码", "工作单位", "发证日期", "有效期至"]


@pytest.fixture
def office(page: Page) -> Any:
    city = RegionFactory(code="440100", name="广州市")
    CompanyFactory(name=HERE, region=city)
    known = PersonFactory(
        name="周敏", id_number=id_number(900), company=CompanyFactory(name=ELSEWHERE, region=city)
    )
    CertificateFactory(person=known, number="A1249900")
    return UserFactory(role=Role.OFFICE, username="wangfang", name="王芳")


def saved(path: Path, *lines: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


def good(n: int, **values: Any) -> list[Any]:
    cells = {"n": n, "number": f"A12400{n:03d}", "type": "专监", "name": f"陈{'甲乙丙丁戊'[n % 5]}", "id": id_number(n),
             "company": HERE, "from": "2024-01-01", "to": "2099-01-01"} | values  # fmt: skip
    return list(cells.values())


def certificate_list(tmp_path: Path) -> Path:
    """A list as offices send it: title lines, a bad ID number, a bad date, someone known elsewhere."""
    return saved(
        tmp_path / "2024年发证名单.xlsx",
        ["广东省建设监理协会专业监理工程师发证名单"], ["单位：", HERE, None, "2024年1月"], [],
        HEADER, good(1), good(2), good(3, id="440103196001010018"), good(4, to="不详"),
        good(5, name="周敏", id=id_number(900)),
    )  # fmt: skip


def count(page: Page, label: str) -> str:
    """The number in the preview's box of this name."""
    return page.locator("a.bo-count", has_text=label).locator("strong").inner_text()


def upload(page: Page, path: Path) -> None:
    page.goto(reverse("admin:core_importrun_add"))
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile(r"/importrun/\d+/change/"))


def test_the_columns_people_come_for_stand_on_the_screen_in_every_preview(page, office, tmp_path, enter):
    enter(office)
    long = "广东省某某建设工程质量安全监督检测咨询监理有限责任公司广州分公司"
    CompanyFactory(name=long, region=RegionFactory(code="440300", name="深圳市"))
    path = saved(tmp_path / "名单.xlsx", HEADER, good(1, company=long, name="阿卜杜热合曼·买买提江"), good(2, id="x"),
                 good(5, name="周敏", id=id_number(900)))  # fmt: skip
    upload(page, path)
    for shown in ("conflict", "error", "create"):
        page.goto(re.sub(r"\?.*|$", f"?show={shown}", page.url, count=1))
        last = page.get_by_role("columnheader", name="有效期至").bounding_box()
        assert last["x"] + last["width"] <= 1440


def test_the_office_imports_a_list_finds_a_certificate_and_takes_the_import_back(page, office, tmp_path):
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="登录").click()
    expect(page).to_have_url(re.compile("/admin/login/"))
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    page.fill("input[name=username]", "wangfang")
    page.fill("input[name=password]", PASSWORD)
    page.locator("form button[type=submit]").get_by_text("登录").click()
    page.wait_for_url("**/admin/")

    page.get_by_role("link", name="从 Excel 文件导入证书").first.click()
    page.set_input_files("input[type=file]", certificate_list(tmp_path))
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url(re.compile(r"/importrun/\d+/change/"))
    assert [count(page, label) for label in ("新增", "冲突", "错误")] == ["2", "1", "2"]
    assert not Certificate.objects.filter(number="A12400001").exists()

    page.locator("a.bo-count", has_text="冲突").click()
    conflicts = page.locator("table.bo-table")
    expect(conflicts).to_contain_text("周敏")
    expect(conflicts).to_contain_text(ELSEWHERE)
    page.locator("a.bo-count", has_text="错误").click()
    expect(page.locator("table.bo-table")).to_contain_text("身份证")

    page.get_by_role("button", name=re.compile("导入 2 行")).click()
    expect(page.locator(".bo-badge-done")).to_be_visible(timeout=20_000)
    assert Certificate.objects.filter(number__startswith="A12400").count() == 2

    page.goto(reverse("admin:registry_certificate_changelist"))
    page.fill("input[name=q]", "A12400001")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=A12400001**")
    page.get_by_role("link", name="A12400001").first.click()
    expect(page.locator("input[name=number]")).to_have_value("A12400001")
    body = page.locator("body")
    expect(body).to_contain_text("2024-01-01")
    expect(body).to_contain_text("2099-01-01")
    certificate = Certificate.objects.get(number="A12400001")
    page.goto(reverse("admin:registry_certificate_history", args=[certificate.pk]))
    expect(page.locator("body")).to_contain_text("王芳")

    page.goto(reverse("admin:core_importrun_change", args=[ImportRun.objects.get().pk]))
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="撤销导入").click()
    expect(page.locator(".bo-badge-undone")).to_be_visible()
    assert not Certificate.objects.filter(number__startswith="A12400").exists()
    assert list(Person.objects.values_list("name", flat=True)) == ["周敏"]


def test_an_unknown_header_is_mapped_by_hand_once_and_known_the_next_time(page, office, enter, tmp_path):
    enter(office)
    header = ["编码甲", "持有何证", "姓名", "身份证号码", "工作单位", "发证日期", "有效期至"]
    upload(page, saved(tmp_path / "旧名单.xlsx", header, good(1)[1:]))
    expect(page.locator(".bo-badge-unmapped")).to_be_visible()
    for column, meaning in (("编码甲", "number"), ("持有何证", "type")):
        page.locator("tr", has_text=column).locator("select").select_option(meaning)
    page.locator("form:has(select) button[type=submit]").click()
    expect(page.locator(".bo-badge-previewed")).to_be_visible()
    assert count(page, "新增") == "1"
    assert HeaderMapping.objects.count() == 1

    upload(page, saved(tmp_path / "又一份.xlsx", header, good(2)[1:]))
    expect(page.locator(".bo-badge-previewed")).to_be_visible()
    assert count(page, "新增") == "1"


def test_a_file_that_is_no_list_gets_a_sentence_and_leaves_nothing(page, office, enter, tmp_path):
    enter(office)
    path = tmp_path / "名单.xlsx"
    path.write_bytes(b"\x89PNG not a workbook")
    page.goto(reverse("admin:core_importrun_add"))
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="上传并检查").click()
    expect(page.locator(".bo-error, .errorlist, [role=alert]").first).to_contain_text("图片")
    assert not ImportRun.objects.exists()
