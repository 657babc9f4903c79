"""A pair of people, a pair of companies with everything that hangs on them, and pictures of the whole register."""

from types import SimpleNamespace
from typing import Any

from django.apps import apps

from backoffice.core.engine import start
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.models import CompanyChange, FormerName, Person, Transfer
from tests.factories import (
    CertificateFactory,
    CompanyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    RegionFactory,
    UserFactory,
    give_papers,
    id_number,
)

OURS = ("accounts", "core", "fees", "registry", "training", "flowapp")
#: What a merge and its undo leave behind: how often a record was saved, and that it happened.
LEFT_OUT = {"updated_at", "undone_at", "undone_by_id"}


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all our tables but history and merges, without the time of the last change."""
    tables = {}
    for model in apps.get_models():
        meta = model._meta
        if meta.app_label not in OURS or meta.proxy or meta.model_name.startswith("historical"):
            continue
        if meta.label not in ("registry.Merge", "core.Message"):
            rows = model._default_manager.order_by("pk").values()
            tables[meta.label] = [{k: v for k, v in row.items() if k not in LEFT_OUT} for row in rows]
    return tables


def two_people(**merged: Any) -> tuple[Person, Person]:
    """The same member twice, the second time with another ID number."""
    company = CompanyFactory()
    kept = PersonFactory(name="陈静", id_number=id_number(7_001), company=company, email="", title="工程师")
    values = {
        "name": "陈静",
        "id_number": id_number(99_013),
        "email": "chen@example.org",
        "title": "",
        "phone": kept.phone,
    }
    return kept, PersonFactory(**{**values, **merged})


def furnish_person(person: Person, certificates: int = 2) -> None:
    CertificateFactory.create_batch(certificates, person=person)
    give_papers(person, "PHOTO", "DIPLOMA")
    PersonalApplicationFactory(company=person.company)
    Transfer.objects.create(
        company=CompanyFactory(), name=person.name, id_number=person.id_number, person=person,
        from_company=person.company, created_by=UserFactory(),
    )  # fmt: skip


def two_companies() -> SimpleNamespace:
    """A company with two people and its double with three; people, users, names, flows, pictures of both."""
    city, other = RegionFactory(), RegionFactory()
    kept = CompanyFactory(name="广东岭衡工程监理有限公司", region=city, email="")
    merged = CompanyFactory(name="岭衡监理有限公司", region=other, email="ling@example.org")
    world = SimpleNamespace(kept=kept, merged=merged, city=city, other=other)
    world.kept_people = PersonFactory.create_batch(2, company=kept)
    world.people = PersonFactory.create_batch(3, company=merged)
    world.certificates = [CertificateFactory(person=person) for person in world.people]
    for person in world.kept_people:
        CertificateFactory(person=person)
    world.clerk = UserFactory(role=Role.COMPANY, company=merged, is_manager=True)
    UserFactory(role=Role.COMPANY, company=kept)
    FormerName.objects.create(company=merged, name="岭衡老公司")
    FormerName.objects.create(company=merged, name="两家都用过")
    FormerName.objects.create(company=kept, name="两家都用过")
    world.application = PersonalApplicationFactory(company=merged, at="COMPANY_REVIEW")
    world.change = start(CompanyChange(company=merged, kind="RENAME", created_by=world.clerk), by=world.clerk)
    world.transfer = start(
        Transfer(company=merged, name="何伟", id_number=id_number(5), created_by=world.clerk), by=world.clerk
    )
    give_papers(merged, "LICENCE")
    return world


def attachments_of(record: Any) -> int:
    return Attachment.of(record).count()
