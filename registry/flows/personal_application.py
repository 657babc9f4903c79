"""个人会员注册 (specification 3.1, manual ch. 2 and 4a): applicant → company → local body → member."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.flow import Desk, Flow, Step, step
from backoffice.core.locks import lock_related
from backoffice.core.state_field import StateField
from backoffice.roles import APPLICANT, Role
from registry.flows.guards import all_filled_in, all_papers_there


class S(models.TextChoices):
    DRAFT = "DRAFT", gettext_lazy("Being filled in")
    COMPANY_REVIEW = "COMPANY_REVIEW", gettext_lazy("Company review")
    LOCAL_REVIEW = "LOCAL_REVIEW", gettext_lazy("Local review")
    APPROVED = "APPROVED", gettext_lazy("Approved")
    RETURNED = "RETURNED", gettext_lazy("Returned to the applicant")
    WITHDRAWN = "WITHDRAWN", gettext_lazy("Withdrawn")


class Review(models.TextChoices):
    """What one of the two reviewers said so far (manual ch. 4a-2: 未审批/已退回/已通过)."""

    PENDING = "PENDING", gettext_lazy("Not reviewed")
    RETURNED = "RETURNED", gettext_lazy("Returned")
    PASSED = "PASSED", gettext_lazy("Passed")


UNDER_REVIEW = (S.COMPANY_REVIEW, S.LOCAL_REVIEW)


def not_a_member_yet(obj: Any) -> str:
    """Manual ch. 4a-4: an ID number that already is a member's cannot be approved again."""
    if obj.member_with_this_id() is None:
        return ""
    return _("%(name)s's ID number already belongs to an individual member; return the application, no new one "
             "is needed.") % {"name": obj.name}  # fmt: skip


def login_name_free(obj: Any) -> str:
    """Manual ch. 4a-4, the other cause: some account already signs in with this ID number."""
    if not obj.login_name_taken():
        return ""
    return _("Another account already signs in with the ID number of %(name)s. Return the application; the General "
             "Office is told and looks into it.") % {"name": obj.name}  # fmt: skip


def employer_takes_people(obj: Any) -> str:
    """A company that was suspended, left, or went into another one meanwhile takes no new people."""
    company = obj.company
    if company is None:
        return ""  # all_filled_in says so
    if company.merged_into_id is not None:
        return _("%(company)s is now part of %(other)s; name that company as the employer.") % {
            "company": company, "other": company.merged_into,
        }  # fmt: skip
    if company.status == "ACTIVE":
        return ""
    return _("%(company)s is %(status)s and takes no new people; the General Office can change that.") % {
        "company": company, "status": company.get_status_display(),
    }  # fmt: skip


def body_reviews(obj: Any) -> str:
    """That a body has no open class any more strands nobody; only one that was closed down reviews nothing."""
    if obj.local_body is None or obj.local_body.is_active:
        return ""
    return _("%(body)s does not review applications any more; choose another reviewing body.") % {
        "body": obj.local_body
    }


def no_other_application(obj: Any) -> str:
    """Uniqueness ignores returned and withdrawn ones."""
    others = type(obj)._default_manager.filter(id_number=obj.id_number, state__in=UNDER_REVIEW)
    if not obj.id_number or not others.exclude(pk=obj.pk).exists():
        return ""
    return _(
        "Another application with this ID number is under review already; follow it by the link in its mail."
    )


def not_known_as_member(obj: Any) -> str:
    """The applicant is told at once, if the name fits too: a stranger's ID number alone reveals nothing."""
    member = obj.member_with_this_id()
    if member is None or member.name != obj.name:
        return ""
    return _("You already are an individual member; no application is needed. Sign in with your ID number, or "
             "ask for help on the sign-in page.")  # fmt: skip


class PersonalApplicationFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    link_code = "p"
    private_states = frozenset({S.DRAFT})
    colours = {
        S.DRAFT: "", S.COMPANY_REVIEW: "info", S.LOCAL_REVIEW: "info", S.APPROVED: "success",
        S.RETURNED: "warning", S.WITHDRAWN: "",
    }  # fmt: skip
    desks = {
        S.DRAFT: Desk(APPLICANT, bound="pk"),
        S.COMPANY_REVIEW: Desk(Role.COMPANY, bound="company_id", working_days=3),
        S.LOCAL_REVIEW: Desk(Role.LOCAL_BODY, bound="local_body_id", working_days=3),
        S.RETURNED: Desk(APPLICANT, bound="pk"),
    }

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "local_approve":
            lock_related(cls, ids, "company")

    @step(
        state, (S.DRAFT, S.RETURNED), S.COMPANY_REVIEW, by=APPLICANT, label=gettext_lazy("Submit"),
        when=[all_filled_in, all_papers_there, employer_takes_people, body_reviews, not_known_as_member,
              no_other_application],
    )  # fmt: skip
    def submit(self, by: Any, **data: Any) -> None:
        """Ask the company; both reviews begin anew, what was said before stands in the trail."""
        self.company_review = self.local_review = Review.PENDING
        self.company_opinion = self.local_opinion = ""

    @step(
        state, S.COMPANY_REVIEW, S.LOCAL_REVIEW, by=Role.COMPANY, label=gettext_lazy("Approve"),
        when=[employer_takes_people, body_reviews, not_a_member_yet, login_name_free, all_filled_in,
              all_papers_there],
    )  # fmt: skip
    def company_approve(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The applicant works here and the fields are right: ask the local body."""
        self.company_review, self.company_opinion = Review.PASSED, opinion

    @step(
        state, S.COMPANY_REVIEW, S.RETURNED, by=Role.COMPANY, label=gettext_lazy("Return"),
        opinion_required=True, tone="danger",
    )  # fmt: skip
    def company_return(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The applicant corrects by link."""
        self.company_review, self.company_opinion = Review.RETURNED, opinion

    @step(
        state, S.LOCAL_REVIEW, S.APPROVED, by=Role.LOCAL_BODY, label=gettext_lazy("Approve"),
        when=[employer_takes_people, not_a_member_yet, login_name_free, all_filled_in, all_papers_there],
    )  # fmt: skip
    def local_approve(self, by: Any, opinion: str = "", **data: Any) -> None:
        """Create the person with the attachments, and send the activation."""
        from registry.membership import admit_person

        self.local_review, self.local_opinion = Review.PASSED, opinion
        self.person = admit_person(self, by)

    @step(
        state, S.LOCAL_REVIEW, S.RETURNED, by=Role.LOCAL_BODY, label=gettext_lazy("Return"),
        opinion_required=True, tone="danger",
    )  # fmt: skip
    def local_return(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The applicant corrects by link; the company looks at it again."""
        self.local_review, self.local_opinion = Review.RETURNED, opinion

    @step(
        state, (S.DRAFT, S.RETURNED, S.COMPANY_REVIEW, S.LOCAL_REVIEW), S.WITHDRAWN, by=APPLICANT,
        label=gettext_lazy("Withdraw"), tone="danger",
    )  # fmt: skip
    def withdraw(self, by: Any, **data: Any) -> None:
        """The applicant does not want it any more."""

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from registry import membership, notices

        returned = done.target == S.RETURNED
        if returned and (self.member_with_this_id() is not None or self.login_name_taken()):
            membership.report_known_member(self, by, opinion)
        notices.personal_application(self, done.name, opinion)
