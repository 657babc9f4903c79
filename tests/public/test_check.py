"""Certificate check: number and name together; a wrong pair tells nothing; nothing personal anywhere else."""

import datetime
import logging

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.public.throttle import CHECKS
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory

pytestmark = pytest.mark.django_db
CHECK = "/check/"
NEUTRAL = "No certificate fits this number together with this name."


@pytest.fixture
def certificate():
    company = CompanyFactory(name="广东建科监理有限公司")
    return CertificateFactory(number="A12400001", person=PersonFactory(name="李伟强", company=company))


@pytest.fixture
def look_up(english):
    def answer(number: str, name: str) -> str:
        response = english.post(CHECK, {"number": number, "name": name})
        assert response.status_code == 200
        return response.content.decode()

    return answer


def test_the_address_is_the_one_printed_on_certificates():
    assert reverse("public:check") == CHECK


def test_the_right_pair_shows_type_validity_and_employer_and_no_more(certificate, look_up):
    page = look_up("A12400001", "李伟强")
    for shown in (
        "Specialised supervision engineer",
        ">Valid<",
        "广东建科监理有限公司",
        f"{certificate.expiry_date:%Y-%m-%d}",
    ):
        assert shown in page
    person = certificate.person
    for hidden in (person.id_number, person.phone, f"{person.birthday:%Y-%m-%d}", certificate.specialty.name,
                   f"{certificate.issue_date:%Y-%m-%d}", certificate.company.credit_code):  # fmt: skip
        assert hidden not in page


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("ａ１２４００００１", "李伟强"),
        (" A124 00001 ", "李 伟强"),
        ("a12400001", "李　伟强"),
        ("A12400001\u200b", "\ufeff李伟强"),
    ],
)
def test_however_it_is_typed(certificate, look_up, number, name):
    assert "This certificate is in our register" in look_up(number, name)


def test_a_latin_name_may_be_typed_in_full_width_or_small_letters(look_up):
    CertificateFactory(number="A12400002", person=PersonFactory(name="John Smith"))
    assert "This certificate is in our register" in look_up("A12400002", "ｊｏｈｎ　SMITH")


@pytest.mark.parametrize(
    ("number", "name"),
    [("A12400001", "李伟"), ("A12400001", "李伟强2"), ("A12400001", "%"), ("A12499999", "李伟强"),
     ("A124000", "李伟强"), ("A12499999", "谁")],
)  # fmt: skip
def test_a_wrong_pair_gets_one_sentence_that_tells_neither_part(certificate, look_up, number, name):
    page = look_up(number, name)
    assert NEUTRAL in page
    assert "广东建科监理有限公司" not in page


def test_a_wrong_name_and_a_wrong_number_cost_the_same(certificate, english, django_assert_num_queries):
    for number, name in (("A12400001", "谁"), ("A12499999", "李伟强")):
        with django_assert_num_queries(2):  # counts the request, looks the certificate up
            english.post(CHECK, {"number": number, "name": name})


@pytest.mark.parametrize(
    ("fields", "shown"),
    [({"status": "CANCELLED"}, ">Cancelled<"), ({"status": "SUPERSEDED"}, ">Superseded<"),
     ({"status": "REPLACED"}, ">Replaced<"),
     ({"issue_date": datetime.date(2015, 1, 1)}, ">Expired<"),
     ({"status": "CANCELLED", "issue_date": datetime.date(2015, 1, 1)}, ">Cancelled<")],
)  # fmt: skip
def test_the_validity_is_told_as_it_is(look_up, fields, shown):
    CertificateFactory(number="B100", person=PersonFactory(name="张三"), **fields)
    assert shown in look_up("B100", "张三")


def test_the_last_day_still_counts(look_up):
    CertificateFactory(number="B101", person=PersonFactory(name="张三"), expiry_date=timezone.localdate())
    assert ">Valid<" in look_up("B101", "张三")


def test_after_a_move_both_employers_are_named(look_up):
    CertificateFactory(number="B102", person=PersonFactory(name="张三"), printed_company="老东家监理公司")
    page = look_up("B102", "张三")
    assert "老东家监理公司" in page
    assert "Employer in our register" in page


def test_nothing_that_was_typed_stands_in_an_address(certificate, english):
    response = english.get(CHECK, {"number": "A12400001", "name": "李伟强"})
    assert "This certificate is in our register" not in response.content.decode()
    answered = english.post(CHECK, {"number": "A12400001", "name": "李伟强"})
    assert answered.status_code == 200
    assert "no-store" in answered["Cache-Control"]


def test_each_look_up_is_logged_without_personal_data(certificate, look_up, caplog):
    with caplog.at_level(logging.INFO, logger="backoffice"):
        look_up("A12400001", "李伟强")
        look_up("A12400001", "谁")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["certificate check: found", "certificate check: not found"]


def test_too_many_look_ups_wait_and_what_was_typed_stays(certificate, english):
    for _n in range(CHECKS.count):
        english.post(CHECK, {"number": "A12400001", "name": "谁"})
    response = english.post(CHECK, {"number": "A12400001", "name": "李伟强"})
    page = response.content.decode()
    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 600
    assert "try again in 10 minutes" in page
    assert 'value="A12400001"' in page
    assert "广东建科监理有限公司" not in page


def test_an_empty_form_costs_nothing_of_the_limit(certificate, english, look_up):
    for _n in range(CHECKS.count + 5):
        english.post(CHECK, {"number": "", "name": ""})
    assert "This certificate is in our register" in look_up("A12400001", "李伟强")


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "A\0B", "' OR 1=1 --", "9" * 10_000, "𠮷" * 50]
)
def test_hostile_input_is_answered_calmly(english, hostile):
    for data in ({"number": hostile, "name": "李"}, {"number": "A12400001", "name": hostile}):
        response = english.post(CHECK, data)
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()
