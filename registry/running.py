"""What the register has under way, for acts that break into it (core/running.py)."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from backoffice.core import running
from backoffice.core.notices import Recipient
from backoffice.roles import Role
from registry.flows.personal_application import UNDER_REVIEW
from registry.models import Company, CompanyChange, LocalBody, Person, PersonalApplication, Transfer


def register() -> None:
    """Called once at start-up (RegistryConfig.ready)."""
    running.offer(Person, transfers_of)
    running.offer(Company, applications_to)
    running.offer(Company, transfers_to)
    running.offer(Company, changes_of)
    for flow in (PersonalApplication, CompanyChange, Transfer):
        running.reach(flow, company_and_body)


def transfers_of(person: Person) -> QuerySet:
    return Transfer.objects.filter(person=person, state="OFFICE_REVIEW").select_related("company")


def transfers_to(company: Company) -> QuerySet:
    return Transfer.objects.filter(company=company, state="OFFICE_REVIEW").select_related("company")


def applications_to(company: Company) -> QuerySet:
    rows = PersonalApplication.objects.filter(company=company, state__in=UNDER_REVIEW)
    return rows.select_related("company", "local_body")


def changes_of(company: Company) -> QuerySet:
    return CompanyChange.objects.filter(company=company, state="OFFICE_REVIEW").select_related("company")


def company_and_body(rows: list[Any]) -> dict[int, list[Recipient]]:
    """Of each matter: its company's managers, and its local body's people while it waits there."""
    managers = managers_of(row.company for row in rows)
    at_body = [row for row in rows if (desk := row.desk()) is not None and desk.role == Role.LOCAL_BODY]
    bodies = people_of(row.local_body for row in at_body)
    return {
        row.pk: [*managers[row.company_id], *(bodies[row.local_body_id] if row in at_body else ())]
        for row in rows
    }


def managers_of(companies: Iterable[Company]) -> dict[int, list[Recipient]]:
    """`notices.company_recipients()` of many companies with one query."""
    known = {company.pk: company for company in companies}
    found: dict[int, list[Recipient]] = {pk: [] for pk in known}
    users: Any = get_user_model()._default_manager.filter(company__in=known, is_manager=True, is_active=True)
    for user in users.order_by("pk"):
        if user.email or user.phone:
            found[user.company_id].append(Recipient(user.email, user.phone))
    return {pk: found[pk] or [Recipient(company.email)] for pk, company in known.items()}


def people_of(bodies: Iterable[LocalBody]) -> dict[int, list[Recipient]]:
    """`notices.body_recipients()` of many bodies with one query."""
    known = {body.pk: body for body in bodies}
    found: dict[int, list[Recipient]] = {pk: [] for pk in known}
    users: Any = get_user_model()._default_manager.filter(local_body__in=known, is_active=True)
    for user in users.exclude(email="").order_by("pk"):
        found[user.local_body_id].append(Recipient(user.email))
    return {pk: found[pk] or [Recipient(body.email)] for pk, body in known.items()}
