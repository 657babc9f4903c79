"""The sidebar by role: only what the role may open, with the number of things that wait."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.db.models import F, Func, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.core.inbox import todo
from backoffice.core.models import ImportRun
from backoffice.core.scoping import visible_to
from backoffice.roles import Role, allows

ADMINISTRATION = _("Administration")
#: (title, icon, model label, changelist) by group; an entry shows for the roles that may view the model.
GROUPS: list[tuple[Any, list[tuple[Any, str, str]]]] = [
    (_("Work"), [
        (_("To do"), "inbox", "core.Task"),
        (_("Done"), "task_alt", "core.FinishedTask"),
        (_("Flow tracking"), "route", "core.TrackedTask"),
        (_("Help requests"), "support_agent", "registry.HelpRequest"),
    ]),
    (_("Applications"), [
        (_("Personal applications"), "person_add", "registry.PersonalApplication"),
        (_("Company applications"), "domain_add", "registry.CompanyApplication"),
        (_("Company changes"), "edit_document", "registry.CompanyChange"),
        (_("Transfers"), "move_down", "registry.Transfer"),
    ]),
    (_("Training"), [
        (_("Enrolments"), "how_to_reg", "training.Enrolment"),
        (_("Learning query"), "cast_for_education", "training.EnrolmentLine"),
        (_("Hand-overs to the platform"), "outbox", "training.PlatformRun"),
        (_("Training classes"), "school", "training.TrainingClass"),
    ]),
    (_("Cash desk"), [
        (_("Payments"), "payments", "fees.Bill"),
        (_("Vouchers"), "receipt_long", "fees.Voucher"),
        (_("Receipts"), "request_quote", "fees.Receipt"),
        (_("Refunds"), "currency_exchange", "fees.Refund"),
    ]),
    (_("Register"), [
        (_("Companies"), "apartment", "registry.Company"),
        (_("People"), "group", "registry.Person"),
        (_("Certificates"), "workspace_premium", "registry.Certificate"),
        (_("Imports"), "upload_file", "core.ImportRun"),
        (_("Certificate look-ups"), "policy", "training.CertificateLookup"),
        (_("Possible duplicates"), "difference", "registry.DuplicatePair"),
        (_("Merges"), "merge", "registry.Merge"),
    ]),
    (_("Information"), [
        (_("Announcements"), "campaign", "core.Announcement"),
        (_("Local bodies"), "account_balance", "registry.LocalBody"),
        (_("Ready-made opinions"), "quickreply", "core.ReadyOpinion"),
        (_("Message templates"), "drafts", "core.MessageTemplate"),
    ]),
    (_("Dictionaries"), [
        (_("Fee schedules"), "price_change", "fees.FeeSchedule"),
        (_("Bank accounts"), "account_balance_wallet", "fees.BankAccount"),
        (_("Regions"), "map", "registry.Region"),
        (_("Specialties"), "category", "registry.Specialty"),
        (_("Working-day calendar"), "calendar_month", "core.CalendarDay"),
        (_("Attachment kinds"), "attach_file", "core.AttachmentKind"),
    ]),
    (ADMINISTRATION, [
        (_("Users"), "manage_accounts", "accounts.User"),
        (_("Outbox"), "outgoing_mail", "core.Message"),
        (_("Remembered column mappings"), "view_column", "core.HeaderMapping"),
        (_("Failed sign-ins"), "lock_person", "axes.AccessAttempt"),
        (_("Masked values shown"), "visibility", "core.Disclosure"),
    ]),
]  # fmt: skip
DICTIONARIES = {
    "registry.Region", "registry.Specialty", "core.AttachmentKind", "core.ReadyOpinion", "fees.BankAccount",
}  # fmt: skip
#: People who only look after themselves or their company do not need the office's dictionaries.
HIDDEN: dict[str, set[str]] = {
    # Vouchers stand on the page of their payment.
    Role.COMPANY: DICTIONARIES | {"core.CalendarDay", "fees.Voucher"},
    Role.PERSON: DICTIONARIES
    | {"core.CalendarDay", "core.Task", "core.FinishedTask", "core.TrackedTask", "fees.FeeSchedule"}
    # Lists of one row each: all of it stands on the first page.
    | {"registry.Company", "registry.Person", "registry.Certificate", "training.EnrolmentLine"},
    Role.LOCAL_BODY: DICTIONARIES,
    Role.OFFICE: {"fees.Voucher", "fees.Receipt", "fees.Refund", "training.PlatformRun"},
    Role.TRAINING: {"fees.Voucher", "fees.Receipt", "fees.Refund"},
    # Nothing ever waits at their desks.
    Role.ADMIN: {"core.Task", "core.FinishedTask"},
    Role.AUDITOR: {"core.Task", "core.FinishedTask"},
}
GROUP_TITLES = {
    tuple(label.lower().split(".")): title for title, entries in GROUPS for _name, _icon, label in entries
}
#: What Unfold's template looks up in every entry: a key that is missing costs it a search, 2 ms a page.
NOTHING: dict[str, Any] = {"collapsible": False, "badge": None, "link_callback": None}
#: Seconds for which the badges of one session are kept; what one does oneself counts at once.
BADGES_FOR = 20


def changelist(label: str) -> str:
    """The address of a model's list."""
    app_label, model = label.lower().split(".")
    return reverse(f"admin:{app_label}_{model}_changelist")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups and entries this user may open; called by Unfold for every page."""
    user = request.user
    if not user.is_authenticated:
        return []
    role = user.role
    hidden = HIDDEN.get(role, set())
    home = {"title": _("Dashboard"), "icon": "dashboard", "link": reverse("admin:index")}
    advice = {"title": _("Help"), "icon": "help", "link": reverse("admin:help")}
    groups: list[dict[str, Any]] = [{"items": [home, *own_pages(user), advice]}]
    for title, entries in GROUPS:
        items = [
            entry(name, icon, label)
            for name, icon, label in entries
            if label not in hidden and allows(role, "view", label)
        ]
        if title is ADMINISTRATION and allows(role, "view", "core.SignOfLife"):
            items.append(
                {"title": _("System state"), "icon": "monitor_heart", "link": reverse("admin:system_state")}
            )
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    badges = badges_of(request)
    for item in (item for group in groups for item in group["items"]):
        if number := badges.get(item["link"]):
            item["badge"] = str(number) if number < 100 else "99+"
    return [NOTHING | group | {"items": [NOTHING | item for item in group["items"]]} for group in groups]


def own_pages(user: Any) -> list[dict[str, Any]]:
    """The pages of an individual member, instead of the staff's lists."""
    if user.role != Role.PERSON:
        return []
    profile = reverse("admin:registry_person_change", args=[user.person_id])
    return [
        {"title": _("My profile"), "icon": "manage_accounts", "link": profile},
        {"title": _("My learning"), "icon": "school", "link": reverse("admin:training_enrolmentline_mine")},
    ]


def group_of(url_name: str) -> Any:
    """The title of the group in which the model of an admin address ("core_task_change") stands, or ""."""
    return GROUP_TITLES.get(tuple(url_name.split("_")[:2]), "")


def entry(name: Any, icon: str, label: str) -> dict[str, Any]:
    return {"title": name, "icon": icon, "link": changelist(label)}


def badges_of(request: HttpRequest) -> dict[str, int]:
    """List address -> how many things wait there for this user; one query, and none while it is fresh."""
    key = f"badges:{request.session.session_key}:{request.user.pk}"
    mine = (changelist("core.Task"), reverse("admin:index"))
    acted = request.method == "POST" or request.path in mine or len(get_messages(request)) > 0
    found: dict[str, int] | None = None if acted else cache.get(key)
    if found is None:
        found = count_waiting(request.user)
        cache.set(key, found, BADGES_FOR)
    return found


#: role -> lists where work waits that no inbox holds, because whole lists are worked off at once: the conditions.
WORK_LISTS: dict[str, dict[str, dict[str, Any]]] = {
    Role.FINANCE: {"fees.Receipt": {"state": "DUE"}, "fees.Refund": {"state": "DUE"}},
    Role.TRAINING: {
        "training.EnrolmentLine": {"state": "PENDING", "enrolment__training_class__mode": "ONLINE"},
    },
}  # fmt: skip


def count_waiting(user: Any) -> dict[str, int]:
    """Open tasks at the user's desk, what waits in the lists of the desk, and uploads of this user that wait for a
    confirmation or a mapping."""
    rows: dict[str, QuerySet] = {changelist("core.Task"): todo(user)}
    for label, conditions in WORK_LISTS.get(user.role, {}).items():
        rows[changelist(label)] = visible_to(apps.get_model(label), user).filter(**conditions)
    if allows(user.role, "import", "registry.Certificate"):
        waiting = (ImportRun.Status.PREVIEWED, ImportRun.Status.UNMAPPED)
        rows[changelist("core.ImportRun")] = ImportRun.objects.filter(created_by=user, status__in=waiting)
    # As sub-selects of one query: the sidebar is on every page.
    counts = [
        Subquery(found.order_by().annotate(how_many=Func(F("pk"), function="COUNT")).values("how_many"))
        for found in rows.values()
    ]
    numbers = get_user_model().objects.filter(pk=user.pk).values_list(*counts).first() or ()
    return dict(zip(rows, numbers, strict=False))


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    return []
