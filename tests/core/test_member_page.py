"""The first page of those who look after themselves: everything of a member, and what a company still lacks."""

import pytest
from django.urls import reverse

from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory
from tests.factories import CompanyFactory, PersonFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db


def first_page(user):
    return client_of(user).get(reverse("admin:index")).content.decode()


def test_a_member_finds_profile_certificates_and_learning_on_one_page():
    line = EnrolmentFactory(people=1, at="CONFIRMED").lines.get()
    html = first_page(UserFactory(role=Role.PERSON, person=line.person))
    assert line.person.name in html
    assert line.certificate_number in html
    assert str(line.enrolment.training_class) in html
    assert 'class="bo-stages"' in html  # how far the learning is
    assert reverse("admin:training_enrolmentline_mine") in html


def test_the_menu_of_a_member_has_no_lists_of_one_row():
    person = PersonFactory()
    html = first_page(UserFactory(role=Role.PERSON, person=person))
    assert reverse("admin:registry_person_change", args=[person.pk]) in html
    for name in ("registry_person", "registry_company", "registry_certificate", "training_enrolmentline"):
        assert f'href="{reverse(f"admin:{name}_changelist")}"' not in html


def test_an_incomplete_company_is_told_on_its_first_page_what_is_missing_and_where_to_fill_it_in():
    company = CompanyFactory(region=None, office_address="")
    html = first_page(UserFactory(role=Role.COMPANY, company=company, is_manager=True))
    page = reverse("admin:registry_company_change", args=[company.pk])
    assert "单位资料不完整" in html
    assert f'href="{page}#id_region"' in html
    assert f'href="{page}#id_office_address"' in html
    complete = first_page(UserFactory(role=Role.COMPANY, company=CompanyFactory(), is_manager=True))
    assert "单位资料不完整" not in complete


def test_a_company_without_certificates_reads_how_they_come():
    html = first_page(UserFactory(role=Role.COMPANY, company=CompanyFactory(), is_manager=True))
    assert "目前没有本单位人员的证书记录" in html


def test_what_flows_need_is_starred_in_the_profile_but_can_be_saved_empty():
    company = CompanyFactory(office_address="")
    manager = client_of(UserFactory(role=Role.COMPANY, company=company, is_manager=True))
    page = manager.get(reverse("admin:registry_company_change", args=[company.pk]))
    field = page.context_data["adminform"].form.fields["office_address"]
    assert str(field.label).endswith(" *")
    assert not field.required


def test_lists_begin_with_a_button_in_words():
    office = client_of(UserFactory(role=Role.OFFICE))
    html = office.get(reverse("admin:registry_company_changelist")).content.decode()
    begin = html[html.index('class="addlink') :]
    assert "公司" in begin[: begin.index("</a>")] or "单位" in begin[: begin.index("</a>")]
