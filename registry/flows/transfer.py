"""人员调动 (specification 3.4, FAQ 16): the new company claims a person who is registered elsewhere."""

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


def names_a_member(obj: Any) -> str:
    """ID number and name must both be right: nobody finds out by trying whose number it is."""
    person = obj.find_person()
    if person is None:
        return _("No individual member has this name and this ID number; check both. Somebody without a "
                 "certificate registers with the personal application instead.")  # fmt: skip
    if person.company_id == obj.company_id:
        return _("%(name)s already belongs to your company.") % {"name": obj.name}
    return ""


def still_as_submitted(obj: Any) -> str:
    """The person is where the former company was asked: imports, corrections and merges go on meanwhile."""
    person = obj.claimed()
    values = {"name": obj.name, "former": obj.from_company or "–", "company": obj.company}
    if person is None:
        return _("Nobody is named here. Return the transfer; submitting it again looks the person up.")
    if person.company_id == obj.company_id:
        return (
            _("%(name)s belongs to %(company)s by now. Return the transfer, so that it can be cancelled.")
            % values
        )
    if person.company_id != obj.from_company_id:
        return _(
            "%(name)s went from %(former)s to %(now)s meanwhile. Return the transfer; submitting it again asks "
            "the present company."
        ) % {
            **values,
            "now": person.company or "–",
        }
    return ""


def no_other_transfer(obj: Any) -> str:
    others = type(obj)._default_manager.filter(state=S.OFFICE_REVIEW, id_number=obj.id_number)
    if not others.exclude(pk=obj.pk).exists():
        return ""
    return _("A transfer of %(name)s is under review already.") % {"name": obj.name}


def proof_there(obj: Any) -> str:
    """Proof of joining the new company or of leaving the old one: one of the two will do (FAQ 16)."""
    if obj.has_paper("JOINING", "LEAVING"):
        return ""
    return _("Upload proof of joining your company or of leaving the former one.")


class TransferFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    colours = {S.DRAFT: "warning", S.OFFICE_REVIEW: "info", S.APPROVED: "success", S.CANCELLED: ""}
    desks = {
        S.DRAFT: Desk(Role.COMPANY, bound="company_id"),
        S.OFFICE_REVIEW: Desk(Role.OFFICE, working_days=4),
    }

    class Meta:
        abstract = True

    @classmethod
    def lock_first(cls, ids: Iterable[int], step_name: str) -> None:
        if step_name == "approve":
            lock_related(
                cls, ids, "company", "from_company", "person", "person__merged_into", "person__certificates"
            )

    @step(
        state, S.DRAFT, S.OFFICE_REVIEW, by=Role.COMPANY, label=gettext_lazy("Submit"),
        when=[company_active, company_complete, names_a_member, no_other_transfer, all_papers_there, proof_there],
    )  # fmt: skip
    def submit(self, by: Any, **data: Any) -> None:
        """Find the person and ask the General Office."""
        self.person = self.find_person()
        self.from_company = self.person.company

    @step(
        state, S.OFFICE_REVIEW, S.APPROVED, by=Role.OFFICE, label=gettext_lazy("Approve"),
        when=[company_still_there, still_as_submitted, all_papers_there, proof_there],
    )  # fmt: skip
    def approve(self, by: Any, **data: Any) -> None:
        """The person moves, and the certificates' scope with them; the print stays as it is."""
        from registry.membership import transfer_person

        transfer_person(self, by)

    @step(
        state, S.OFFICE_REVIEW, S.DRAFT, by=Role.OFFICE, label=gettext_lazy("Return"), opinion_required=True,
        tone="danger",
    )  # fmt: skip
    def office_return(self, by: Any, **data: Any) -> None:
        """The company corrects and submits again; whom it names is looked up anew."""
        self.person = None
        self.from_company = None

    @step(
        state,
        S.DRAFT,
        S.CANCELLED,
        by=Role.COMPANY,
        label=gettext_lazy("Withdraw the transfer"),
        tone="danger",
    )
    def cancel(self, by: Any, **data: Any) -> None:
        """The company does not want it any more; nothing is deleted."""

    def touches(self, step_name: str) -> list[models.Model]:
        person = self.claimed()
        return [person] if step_name == "approve" and person is not None else []

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from registry import notices

        notices.transfer(self, done.name, opinion)
