"""Drafts that nobody sent in are forgotten, with their pictures; what was sent in stays."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from backoffice.core.engine import perform
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment, Task, TransitionLog
from registry.models import PersonalApplication
from tests.factories import PersonalApplicationFactory
from tests.files.images import jpeg

pytestmark = pytest.mark.django_db(transaction=True)


def age(days: int) -> None:
    PersonalApplication.objects.update(updated_at=timezone.now() - timedelta(days=days))


def test_an_old_draft_goes_with_everything_that_hangs_on_it() -> None:
    draft = PersonalApplicationFactory(at="DRAFT")
    attachment = Attachment.of(draft).first()
    assert attachment is not None
    if not default_storage.exists(attachment.file.name):
        default_storage.save(attachment.file.name, ContentFile(jpeg()))
    age(31)
    call_command("purge_drafts")
    assert not PersonalApplication.objects.exists()
    assert not any(rows.of(draft).exists() for rows in (Attachment, Task, TransitionLog))
    assert not PersonalApplication.history.exists()
    assert not default_storage.exists(attachment.file.name)


@pytest.mark.parametrize(("at", "days"), [("DRAFT", 29), ("COMPANY_REVIEW", 400), ("RETURNED", 400)])
def test_everything_else_stays(at: str, days: int) -> None:
    application = PersonalApplicationFactory(at=at)
    age(days)
    call_command("purge_drafts")
    assert PersonalApplication.objects.get() == application


def test_a_draft_that_is_sent_in_meanwhile_stays() -> None:
    from backoffice.core.management.commands.purge_drafts import forget

    draft = PersonalApplicationFactory(at="DRAFT")
    perform(draft, "submit", by=Applicant(draft))
    assert not forget(PersonalApplication, draft.pk, PersonalApplication.private_states)
