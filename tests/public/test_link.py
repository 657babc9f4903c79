"""The page behind a signed link: where an application stands, for nobody but its applicant."""

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.links import SIGNER, new_key, record_of, token_of
from backoffice.core.models import Attachment, Task
from backoffice.core.trail import last_log_id
from backoffice.public.views_link import WRONG_LINKS
from registry.models import PersonalApplication
from tests.factories import (
    CompanyApplicationFactory,
    PersonalApplicationFactory,
    UserFactory,
    give_papers,
    take,
)
from tests.files.images import jpeg

pytestmark = pytest.mark.django_db


def test_a_link_opens_its_record_and_no_other() -> None:
    one, other = (
        PersonalApplicationFactory(at="COMPANY_REVIEW"),
        CompanyApplicationFactory(at="OFFICE_REVIEW"),
    )
    assert record_of(token_of(one)) == one
    assert record_of(token_of(other)) == other
    assert record_of(SIGNER.sign(f"c{one.key}")) is None
    assert record_of(f"p{one.key}") is None
    assert record_of(token_of(one)[:-1] + "x") is None


def test_a_renewed_key_makes_the_old_link_useless() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    old = token_of(application)
    PersonalApplication.objects.filter(pk=application.pk).update(key=new_key())
    assert record_of(old) is None


def test_a_wrong_link_leads_to_help(english: Client) -> None:
    response = english.get("/a/x.y/")
    assert response.status_code == 404
    assert "/help/" in response.content.decode()


@pytest.mark.parametrize(("at", "words"), [
    ("COMPANY_REVIEW", "It is with"), ("LOCAL_REVIEW", "It is with"), ("APPROVED", "sign in with your ID number"),
    ("WITHDRAWN", "was withdrawn"), ("RETURNED", "Submit again"),
])  # fmt: skip
def test_the_page_says_where_the_application_stands(english: Client, at: str, words: str) -> None:
    application = PersonalApplicationFactory(at=at)
    response = english.get(f"/a/{token_of(application)}/")
    assert words in response.content.decode()
    assert response["Cache-Control"].startswith("max-age=0")


def test_the_page_shows_the_desk_the_due_date_and_earlier_opinions(english: Client) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    take(application, "company_return", "submit", opinion="相片看不清")
    page = english.get(f"/a/{token_of(application)}/").content.decode()
    assert application.company.name in page
    assert f"{timezone.localdate():%Y-%m-%d}" in page
    assert "相片看不清" in page


def test_withdrawing_asks_first_and_happens_once(english: Client) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    address = f"/a/{token_of(application)}/withdraw/"
    assert "No, keep it" in english.get(address).content.decode()
    application.refresh_from_db()
    assert application.state == "LOCAL_REVIEW"
    english.post(address)
    application.refresh_from_db()
    assert application.state == "WITHDRAWN"
    assert english.post(address).status_code == 302


def test_pictures_open_for_the_link_of_their_own_record_only(english: Client) -> None:
    one, other = (
        PersonalApplicationFactory(at="COMPANY_REVIEW"),
        PersonalApplicationFactory(at="COMPANY_REVIEW"),
    )
    mine, foreign = Attachment.of(one).first(), Attachment.of(other).first()
    assert mine is not None
    assert foreign is not None
    response = english.get(f"/a/{token_of(one)}/files/{foreign.pk}/")
    assert response.status_code == 404


@pytest.mark.parametrize("tail", ["save/", "upload/PHOTO/"])
def test_an_application_under_review_takes_no_changes(english: Client, tail: str) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    response = english.post(f"/a/{token_of(application)}/{tail}", {"name": "别人", "website": ""})
    assert response.status_code == 409
    application.refresh_from_db()
    assert application.name != "别人"


def test_the_pages_need_few_queries(english: Client, django_assert_max_num_queries) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    with django_assert_max_num_queries(14):
        english.get(f"/a/{token_of(application)}/")
    with django_assert_max_num_queries(8):
        english.get("/apply/person/")


def test_the_address_is_told_to_nobody_and_kept_nowhere(english: Client) -> None:
    for at in ("DRAFT", "LOCAL_REVIEW"):
        response = english.get(f"/a/{token_of(PersonalApplicationFactory(at=at))}/")
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"
        assert "noindex" in response["X-Robots-Tag"]


def test_wrong_links_are_limited(english: Client) -> None:
    for _n in range(WRONG_LINKS.count):
        assert english.get("/a/x.y/").status_code == 404
    assert english.get("/a/x.y/").status_code == 429
    good = PersonalApplicationFactory(at="LOCAL_REVIEW")
    assert english.get(f"/a/{token_of(good)}/").status_code == 200


def test_pictures_show_until_the_end_and_not_once_taken_back(english: Client) -> None:
    application = PersonalApplicationFactory(papers=False)
    give_papers(application, content=jpeg())
    kept, removed = Attachment.of(application).order_by("id")[:2]
    address = f"/a/{token_of(application)}/files/"
    response = english.get(f"{address}{kept.pk}/")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    Attachment.objects.filter(pk=removed.pk).update(removed_at=timezone.now())
    assert english.get(f"{address}{removed.pk}/").status_code == 404
    take(application, "withdraw")
    assert english.get(f"{address}{kept.pk}/").status_code == 404


def test_after_the_approval_the_page_names_the_way_in_and_masks_what_is_personal(english: Client) -> None:
    application = PersonalApplicationFactory(at="APPROVED", email="applicant@example.org")
    page = english.get(f"/a/{token_of(application)}/").content.decode()
    assert "a***@example.org" in page
    assert application.id_number not in page


def test_an_overdue_review_names_whom_to_call(english: Client) -> None:
    application = PersonalApplicationFactory(at="LOCAL_REVIEW")
    Task.of(application).filter(closed_at=None).update(due_on="2020-01-02")
    page = english.get(f"/a/{token_of(application)}/").content.decode()
    assert "overdue" in page
    assert application.local_body.phone in page


def test_the_opinion_stands_under_the_desk_not_under_a_persons_name(english: Client) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    reviewer = UserFactory(role="COMPANY", company=application.company, name="审核人甲")
    perform(application, "company_return", by=reviewer, opinion="相片看不清")
    page = english.get(f"/a/{token_of(application)}/").content.decode()
    assert "相片看不清" in page
    assert application.company.name in page
    assert "审核人甲" not in page


def test_a_stale_withdrawal_is_refused(english: Client) -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    seen = last_log_id(application)
    take(application, "company_approve")
    english.post(f"/a/{token_of(application)}/withdraw/", {"seen": seen})
    application.refresh_from_db()
    assert application.state == "LOCAL_REVIEW"
