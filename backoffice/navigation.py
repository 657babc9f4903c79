"""The sidebar by role: only what the role may open, with the number of things that wait."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.core.inbox import todo
from backoffice.core.models import ImportRun
from backoffice.roles import Role, allows

#: (title, icon, model label, changelist) by group; an entry shows for the roles that may view the model.
GROUPS: list[tuple[Any, list[tuple[Any, str, str]]]] = [
    (_("Register"), [
        (_("Companies"), "apartment", "registry.Company"),
        (_("People"), "group", "registry.Person"),
        (_("Certificates"), "workspace_premium", "registry.Certificate"),
        (_("Imports"), "upload_file", "core.ImportRun"),
        (_("Possible duplicates"), "difference", "registry.DuplicatePair"),
        (_("Merges"), "merge", "registry.Merge"),
    ]),
    (_("Dictionaries"), [
        (_("Local bodies"), "account_balance", "registry.LocalBody"),
        (_("Regions"), "map", "registry.Region"),
        (_("Specialties"), "category", "registry.Specialty"),
        (_("Working-day calendar"), "calendar_month", "core.CalendarDay"),
        (_("Attachment kinds"), "attach_file", "core.AttachmentKind"),
    ]),
    (_("Administration"), [
        (_("Users"), "manage_accounts", "accounts.User"),
        (_("Outbox"), "outgoing_mail", "core.Message"),
        (_("Remembered column mappings"), "view_column", "core.HeaderMapping"),
        (_("Failed sign-ins"), "lock_person", "axes.AccessAttempt"),
    ]),
]  # fmt: skip
#: People who only look after themselves or their company do not need the office's dictionaries.
HIDDEN: dict[str, set[str]] = {
    Role.COMPANY: {"registry.Region", "registry.Specialty", "core.CalendarDay", "core.AttachmentKind"},
    Role.PERSON: {"registry.Region", "registry.Specialty", "core.CalendarDay", "core.AttachmentKind"},
    Role.LOCAL_BODY: {"registry.Region", "registry.Specialty", "core.AttachmentKind"},
}


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
    groups: list[dict[str, Any]] = [{"items": [home]}]
    for title, entries in GROUPS:
        items = [
            entry(name, icon, label)
            for name, icon, label in entries
            if label not in hidden and allows(role, "view", label)
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    waiting = waiting_imports(user)
    for item in groups[1]["items"] if len(groups) > 1 else ():
        if waiting and item["link"] == changelist("core.ImportRun"):
            item["badge"] = str(waiting)
    return groups


def entry(name: Any, icon: str, label: str) -> dict[str, Any]:
    return {"title": name, "icon": icon, "link": changelist(label)}


def waiting_imports(user: Any) -> int:
    """Imports of this user that wait for a confirmation or a column mapping."""
    if not allows(user.role, "import", "registry.Certificate"):
        return 0
    waiting = (ImportRun.Status.PREVIEWED, ImportRun.Status.UNMAPPED)
    return ImportRun.objects.filter(created_by=user, status__in=waiting).count()


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    return []


def open_tasks(user: Any) -> int:
    """How many tasks wait at the user's desk, counted to 1,000 at most."""
    return len(todo(user).values_list("pk")[:1000])
