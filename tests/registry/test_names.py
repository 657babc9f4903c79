"""Names are letters, not addresses: at every door, and whatever got in before, in no mail of ours."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from backoffice.accounts.models import User
from backoffice.core.excel import clean
from backoffice.core.models import Message
from backoffice.core.notices import without_addresses
from backoffice.core.outbox import text_of
from backoffice.roles import Role
from fees.models import Receipt, Voucher
from registry.models import (
    Company,
    CompanyApplication,
    CompanyChange,
    HelpRequest,
    LocalBody,
    Person,
    PersonalApplication,
    Transfer,
)
from tests.factories import CompanyFactory, PersonalApplicationFactory, UserFactory, client_of, take
from tests.registry.import_files import look_through, row
from training.models import Enrolment

PEOPLE = [
    "张三", "欧阳震华", "阿卜杜热合曼·买买提", "阿凡提•买买提", "李〇一", "𠮷田", "Jean-Paul O'Neil", "J. Smith",
    "Müller", "Ольга Иванова", "Nguyễn Văn A", "张 三", "김철수",
]  # fmt: skip
COMPANIES = [
    "广东建科监理有限公司", "中国（广东）建设监理有限公司", "广东省建设监理协会(南海)", "Arup Co., Ltd.", "AT&T 中国",
    "广州市第1建筑工程有限公司", "No.1 Construction Group", "3M中国有限公司", "“蓝海”监理", "甲·乙联合体",
]  # fmt: skip
ADDRESSES = [
    "evil.com", "www.evil.com", "http://evil.com", "https://1.2.3.4/x", "点击evil.com领取", "a@evil.com", "10.0.0.1",
    "t.cn/abc", "evil。com", "ｅｖｉｌ．ｃｏｍ", "加微信：abc", "张三/李四", "张三#1", "<b>张三</b>",
    "evil .com/x", "{link}",
]  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_names_of_people_of_any_script(name: str) -> None:
    assert clean.parse_person_name(name)


@pytest.mark.parametrize("name", COMPANIES)
def test_names_of_companies(name: str) -> None:
    assert clean.parse_company_name(name)


@pytest.mark.parametrize(
    "name", [*ADDRESSES, "张三2", "张三13812345678", "您的账号存在异常请尽快联系客服办理"]
)
def test_what_is_no_name_of_a_person(name: str) -> None:
    with pytest.raises(clean.BadValue):
        clean.parse_person_name(name)


@pytest.mark.parametrize(
    "name", [*ADDRESSES, "退款请加群123456789", "电话13812345678公司", "https公司", "WWW公司"]
)
def test_what_is_no_name_of_a_company(name: str) -> None:
    with pytest.raises(clean.BadValue):
        clean.parse_company_name(name)


FIELDS = [
    (Person, "name"), (Company, "name"), (Company, "contact_name"), (Company, "information_officer"),
    (PersonalApplication, "name"), (CompanyApplication, "name"), (CompanyApplication, "contact_name"),
    (CompanyChange, "new_name"), (Transfer, "name"), (HelpRequest, "name"), (HelpRequest, "company_name"),
    (LocalBody, "contact_name"), (User, "name"), (Voucher, "payer_name"), (Voucher, "invoice_title"),
    (Receipt, "title"), (Enrolment, "contact_name"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_every_field_with_a_name_refuses_an_address_and_takes_a_name(model: Any, field: str) -> None:
    column = model._meta.get_field(field)
    column.run_validators("李雷")
    for wrong in ("点击evil.com领取", "a@evil.com", "x/y"):
        with pytest.raises(ValidationError):
            column.run_validators(wrong)


@pytest.mark.django_db
def test_the_imports_say_which_cell_holds_an_address() -> None:
    run = look_through(
        row(1, number="A1888801", name="王小evil.com"), row(2, number="A1888802", company="加微信/t.cn有限公司"),
        by=UserFactory(role=Role.OFFICE),
    )  # fmt: skip
    assert run.counts["error"] == 2
    reasons = [reason["message"] for row_ in run.samples["error"] for reason in row_["reasons"]]
    assert any("姓名" in text for text in reasons)
    assert any("单位名称" in text or "网址" in text for text in reasons)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["name", "company_name"])
def test_the_public_help_form_says_so_at_the_field(field: str, client: Any) -> None:
    data = {
        "topic": "SIGN_IN", "text": "登录不了", "name": "张三", "email": "victim@example.com",
        field: "点击evil.com领取",
    }  # fmt: skip
    answer = client.post("/help/", data)
    assert field in answer.context["form"].errors
    assert not HelpRequest.objects.exists()
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_a_company_cannot_call_itself_an_address_later_either() -> None:
    company = CompanyFactory()
    client = client_of(UserFactory(role=Role.COMPANY, company=company, is_manager=True))
    answer = client.post(f"/admin/registry/company/{company.pk}/change/", {"contact_name": "找我evil.com"})
    assert "contact_name" in answer.context["adminform"].form.errors


@pytest.mark.django_db
def test_what_was_stored_before_stands_in_no_mail_of_ours() -> None:
    application = PersonalApplicationFactory(
        at="COMPANY_REVIEW", name="退款请点evil.com/x", company__email="victim@example.org"
    )
    texts = [" ".join(text_of(message)) for message in Message.objects.filter(recipient="victim@example.org")]
    assert texts
    assert not [text for text in texts if "evil" in text]
    assert application.name == "退款请点evil.com/x"


@pytest.mark.django_db
def test_a_companys_opinion_carries_no_address_in_our_letter() -> None:
    application = take(
        PersonalApplicationFactory(at="COMPANY_REVIEW"), "company_return", opinion="请到http://evil.com/x补交"
    )
    text = text_of(Message.objects.filter(recipient=application.email).latest("id"))[1]
    assert "evil" not in text
    assert "补交" in text or "请到" in text


@pytest.mark.parametrize(
    "text", ["2026.11.28", "1,640.50", "Arup Co., Ltd.", "3.5 天", "广东建科（南海）", "No.1"]
)
def test_what_is_no_address_stays(text: str) -> None:
    assert without_addresses(text) == text
