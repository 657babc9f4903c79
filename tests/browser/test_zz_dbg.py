import pytest
from django.urls import reverse
from backoffice.roles import Role
from tests.factories import *
from tests.browser.conftest import *
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
def test_x(page, enter):
    enter(UserFactory(role=Role.OFFICE))
    page.goto(reverse("admin:registry_certificate_add"))
    print(page.evaluate("[...document.scripts].map(s=>s.src)"))
    print(page.evaluate("[...document.querySelectorAll('select.select2-hidden-accessible')].map(s=>[s.id, s.labels.length, s.nextElementSibling?.outerHTML.slice(0,400)])"))
    print(page.evaluate("document.querySelector('.field-person, .field-line').outerHTML.slice(0,3000)"))
