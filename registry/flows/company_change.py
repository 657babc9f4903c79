"""企业信息变更 (specification 3.3, manual ch. 3-2, 3-3): a new name with its login name, or from temporary to
formal."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.core.flow import Desk, Flow, Step, step
from backoffice.core.locks import lock_related
from backoffice.core.state_field import StateField
from backoffice.roles import Role
from registry.flows.guards import all_papers_there, company_active, company_complete, company_still_there


class S(models.TextChoices):
    DRAFT = "DRAFT", gettext_lazy("Being prepared")
    OFFICE_REVIEW = "OFFICE_REVIEW", gettext_lazy("General Office review")
    APPROVED = "APPROVED", gettext_lazy("Approved")
    CANCELLED = "CANCELLED", pgettext_lazy("flow", "Cancelled")  # a cancelled certificate is another word


class Kind(models.TextChoices):
    RENAME = "RENAME", gettext_lazy("New company name")
    UPGRADE = "UPGRADE", gettext_lazy("Temporary to formal member")


def asks_for_something(obj: Any) -> str:
    if obj.kind == Kind.UPGRADE:
        formal = obj.company.membership == "FORMAL"
        return _("%(company)s is a formal member already.") % {"company": obj.company} if formal else ""
    if not obj.new_name or not obj.new_login_name:
        return _("Fill in first: the new company name and the new login name.")
    if obj.new_name == obj.company.name:
        return _("The new name is the present name.")
    return ""


def new_name_free(obj: Any) -> str:
    """Of a rename: no other company bears the name."""
    if obj.kind != Kind.RENAME or not obj.new_name or obj.company_named_so() is None:
        return ""
    return _("Another member is called “%(name)s”; the General Office can merge duplicates.") % {
        "name": obj.new_name
    }


def new_login_name_free(obj: Any) -> str:
    """Of a rename: no other user signs in with the name."""
    if obj.kind != Kind.RENAME or not obj.new_login_name or not obj.login_name_taken():
        return ""
    return _("The login name “%(name)s” is taken; choose another.") % {"name": obj.new_login_name}


class CompanyChangeFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    colours = {S.DRAFT: "warning", S.OFFICE_REVIEW: "info", S.APPROVED: "success", S.CANCELLED: ""}
    desks = {
        S.DRAFT: Desk(Role.COMPANY, bound="company_id"),
        S.OFFICE_REVIEW: Desk(Role.OFFICE, working_days=3),
    }

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "approve":
            lock_related(cls, ids, "company")

    @step(
        state, S.DRAFT, S.OFFICE_REVIEW, by=Role.COMPANY, label=gettext_lazy("Submit"),
        when=[
            company_active, company_complete, asks_for_something, new_name_free, new_login_name_free, all_papers_there,
        ],
    )  # fmt: skip
    def submit(self, by: Any, **data: Any) -> None:
        """Ask the General Office."""

    @step(
        state, S.OFFICE_REVIEW, S.APPROVED, by=Role.OFFICE, label=gettext_lazy("Approve"),
        when=[company_still_there, asks_for_something, new_name_free, new_login_name_free, all_papers_there],
    )  # fmt: skip
    def approve(self, by: Any, **data: Any) -> None:
        """Rename the company and its login, or make it a formal member whose dues start."""
        from registry.membership import rename_company, upgrade_company

        (rename_company if self.kind == Kind.RENAME else upgrade_company)(self, by)

    @step(
        state, S.OFFICE_REVIEW, S.DRAFT, by=Role.OFFICE, label=gettext_lazy("Return"), opinion_required=True,
        tone="danger",
    )  # fmt: skip
    def office_return(self, by: Any, **data: Any) -> None:
        """The company corrects and submits again."""

    @step(
        state, S.DRAFT, S.CANCELLED, by=Role.COMPANY, label=gettext_lazy("Withdraw the change"), tone="danger"
    )
    def cancel(self, by: Any, **data: Any) -> None:
        """The company does not want it any more; nothing is deleted."""

    def touches(self, step_name: str) -> list[models.Model]:
        """Another name stands on everything that is under way; another membership does not."""
        return [self.company] if step_name == "approve" and self.kind == Kind.RENAME else []

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from registry import notices

        notices.company_change(self, done.name, opinion)
