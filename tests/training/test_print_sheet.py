"""The enrolment detail sheet: what stands on it, as page and as PDF."""

import datetime
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core import printing
from backoffice.roles import Role
from tests.enrolments import EnrolmentFactory, EnrolmentLineFactory, advance
from tests.factories import CertificateFactory, CompanyFactory, TrainingClassFactory, UserFactory
from training.models import Enrolment
from training.printing import sheets_of

pytestmark = pytest.mark.django_db
Door = Callable[[Any], Client]


def address(enrolment: Enrolment, act: str = "print_sheet") -> str:
    return reverse(f"admin:training_enrolment_{act}", args=[enrolment.pk])


def a_clerk(enrolment: Enrolment) -> Any:
    return UserFactory(role=Role.COMPANY, company=enrolment.company)


def words(response: Any) -> str:
    """The text of the page or PDF without spaces: a line may be broken anywhere."""
    if response["Content-Type"] == "application/pdf":
        reader = pypdf.PdfReader(io.BytesIO(response.content))
        text = "".join(page.extract_text() for page in reader.pages)
    else:
        text = re.sub(r"<[^>]+>", "", response.content.decode())
    return re.sub(r"[\s\u200b]", "", text)


@pytest.fixture(params=["print_sheet", "print_pdf"])
def act(request: pytest.FixtureRequest) -> str:
    return request.param


def varied() -> Enrolment:
    """A draft with a lapsed renewal, one with change of employer, an upgrade, and a waived second certificate."""
    enrolment = EnrolmentFactory(people=1)
    company = enrolment.company
    today = datetime.date.today()

    def held(kind: str, **values: Any) -> Any:
        return CertificateFactory(person__company=company, printed_company=company.name, type=kind, **values)

    lapsed = held(
        "ENGINEER", issue_date=datetime.date(2015, 3, 1), expiry_date=today - datetime.timedelta(days=30)
    )
    EnrolmentLineFactory(enrolment=enrolment, certificate=lapsed)
    moved = CertificateFactory(
        person__company=company, printed_company="佛山旧监理有限公司", type="SUPERVISOR"
    )
    EnrolmentLineFactory(
        enrolment=enrolment, certificate=moved, matter="RENEWAL_CHANGE", new_employer=company,
        change_remark="原单位：佛山旧监理有限公司",
    )  # fmt: skip
    EnrolmentLineFactory(
        enrolment=enrolment, certificate=held("SUPERVISOR"), category="ENGINEER", matter="UPGRADE"
    )
    first = held("SUPERVISOR")
    EnrolmentLineFactory(enrolment=enrolment, certificate=first)
    second = CertificateFactory(person=first.person, printed_company=company.name, type="SAFETY")
    EnrolmentLineFactory(enrolment=enrolment, certificate=second, is_waived=True)
    return enrolment


def test_every_field_of_the_enrolment_and_its_lines_is_printed(signed_in: Door, act: str) -> None:
    enrolment = advance(varied(), "submit")
    text = words(signed_in(a_clerk(enrolment)).get(address(enrolment, act)))
    held = enrolment.training_class
    expected = [
        enrolment.company.name, held.title, held.get_type_display(), held.get_mode_display(), str(enrolment.local_body),
        enrolment.contact_name, enrolment.contact_phone, enrolment.number, "佛山旧监理有限公司",
    ]  # fmt: skip
    for line in enrolment.lines.select_related("person", "certificate"):
        expected += [line.name, line.id_number, line.certificate_number, line.person.get_gender_display()]
        expected += [line.get_category_display(), line.get_matter_display(), line.expiry_date.isoformat()]
        expected.append(line.certificate.issue_date.isoformat())
    for value in expected:
        assert re.sub(r"\s", "", value) in text, value


def test_fees_stand_by_kind_and_sum_up(signed_in: Door, act: str) -> None:
    enrolment = advance(varied(), "submit")
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    fees = [row[-5:] for row in form.rows]
    assert fees == [
        ["300", "", "", "", "300"],
        ["300", "100", "", "", "400"],
        ["300", "", "", "20", "320"],
        ["300", "", "20", "", "320"],
        ["300", "", "", "", "300"],
        ["", "", "", "", "0"],
    ]
    assert list(form.totals) == ["1,500", "100", "20", "20", "1,640"]
    text = words(signed_in(a_clerk(enrolment)).get(address(enrolment, act)))
    assert "壹仟陆佰肆拾元整" in text
    assert "¥1,640.00" in text
    assert enrolment.bill.total == Decimal(1640)


def test_a_practice_sheet_has_tuition_and_no_certificates() -> None:
    held = TrainingClassFactory(type="PRACTICE", category="SUPERVISOR", tuition=Decimal("580.50"))
    enrolment = EnrolmentFactory(training_class=held)
    person = CertificateFactory(person__company=enrolment.company, type="SAFETY").person
    EnrolmentLineFactory(
        enrolment=enrolment, certificate=None, person=person, category="SUPERVISOR", matter="PRACTICE"
    )
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert form.rows[0][-3:] == ["300", "580.50", "880.50"]
    assert dict(form.sums).popitem()[1] == "¥880.50"
    assert next(iter(form.sums))[1] == "捌佰捌拾元伍角整"
    assert not any("-" in str(cell) for cell in form.rows[0])  # no dates


def test_what_was_submitted_is_printed_though_the_register_changed_since() -> None:
    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    line = enrolment.lines.get()
    person = line.person
    person.name = "后来改名"
    person.save()
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert form.rows[0][1] == line.name


def test_a_draft_says_what_the_register_says_today() -> None:
    enrolment = EnrolmentFactory(people=1)
    person = enrolment.lines.get().person
    person.name = "后来改名"
    person.save()
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert form.rows[0][1] == "后来改名"


def test_prices_asked_for_stay_when_the_schedule_changes() -> None:
    from fees.models import FeeSchedule

    enrolment = EnrolmentFactory(people=1, at="LOCAL_REVIEW")
    FeeSchedule.objects.update(yearly_dues=Decimal(200))
    assert sheets_of([enrolment], a_clerk(enrolment))[0].rows[0][-1] == "300"
    draft = EnrolmentFactory(people=1)
    assert sheets_of([draft], a_clerk(draft))[0].rows[0][-1] == "600"


def test_a_returned_enrolment_is_priced_anew_and_marked_as_draft() -> None:
    enrolment = advance(EnrolmentFactory(people=2, at="LOCAL_REVIEW"), "local_return")
    enrolment.lines.first().delete()
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert len(form.rows) == 1
    assert form.totals[-1] == "300"
    assert form.stamp


@pytest.mark.parametrize(("at", "is_stamped"), [("DRAFT", True), ("LOCAL_REVIEW", False), ("CONFIRMED", False),
                                                ("CANCELLED", True)])  # fmt: skip
def test_only_a_draft_and_a_cancelled_one_are_stamped(
    at: str, is_stamped: bool, signed_in: Door, act: str
) -> None:
    enrolment = EnrolmentFactory(people=1, at=at)
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert bool(form.stamp) is is_stamped
    text = words(signed_in(a_clerk(enrolment)).get(address(enrolment, act)))
    if is_stamped:
        assert re.sub(r"\s", "", form.stamp) in text
    assert re.sub(r"\s", "", str(enrolment.get_state_display())) in text


def test_an_empty_draft_prints_without_a_line(signed_in: Door, act: str) -> None:
    enrolment = EnrolmentFactory()
    assert signed_in(a_clerk(enrolment)).get(address(enrolment, act)).status_code == 200


def test_without_a_schedule_in_force_the_sheet_prints_without_prices() -> None:
    from fees.models import FeeSchedule

    enrolment = EnrolmentFactory(people=1)
    FeeSchedule.objects.all().delete()
    assert sheets_of([enrolment], a_clerk(enrolment))[0].rows[0][-1] == "0"


def test_a_dropped_person_is_marked() -> None:
    enrolment = EnrolmentFactory(people=1, at="CONFIRMED")
    line = enrolment.lines.get()
    from backoffice.core.engine import perform

    perform(line, "drop", by=UserFactory(role=Role.TRAINING), opinion="不参加")
    line = enrolment.lines.get()
    assert str(line.get_state_display()) in " ".join(
        map(str, sheets_of([enrolment], a_clerk(enrolment))[0].rows[0])
    )


def test_the_code_leads_to_the_enrolment(settings: Any) -> None:
    settings.SITE_URL = "https://member.example.cn"
    enrolment = EnrolmentFactory(people=1)
    (form,) = sheets_of([enrolment], a_clerk(enrolment))
    assert form.url == f"https://member.example.cn/admin/training/enrolment/{enrolment.pk}/change/"
    assert form.qr.startswith("<svg")


def test_names_that_look_like_markup_are_printed_as_they_are(signed_in: Door, act: str) -> None:
    name = "#panic(1)*$\\<b>&"
    company = CompanyFactory(name="广东#*[甲]$_@监理有限公司")
    enrolment = EnrolmentFactory(company=company, people=1)
    person = enrolment.lines.get().person
    person.name = name
    person.save()
    response = signed_in(a_clerk(enrolment)).get(address(enrolment, act))
    if act == "print_sheet":
        assert b"<b>" not in response.content
        assert b"&lt;b&gt;" in response.content
    else:
        assert name in words(response)
        assert company.name in words(response)


def test_a_character_no_font_has_is_named_on_the_page_before_printing(signed_in: Door, act: str) -> None:
    enrolment = EnrolmentFactory(people=2)
    person = enrolment.lines.first().person
    person.name = "李\ue123明"
    person.save()
    text = words(signed_in(a_clerk(enrolment)).get(address(enrolment, act)))
    assert "U+E123" in text
    assert "〓" in text
    other = EnrolmentFactory(company=enrolment.company, people=1)
    assert "U+E123" not in words(signed_in(a_clerk(enrolment)).get(address(other, act)))


@pytest.fixture
def no_font(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(printing, "FAMILIES", ("No Such Font",))
    printing.press.cache_clear()
    yield
    printing.press.cache_clear()


@pytest.mark.usefixtures("no_font")
def test_without_a_font_the_page_prints_and_says_why_there_is_no_pdf(signed_in: Door) -> None:
    enrolment = EnrolmentFactory(people=1)
    client = signed_in(a_clerk(enrolment))
    page = client.get(address(enrolment))
    assert page.status_code == 200
    assert "fonts-noto-cjk" in page.content.decode()
    assert address(enrolment, "print_pdf") not in page.content.decode()
    answer = client.get(address(enrolment, "print_pdf"), follow=True)
    assert answer.redirect_chain[-1][0] == address(enrolment)
    assert "fonts-noto-cjk" in answer.content.decode()


def test_the_page_runs_no_script_of_its_own(signed_in: Door) -> None:
    enrolment = EnrolmentFactory(people=1)
    page = signed_in(a_clerk(enrolment)).get(address(enrolment)).content.decode()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert not re.search(r"\son[a-z]+=", page)


def test_the_file_name_says_nothing_of_people(signed_in: Door) -> None:
    enrolment = EnrolmentFactory(people=1)
    response = signed_in(a_clerk(enrolment)).get(address(enrolment, "print_pdf"))
    assert f"{enrolment.number}.pdf" in response["Content-Disposition"]
    assert response["Content-Disposition"].startswith("inline")
    assert "no-store" in response["Cache-Control"]


def test_the_sheet_takes_as_many_queries_for_thirty_people_as_for_three(
    signed_in: Door, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for people in (3, 30):
        enrolment = EnrolmentFactory(people=people)
        client = signed_in(a_clerk(enrolment))
        client.get(address(enrolment))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(address(enrolment))
        counts.append(len(queries))
    assert counts[0] == counts[1]
