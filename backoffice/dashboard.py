"""The first page of each role: what waits, the numbers behind it, and the next sensible click. Real numbers only."""

import datetime
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core import written
from backoffice.core.admin.inbox import count_days
from backoffice.core.inbox import state_label, todo
from backoffice.core.lists import count_capped
from backoffice.core.models import Announcement, ImportRun, Message, Task
from backoffice.core.scoping import visible_to
from backoffice.core.subjects import own_name, without_own_name
from backoffice.core.working_days import known_until
from backoffice.member import member_page
from backoffice.navigation import HIDDEN, changelist
from backoffice.roles import Role, allows
from backoffice.work_cards import begin_link, classes_this_week, work_cards, work_things
from registry.admin.filters import lacks_required
from registry.models import EXPIRES_SOON, Certificate, Company, DuplicatePair, LocalBody, Person

SHOWN_TASKS = 8
#: The month in which the State Council announces the coming year's holidays.
ANNOUNCED_IN = 11
#: role -> (title, model, state, tone of a number that is not 0)
FLOW_CARDS: dict[str, list[tuple[Any, str, str, str]]] = {
    Role.OFFICE: [
        (gettext_lazy("Help requests open"), "registry.HelpRequest", "OPEN", "warning"),
        (gettext_lazy("Duplicates to decide"), "registry.DuplicatePair", "OPEN", "warning"),
    ],
    Role.TRAINING: [
        (gettext_lazy("Classes planned"), "training.TrainingClass", "PLANNED", "info"),
        (gettext_lazy("Classes open"), "training.TrainingClass", "OPEN", "success"),
        (gettext_lazy("Classes in progress"), "training.TrainingClass", "IN_PROGRESS", "info"),
    ],
    Role.LOCAL_BODY: [
        (gettext_lazy("Applications to review"), "registry.PersonalApplication", "LOCAL_REVIEW", "warning"),
        (gettext_lazy("Returned"), "registry.PersonalApplication", "RETURNED", "info"),
        (gettext_lazy("Approved"), "registry.PersonalApplication", "APPROVED", "success"),
        (gettext_lazy("Classes open"), "training.TrainingClass", "OPEN", "success"),
    ],
    Role.COMPANY: [
        (gettext_lazy("Applications to review"), "registry.PersonalApplication", "COMPANY_REVIEW", "warning"),
    ],
}


def capped(rows: QuerySet) -> str:
    """How many rows, as the list behind the number says it."""
    return written.number(count_capped(rows))


def card(title: str, value: Any, link: str = "", tone: str = "") -> dict[str, Any]:
    return {"title": title, "value": value, "link": link, "tone": tone}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the index page's context: the inbox first, then numbers, what to do next, announcements."""
    user = request.user
    mine = own_record(user)
    context |= {
        "title": _("Dashboard"),
        "has_inbox": "core.Task" not in HIDDEN.get(getattr(user, "role", ""), ()),
        "tasks": waiting_tasks(user),
        "tasks_url": changelist("core.Task"),
        "begin_url": begin_link(user),
        "cards": [*work_cards(user), *flow_cards(user), *cards(user), *calendar_card(user)],
        "todo_list": next_things(user),
        "announcements": Announcement.public()[:5],
        "mine": mine,
        "member": member_page(user),
        "lacking": lacking(user),
        "is_new": is_new(user, mine),
        "classes": classes_this_week(user),
    }
    return context


def waiting_tasks(user: Any) -> list[dict[str, Any]]:
    """The first of the inbox: most overdue, then oldest, each with its flow, state and age in working days."""
    tasks: list[Any] = list(todo(user)[:SHOWN_TASKS])
    count_days(tasks)
    own = own_name(user)
    for task in tasks:
        task.subject = without_own_name(task.subject, own)
    return [waiting_task(task) for task in tasks]


def waiting_task(task: Any) -> dict[str, Any]:
    model = ContentType.objects.get_for_id(task.content_type_id).model_class()
    name = capfirst(str(model._meta.verbose_name)) if model else ""
    return {
        "subject": task.subject, "flow": name, "state": state_label(model, task.state), "age": task.age,
        "since": task.opened_at, "due": task.due_on, "late": task.late_days,
        "link": reverse("admin:core_task_change", args=[task.pk]),
    }  # fmt: skip


def flow_cards(user: Any) -> list[dict[str, Any]]:
    """How many records of the flows that matter to this role are in the states that matter."""
    found = []
    for title, label, state, tone in FLOW_CARDS.get(user.role, ()):
        model = apps.get_model(label)
        field = "status" if model is DuplicatePair else "state"
        rows = visible_to(model, user).filter(**{field: state})
        link = f"{changelist(label)}?{field}={state}"
        if label == "training.TrainingClass" and user.role == Role.LOCAL_BODY:
            rows, link = rows.filter(local_body=user.local_body_id), f"{link}&local_body={user.local_body_id}"
        number = capped(rows)
        found.append(card(title, number, link, tone if number != "0" else ""))
    return found


def flow_things(user: Any) -> list[tuple[str, str]]:
    """What the flows offer this role beyond its own inbox."""
    if user.role == Role.COMPANY:
        return company_things(user)
    if user.role == Role.TRAINING:
        return [
            (_("Plan a training class"), reverse("admin:training_trainingclass_add")),
            (_("See this year's training plan"), changelist("training.TrainingClass")),
        ]
    if user.role == Role.LOCAL_BODY:
        return [
            (_("Applications addressed to you"), changelist("registry.PersonalApplication")),
            (
                _("Your training classes"),
                f"{changelist('training.TrainingClass')}?local_body={user.local_body_id}",
            ),
        ]
    return []


def company_things(user: Any) -> list[tuple[str, str]]:
    """A company without people is told first how people get in (manual ch. 2, FAQ 16)."""
    claim = reverse("admin:registry_transfer_add")
    things = [
        (_("Claim a person who is registered at another company"), claim),
        (_("Change the company's name or membership"), reverse("admin:registry_companychange_add")),
        (
            _("See everything your company has under way"),
            changelist("core.TrackedTask") + "?progress=open",
        ),
    ]
    if visible_to(Person, user).exists():
        return things
    apply = (_("No people yet: let them apply here and name your company"), reverse("public:apply_person"))
    return [apply, *things]


def calendar_card(user: Any) -> list[dict[str, Any]]:
    """Until when working days are known, for those who keep the calendar, once it matters.

    That is from November on (the announcement of the coming year is out then), or as soon as a due date lies later.
    """
    if not allows(user.role, "add", "core.CalendarDay"):
        return []
    today, until = timezone.localdate(), known_until()
    if until.year > today.year or (today.month < ANNOUNCED_IN and not waiting_past(until)):
        return []
    link = reverse("admin:core_calendarday_announcement")
    return [card(_("Working days known until the end of"), str(until.year), link, "warning")]


def waiting_past(day: datetime.date) -> bool:
    return Task.objects.filter(closed_at=None, due_on__gt=day).exists()


def cards(user: Any) -> list[dict[str, Any]]:
    """The numbers in the user's own scope."""
    found: list[dict[str, Any]] = []
    if user.role != Role.PERSON and allows(user.role, "view", "registry.Certificate"):
        today = timezone.localdate()
        valid = visible_to(Certificate, user).filter(status=Certificate.Status.VALID)
        link = changelist("registry.Certificate")
        found += [
            card(_("Valid certificates"), capped(valid.filter(expiry_date__gte=today)),
                 f"{link}?expires=valid&status=VALID"),
            card(_("Expire within 90 days"), capped(valid.filter(expiry_date__range=(today, today + EXPIRES_SOON))),
                 f"{link}?expires=90&status=VALID", "warning"),
            card(_("Expired"), capped(valid.filter(expiry_date__lt=today)),
                 f"{link}?expires=expired&status=VALID", "danger"),
        ]  # fmt: skip
    if user.role != Role.PERSON and allows(user.role, "view", "registry.Person"):
        found.append(card(_("People"), capped(visible_to(Person, user)), changelist("registry.Person")))
    if user.role not in (Role.PERSON, Role.COMPANY) and allows(user.role, "view", "registry.Company"):
        found.append(card(_("Companies"), capped(visible_to(Company, user)), changelist("registry.Company")))
    return found


def lacking(user: Any) -> dict[str, Any] | None:
    """What the user's own company must fill in before it can begin anything; each with the way to its field."""
    if user.role != Role.COMPANY:
        return None
    company: Any = visible_to(Company, user).first()
    if company is None or not (fields := company.missing_fields()):
        return None
    meta: Any = Company._meta
    page = reverse("admin:registry_company_change", args=[company.pk])
    names = [(capfirst(str(meta.get_field(name).verbose_name)), f"{page}#id_{name}") for name in fields]
    return {"page": page, "fields": names}


def is_new(user: Any, mine: dict[str, Any] | None) -> bool:
    """A company with no certificates yet (`own_record`): three zeros need a word."""
    return user.role == Role.COMPANY and not (mine and mine["types"])


def next_things(user: Any) -> list[dict[str, str]]:
    """Sentences with a link each: what this user can or should do next."""
    things: list[tuple[str, str]] = []
    if allows(user.role, "import", "registry.Certificate"):
        things.append((_("Import certificates from an Excel file"), reverse("admin:core_importrun_add")))
        waiting = visible_to(ImportRun, user).filter(status__in=["PREVIEWED", "UNMAPPED"]).count()
        if waiting:
            sentence = ngettext(
                "%d uploaded file waits for your confirmation",
                "%d uploaded files wait for your confirmation",
                waiting,
            )
            things.append((sentence % waiting, changelist("core.ImportRun")))
        incomplete = count_capped(visible_to(Company, user).filter(lacks_required(Company)))
        if incomplete:
            sentence = ngettext(
                "%(number)s company has an incomplete profile and can start nothing",
                "%(number)s companies have an incomplete profile and can start nothing",
                incomplete,
            )
            things.append((sentence % {"number": written.number(incomplete)},
                           changelist("registry.Company") + "?profile=incomplete"))  # fmt: skip
    if user.role == Role.ADMIN:
        failed = count_capped(visible_to(Message, user).filter(status=Message.Status.FAILED))
        if failed:
            sentence = ngettext(
                "%(number)s message could not be delivered",
                "%(number)s messages could not be delivered",
                failed,
            )
            things.append((sentence % {"number": written.number(failed)}, changelist("core.Message")))
        things.append((_("Look after users and their roles"), changelist("accounts.User")))
    if user.role == Role.COMPANY:
        things.append(
            (
                _("Keep the company profile up to date"),
                reverse("admin:registry_company_change", args=[user.company_id]),
            )
        )
        gaps = count_capped(visible_to(Person, user).filter(lacks_required(Person)))
        if gaps:
            sentence = ngettext(
                "%(number)s person lacks required fields; an empty region stops the enrolment",
                "%(number)s people lack required fields; an empty region stops their enrolment",
                gaps,
            )
            things.append((sentence % {"number": written.number(gaps)},
                           changelist("registry.Person") + "?profile=incomplete"))  # fmt: skip
    if user.role == Role.PERSON:
        things.append(
            (
                _("Keep your profile and attachments up to date"),
                reverse("admin:registry_person_change", args=[user.person_id]),
            )
        )
    if user.role in (Role.FINANCE, Role.TRAINING, Role.AUDITOR):
        things.append(
            (_("Look up a certificate by number, ID number or name"), changelist("registry.Certificate"))
        )
    if user.role == Role.LOCAL_BODY:
        things.append(
            (
                _("Check how your institution is shown to members"),
                reverse("admin:registry_localbody_change", args=[user.local_body_id]),
            )
        )
    return [{"text": text, "link": link} for text, link in [*flow_things(user), *work_things(user), *things]]


def own_record(user: Any) -> dict[str, Any] | None:
    """The certificates by type of a company or person, for the table on their first page."""
    if user.role == Role.PERSON:
        return None  # each certificate stands on the page (`member_page`)
    if user.role != Role.COMPANY:
        own = visible_to(LocalBody, user)
        bodies = own.filter(pk=user.local_body_id) if user.role == Role.LOCAL_BODY else ()
        return {"bodies": bodies} if bodies else None
    types = dict(Certificate.Type.choices)
    rows = visible_to(Certificate, user).values("type").annotate(number=Count("id")).order_by("type")
    return {"types": [(types[row["type"]], row["number"]) for row in rows]}
