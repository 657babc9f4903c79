"""Two people edit one record: the later save is refused once, with both versions in view, and nothing typed is lost."""

import pytest
from django.urls import reverse

from backoffice.roles import Role
from registry.models import Company
from tests.factories import CompanyFactory, RegionFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory(contact_name="旧联系人", office_address="旧地址")


def opened(client, company):
    """The address of the page and its form's values, as a browser would send them."""
    url = reverse("admin:registry_company_change", args=[company.pk])
    form = client.get(url).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return url, {name: value for name, value in values.items() if value not in (None, False)}


def test_what_somebody_else_saved_is_taken_in_and_what_was_typed_stays(company):
    user = UserFactory(role=Role.COMPANY, company=company)
    client = client_of(user)
    url, data = opened(client, company)
    region = RegionFactory()
    company.contact_name, company.region = "新联系人", region
    company.save()
    refused = client.post(url, data | {"office_address": "新地址"})
    form = refused.context["adminform"].form
    page = refused.content.decode()
    assert (form["contact_name"].value(), form["office_address"].value()) == ("新联系人", "新地址")
    assert str(form["region"].value()) == str(region.pk)
    assert "从“旧联系人”改为“新联系人”" in page
    assert Company.objects.get(pk=company.pk).office_address == "旧地址", "nothing is saved the first time"
    again = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    assert client.post(url, again).status_code == 302
    saved = Company.objects.get(pk=company.pk)
    assert (saved.contact_name, saved.office_address, saved.region) == ("新联系人", "新地址", region)


def test_where_both_changed_one_field_both_values_are_named(company):
    client = client_of(UserFactory(role=Role.COMPANY, company=company))
    url, data = opened(client, company)
    company.contact_name = "别人写的"
    company.save()
    refused = client.post(url, data | {"contact_name": "我写的"})
    assert refused.context["adminform"].form["contact_name"].value() == "我写的"
    page = refused.content.decode()
    assert "别人写的" in page
    assert "我写的" in page
