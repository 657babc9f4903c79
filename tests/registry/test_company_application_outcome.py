"""What the steps of a company application bring about: the company, its first user, the messages."""

import pytest
from django.utils import timezone, translation

from backoffice.accounts.models import User
from backoffice.core.links import address_of
from backoffice.core.models import Attachment, Message
from backoffice.core.outbox import text_of
from backoffice.roles import Role
from registry.flows.company_application import S
from registry.models import Company, CompanyApplication
from tests.factories import CompanyApplicationFactory, actor, give_papers, take
from tests.files.images import jpeg
from tests.registry.application_tools import OPINION, last_message, told

pytestmark = pytest.mark.django_db
FORMAL, TEMPORARY = CompanyApplication.Purpose.FORMAL, CompanyApplication.Purpose.TEMPORARY


@pytest.fixture(autouse=True)
def in_english() -> None:
    translation.activate("en")


def test_approval_creates_the_company_with_everything_the_application_says() -> None:
    application = CompanyApplicationFactory(at=S.APPROVED)
    company = Company.objects.get(credit_code=application.credit_code)
    assert application.company == company
    for field in ("name", "region", "office_address", "contact_name", "contact_phone", "email"):
        assert getattr(company, field) == getattr(application, field)
    assert company.status == "ACTIVE"
    assert company.information_officer == application.login_name  # manual ch. 1-2: by default the login name
    assert company.missing_fields() == []


def test_a_formal_member_pays_dues_from_the_day_of_approval() -> None:
    company = CompanyApplicationFactory(purpose=FORMAL, at=S.APPROVED).company
    assert (company.membership, company.dues_from) == ("FORMAL", timezone.localdate())


def test_a_temporary_member_pays_none() -> None:
    company = CompanyApplicationFactory(purpose=TEMPORARY, at=S.APPROVED).company
    assert (company.membership, company.dues_from) == ("TEMPORARY", None)


def test_history_names_the_reviewer_who_admitted_the_company() -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    reviewer = actor(application, Role.OFFICE)
    (line,) = take(application, "approve").company.history.all()
    assert line.history_user == reviewer
    assert line.history_change_reason


def test_the_pictures_are_on_the_companys_profile_and_are_the_same_stored_files() -> None:
    application = CompanyApplicationFactory(papers=False)
    given = give_papers(application, "LICENCE", "QUALIFICATION", content=jpeg())
    company = take(application, "submit", "approve").company
    assert [(copy.kind_id, copy.file.name) for copy in Attachment.of(company)] == [
        (paper.kind_id, paper.file.name) for paper in given
    ]


def test_the_first_user_manages_the_others_and_waits_for_the_activation() -> None:
    application = CompanyApplicationFactory(at=S.APPROVED)
    user = User.objects.get(username=application.login_name)
    assert (user.role, user.company, user.is_manager) == (Role.COMPANY, application.company, True)
    assert (user.name, user.email, user.phone) == (
        application.contact_name, application.email, application.contact_phone,
    )  # fmt: skip
    assert not user.has_usable_password()


def test_the_activation_goes_out_by_mail_and_text_message() -> None:
    application = CompanyApplicationFactory(at=S.OFFICE_REVIEW)
    before = last_message()
    take(application, "approve")
    links = Message.objects.filter(pk__gt=before, secret=True)
    assert set(links.values_list("channel", "recipient")) == {
        ("MAIL", application.email), ("SMS", application.contact_phone),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("way", "by_phone"),
    [(("submit",), False), (("submit", "office_return"), True), (("submit", "approve"), True), (("withdraw",), False),
     (("submit", "withdraw"), False)],
)  # fmt: skip
def test_the_applicant_is_told_at_each_step(way: tuple[str, ...], by_phone: bool) -> None:
    application = take(CompanyApplicationFactory(), *way[:-1])
    before = last_message()
    take(application, way[-1])
    phone = {("SMS", application.contact_phone)} if by_phone else set()
    assert told(before) == {("MAIL", application.email)} | phone


def test_a_returned_application_is_corrected_by_the_link_and_approved() -> None:
    application = take(CompanyApplicationFactory(), "submit", "office_return", opinion=OPINION)
    mail = Message.objects.filter(recipient=application.email).latest("pk")
    assert OPINION in mail.body
    assert address_of(application) in text_of(mail)[1]
    assert address_of(application) not in mail.body
    CompanyApplication.objects.filter(pk=application.pk).update(office_address="佛山市禅城区季华路1号")
    application = take(application, "submit", "approve")
    assert application.company.office_address == "佛山市禅城区季华路1号"
    assert User.objects.filter(company=application.company).count() == 1
