"""Home, plan of classes, contacts, how-to: what they show, what they do not, and how little it costs."""

import datetime
import gzip
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from backoffice.public.templatetags.public_text import tel
from backoffice.roles import Role
from tests.factories import (
    AnnouncementFactory,
    CertificateFactory,
    HelpRequestFactory,
    LocalBodyFactory,
    TrainingClassFactory,
    UserFactory,
)
from training.models import TrainingClass

pytestmark = pytest.mark.django_db
PAGES = ["home", "announcements", "classes", "contacts", "howto", "check", "help"]
S = TrainingClass.State


def address(name: str) -> str:
    return reverse(f"public:{name}")


# --- Every page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_in_both_languages_with_a_switch(client, settings, name, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    response = client.get(address(name))
    page = response.content.decode()
    assert response.status_code == 200
    assert f'<html lang="{language}"' in page
    assert reverse("set_language") in page
    assert f'name="next" type="hidden" value="{address(name)}"' in page or f'value="{address(name)}"' in page


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_small_and_has_no_inline_script_or_style_and_no_foreign_host(read, name):
    page = read(address(name))
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    paths = [Path(finders.find(file.removeprefix("/static/"))) for file in files]
    size = sum(len(gzip.compress(path.read_bytes())) for path in paths)
    assert size + len(gzip.compress(page.encode())) < 60_000
    assert "unfold" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_read_the_public_pages(signed_in, role):
    client = signed_in(UserFactory(role=role))
    assert {client.get(address(name)).status_code for name in PAGES} == {200}


def test_pages_that_are_only_read_take_no_post(client):
    assert {client.post(address(name)).status_code for name in PAGES[:5]} == {405}


# --- Home ---------------------------------------------------------------------------------------------


def test_home_leads_to_the_four_things_people_come_for(read):
    page = read(address("home"))
    for name in (
        "public:check",
        "admin:index",
        "public:classes",
        "public:contacts",
        "public:howto",
        "public:help",
    ):
        assert f'href="{reverse(name)}"' in page


def test_home_shows_pinned_announcements_first_and_no_drafts_or_later_ones(read):
    AnnouncementFactory(
        title="older pinned", is_pinned=True, published_at=timezone.now() - datetime.timedelta(9)
    )
    AnnouncementFactory(title="newest")
    AnnouncementFactory(title="a draft", is_published=False)
    AnnouncementFactory(title="for tomorrow", published_at=timezone.now() + datetime.timedelta(1))
    page = read(address("home"))
    assert 0 < page.index("older pinned") < page.index("newest")
    assert "a draft" not in page
    assert "for tomorrow" not in page


def test_home_shows_what_is_known_of_an_open_class(read):
    TrainingClassFactory(
        title="第三期", mode="FACE_TO_FACE", category="SAFETY", local_body__name_en="Nanhai Association",
        start_date=timezone.localdate(), capacity=77, tuition=Decimal("450.50"),
    )  # fmt: skip
    page = read(address("home"))
    for shown in ("第三期", "Face to face", "Safety officer", "Practice training", "Nanhai Association", "450.50",
                  "77 of 77 free", f"{timezone.localdate():%Y-%m-%d}"):  # fmt: skip
        assert shown in page


@pytest.mark.parametrize("state", [S.PLANNED, S.CLOSED, S.IN_PROGRESS, S.FINISHED, S.CANCELLED])
@pytest.mark.parametrize("name", ["home", "classes"])
def test_only_open_classes_are_shown(read, state, name):
    TrainingClassFactory(title="not open", state=state)
    assert "not open" not in read(address(name))


def test_a_class_that_has_ended_is_not_shown_even_if_nobody_closed_it(read):
    TrainingClassFactory(title="long over", start_date=timezone.localdate() - datetime.timedelta(30))
    assert "long over" not in read(address("home"))


def test_home_shows_six_classes_and_leads_to_the_others(read):
    TrainingClassFactory.create_batch(7)
    page = read(address("home"))
    assert page.count('class="pub-card"') == 6
    assert "Show all open classes" in page


def test_an_empty_home_says_what_to_do(read):
    page = read(address("home"))
    assert "No class is open for enrolment at the moment." in page
    assert "There are no announcements at the moment." in page


@pytest.mark.parametrize(
    ("name", "most"), [("home", 2), ("classes", 3), ("announcements", 2), ("contacts", 1)]
)
def test_queries_stay_few_and_the_same_however_much_there_is(
    client, django_assert_max_num_queries, name, most
):
    for count in (3, 30):
        AnnouncementFactory.create_batch(count)
        TrainingClassFactory.create_batch(count)
        with django_assert_max_num_queries(most):
            client.get(address(name))


# --- The plan of classes ------------------------------------------------------------------------------


def test_the_plan_can_be_narrowed_by_body_and_type(read):
    body = LocalBodyFactory(code="GZ")
    TrainingClassFactory(title="here and practice", local_body=body)
    TrainingClassFactory(title="here and continuing", local_body=body, type="CONTINUING")
    TrainingClassFactory(title="elsewhere")
    page = read(address("classes"), body="GZ", type="PRACTICE")
    assert "here and practice" in page
    assert "here and continuing" not in page
    assert "elsewhere" not in page
    assert "elsewhere" not in read(address("classes"), body="GZ")


def test_the_plan_offers_the_bodies_that_have_an_open_class(read):
    TrainingClassFactory(local_body__code="OPEN1")
    TrainingClassFactory(local_body__code="SHUT1", state=S.CLOSED)
    page = read(address("classes"))
    assert 'value="OPEN1"' in page
    assert "SHUT1" not in page


def test_a_choice_nothing_fits_says_so_and_leads_back(read):
    TrainingClassFactory()
    page = read(address("classes"), body="NOWHERE")
    assert "No open class fits this choice." in page


@pytest.mark.parametrize(
    "query",
    [{"page": "999"}, {"page": "x"}, {"type": "'; --"}, {"body": "a\0b"}, {"body": "<script>alert(1)</script>"},
     {"page": "-1", "body": "9" * 999}],
)  # fmt: skip
def test_a_mad_address_is_answered_calmly(read, query):
    TrainingClassFactory()
    assert "<script>alert" not in read(address("classes"), **query)


# --- Contacts, how-to ---------------------------------------------------------------------------------


def test_contacts_show_active_bodies_with_a_number_to_tap(read):
    LocalBodyFactory(
        name_en="Foshan Association", contact_name="何伟强", phone="0757-8000 0105", address="季华七街12号",
        email="fs@example.org",
    )  # fmt: skip
    LocalBodyFactory(name_en="Closed Association", is_active=False)
    page = read(address("contacts"))
    for shown in (
        "Foshan Association",
        "何伟强",
        'href="tel:075780000105"',
        "季华七街12号",
        "mailto:fs@example.org",
    ):
        assert shown in page
    assert "Closed Association" not in page


@pytest.mark.parametrize(
    ("typed", "address"),
    [("020-80000101", "tel:02080000101"), ("020-80000101、80000102", "tel:02080000101"), ("无", ""), ("", ""),
     ("+86 20 8000 0101", "tel:+862080000101"), ("javascript:alert(1)", "")],
)  # fmt: skip
def test_a_phone_number_becomes_an_address_of_digits(typed, address):
    assert tel(typed) == address


def test_the_how_to_answers_every_audience_and_leads_on(read):
    page = read(address("howto"))
    for part in ("member", "follow", "sign-in", "company", "review", "changes", "bodies", "ask"):
        assert f'id="{part}"' in page
        assert f'href="#{part}"' in page
    for name in ("public:help", "public:contacts", "accounts:code", "accounts:reset", "admin:login"):
        assert f'href="{reverse(name)}"' in page


def test_nothing_of_members_stands_on_public_pages(read):
    certificate, asked = CertificateFactory(), HelpRequestFactory()
    person = certificate.person
    for name in PAGES:
        page = read(address(name))
        for secret in (
            certificate.number,
            person.name,
            person.id_number,
            person.phone,
            person.company.name,
            asked.name,
        ):
            assert secret not in page


# --- Errors -------------------------------------------------------------------------------------------


def test_a_wrong_address_gets_our_page_with_ways_on(english):
    response = english.get("/nowhere/")
    page = response.content.decode()
    assert response.status_code == 404
    assert "Page not found" in page
    assert reverse("public:help") in page
    assert "pub-error-page" in page


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_neither_request_nor_database(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = render_to_string(f"{name}.html")
    assert reverse("public:help") in page
    assert 'href="/"' in page


def test_an_old_form_gets_a_sentence_that_says_what_to_do(settings):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = strict.post(address("check"), {"number": "A12345", "name": "x"})
    assert response.status_code == 403
    assert "The page was open for too long" in response.content.decode()


# --- Dead ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["admin:login", "accounts:code", "accounts:reset", "accounts:reset_done"])
def test_pages_around_sign_in_lead_to_help_and_home(read, page):
    text = read(reverse(page))
    assert f'href="{reverse("public:help")}?topic=SIGN_IN"' in text
    assert f'href="{reverse("public:home")}"' in text


@pytest.mark.parametrize("page", ["admin:login", "public:home"])
@pytest.mark.parametrize("name", ["check", "apply_person", "apply_company"])
def test_sign_in_and_home_lead_to_the_applications_and_the_check(read, page, name):
    assert f'href="{address(name)}"' in read(reverse(page))


def test_a_dead_link_leads_to_help(english):
    response = english.get(reverse("accounts:activate", args=["MQ", "x-y"]), follow=True)
    assert f'href="{reverse("public:help")}?topic=SIGN_IN"' in response.content.decode()


def test_the_lock_out_page_leads_to_help(english, settings):
    for _try in range(settings.AXES_FAILURE_LIMIT + 1):
        response = english.post(reverse("admin:login"), {"username": "nobody", "password": "wrong"})
    assert f'href="{reverse("public:help")}?topic=SIGN_IN"' in response.content.decode()
