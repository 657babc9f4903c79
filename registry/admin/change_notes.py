"""What a reviewer wants to know of a company change: now and afterwards, look-alikes, prints, logins."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.scoping import visible_to
from registry.admin.application_notes import Notes, joined, similar_companies
from registry.admin.company import link
from registry.flows.company_change import Kind, S
from registry.models import Certificate, Company, CompanyChange, FormerName


def still_printed(change: CompanyChange, user: Any) -> QuerySet[Certificate]:
    """The valid certificates that show the name the company gives up (manual ch. 7b: 企业更名 changes the print)."""
    rows = visible_to(Certificate, user).filter(company=change.company, status=Certificate.Status.VALID)
    return rows.filter(printed_company=change.old_name or change.company.name)


def printed_list(change: CompanyChange) -> str:
    """The address of the list of those certificates."""
    query: dict[str, Any] = {
        "company": change.company_id, "status": Certificate.Status.VALID,
        "printed_company": change.old_name or change.company.name,
    }  # fmt: skip
    return f"{reverse('admin:registry_certificate_changelist')}?{urlencode(query)}"


def comparison(change: CompanyChange) -> list[tuple[Any, Any, Any]]:
    """What changes: label, value now (before the approval), value afterwards."""
    company, done = change.company, change.state == S.APPROVED
    if change.kind == Kind.RENAME:
        user = None if done else change.login_user()
        login = user.username if user else change.old_login_name or "–"
        return [
            (_("Company name"), change.old_name if done else company.name, change.new_name),
            (_("Login name"), login, change.new_login_name),
        ]
    labels = Company.Membership
    since = company.dues_from.isoformat() if done and company.dues_from else _("the day of the approval")
    return [
        (_("Membership"), labels.TEMPORARY.label, labels.FORMAL.label),
        (_("Dues from"), _("no dues"), since),
    ]


def rename_notes(change: CompanyChange, user: Any) -> Notes:
    """What the office wants to know before a company changes its name."""
    notes: Notes = []
    formerly = FormerName.objects.filter(name=change.new_name).exclude(company=change.company)
    for former in formerly.select_related("company")[:3]:
        text = _("{} was formerly called “{}”.")
        notes.append(("warning", format_html(text, link(former.company), former.name)))
    others = visible_to(Company, user).exclude(pk=change.company_id)
    if similar := similar_companies(change.new_name, others, user):
        text = _("Members with a similar name: {}. Is it one of them?")
        notes.append(("warning", format_html(text, joined(similar))))
    printed = still_printed(change, user).count()
    sentence = ngettext(
        "{} valid certificate shows the present name; its print stays until a certificate change.",
        "{} valid certificates show the present name; their print stays until a certificate change.", printed,
    )  # fmt: skip
    counted = format_html('<a class="bo-link" href="{}">{}</a>', printed_list(change), printed)
    notes.append(("info", format_html(sentence, counted)))
    login = change.login_user()
    if login is None:
        notes.append(("warning", _("The company has no user yet; no login name changes.")))
    elif login.username != change.new_login_name:
        text = _(
            "1 user signs in with another name afterwards: %(name)s (%(old)s → %(new)s). The password stays."
        )
        notes.append(("info", text % {"name": login, "old": login.username, "new": change.new_login_name}))
    return notes


def upgrade_notes() -> Notes:
    return [("info", _("The approval makes it a formal member, whose dues start on that day."))]
