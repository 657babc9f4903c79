"""A history begins at one's own scope and ends there: companies and members do not read each other's past."""

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import TransitionLog
from backoffice.core.spans import Span, spans_of
from backoffice.roles import Role
from registry.models import Company, Person
from registry.services import move_certificates_of
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    UserFactory,
    client_of,
    take,
)

pytestmark = pytest.mark.django_db


def changed(record: Any, reason: str, **values: Any) -> None:
    for name, value in values.items():
        setattr(record, name, value)
    record._change_reason = reason
    record.save(update_fields=[*values])


def moved(person: Person, company: Company | None, reason: str) -> None:
    changed(person, reason, company=company)
    move_certificates_of(person)


@pytest.fixture(scope="module")
def lives(kept_for_file: Path) -> SimpleNamespace:
    """A person with the old employer, then with the new one, then with the old one again."""
    old, new = CompanyFactory(name="广东旧东家监理有限公司"), CompanyFactory(name="广东新东家监理有限公司")
    changed(old, "甲期", contact_name="甲联系")
    person = PersonFactory(company=old, phone="13800000001")
    certificate = CertificateFactory(person=person)
    changed(person, "旧东家改电话", phone="13811110001")
    changed(certificate, "旧东家备注", remark="旧备注")
    changed(old, "乙期", contact_name="乙联系")
    moved(person, new, "调往新东家，因与旧东家不和")
    changed(old, "丙期", contact_name="丙联系")
    changed(person, "新东家改电话", phone="13822220002")
    changed(certificate, "新东家备注", remark="新备注")
    users = {company: UserFactory(role=Role.COMPANY, company=company) for company in (old, new)}
    return SimpleNamespace(
        old=old, new=new, person=person, certificate=certificate, of_old=users[old], of_new=users[new],
        member=UserFactory(role=Role.PERSON, person=person), office=UserFactory(role=Role.OFFICE),
    )  # fmt: skip


def history(user: Any, record: Any) -> str:
    """The history page and the tab on the record's own page, which say the same."""
    found = [f"admin:registry_{record._meta.model_name}_{act}" for act in ("history", "change")]
    page, record_page = (client_of(user).get(reverse(name, args=[record.pk])) for name in found)
    tab = next(entry for entry in record_page.context["panels"] if entry["panel"].key == "history")
    assert tab["entries"] == page.context["entries"]
    return "\n".join(map(str, page.context["entries"]))


def test_a_new_employer_reads_nothing_of_the_old_ones_time(lives: SimpleNamespace) -> None:
    text = history(lives.of_new, lives.person)
    assert "新东家改电话" in text
    assert "13822220002" in text
    for told in ("旧东家改电话", "13800000001", "因与旧东家不和", "广东旧东家"):
        assert told not in text
    text = history(lives.of_new, lives.certificate)
    assert "新备注" in text
    assert "旧东家备注" not in text


def test_what_it_was_when_it_came_is_the_first_line(lives: SimpleNamespace) -> None:
    text = history(lives.of_new, lives.person)
    assert "转入" in text
    assert "13811110001" in text  # the phone it came with


def test_the_office_reads_all_of_it(lives: SimpleNamespace) -> None:
    text = history(lives.office, lives.person)
    assert all(told in text for told in ("旧东家改电话", "因与旧东家不和", "新东家改电话"))


def test_an_employer_to_whom_somebody_returns_reads_both_times_of_its_own(lives: SimpleNamespace) -> None:
    moved(lives.person, lives.old, "调回")
    changed(lives.person, "回来后改", title="工程师")
    text = history(lives.of_old, lives.person)
    assert all(told in text for told in ("旧东家改电话", "回来后改"))
    for told in ("新东家改电话", "广东新东家", "因与旧东家不和"):
        assert told not in text


def test_a_member_reads_the_employers_history_while_employed_there(lives: SimpleNamespace) -> None:
    text = history(lives.member, lives.new)
    assert "甲联系" not in text
    changed(lives.new, "任职期间", contact_name="丁联系")
    assert "丁联系" in history(lives.member, lives.new)
    moved(lives.person, lives.old, "调回")
    text = history(lives.member, lives.old)
    assert "乙联系" in text
    for told in ("甲期", "丙期", "丙联系"):
        assert told not in text


def test_the_own_record_has_its_whole_history(lives: SimpleNamespace) -> None:
    assert "旧东家改电话" in history(lives.member, lives.person)
    assert spans_of(lives.person, lives.member) is None
    assert spans_of(lives.old, lives.of_old) is None


def test_after_a_merge_the_kept_company_reads_what_the_other_one_read(lives: SimpleNamespace) -> None:
    double = CompanyFactory()
    person = PersonFactory(company=double)
    changed(person, "在重复单位时", title="工程师")
    Company.objects.filter(pk=double.pk).update(merged_into=lives.new)
    moved(person, lives.new, "合并")
    assert "在重复单位时" in history(lives.of_new, person)


def test_an_applicant_who_changes_the_employer_takes_no_opinions_along() -> None:
    application = take(
        PersonalApplicationFactory(at="COMPANY_REVIEW"), "company_return", opinion="此人有劳动纠纷"
    )
    first, second = application.company, CompanyFactory()
    application.company = second
    application.save()
    application = take(application, "submit", "company_approve")
    TransitionLog.objects.filter(step="started").update(at=timezone.now() - datetime.timedelta(days=3))
    url = reverse("admin:registry_personalapplication_change", args=[application.pk])
    reader = UserFactory(role=Role.COMPANY, company=second)
    page = client_of(reader).get(url)
    trail = [line.opinion for line in page.context["flow_trail"]]
    assert trail
    assert "此人有劳动纠纷" not in trail
    assert first.name not in page.content.decode()


def test_spans_have_a_beginning_and_an_end(lives: SimpleNamespace) -> None:
    (span,) = spans_of(lives.person, lives.of_old) or []
    assert span.until is not None
    assert span.since < span.until
    (span,) = spans_of(lives.person, lives.of_new) or []
    assert span == Span(span.since)
