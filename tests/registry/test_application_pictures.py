"""Pictures of applications: whose turn it is changes them, and nobody changes what is being decided on."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from backoffice.core import attachments
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.models import PersonalApplication
from tests.factories import CompanyApplicationFactory, PersonalApplicationFactory, actor, take
from tests.files.images import jpeg, scan_of
from tests.registry.application_tools import client_for, page

pytestmark = pytest.mark.django_db


def upload(client: Client, record: Any) -> Any:
    kind = Attachment.of(record).first().kind  # type: ignore[union-attr]
    file = SimpleUploadedFile("新.jpg", jpeg(700, 980), "image/jpeg")
    return client.post(page(record, "attachments"), {"kind": kind.pk, "file": file}, follow=True)


def test_the_company_replaces_a_picture_during_its_review() -> None:
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    client = client_for(application, Role.COMPANY)
    old = Attachment.of(application).earliest("pk")
    upload(client, application)
    client.post(page(application, "attachments"), {"remove": old.pk})
    old.refresh_from_db()
    assert old.removed_at is not None
    assert Attachment.of(application).filter(removed_at=None).count() == 3


@pytest.mark.parametrize("state", ["LOCAL_REVIEW", "RETURNED", "APPROVED", "WITHDRAWN"])
def test_after_its_review_the_company_changes_no_picture(state: str) -> None:
    application = PersonalApplicationFactory(at=state)
    client, before = client_for(application, Role.COMPANY), list(Attachment.of(application).values())
    assert upload(client, application).status_code == 403
    assert client.post(page(application, "attachments"), {"remove": before[0]["id"]}).status_code == 403
    assert list(Attachment.of(application).values()) == before
    content = client.get(page(application)).content.decode()
    assert page(application, "attachments") not in content


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.OFFICE])
@pytest.mark.parametrize("state", ["LOCAL_REVIEW", "APPROVED"])
def test_the_rule_holds_below_the_screen_too(role: Role, state: str) -> None:
    application = PersonalApplicationFactory(at=state)
    by, paper = actor(application, role), Attachment.of(application).earliest("pk")
    refusals = (PermissionDenied, attachments.FileRefused)
    with pytest.raises(refusals):
        attachments.accept(SimpleUploadedFile("a.jpg", scan_of("PHOTO")), "PHOTO", application, by)
    with pytest.raises(refusals):
        attachments.remove(paper, by)
    assert Attachment.of(application).filter(removed_at=None).count() == 3


def test_a_page_from_before_the_approval_changes_no_picture_either() -> None:
    """The record in memory still says COMPANY_REVIEW; the stored one decides."""
    application = PersonalApplicationFactory(at="COMPANY_REVIEW")
    clerk = actor(application, Role.COMPANY)
    stale = PersonalApplication.objects.get(pk=application.pk)
    take(application, "company_approve")
    with pytest.raises(attachments.FileRefused, match="fixed"), translation.override("en"):
        attachments.accept(SimpleUploadedFile("a.jpg", scan_of("PHOTO")), "PHOTO", stale, clerk)


@pytest.mark.parametrize("factory", [PersonalApplicationFactory, CompanyApplicationFactory])
def test_the_applicant_hands_in_pictures_while_it_is_his_turn_only(factory: Any) -> None:
    kind = "PHOTO" if factory is PersonalApplicationFactory else "LICENCE"

    def hand_in(record: Any) -> Attachment:
        return attachments.accept(SimpleUploadedFile("a.jpg", scan_of(kind)), kind, record, Applicant(record))

    record = factory()
    assert hand_in(record).uploaded_by is None
    record = take(record, "submit")
    with pytest.raises(attachments.FileRefused):
        hand_in(record)
    record = take(record, "company_return" if kind == "PHOTO" else "office_return")
    assert hand_in(record)


def test_the_office_never_changes_the_licence_it_decides_on() -> None:
    application = CompanyApplicationFactory(at="OFFICE_REVIEW")
    client, before = client_for(application, Role.OFFICE), list(Attachment.of(application).values())
    upload(client, application)
    client.post(page(application, "attachments"), {"remove": before[0]["id"]})
    assert list(Attachment.of(application).values()) == before
