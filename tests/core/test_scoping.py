"""`visible_to()` for every model and every role, against a table that is written down here by hand.

The world has two of everything: side A belongs to the bound users, side B to strangers.
"""

import datetime
from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.engine import perform, start
from backoffice.core.models import (
    Attachment,
    AttachmentKind,
    CalendarDay,
    Disclosure,
    FinishedTask,
    HeaderMapping,
    ImportRun,
    Message,
    MessageTemplate,
    ReadyOpinion,
    SavedFilter,
    SignOfLife,
    Task,
    TrackedTask,
    TransitionLog,
)
from backoffice.core.models.inbox import flow_models
from backoffice.core.scoping import bound_id, can_see, visible_to
from backoffice.roles import BINDINGS, SCOPES, Role
from fees.models import BankAccount
from registry.models import (
    Certificate,
    CompanyChange,
    DuplicatePair,
    DuplicateSearch,
    FormerName,
    LocalBody,
    Merge,
    Person,
    Region,
    Specialty,
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
    PaperFactory,
    PersonalApplicationFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    id_number,
)
from tests.flowapp.models import Paper

pytestmark = pytest.mark.django_db

#: all: every row; own: the rows of side A that `world` names; some: of the flows the role sees; -: none.
MATRIX = """
                          ADMIN  OFFICE FINANCE TRAINING LOCAL_BODY COMPANY PERSON AUDITOR
registry.Region           all    all    all     all      all        all     all    all
registry.Specialty        all    all    all     all      all        all     all    all
registry.LocalBody        all    all    all     all      all        all     all    all
core.CalendarDay          all    all    all     all      all        all     all    all
core.AttachmentKind       all    all    all     all      all        all     all    all
registry.Company          all    all    all     all      -          own     own    all
registry.FormerName       all    all    all     all      -          own     own    all
registry.Person           all    all    all     all      -          own     own    all
registry.Certificate      all    all    all     all      -          own     own    all
registry.CertificateTerm  all    all    all     all      -          own     own    all
registry.DuplicatePair    all    all    -       -        -          -       -      all
registry.DuplicateSearch  all    all    -       -        -          -       -      all
registry.Merge            all    all    -       -        -          -       -      all
registry.PersonalApplication all all    -       all      own        own     -      all
registry.CompanyApplication  all all    all     -        -          -       -      all
registry.CompanyChange    all    all    all     -        -          own     -      all
registry.Transfer         all    all    -       all      -          own     -      all
registry.HelpRequest      all    all    -       -        -          -       -      all
fees.FeeSchedule          all    all    all     all      all        all     all    all
fees.BankAccount          all    all    all     all      all        all     all    all
fees.Bill                 all    all    all     all      -          own     -      all
fees.BillItem             all    all    all     all      -          own     -      all
fees.Voucher              all    all    all     all      -          own     -      all
fees.Receipt              all    all    all     all      -          own     -      all
fees.Refund               all    all    all     all      -          own     -      all
fees.PayerDefault         all    -      all     -        -          own     -      all
training.Enrolment        all    all    all     all      own        own     -      all
training.EnrolmentLine    all    all    all     all      own        own     own    all
training.PlatformRun      all    all    -       all      -          -       -      all
training.PlatformRow      all    all    -       all      -          -       -      all
training.CertificateLookup all   all    -       -        -          -       -      all
training.TrainingClass    all    all    all     all      all        all     all    all
core.Announcement         all    all    all     all      all        all     all    all
core.FinishedTask         all    all    some    some     own        own     -      all
core.TrackedTask          all    all    some    some     own        own     -      all
core.SavedFilter          own    own    own     own      own        own     own    own
core.ReadyOpinion         all    all    all     all      all        all     all    all
core.MessageTemplate      all    all    -       -        -          -       -      all
accounts.User             all    all    -       -        -          own     -      all
core.Attachment           all    all    some    some     own        own     own    all
core.TransitionLog        all    all    some    some     own        own     own    all
core.Task                 all    all    own     own      own        own     own    all
core.Message              all    all    -       -        -          -       -      all
core.ImportRun            all    all    -       -        -          -       -      all
core.HeaderMapping        all    all    -       -        -          -       -      all
axes.AccessAttempt        all    -      -       -        -          -       -      all
core.SignOfLife           all    all    -       -        -          -       -      -
core.Disclosure           all    all    -       -        -          -       -      -
flowapp.Paper             all    all    all     all      own        own     -      all
"""


def parse(matrix: str) -> dict[tuple[str, Role], str]:
    head, *lines = matrix.strip("\n").splitlines()
    roles = [Role(name) for name in head.split()]
    cells = [(label, dict(zip(roles, words, strict=True))) for label, *words in map(str.split, lines)]
    return {(label, role): word for label, row in cells for role, word in row.items()}


EXPECTED = parse(MATRIX)


@pytest.fixture(scope="module")
def both_sides(kept_for_file: Path) -> SimpleNamespace:
    """Side A and side B of everything, `users` of side A, and `own[label, role]`: the rows of side A."""
    own: dict[tuple[str, Role], set[int]] = defaultdict(set)

    def belongs(row: models.Model, *roles: Role) -> None:
        for role in roles:
            own[row._meta.label, role].add(row.pk)

    kind = AttachmentKind.objects.create(code="OTHER", name="其他")
    CalendarDay.objects.create(date="2026-10-01", kind=CalendarDay.Kind.HOLIDAY)

    def attach(owner: models.Model, *roles: Role) -> None:
        belongs(Attachment.objects.create(owner=owner, kind=kind, file="x/y.png", name="y.png"), *roles)

    users: dict[Role, User] = {role: UserFactory(role=role) for role in Role if role not in BINDINGS}
    for mine in (True, False):
        company_roles = [Role.COMPANY] if mine else []
        company, body = CompanyFactory(), LocalBodyFactory()
        person, colleague = PersonFactory(company=company), PersonFactory(company=company)
        bound = {
            Role.COMPANY: UserFactory(role=Role.COMPANY, company=company),
            Role.LOCAL_BODY: UserFactory(role=Role.LOCAL_BODY, local_body=body),
            Role.PERSON: UserFactory(role=Role.PERSON, person=person),
        }
        for user in (bound[Role.COMPANY], UserFactory(role=Role.COMPANY, company=company)):
            belongs(user, *company_roles)
        employee_roles = [*company_roles, Role.PERSON] if mine else []
        former = FormerName.objects.create(company=company, name=f"旧名{company.pk}")
        belongs(company, *employee_roles)
        belongs(former, *employee_roles)
        attach(company, *company_roles)  # a member reads the name of the employer, not its scans
        for holder in (person, colleague):
            roles = employee_roles if holder == person else company_roles
            certificate = CertificateFactory(person=holder)
            for row in (holder, certificate, certificate.terms.get()):
                belongs(row, *roles)
            attach(holder, *roles)
        desk_roles = [Role.COMPANY, Role.LOCAL_BODY] if mine else []
        for steps in (0, 1, 2):
            paper = PaperFactory(company=company, local_body=body)
            for name, by in (("submit", bound[Role.COMPANY]), ("local_approve", bound[Role.LOCAL_BODY]))[
                :steps
            ]:
                perform(paper, name, by=by)
            belongs(paper, *desk_roles)
            attach(paper, *desk_roles)
            for entry in TransitionLog.of(paper):
                belongs(entry, *desk_roles)
            for task in Task.of(paper):
                belongs(task, *([Role(task.role)] if mine else []))
        for role, bound_to in ((Role.PERSON, person.pk), (Role.FINANCE, None), (Role.TRAINING, None)):
            closed = Task.objects.create(
                owner=paper, role=role, bound_id=bound_to, state="X", subject="旧", closed_at=timezone.now()
            )
            belongs(closed, *([role] if mine or bound_to is None else []))
        ask_for_something(company, body, belongs, desk_roles, company_roles)
        learning = enrol(company, body, person.certificates.get())
        for row in (learning.bill, *learning.bill.items.all(), *learning.bill.receipts.all(), learning.voucher,
                    learning.refund, learning.payer, learning.picture):  # fmt: skip
            belongs(row, *company_roles)
        belongs(learning.enrolment, *desk_roles)
        belongs(learning.line, *desk_roles, *([Role.PERSON] if mine else []))
        for scan in Attachment.of(person):
            belongs(scan, *employee_roles, *desk_roles)  # the body reads them while the roster is under way
        Message.objects.create(channel=Message.Channel.MAIL, recipient="a@example.org", body="你好")
        ImportRun.objects.create(
            layout="certificates", file="x", filename="x.xlsx", created_by=users[Role.OFFICE]
        )
        HeaderMapping.objects.create(layout="certificates", signature=str(mine), header="证书编号")
        AccessAttempt.objects.create(username="x", failures_since_start=1, get_data="", post_data="")
        SignOfLife.objects.get_or_create(name="worker", defaults={"at": timezone.now()})
        Disclosure.objects.create(
            owner=person, field="phone", label="张三", reason="抽查", by=users[Role.AUDITOR]
        )
        for user in {**users, **bound}.values():
            saved = SavedFilter.objects.create(user=user, path="/", name=str(mine), query="q=1")
            belongs(saved, *([user.role] if mine or user.role not in BINDINGS else []))
        if mine:
            users |= bound
    # A task for companies that names none must be nobody's.
    Task.objects.create(owner=paper, role=Role.COMPANY, state="X", subject="无主", closed_at=timezone.now())
    name_flow_rows(users, own)
    return SimpleNamespace(users=users, own=own)


@pytest.fixture
def world(both_sides: SimpleNamespace) -> SimpleNamespace:
    return deepcopy(both_sides)


def ask_for_something(company: Any, body: Any, belongs: Any, desk_roles: list, company_roles: list) -> None:
    """One record of each flow and list of the register, training and wording."""
    application = PersonalApplicationFactory(company=company, local_body=body, at="COMPANY_REVIEW")
    belongs(application, *desk_roles)
    CompanyApplicationFactory(at="OFFICE_REVIEW")
    HelpRequestFactory(state="OPEN")
    clerk = company.users.first()
    for record in (
        CompanyChange(company=company, kind="RENAME", new_name=f"新名{company.pk}", created_by=clerk),
        Transfer(company=company, name="张三", id_number=id_number(900_000 + company.pk), created_by=clerk),
    ):
        belongs(start(record, by=clerk), *company_roles)
    DuplicatePair.objects.create(kind="PERSON", first_id=company.pk, second_id=company.pk + 1, label="x")
    DuplicateSearch.objects.create()
    kind = ContentType.objects.get_for_model(Person)
    by = UserFactory(role=Role.OFFICE)
    Merge.objects.create(content_type=kind, kept_id=1, merged_id=2, label="x", by=by)
    TrainingClassFactory(local_body=body, state="OPEN")
    AnnouncementFactory(is_published=True, published_at=timezone.now())
    BankAccount.objects.create(holder="协会", bank="工商银行", number=str(company.pk))
    ReadyOpinion.objects.create(text="请更正")
    MessageTemplate.objects.create(code=f"x{company.pk}")


def name_flow_rows(users: dict[Role, User], own: dict[tuple[str, Role], set[int]]) -> None:
    """Log, tasks and papers belong to whom their records belong; staff see those of the flows they see (MATRIX)."""
    for role in users:
        for label, model in ((m._meta.label, m) for m in flow_models()):
            word = EXPECTED[label, role]
            keys = set(model._default_manager.values_list("pk", flat=True))
            mine = {"all": keys, "own": own[label, role], "-": set()}[word]
            content_type = ContentType.objects.get_for_model(model)
            for rows in (TransitionLog, FinishedTask, TrackedTask, Attachment):
                found = rows._default_manager.filter(content_type=content_type, object_id__in=mine)
                own[rows._meta.label, role] |= set(found.values_list("pk", flat=True))
    of_register = Attachment.objects.filter(content_type__model__in=["company", "person", "voucher"])
    for role in (Role.FINANCE, Role.TRAINING):
        own["core.Attachment", role] |= set(of_register.values_list("pk", flat=True))
    # Finance sees what it is paid with, and nobody's papers.
    own["core.Attachment", Role.FINANCE] = set(
        of_register.filter(kind__code="VOUCHER").values_list("pk", flat=True)
    )
    for task in Task.objects.all():
        mine = task.role not in BINDINGS or bound_id(users[Role(task.role)]) == task.bound_id
        if task.role in users and mine:
            own["core.Task", Role(task.role)].add(task.pk)


def test_the_table_knows_every_model_of_scopes() -> None:
    assert {label for label, _role in EXPECTED} == set(SCOPES)


def test_there_is_something_foreign_to_see_in_every_model(world: SimpleNamespace) -> None:
    for (label, role), word in EXPECTED.items():
        count = apps.get_model(label)._default_manager.count()
        assert count >= 1, label
        if word in ("own", "some"):
            assert 0 < len(world.own[label, role]) < count, (label, role)


def test_every_role_sees_what_the_table_says(world: SimpleNamespace) -> None:
    for (label, role), word in EXPECTED.items():
        model = apps.get_model(label)
        everything = set(model._default_manager.values_list("pk", flat=True))
        expected = {"all": everything, "own": world.own[label, role], "some": world.own[label, role],
                    "-": set()}[word]  # fmt: skip
        seen = list(visible_to(model, world.users[role]).values_list("pk", flat=True))
        assert len(seen) == len(set(seen)), f"{role} sees rows of {label} twice"
        assert set(seen) == expected, f"{role} sees the wrong rows of {label}"


def test_a_narrower_queryset_stays_narrower(world: SimpleNamespace) -> None:
    rows = Certificate.objects.filter(person__user=world.users[Role.PERSON])
    assert visible_to(Certificate, world.users[Role.OFFICE], queryset=rows).count() == 1
    assert visible_to(Certificate, world.users[Role.COMPANY], queryset=rows).count() == 1
    assert visible_to(Certificate, world.users[Role.LOCAL_BODY], queryset=rows).count() == 0


def test_an_inactive_user_sees_nothing(world: SimpleNamespace) -> None:
    for role, user in world.users.items():
        user.is_active = False
        for label in SCOPES:
            assert not visible_to(apps.get_model(label), user).exists(), (label, role)


@pytest.mark.parametrize("user", [None, AnonymousUser()], ids=["nobody", "anonymous"])
def test_whoever_is_not_signed_in_sees_nothing(user: object, world: SimpleNamespace) -> None:
    assert not any(visible_to(apps.get_model(label), user).exists() for label in SCOPES)


def test_an_unknown_model_is_seen_by_nobody(world: SimpleNamespace) -> None:
    Session.objects.create(
        session_key="x", session_data="", expire_date=timezone.now() + datetime.timedelta(1)
    )
    for user in world.users.values():
        assert not visible_to(Session, user).exists()
        assert not visible_to(ContentType, user).exists()


def test_an_unknown_role_sees_nothing(world: SimpleNamespace) -> None:
    user = world.users[Role.ADMIN]
    user.role = "JANITOR"
    assert not any(visible_to(apps.get_model(label), user).exists() for label in SCOPES)


@pytest.mark.parametrize("role", BINDINGS)
def test_a_bound_role_without_its_record_cannot_be_stored(role: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(role=role, company=None, person=None, local_body=None)


@pytest.mark.parametrize("role", [role for role in Role if role not in BINDINGS])
def test_an_unbound_role_with_a_record_cannot_be_stored(role: Role) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(role=role, company=CompanyFactory())


@pytest.mark.parametrize("role", BINDINGS)
def test_a_bound_role_without_its_record_would_see_nothing_but_the_dictionaries(
    role: Role, world: SimpleNamespace
) -> None:
    user = User(role=role, username="unbound")
    for label in SCOPES:
        if EXPECTED[label, role] != "all":
            assert not visible_to(apps.get_model(label), user).exists(), label


def test_can_see_asks_about_one_row(world: SimpleNamespace) -> None:
    company_user = world.users[Role.COMPANY]
    stranger = PersonFactory()
    assert can_see(company_user.company, company_user)
    assert not can_see(stranger, company_user)
    assert can_see(stranger, world.users[Role.AUDITOR])


def test_people_and_certificates_leave_the_scope_with_their_company(world: SimpleNamespace) -> None:
    company_user = world.users[Role.COMPANY]
    person = Person.objects.filter(company=company_user.company).first()
    assert person is not None
    Certificate.objects.filter(person=person).update(company=None)
    Person.objects.filter(pk=person.pk).update(company=None)
    assert not can_see(person, company_user)
    assert not visible_to(Certificate, company_user).filter(person=person).exists()


@pytest.mark.parametrize("model", [Region, Specialty, LocalBody, Paper])
def test_scoping_costs_no_query_of_its_own(
    model: type[models.Model], world: SimpleNamespace, django_assert_num_queries
) -> None:
    with django_assert_num_queries(1):
        list(visible_to(model, world.users[Role.COMPANY]).values_list("pk", flat=True))
