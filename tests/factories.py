"""Records for tests: every factory makes a complete, consistent record unless told otherwise."""

import datetime
import hashlib
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from factory.django import DjangoModelFactory

from backoffice.accounts.models import User
from backoffice.core.engine import perform, start
from backoffice.core.flow import Flow
from backoffice.core.links import Applicant
from backoffice.core.models import Announcement, Attachment, AttachmentKind
from backoffice.core.trail import open_tasks
from backoffice.roles import APPLICANT, Role
from fixtures.names import credit_check_digit, id_check_digit, organisation_check_digit
from registry.models import (
    Certificate,
    CertificateTerm,
    Company,
    CompanyApplication,
    CompanyChange,
    HelpRequest,
    LocalBody,
    Person,
    PersonalApplication,
    Region,
    Specialty,
    Transfer,
)
from registry.services import city_of
from tests.flowapp.models import Paper
from training.models import TrainingClass

PASSWORD = "Correct-Horse-2026"


def id_number(n: int, gender: str = "M") -> str:
    """The n-th of very many valid ID numbers: 250 on each day from 1960 on."""
    day = datetime.date(1960, 1, 1) + datetime.timedelta(days=n // 250 % 15_000)
    sequence = 2 * (n % 250) + 1 + (gender == "F")
    digits = f"440103{day:%Y%m%d}{sequence:03d}"
    return digits + id_check_digit(digits)


def credit_code(n: int) -> str:
    """The n-th of many valid unified social credit codes."""
    organisation = f"MA{n:06d}"
    digits = f"91440103{organisation}{organisation_check_digit(organisation)}"
    return digits + credit_check_digit(digits)


class RegionFactory(DjangoModelFactory):
    """A city; `parent=…` makes it a district."""

    class Meta:
        model = Region
        django_get_or_create = ("code",)

    parent = None
    code = factory.Sequence(lambda n: f"R{n:05d}")
    name = factory.Sequence(lambda n: f"第{n}市")
    name_en = factory.Sequence(lambda n: f"City {n}")
    level = factory.LazyAttribute(lambda region: "DISTRICT" if region.parent else "CITY")


class SpecialtyFactory(DjangoModelFactory):
    class Meta:
        model = Specialty
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"S{n:04d}")
    name = factory.Sequence(lambda n: f"第{n}专业工程")
    name_en = factory.Sequence(lambda n: f"Specialty {n}")


class LocalBodyFactory(DjangoModelFactory):
    class Meta:
        model = LocalBody
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"B{n:04d}")
    name = factory.Sequence(lambda n: f"第{n}市建设监理协会")
    name_en = factory.Sequence(lambda n: f"City {n} Association")
    short_name = factory.Sequence(lambda n: f"第{n}市")
    kind = LocalBody.Kind.CITY_ASSOCIATION
    region = factory.SubFactory(RegionFactory)
    phone = "020-80000101"


class CompanyFactory(DjangoModelFactory):
    """A formal member with a complete profile; `region=None` or another empty field makes it incomplete."""

    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"广东第{n}工程监理有限公司")
    credit_code = factory.Sequence(credit_code)
    membership = Company.Membership.FORMAL
    region = factory.SubFactory(RegionFactory)
    office_address = "广州市越秀区东濠涌路88号"
    contact_name = "陈静仪"
    contact_phone = "13800000000"
    information_officer = "陈静仪"


class PersonFactory(DjangoModelFactory):
    """A member with a complete profile; the gender follows from the ID number (`woman=True`: an even one)."""

    class Meta:
        model = Person

    class Params:
        woman = False
        serial = factory.Sequence(lambda n: n)

    name = factory.LazyAttribute(
        lambda person: "李" + "伟强志明健"[person.serial % 5] + "文华国辉"[person.serial % 4]
    )
    id_number = factory.LazyAttribute(lambda person: id_number(person.serial, "F" if person.woman else "M"))
    phone = factory.LazyAttribute(lambda person: f"138{person.serial % 10**8:08d}")
    company = factory.SubFactory(CompanyFactory)
    region = factory.LazyAttribute(lambda row: row.company.region if row.company else RegionFactory())
    education = Person.Education.BACHELOR


class CertificateFactory(DjangoModelFactory):
    """A valid certificate in step with its holder; `term=False` leaves out the row of its term."""

    class Meta:
        model = Certificate
        skip_postgeneration_save = True

    person = factory.SubFactory(PersonFactory)
    company = factory.LazyAttribute(lambda certificate: certificate.person.company)
    region = factory.LazyAttribute(lambda row: city_of(row.company.region) if row.company else None)
    printed_company = factory.LazyAttribute(lambda row: row.company.name if row.company else "")
    type = Certificate.Type.ENGINEER
    number = factory.Sequence(lambda n: f"A124{n:05d}")
    specialty = factory.SubFactory(SpecialtyFactory)
    # More than a year after the first issue, and less than a year before the end: a renewal is neither early nor due.
    issue_date = factory.LazyFunction(lambda: timezone.localdate() - datetime.timedelta(days=800))
    renewal_date = None
    expiry_date = factory.LazyAttribute(lambda row: row.issue_date + datetime.timedelta(days=3 * 365))

    @factory.post_generation
    def term(self: Certificate, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False:
            start = self.renewal_date or self.issue_date
            CertificateTerm.objects.create(certificate=self, start_date=start, expiry_date=self.expiry_date)


class UserFactory(DjangoModelFactory):
    """A user of `role`, with the record the role is bound to; signs in with PASSWORD."""

    class Meta:
        model = User

    role = Role.OFFICE
    username = factory.Sequence(lambda n: f"user{n}")
    name = factory.Sequence(lambda n: f"用户{n}")
    password = PASSWORD
    company = factory.LazyAttribute(lambda user: CompanyFactory() if user.role == Role.COMPANY else None)
    person = factory.LazyAttribute(lambda user: PersonFactory() if user.role == Role.PERSON else None)
    local_body = factory.LazyAttribute(
        lambda row: LocalBodyFactory() if row.role == Role.LOCAL_BODY else None
    )

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **kwargs)


class PaperFactory(DjangoModelFactory):
    """A draft of the test flow, waiting at its company's desk; `task=False` leaves the inbox alone."""

    class Meta:
        model = Paper
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"文件{n}")
    company = factory.SubFactory(CompanyFactory)
    local_body = factory.SubFactory(LocalBodyFactory)

    @factory.post_generation
    def task(self: Paper, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False:
            open_tasks(type(self), [self])


class HelpRequestFactory(DjangoModelFactory):
    """A question that waits at the General Office; `task=False` leaves the inbox alone."""

    class Meta:
        model = HelpRequest
        skip_postgeneration_save = True

    state = "OPEN"
    topic = HelpRequest.Topic.SIGN_IN
    name = factory.Sequence(lambda n: "求" + "伟强志明健"[n % 5])
    email = factory.Sequence(lambda n: f"asker{n}@example.org")
    text = "登录时提示没有这个账号。"

    @factory.post_generation
    def task(self: HelpRequest, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False:
            open_tasks(type(self), [self])


class AnnouncementFactory(DjangoModelFactory):
    """A published announcement; `is_published=False` makes it a draft."""

    class Meta:
        model = Announcement

    title = factory.Sequence(lambda n: f"通知第{n}号")
    body = "各会员单位:\n\n请按时办理。"
    is_published = True
    published_at = factory.LazyAttribute(lambda row: timezone.now() if row.is_published else None)


class TrainingClassFactory(DjangoModelFactory):
    """A practice class of this year's plan, open for enrolment unless told otherwise."""

    class Meta:
        model = TrainingClass

    state = TrainingClass.State.OPEN
    title = factory.Sequence(lambda n: f"监理员从业培训班第{n}期")
    type = TrainingClass.Type.PRACTICE
    mode = TrainingClass.Mode.ONLINE
    category = Certificate.Type.SUPERVISOR
    local_body = factory.SubFactory(LocalBodyFactory)
    start_date = factory.LazyFunction(lambda: timezone.localdate() + datetime.timedelta(days=30))
    end_date = factory.LazyAttribute(
        lambda row: row.start_date + datetime.timedelta(days=4) if row.start_date else None
    )
    capacity = 100
    tuition = factory.LazyAttribute(lambda row: 800 if row.type == TrainingClass.Type.PRACTICE else 0)


def client_of(user: User) -> Client:
    """A client with the user's session."""
    client = Client()
    client.force_login(user)
    return client


# Applications (registry/flows): `at="LOCAL_REVIEW"` takes the real steps up to that state.


def give_papers(record: Any, *codes: str, content: bytes = b"") -> list[Attachment]:
    """Attach a picture of each kind without the checks; a file is stored only where content is given."""
    given = []
    for code in codes or record.required_papers():
        kind, _new = AttachmentKind.objects.get_or_create(code=code, defaults={"name": code.lower()})
        digest = hashlib.sha256(content or f"{record._meta.label} {record.pk} {code}".encode()).hexdigest()
        paper = Attachment(owner=record, kind=kind, name=f"{code.lower()}.jpg", sha256=digest)
        if content:
            paper.file.save("picture.jpg", ContentFile(content), save=False)
        else:
            paper.file.name = f"attachments/00/{digest[:32]}.jpg"
        paper.save()
        given.append(paper)
    return given


def actor(record: Flow, role: str) -> Any:
    """Somebody of `role` whose turn it may be: the applicant, or a user bound to the record's company or body."""
    if role == APPLICANT:
        return Applicant(record)
    bound = {Role.COMPANY: "company", Role.LOCAL_BODY: "local_body"}.get(Role(role))
    wanted = {bound: getattr(record, bound)} if bound else {}
    return User.objects.filter(role=role, is_active=True, **wanted).order_by("pk").first() or UserFactory(
        role=role, **wanted
    )


def take(record: Any, *names: str, opinion: str = "请更正") -> Any:
    """Take these steps one after the other, each by the one whose turn it is; return the stored record."""
    for name in names:
        record = perform(record, name, by=actor(record, record.steps()[name].by[0]), opinion=opinion)
    return record


#: The steps that lead to each state.
WAYS: dict[Any, dict[str, tuple[str, ...]]] = {
    PersonalApplication: {
        "DRAFT": (),
        "COMPANY_REVIEW": ("submit",),
        "LOCAL_REVIEW": ("submit", "company_approve"),
        "APPROVED": ("submit", "company_approve", "local_approve"),
        "RETURNED": ("submit", "company_return"),
        "WITHDRAWN": ("withdraw",),
    },
    CompanyApplication: {
        "DRAFT": (),
        "OFFICE_REVIEW": ("submit",),
        "APPROVED": ("submit", "approve"),
        "RETURNED": ("submit", "office_return"),
        "WITHDRAWN": ("withdraw",),
    },
}


class ApplicationFactory(DjangoModelFactory):
    """A started application with its required pictures (`papers=False`: none)."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        at, papers = kwargs.pop("at", "DRAFT"), kwargs.pop("papers", True)
        record = model_class(*args, **kwargs)
        record = start(record, by=Applicant(record))
        if papers:
            give_papers(record)
        return take(record, *WAYS[model_class][at])


class PersonalApplicationFactory(ApplicationFactory):
    class Meta:
        model = PersonalApplication

    class Params:
        serial = factory.Sequence(lambda n: 100_000 + n)

    name = factory.LazyAttribute(lambda row: "王" + "芳敏静丽强"[row.serial % 5] + "军洋勇艳"[row.serial % 4])
    id_number = factory.LazyAttribute(lambda row: id_number(row.serial))
    phone = factory.LazyAttribute(lambda row: f"139{row.serial % 10**8:08d}")
    email = factory.LazyAttribute(lambda row: f"applicant{row.serial}@example.com")
    company = factory.SubFactory(CompanyFactory)
    region = factory.SubFactory(RegionFactory)
    education = Person.Education.COLLEGE
    local_body = factory.SubFactory(LocalBodyFactory)


class CompanyApplicationFactory(ApplicationFactory):
    class Meta:
        model = CompanyApplication

    class Params:
        serial = factory.Sequence(lambda n: 500_000 + n)

    purpose = CompanyApplication.Purpose.FORMAL
    name = factory.LazyAttribute(lambda row: f"广东申请{row.serial}建设监理有限公司")
    credit_code = factory.LazyAttribute(lambda row: credit_code(row.serial))
    region = factory.SubFactory(RegionFactory)
    office_address = "佛山市南海区桂城街道海五路10号"
    contact_name = "何志明"
    contact_phone = "13700000001"
    email = factory.LazyAttribute(lambda row: f"company{row.serial}@example.com")
    login_name = factory.LazyAttribute(lambda row: f"申请监理{row.serial}")


# Company changes and transfers: begun by a user of the company.
WAYS_BEGUN: dict[str, tuple[str, ...]] = {
    "DRAFT": (), "OFFICE_REVIEW": ("submit",), "APPROVED": ("submit", "approve"), "CANCELLED": ("cancel",),
}  # fmt: skip


class BegunByCompanyFactory(DjangoModelFactory):
    """Begun by the company's user, with the required papers (`papers=False`: none), taken up to the state `at`."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        at, papers = kwargs.pop("at", "DRAFT"), kwargs.pop("papers", True)
        record = model_class(*args, **kwargs)
        record.created_by = actor(record, Role.COMPANY)
        record = start(record, by=record.created_by)
        if papers:
            proof = ("JOINING",) if model_class is Transfer else ()
            give_papers(record, *record.required_papers(), *proof)
        return take(record, *WAYS_BEGUN[at])


class CompanyChangeFactory(BegunByCompanyFactory):
    """A rename; `kind="UPGRADE"` of a temporary member makes it formal."""

    class Meta:
        model = CompanyChange

    class Params:
        serial = factory.Sequence(lambda n: n)

    kind = CompanyChange.Kind.RENAME
    company = factory.LazyAttribute(
        lambda row: CompanyFactory(membership="TEMPORARY" if row.kind == "UPGRADE" else "FORMAL")
    )
    new_name = factory.LazyAttribute(
        lambda row: f"广东更名{row.serial}监理有限公司" if row.kind == "RENAME" else ""
    )
    new_login_name = factory.LazyAttribute(
        lambda row: f"更名监理{row.serial}" if row.kind == "RENAME" else ""
    )


class TransferFactory(BegunByCompanyFactory):
    """A claim of somebody (`of=person`) of another company, with ID scan and proof of joining."""

    class Meta:
        model = Transfer

    class Params:
        of = factory.LazyFunction(PersonFactory)

    company = factory.SubFactory(CompanyFactory)
    name = factory.LazyAttribute(lambda row: row.of.name)
    id_number = factory.LazyAttribute(lambda row: row.of.id_number)
