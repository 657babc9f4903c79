"""What the tests of both application flows share."""

from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backoffice.accounts.models import User
from backoffice.core.engine import perform
from backoffice.core.flow import StepRefused
from backoffice.core.links import Applicant
from backoffice.core.models import Attachment, Message, Task, TransitionLog
from backoffice.roles import APPLICANT, Role
from registry.models import Company, CompanyApplication, HelpRequest, Person, PersonalApplication
from tests.factories import UserFactory, actor

OPINION = "请更正"


def everybody(record: Any) -> dict[str, Any]:
    """One actor of every role; those that are bound are bound to what the record names."""
    bound: dict[str, dict[str, Any]] = {}
    if isinstance(record, PersonalApplication):
        bound = {
            Role.COMPANY: {"company": record.company},
            Role.LOCAL_BODY: {"local_body": record.local_body},
        }
    users: dict[str, Any] = {role: UserFactory(role=role, **bound.get(role, {})) for role in Role}
    return users | {APPLICANT: Applicant(record)}


def everything() -> list[Any]:
    """All that a step may write, for comparing before and after."""
    tables: tuple[type[models.Model], ...] = (
        PersonalApplication, PersonalApplication.history.model, CompanyApplication, CompanyApplication.history.model,
        Task, TransitionLog, Message, Attachment, HelpRequest, Person, Company, User,
    )  # fmt: skip
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def refused(record: Any, name: str, by: Any, kind: type[StepRefused] = StepRefused, **data: Any) -> str:
    """Take a step that must be refused without a trace; return the sentence."""
    before = everything()
    with pytest.raises(StepRefused) as refusal:
        perform(record, name, by=by, **data)
    assert type(refusal.value) is kind
    assert everything() == before
    return str(refusal.value)


def told(since: int = 0) -> set[tuple[str, str]]:
    """To whom something was queued after the message with this number, and on which way."""
    return set(Message.objects.filter(pk__gt=since).values_list("channel", "recipient"))


def last_message() -> int:
    return Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def client_for(record: Any, role: str) -> Client:
    """The signed-in user of this role whom the record concerns, reading English."""
    translation.activate("en")
    client = Client()
    client.force_login(actor(record, role))
    client.cookies["django_language"] = "en"
    return client


def page(record: Any, view: str = "change", *args: Any) -> str:
    """The address of a page of the record."""
    return reverse(
        f"admin:{record._meta.app_label}_{record._meta.model_name}_{view}", args=[record.pk, *args]
    )
