"""One sign-in for every role; all share one password, which is hashed once (hashing ten takes seconds)."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.models import TransitionLog
from backoffice.core.working_days import last_working_day
from backoffice.roles import Role
from registry.demo.records import Association
from registry.models import Certificate, LocalBody


@dataclass(frozen=True)
class SignIn:
    """A user of the demo. `bound` names the record: the code of a local body, or an attribute of the association."""

    username: str
    name: str
    role: Role
    bound: str = ""
    note: str = ""


OFFICE = SignIn("office", "陈静仪", Role.OFFICE, note="导入、更正 imports, corrections")
STAFF = (
    SignIn("admin", "系统管理员", Role.ADMIN, note="用户、设置 users, settings"),
    OFFICE,
    SignIn("finance", "梁伟强", Role.FINANCE),
    SignIn("training", "黄丽敏", Role.TRAINING),
    SignIn("auditor", "区志明", Role.AUDITOR, note="只读 read-only"),
    SignIn("guangzhou", "何嘉欣", Role.LOCAL_BODY, "GZ"),
    SignIn("nanhai", "冼国辉", Role.LOCAL_BODY, "NH"),
    SignIn("shenzhen", "古玉梅", Role.LOCAL_BODY, "SZ"),
    SignIn("foshan", "招健文", Role.LOCAL_BODY, "FS"),
)
MANAGER = SignIn("company", "李秀英", Role.COMPANY, "complete", "单位管理员 manages the company's users")
MEMBERS = (
    MANAGER,
    SignIn("colleague", "吴俊杰", Role.COMPANY, "complete", "同一单位的同事 colleague in the same company"),
    SignIn("incomplete", "赖明", Role.COMPANY, "incomplete", "资料不完整 profile incomplete"),
)


def ensure_staff(password: str) -> User:
    """Make the users who need no member; return the office's."""
    hashed = make_password(password)
    for sign_in in STAFF:
        if not User.objects.filter(username=sign_in.username).exists():
            body = LocalBody.objects.get(code=sign_in.bound) if sign_in.bound else None
            add(sign_in, hashed, local_body=body)
    return User.objects.get(username=OFFICE.username)


def add_members(demo: Association, password: str) -> None:
    """Make the users of companies, and one of a person with two valid certificates."""
    hashed = make_password(password)
    for number, company in enumerate(demo.companies):
        if company not in (demo.companies[0], demo.incomplete) and company.contact_name:
            manager = SignIn(f"member{number + 1:02d}", company.contact_name, Role.COMPANY)
            add(manager, hashed, company=company, is_manager=True)
    companies = {"complete": demo.companies[0], "incomplete": demo.incomplete}
    for sign_in in MEMBERS:
        add(sign_in, hashed, company=companies[sign_in.bound], is_manager=sign_in is MANAGER)
    held: dict[int, int] = {}
    for certificate in demo.certificates:
        held[certificate.person_id] = held.get(certificate.person_id, 0) + (certificate.status == "VALID")
    mine = [person for person in demo.people if person.company == demo.companies[0]]
    person = max(mine, key=lambda person: (held.get(person.pk, 0), -person.pk))
    add(SignIn(person.id_number, person.name, Role.PERSON), hashed, person=person, phone=person.phone)


def add(sign_in: SignIn, hashed: str, **fields: Any) -> None:
    """Store the user with a password that is hashed already."""
    user = User(username=sign_in.username, name=sign_in.name, role=sign_in.role, password=hashed, **fields)
    if sign_in.role != Role.PERSON:
        user.email = f"{sign_in.username}@example.org"
    user.save()


#: So long before the first act somebody got the sign-in, and so long before the last one signed in for it.
SETTLING_IN, AT_WORK = datetime.timedelta(days=30), datetime.timedelta(minutes=12)


def date_sign_ins() -> None:
    """Whoever acted had a sign-in by then and used it; told after all the stories, which make the acts."""
    for user in User.objects.filter(pk__in=(acts := acts_of_users())):
        first, last = acts[user.pk]
        joined = timezone.localtime(min(first, user.joined_at) - SETTLING_IN)
        day = last_working_day(joined.date())
        at = timezone.make_aware(datetime.datetime.combine(day, datetime.time(9, 5)))
        User.objects.filter(pk=user.pk).update(joined_at=at, last_login=last - AT_WORK)
        user.history.update(joined_at=at)  # type: ignore[attr-defined]
        begun = user.history.filter(history_type="+")  # type: ignore[attr-defined]
        begun.update(history_date=at)


def acts_of_users() -> dict[int, tuple[datetime.datetime, datetime.datetime]]:
    """The first and the last act of everybody who did something, by the trails of all records."""
    found: dict[int, tuple[datetime.datetime, datetime.datetime]] = {}
    kept = [model for model in apps.get_models() if hasattr(model, "history")]
    trails: list[Any] = [(model.history, "history_user", "history_date") for model in kept]
    for rows, by, at in [*trails, (TransitionLog._default_manager, "by", "at")]:
        spans = rows.exclude(**{by: None}).order_by().values_list(by)
        for user, first, last in spans.annotate(first=models.Min(at), last=models.Max(at)):
            known = found.get(user, (first, last))
            found[user] = min(first, known[0]), max(last, known[1])
    return found


def reset_passwords(password: str) -> None:
    named = models.Q(pk__in=[user.pk for user, _note in sign_ins()])
    others = models.Q(role=Role.COMPANY, username__startswith="member")
    User.objects.filter(named | others).update(password=make_password(password))


def sign_ins() -> Iterable[tuple[User, str]]:
    """The demo's users as they are now, each with what it shows."""
    users = {
        user.username: user
        for user in User.objects.select_related("company", "local_body", "person__company")
    }
    for sign_in in (*STAFF, *MEMBERS):
        if sign_in.username in users:
            yield users[sign_in.username], sign_in.note
    for user in sorted(users.values(), key=lambda user: user.pk):
        if user.role == Role.PERSON and user.person is not None and user.username == user.person.id_number:
            count = Certificate.objects.filter(person=user.person).count()
            yield user, f"{count} 本证书 certificates"
            return
