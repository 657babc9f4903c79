"""The world of the access matrix: everyone's own records, and those of strangers."""

from types import SimpleNamespace
from typing import Any

from axes.models import AccessAttempt
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from backoffice.core.engine import start
from backoffice.core.models import (
    Attachment,
    AttachmentKind,
    CalendarDay,
    Disclosure,
    HeaderMapping,
    Message,
    MessageTemplate,
    ReadyOpinion,
    Task,
    TransitionLog,
)
from backoffice.roles import Role
from fees.models import BankAccount, FeeSchedule
from registry.models import (
    CompanyChange,
    DuplicatePair,
    FormerName,
    HelpRequest,
    Merge,
    Person,
    Transfer,
)
from tests.enrolment_world import enrol
from tests.factories import (
    AnnouncementFactory,
    CertificateFactory,
    CompanyApplicationFactory,
    CompanyFactory,
    HelpRequestFactory,
    LocalBodyFactory,
    PersonalApplicationFactory,
    PersonFactory,
    RegionFactory,
    SpecialtyFactory,
    TrainingClassFactory,
    UserFactory,
    id_number,
)
from tests.registry.import_files import look_through, row
from training.models import Enrolment

ANONYMOUS = "ANONYMOUS"
#: Who reads no number and no address of a person whole.
MASKED = (Role.FINANCE, Role.AUDITOR)
BOUND = (Role.COMPANY, Role.PERSON, Role.LOCAL_BODY)
#: The register, where "own" means something; of other models a role sees all rows or none.
PUBLIC = {
    "training.trainingclass",
    "core.announcement",
    "core.readyopinion",
    "registry.region",
    "registry.specialty",
    "registry.localbody",
    "core.calendarday",
    "core.attachmentkind",
    "fees.feeschedule",
    "fees.bankaccount",
}
STAFF = set(Role) - set(BOUND)
#: Who sees all rows of the other models, by hand: the matrix must not believe the table it checks.
SEES_ALL = {
    "registry.company": STAFF, "registry.person": STAFF, "registry.certificate": STAFF,
    "accounts.user": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.importrun": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.message": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.headermapping": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "axes.accessattempt": {Role.ADMIN, Role.AUDITOR}, "core.disclosure": {Role.ADMIN, Role.OFFICE},
    "core.attachment": STAFF - {Role.FINANCE}, "core.savedfilter": set(),
    "core.messagetemplate": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "core.task": {Role.ADMIN, Role.OFFICE, Role.AUDITOR}, "core.finishedtask": STAFF - {Role.FINANCE},
    "core.trackedtask": STAFF - {Role.TRAINING},
    "registry.duplicatepair": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.merge": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.helprequest": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "registry.companyapplication": STAFF - {Role.TRAINING},
    "registry.companychange": STAFF - {Role.TRAINING},
    "registry.transfer": STAFF - {Role.FINANCE}, "registry.personalapplication": STAFF - {Role.FINANCE},
    "training.enrolment": STAFF, "training.enrolmentline": STAFF,
    "training.certificatelookup": {Role.ADMIN, Role.OFFICE, Role.AUDITOR},
    "training.platformrun": STAFF - {Role.FINANCE},
    "fees.bill": STAFF, "fees.voucher": STAFF, "fees.receipt": STAFF, "fees.refund": STAFF,
} | {label: set(Role) for label in PUBLIC}  # fmt: skip

# --- The world ---------------------------------------------------------------------------------------


def attach(owner: models.Model) -> Attachment:
    kind, _created = AttachmentKind.objects.get_or_create(code="OTHER", defaults={"name": "其他"})
    return Attachment.objects.create(
        owner=owner, kind=kind, file="a/x.jpg", name=f"附件{owner.pk}-{owner}.jpg"
    )


def side(name: str, digit: int) -> SimpleNamespace:
    """A company with a manager, a clerk, two people and their certificates, attachments and a former name."""
    company = CompanyFactory(
        name=f"广东{name}工程监理有限公司", contact_name=f"{name}联系", contact_phone=f"020-8000000{digit}"
    )
    body = LocalBodyFactory(name=f"{name}市建设监理协会")
    people = [
        PersonFactory(company=company, name=f"{name}{who}", title=f"{name}{who}职称") for who in ("甲", "乙")
    ]
    certificates = [CertificateFactory(person=person) for person in people]
    former = FormerName.objects.create(company=company, name=f"旧{name}公司")
    return SimpleNamespace(
        company=company, body=body, people=people, certificates=certificates, former=former,
        manager=UserFactory(role=Role.COMPANY, company=company, is_manager=True, name=f"{name}管理员"),
        clerk=UserFactory(role=Role.COMPANY, company=company, name=f"{name}职员"),
        local=UserFactory(role=Role.LOCAL_BODY, local_body=body, name=f"{name}协会员"),
        users=[UserFactory(role=Role.PERSON, person=person, name=person.name, username=person.id_number)
            for person in people
        ],
        files=[attach(owner) for owner in (company, *people)],
        **flows(name, digit, company, body), learning=enrol(company, body, certificates[0], name),
    )  # fmt: skip


def flows(name: str, digit: int, company: models.Model, body: models.Model) -> dict[str, Any]:
    """What the side has under way, with the task of each."""
    clerk = company.users.first() or UserFactory(role=Role.COMPANY, company=company, name=f"{name}经办")
    application = PersonalApplicationFactory(
        company=company, local_body=body, name=f"{name}申请人", at="COMPANY_REVIEW"
    )
    change = start(
        CompanyChange(company=company, kind="RENAME", new_name=f"{name}新名公司", new_login_name=f"{name}新登录",
                      created_by=clerk), by=clerk,
    )  # fmt: skip
    moved = Transfer(
        company=company, name=f"{name}来人", id_number=id_number(970_000 + digit), created_by=clerk
    )
    transfer = start(moved, by=clerk)
    return {
        "application": application, "change": change, "transfer": transfer,
        "tasks": [Task.of(record).get(closed_at=None) for record in (application, change, transfer)],
        "done": Task.of(application).filter(closed_at__isnull=False),
    }  # fmt: skip


def secrets_of(where: SimpleNamespace, who: slice = slice(None)) -> set[str]:
    """What must not be read by strangers about people and certificates."""
    found = {certificate.number for certificate in where.certificates[who]}
    for person in where.people[who]:
        found |= {person.name, person.id_number, person.phone}
    return found


def plant(a: SimpleNamespace, users: dict[Any, Any]) -> None:
    """Numbers and addresses where people write them: in fields, and in free text."""
    for n, person in enumerate(a.people):
        person.email, person._change_reason = f"planted{n}@example.net", f"身份证 {person.id_number} 已核对"
        person.save()
    HelpRequest.objects.update(id_number=a.people[0].id_number, phone="13977770001", email="asks@example.net")
    TransitionLog.of(a.application).update(opinion=f"{a.application.id_number} 电话{a.application.phone}")
    DuplicatePair.objects.update(label=f"{a.people[0].name} {a.people[0].id_number}")
    Merge.objects.update(label=f"{a.people[0].name} {a.people[0].id_number}")
    AccessAttempt.objects.update(username=a.people[0].id_number)
    Enrolment.objects.update(contact_phone="13977770003")


def make_world() -> SimpleNamespace:
    """Two sides; what neither has twice; and the seats (tests/access_seats.py) from which it is looked at."""
    users: dict[str, Any] = {role: UserFactory(role=role) for role in STAFF}
    a, b = side("珠源", 1), side("鹏远", 2)
    users |= {Role.COMPANY: a.manager, Role.PERSON: a.users[0], Role.LOCAL_BODY: a.local}
    run = look_through(row(1, number="A1999901"), row(2, number="坏"), by=users[Role.OFFICE])
    single = {
        "core.importrun": run,
        "core.message": Message.objects.create(channel="MAIL", recipient="b@example.org", subject="通知", body="密语"),
        "core.headermapping": HeaderMapping.objects.create(layout="certificates", signature="x", header="编号|姓名"),
        "axes.accessattempt": AccessAttempt.objects.create(
            username="x", failures_since_start=1, get_data="", post_data=""
        ),
        "core.disclosure": Disclosure.objects.create(
            owner=b.people[0], field="phone", label="鹏远甲", reason="抽查", by=users[Role.AUDITOR]
        ),
        "core.calendarday": CalendarDay.objects.create(date="2026-10-01", kind=CalendarDay.Kind.HOLIDAY),
        "core.attachmentkind": AttachmentKind.objects.get(code="OTHER"),
        "core.announcement": AnnouncementFactory(is_published=True, published_at=timezone.now()),
        "core.readyopinion": ReadyOpinion.objects.create(text="请更正"),
        "core.messagetemplate": MessageTemplate.objects.create(code="transfer.approve"),
        "core.finishedtask": b.done[0],
        "training.trainingclass": TrainingClassFactory(local_body=b.body, state="OPEN"),
        "registry.duplicatepair": DuplicatePair.objects.create(
            kind="PERSON", first_id=a.people[1].pk, second_id=b.people[1].pk, label="两人", reason="同名"
        ),
        "registry.merge": Merge.objects.create(
            content_type=ContentType.objects.get_for_model(Person), kept_id=a.people[1].pk, merged_id=b.people[1].pk,
            label="两人", by=users[Role.OFFICE],
        ),
        "registry.helprequest": HelpRequestFactory(state="OPEN"),
        "training.certificatelookup": b.learning.lookup, "training.platformrun": b.learning.run,
        "fees.feeschedule": FeeSchedule.objects.get(),
        "fees.bankaccount": BankAccount.objects.create(holder="协会", bank="工商银行", number="1"),
        "registry.companyapplication": CompanyApplicationFactory(at="OFFICE_REVIEW"),
        "registry.region": RegionFactory(), "registry.specialty": SpecialtyFactory(), "registry.localbody": b.body,
    }  # fmt: skip
    plant(a, users)
    return SimpleNamespace(a=a, b=b, users=users, run=run, single=single)
