"""企业申请 (specification 3.2, manual ch. 3-1): a company asks to become a formal or a temporary member."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.flow import Desk, Flow, Step, step
from backoffice.core.state_field import StateField
from backoffice.roles import APPLICANT, Role
from registry.flows.guards import all_filled_in, all_papers_there


class S(models.TextChoices):
    DRAFT = "DRAFT", gettext_lazy("Being filled in")
    OFFICE_REVIEW = "OFFICE_REVIEW", gettext_lazy("General Office review")
    APPROVED = "APPROVED", gettext_lazy("Approved")
    RETURNED = "RETURNED", gettext_lazy("Returned to the applicant")
    WITHDRAWN = "WITHDRAWN", gettext_lazy("Withdrawn")


def not_registered_yet(obj: Any) -> str:
    """Name, former names, credit code: one company is one member."""
    member = obj.member_like_this()
    if member is None:
        return ""
    return _("%(name)s is registered already (as %(member)s). Sign in with its login name, or ask for help on "
             "the sign-in page.") % {"name": obj.name, "member": member}  # fmt: skip


def no_other_application(obj: Any) -> str:
    others = type(obj)._default_manager.filter(state=S.OFFICE_REVIEW).exclude(pk=obj.pk)
    same = models.Q(name=obj.name) | models.Q(credit_code=obj.credit_code)
    if not obj.name or not others.filter(same).exists():
        return ""
    return _(
        "Another application of this company is under review already; follow it by the link in its mail."
    )


def login_name_free(obj: Any) -> str:
    """Nobody signs in with it yet; and ID numbers are kept for the individual members they belong to."""
    from backoffice.accounts.models import ID_NUMBER

    if ID_NUMBER.fullmatch(obj.login_name):
        return _("An ID number cannot be a company's login name; choose another, such as the short name.")
    if not obj.login_name or not obj.login_name_taken():
        return ""
    return _("The login name “%(name)s” is taken; choose another.") % {"name": obj.login_name}


class CompanyApplicationFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    link_code = "c"
    private_states = frozenset({S.DRAFT})
    colours = {
        S.DRAFT: "", S.OFFICE_REVIEW: "info", S.APPROVED: "success", S.RETURNED: "warning", S.WITHDRAWN: "",
    }  # fmt: skip
    desks = {
        S.DRAFT: Desk(APPLICANT, bound="pk"),
        S.OFFICE_REVIEW: Desk(Role.OFFICE, working_days=3),
        S.RETURNED: Desk(APPLICANT, bound="pk"),
    }

    class Meta:
        abstract = True

    @step(
        state, (S.DRAFT, S.RETURNED), S.OFFICE_REVIEW, by=APPLICANT, label=gettext_lazy("Submit"),
        when=[all_filled_in, all_papers_there, not_registered_yet, no_other_application, login_name_free],
    )  # fmt: skip
    def submit(self, by: Any, **data: Any) -> None:
        """Ask the General Office."""

    @step(
        state, S.OFFICE_REVIEW, S.APPROVED, by=Role.OFFICE, label=gettext_lazy("Approve"),
        when=[all_filled_in, all_papers_there, not_registered_yet, login_name_free],
    )  # fmt: skip
    def approve(self, by: Any, **data: Any) -> None:
        """Create the company and its first user, who manages the others, and send the activation."""
        from registry.membership import admit_company

        self.company = admit_company(self, by)

    @step(
        state, S.OFFICE_REVIEW, S.RETURNED, by=Role.OFFICE, label=gettext_lazy("Return"),
        opinion_required=True, tone="danger",
    )  # fmt: skip
    def office_return(self, by: Any, **data: Any) -> None:
        """The applicant corrects by link."""

    @step(
        state, (S.DRAFT, S.RETURNED, S.OFFICE_REVIEW), S.WITHDRAWN, by=APPLICANT,
        label=gettext_lazy("Withdraw"), tone="danger",
    )  # fmt: skip
    def withdraw(self, by: Any, **data: Any) -> None:
        """The applicant does not want it any more."""

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from registry import notices

        notices.company_application(self, done.name, opinion)
