"""A company and a person at their own desks: what they see, fill in and hand in."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from backoffice.core.models import Attachment
from backoffice.roles import Role
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, RegionFactory, UserFactory
from tests.files.images import png

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_company_sees_its_own_and_the_banner_leads_it_to_what_its_profile_lacks(page, enter):
    city = RegionFactory(name="云浮市")
    company = CompanyFactory(
        name="广东珠源监理有限公司", region=None, office_address="", information_officer=""
    )
    own = CertificateFactory(person=PersonFactory(company=company, name="陈甲", region=city))
    foreign = CertificateFactory(person=PersonFactory(name="何乙"))
    enter(UserFactory(role=Role.COMPANY, company=company, is_manager=True))
    page.goto(reverse("admin:index"))
    banner = page.locator(".bo-banner")
    for field in (
        "region",
        "office_address",
    ):  # the information officer is the manager, if nobody else was named
        assert banner.locator(f"a[href$='#id_{field}']").count() == 1

    page.goto(reverse("admin:registry_certificate_changelist"))
    expect(page.locator("body")).to_contain_text(own.number)
    expect(page.locator("body")).not_to_contain_text(foreign.number)
    expect(page.locator("body")).not_to_contain_text("何乙")

    banner.locator("a[href$='#id_office_address']").click()
    page.wait_for_url(re.compile(f"/company/{company.pk}/change/#id_office_address"))
    expect(page.locator("#id_office_address")).to_be_in_viewport()
    page.fill("#id_office_address", "云浮市云城区兴云路1号")
    page.fill("#id_information_officer", "陈静仪")
    page.locator(".field-region .select2-selection").click()
    page.locator(".select2-search__field").fill("云浮")
    page.locator(".select2-results__option", has_text="云浮市").click()
    page.locator("button[name=_save], input[name=_save]").first.click()
    expect(page.locator(".bo-banner")).to_have_count(0)
    company.refresh_from_db()
    assert (company.region, company.missing_fields()) == (city, [])


def test_a_person_hands_in_a_png_and_a_wrong_file_gets_a_sentence(page, enter, tmp_path: Path):
    user = UserFactory(role=Role.PERSON)
    enter(user)
    (tmp_path / "身份证.png").write_bytes(png())
    (tmp_path / "身份证.pdf").write_bytes(b"%PDF-1.7\n%...")
    page.goto(reverse("admin:registry_person_attachments", args=[user.person_id]))
    page.select_option("select[name=kind]", label="身份证")
    page.set_input_files("input[type=file]", tmp_path / "身份证.pdf")
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator("body")).to_contain_text("PDF")
    assert not Attachment.objects.exists()

    page.select_option("select[name=kind]", label="身份证")
    page.set_input_files("input[type=file]", tmp_path / "身份证.png")
    page.get_by_role("button", name="上传", exact=True).click()
    thumb = page.locator("img.bo-thumb")
    expect(thumb).to_be_visible()
    page.wait_for_function("document.querySelector('img.bo-thumb').naturalWidth > 0")
    assert Attachment.of(user.person).count() == 1
